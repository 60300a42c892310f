"""A model that comes with what is known of it: its task and its circuit for each ablation.

A folder holds one: the model in our own format, which `--model` and `ew.load` take like any other, with
known_circuits.json (`known.py`) and task.json beside it. A compiled program's words are part of its task:

    {"format": "edgewise task", "version": 1, "task": "ioi"}
    {"format": "edgewise task", "version": 1, "task": "tracr-reverse",
     "program": {"words": [...], "values": [...] or null, "longest": 5}}
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgewise.errors import BrokenFile
from edgewise.files import atomic_write, read_described, read_text
from edgewise.graph import Graph
from edgewise.models.bundled import TASK_FILE
from edgewise.models.fingerprint import weights_fingerprint
from edgewise.models.load import load
from edgewise.models.native import save_model
from edgewise.models.transformer import Transformer
from edgewise.patching.replacements import Ablation
from edgewise.progress import Progress
from edgewise.zoo.compiled import BOS, PAD, Compiled
from edgewise.zoo.exhaustive import known_circuit
from edgewise.zoo.known import KnownCircuit, load_known, save_known

FORMAT, VERSION = "edgewise task", 1
KNOWN_FILE = "known_circuits.json"


@dataclass(frozen=True, repr=False)
class Bundle:
    """A model, the name of its task, and its known circuits."""

    model: Transformer
    task: str
    known: Mapping[str, KnownCircuit]
    """By `known.truth_name`: the ablation, unless a corruption other than the task's first was used."""
    compiled: Compiled | None = None
    """Where the model is a compiled program."""

    @classmethod
    def of(cls, compiled: Compiled, task: str, progress: Progress | None = None) -> Bundle:
        """Works out the known circuits of a program by trying every prompt, or pair of prompts, there is."""
        ablations: tuple[Ablation, ...] = ("zero", "corrupted")
        known = {ablation: known_circuit(compiled, ablation, progress) for ablation in ablations}
        return cls(compiled.model, task, known, compiled)

    def save(self, folder: str | Path, *, overwrite: bool = False) -> None:
        """Write the model and all that is known of it to a folder, made if need be."""
        folder, described = Path(folder), {"format": FORMAT, "version": VERSION, "task": self.task}
        if self.compiled is not None:
            described["program"] = {
                "words": self.compiled.words,
                "values": self.compiled.values,
                "longest": self.compiled.longest,
            }
        save_model(self.model, folder, overwrite=overwrite)
        save_known(self.known, folder / KNOWN_FILE, weights_fingerprint(self.model))
        atomic_write(folder / TASK_FILE, json.dumps(described, indent=1) + "\n")

    def __repr__(self) -> str:
        truths = ", ".join(f"{name} {len(each.circuit)} edges" for name, each in self.known.items())
        return f"Bundle({self.task}; {Graph.of(self.model.config).describe()}; known: {truths})"

    @classmethod
    def load(cls, folder: str | Path) -> Bundle:
        """Read what `save` wrote."""
        path = Path(folder) / TASK_FILE
        if not path.is_file():
            raise BrokenFile(f"{folder} holds no {TASK_FILE}: nothing is known of it. ew.load reads models.")
        model = load(folder, quiet=True)
        described = read_described(path, FORMAT, VERSION)
        known = load_known(Path(folder) / KNOWN_FILE, Graph.of(model.config))
        return cls(model, _task(path, described), known, _program(path, described, model))


def task_of(folder: str | Path) -> str | None:
    """The name of the task that a model in a folder comes with. Others have files of that name, too."""
    path = Path(folder) / TASK_FILE
    if not path.is_file() or FORMAT not in read_text(path):
        return None
    return _task(path, read_described(path, FORMAT, VERSION))


def _task(path: Path, described: dict[str, Any]) -> str:
    if not isinstance(described.get("task"), str):
        raise BrokenFile(f"{path}: 'task', a name, was needed. Got {described.get('task')!r}.")
    return described["task"]


def _program(path: Path, described: dict[str, Any], model: Transformer) -> Compiled | None:
    program = described.get("program")
    if program is None:
        return None
    try:
        words, values, longest = tuple(program["words"]), program["values"], int(program["longest"])
        values = None if values is None else tuple(values)
    except (KeyError, TypeError, ValueError) as error:
        raise BrokenFile(f"{path}: a program's words, values and longest prompt were needed.") from error
    config = model.config
    sizes = (config.vocabulary, config.outputs if values else 0, config.context)
    if (len(words), len(values or ()), longest + 1) != sizes or not {BOS, PAD} <= set(words):
        raise BrokenFile(
            f"{path}: words and values, one for each of the model's tokens and outputs, were needed."
        )
    return Compiled(model, words, values, longest)
