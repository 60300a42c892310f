"""Long work that can be broken off: what has been done so far, in one file of tensors.

A checkpoint knows what it belongs to - method, options, prompts, weights - and is refused elsewhere.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from copy import copy
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
from torch import Tensor

from edgewise.distributed import from_first, here, is_of_others, lost
from edgewise.errors import BadInput, BrokenFile, Lost, Stopped
from edgewise.files import atomic_write, make_parents

SHORT = 80
FOLDER, STATE = "checkpoint", "state.safetensors"
FORMAT, VERSION = "edgewise checkpoint", 1
UNREADABLE = (OSError, safetensors.SafetensorError, json.JSONDecodeError)


class Checkpoint:
    """`folder`: where it is kept while the work is unfinished; None: nowhere. `of`: what it belongs to;
    `overwrite`: one of other work is passed over, not refused."""

    def __init__(self, folder: Path | None, of: Mapping[str, Any], overwrite: bool = False) -> None:
        self.overwrite = overwrite
        self.also: Mapping[str, Tensor] = {}
        self.part_of = ""
        self.folder = folder
        self.path = None if folder is None else Path(folder) / STATE
        self.header = {"format": FORMAT, "version": VERSION, "of": json.loads(json.dumps(of))}

    @property
    def keeps(self) -> bool:
        return self.path is not None

    def load(self) -> dict[str, Tensor]:
        """What was saved; nothing where there is none."""
        return from_first(self._load)

    def _load(self) -> dict[str, Tensor]:
        if self.path is None or not self.path.is_file():
            return {}
        try:
            header, tensors = _header_of(self.path), safetensors.torch.load_file(self.path)
        except UNREADABLE as error:
            raise BrokenFile(
                f"{self.path} could not be read as a checkpoint: {error}. Remove {self.path.parent}, and the "
                "work begins anew."
            ) from error
        if header != self.header and self.overwrite:
            return {}
        if header != self.header:
            raise BadInput(
                f"{self.path.parent} is the checkpoint of another run: {_difference(header, self.header)}. "
                "Give another folder (--out), or remove this one to begin anew (--overwrite does)."
            )
        mine = [name for name in tensors if name.startswith(self.part_of)]
        return {name.removeprefix(self.part_of): tensors[name] for name in mine}

    def save(self, tensors: Mapping[str, Tensor]) -> None:
        if self.path is None or not here().first:
            return
        make_parents(self.path)
        metadata = {"edgewise": json.dumps(self.header)}
        named = {self.part_of + name: tensor for name, tensor in tensors.items()}
        whole = {name: tensor.contiguous() for name, tensor in {**self.also, **named}.items()}
        atomic_write(self.path, safetensors.torch.save(whole, metadata))

    def beside(self, tensors: Mapping[str, Tensor]) -> Checkpoint:
        """The same, where these are kept with whatever is saved: what earlier stages have found."""
        following = copy(self)
        following.also = tensors
        return following

    def part(self, name: str) -> Checkpoint:
        """The same, for one of several parts of the work: what it saves has this name before its own."""
        following = copy(self)
        following.part_of = f"{self.part_of}{name}/"
        return following

    def stage(self, name: str, make: Callable[[Checkpoint], Tensor]) -> tuple[Tensor, Checkpoint]:
        """What a stage of the work makes, given a part of the checkpoint, or made before; and the checkpoint
        that remembers it for later stages."""
        part = self.part(name)
        made = part.load().get("made")
        if made is None:
            made = make(part)
            part.save({"made": made})
        return made, self.beside({**self.also, f"{part.part_of}made": made})

    def has_own(self) -> bool:
        """Whether something is kept there, and is this work's."""
        with suppress(*UNREADABLE):
            return self.path is not None and self.path.is_file() and _header_of(self.path) == self.header
        return False

    def remove(self) -> None:
        """Its own file, and the folder if nothing else is in it. What belongs to other work stays."""
        if self.folder is not None and here().first and self.has_own():
            clear(Path(self.folder))


def clear(folder: Path) -> None:
    """Of a checkpoint, whatever work it is of."""
    (folder / STATE).unlink(missing_ok=True)
    with suppress(OSError):
        folder.rmdir()


@contextmanager
def told_if_stopped(kept: Checkpoint | None) -> Iterator[None]:
    """Whoever breaks off what is done inside is told where the work is."""
    try:
        yield
    except Stopped:
        raise
    except RuntimeError as error:
        # Lost among them.
        if not isinstance(error, Lost) and not is_of_others(error):
            raise
        ended = error if isinstance(error, Lost) else lost(error)
        if kept is None or not kept.has_own():
            raise ended from error
        told = f"{ended} What is done so far is in {kept.folder}: the same again goes on from it."
        raise Lost(told) from error
    except KeyboardInterrupt as stop:
        if kept is None or not kept.has_own():
            raise
        told = f"What is done so far is in {kept.folder}: the same again goes on from there."
        raise Stopped(told) from stop


NO_CHECKPOINT = Checkpoint(None, {})


def _header_of(path: Path) -> Any:
    with safetensors.safe_open(path, framework="pt") as file:
        return json.loads((file.metadata() or {}).get("edgewise", "null"))


def _difference(found: Any, wanted: Mapping[str, Any]) -> str:
    """What tells two apart, in words."""
    if not isinstance(found, dict) or found.get("format") != FORMAT or found.get("version") != VERSION:
        return "it was written in another form"
    before, now = _flat(found["of"]), _flat(wanted["of"])
    names = [name for name in {**now, **before} if before.get(name) != now.get(name)]
    if "method" in names:
        # Another method has other options, too.
        names = ["method"]
    told = [_told(name, before.get(name), now.get(name)) for name in names]
    return "other " + " and ".join(told) if told else "it was written in another form"


def _flat(of: Mapping[str, Any]) -> dict[str, Any]:
    """With each option by its own name, so that only what differs is told."""
    options = of.get("options", {})
    return {**of, **{f"option {name}": value for name, value in options.items()}, "options": None}


def _told(name: str, before: Any, now: Any) -> str:
    """With the two values, where they are short enough to be read."""
    values = f" ({_in_words(before)} there, {_in_words(now)} here)"
    return name + values if len(values) <= SHORT else name


def _in_words(value: Any) -> str:
    """As it is typed."""
    return str(value).lower() if value is None or isinstance(value, bool) else str(value)
