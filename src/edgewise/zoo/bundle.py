"""A model that comes with what is known of it: its words, its answers and its circuit for each ablation.

A folder holds one: the model in our own format, which `--model` and `ew.load` take like any other, with
known_circuits.json and program.json beside it:

{"format": "edgewise-program", "version": 1, "words": [...], "values": [...] or null, "longest": 5}
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from edgewise.errors import BrokenFile
from edgewise.files import atomic_write
from edgewise.graph import Graph
from edgewise.models.load import load
from edgewise.models.native import save_model
from edgewise.patching.replacements import Ablation
from edgewise.zoo.compiled import Compiled
from edgewise.zoo.exhaustive import known_circuit
from edgewise.zoo.known import KnownCircuit, load_known, save_known

FORMAT, VERSION = "edgewise-program", 1
KNOWN_FILE, PROGRAM_FILE = "known_circuits.json", "program.json"


@dataclass(frozen=True)
class Bundle:
    """A compiled program and its known circuits."""

    compiled: Compiled
    known: Mapping[str, KnownCircuit]
    """By ablation."""

    @classmethod
    def of(cls, compiled: Compiled) -> Bundle:
        """Works out the known circuits by trying every prompt, or pair of prompts, there is."""
        ablations: tuple[Ablation, ...] = ("zero", "corrupted")
        return cls(compiled, {ablation: known_circuit(compiled, ablation) for ablation in ablations})

    def save(self, folder: str | Path) -> None:
        """Write the model and all that is known of it to a folder, made if need be."""
        compiled, folder = self.compiled, Path(folder)
        save_model(compiled.model, folder)
        save_known(self.known, folder / KNOWN_FILE)
        described = {
            "format": FORMAT,
            "version": VERSION,
            "words": compiled.words,
            "values": compiled.values,
            "longest": compiled.longest,
        }
        atomic_write(folder / PROGRAM_FILE, json.dumps(described, indent=1) + "\n")

    @classmethod
    def load(cls, folder: str | Path) -> Bundle:
        """Read what `save` wrote."""
        folder = Path(folder)
        path = folder / PROGRAM_FILE
        try:
            described = json.loads(path.read_text())
            if (described["format"], described["version"]) != (FORMAT, VERSION):
                raise ValueError(f"format {described['format']!r}, version {described['version']!r}")
            values = described["values"]
            words, longest = tuple(described["words"]), described["longest"]
        except (OSError, KeyError, TypeError, ValueError) as error:
            raise BrokenFile(f"{path}: a program, version {VERSION}, was needed. Got: {error}.") from error
        model = load(folder, quiet=True)
        compiled = Compiled(model, words, None if values is None else tuple(values), longest)
        return cls(compiled, load_known(folder / KNOWN_FILE, Graph.of(model.config)))
