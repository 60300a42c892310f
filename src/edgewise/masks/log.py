"""What training tells on its way: a JSON object a line in a file, and scalars for TensorBoard where asked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from edgewise.distributed import here
from edgewise.errors import BadInput
from edgewise.files import atomic_write, make_parents


class Log:
    """`path`: None writes nothing. `tensorboard`: a folder for its events.

    A training may have several stages, one after another; every line names its own.
    """

    def __init__(self, path: Path | None, tensorboard: str | None = None) -> None:
        self.path = path if here().first else None
        self.writer = None if tensorboard is None or not here().first else _writer(tensorboard)
        self.stages: list[str] = []
        """Those that are complete, and the one that is going on, which comes last."""

    def begin(self, stage: str, step: int) -> None:
        """The stage goes on after so many steps: what was told of later ones is taken out."""
        self.stages.append(stage)
        if self.path is None:
            return
        make_parents(self.path)
        lines = self.path.read_text().splitlines() if self.path.is_file() else []
        kept = [line for line in lines if self._stays(line, step)]
        atomic_write(self.path, "".join(f"{line}\n" for line in kept))

    def _stays(self, line: str, step: int) -> bool:
        try:
            told = json.loads(line)
            current = told["stage"] == self.stages[-1]
            later = told["step"] > step or "rounded loss" in told
            return told["stage"] in self.stages and not (current and later)
        except (ValueError, KeyError, TypeError):
            # Cut off.
            return False

    def tell(self, step: int, told: Mapping[str, Any]) -> None:
        stage = self.stages[-1]
        if self.path is not None:
            with open(self.path, "a", encoding="utf-8") as file:
                file.write(json.dumps({"stage": stage, "step": step, **told}) + "\n")
        if self.writer is not None:
            scalars = {name: value for name, value in told.items() if isinstance(value, int | float)}
            for name, value in scalars.items():
                self.writer.add_scalar(f"{stage}/{name}", value, step)

    def end(self) -> None:
        """Of a stage: what was told can be read."""
        if self.writer is not None:
            self.writer.flush()


NO_LOG = Log(None)


def check_tensorboard(folder: str | None) -> list[str]:
    """Why its events cannot be written."""
    if folder is None or find_spec("tensorboard") is not None:
        return []
    return ["option 'tensorboard' needs the package tensorboard. pip install 'edgewise[tensorboard]'."]


def _writer(folder: str) -> Any:
    if problems := check_tensorboard(folder):
        raise BadInput(*problems)
    from torch.utils.tensorboard import SummaryWriter

    return SummaryWriter(folder)
