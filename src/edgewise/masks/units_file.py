"""`units.safetensors`: a mask of units in a file, and what can be wrong with one. Versioned, never pickle.

    a tensor of numbers from 0 to 1 for each of `names`
    metadata `edgewise`: JSON {format, version, grain, chosen, settled_loss, loss, names}

This file knows bytes, names and numbers; `units.py` makes a value of them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from edgewise.errors import BrokenFile, check_name, several
from edgewise.files import atomic_write, parse_json
from edgewise.recognised import recognised

FORMAT, VERSION = "edgewise units", 1
ITSELF = "ew.Units.load reads it"
FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
LARGEST = sys.float_info.max
TOLD = ("grain", "chosen", "settled_loss", "loss")
"""What stands in the metadata beside the names of tensors."""


def write_units(path: str | Path, numbers: Mapping[str, Tensor], told: Mapping[str, Any]) -> None:
    # Tensors come back in the order of their names, not in that of the mask: so it is written down.
    header = {"format": FORMAT, "version": VERSION, **{name: told[name] for name in TOLD}}
    metadata = {"edgewise": json.dumps({**header, "names": list(numbers)})}
    tensors = {name: each.contiguous() for name, each in numbers.items()}
    atomic_write(path, safetensors.torch.save(tensors, metadata))


def read_units(path: str | Path, grains: Iterable[str]) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors in the order of the mask, and what is told of them; BrokenFile with all that is wrong."""
    header, tensors = _opened(path)
    names, units = header.get("names"), sum(each.numel() for each in tensors.values())
    problems = check_name("grain", header.get("grain"), grains) + _check_names(names, tensors)
    problems += _check_numbers(tensors) + _check_chosen(header.get("chosen"), units)
    for name in ("settled_loss", "loss"):
        problems += _check_loss(name, header.get(name))
    if problems:
        raise BrokenFile(*(f"{path}: {problem}" for problem in problems))
    return {name: tensors[name] for name in header["names"]}, {name: header[name] for name in TOLD}


def _opened(path: str | Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """The header, which says that it is one of units, and every tensor."""
    needed = f"{FORMAT}, version {VERSION}"
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            header = parse_json((file.metadata() or {}).get("edgewise", "null"))
            if not isinstance(header, dict) or header.get("format") != FORMAT:
                raise BrokenFile(f"{path}: {needed}, was needed.{recognised(path, ITSELF)}")
            if (version := header.get("version")) != VERSION:
                raise BrokenFile(f"{path}: {needed}, was needed. Got version {version!r}.")
            return header, {name: file.get_tensor(name) for name in list(file.keys())}
    except BrokenFile:
        raise
    except (OSError, safetensors.SafetensorError, ValueError, RecursionError) as error:
        what = recognised(path, ITSELF)
        reason = "a units.safetensors was needed." if what else f"{error}."
        raise BrokenFile(f"{path} could not be read as units: {reason}{what}") from error


def _check_names(names: object, tensors: Mapping[str, Tensor]) -> list[str]:
    """Why these are not the names of the tensors."""
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        return [f"'names' must be a list of the names of its tensors. Got {names!r}."]
    wrong = {
        "names without a tensor": [name for name in names if name not in tensors],
        "tensors without a name": [name for name in tensors if name not in names],
        "names that stand there again": [name for place, name in enumerate(names) if name in names[:place]],
    }
    told = "; ".join(f"{what}: {several(which)}" for what, which in wrong.items() if which)
    return [f"'names' must hold the name of each of its tensors once. Got {told}."] if told else []


def _check_numbers(tensors: Mapping[str, Tensor]) -> list[str]:
    """Why these are not how far gates were open."""
    # NaN is not within.
    others = [
        f"{name} ({str(each.dtype).removeprefix('torch.')})"
        for name, each in tensors.items()
        if each.dtype not in FLOATS or not ((each >= 0) & (each <= 1)).all()
    ]
    if not others:
        return []
    return [f"numbers from 0 to 1 were needed in every tensor. Got others in {several(others)}."]


def _check_chosen(chosen: object, units: int) -> list[str]:
    if not units:
        return ["a number for at least one unit was needed. Got none."]
    if isinstance(chosen, int) and not isinstance(chosen, bool) and 0 <= chosen <= units:
        return []
    needed = f"a whole number from 0 to {units:,}, the units in it"
    return [f"'chosen', how many units are kept, must be {needed}. Got {chosen!r}."]


def _check_loss(name: str, loss: object) -> list[str]:
    # NaN is not within.
    if isinstance(loss, int | float) and -LARGEST <= loss <= LARGEST and not isinstance(loss, bool):
        return []
    return [f"{name!r} must be a finite number. Got {loss!r}."]
