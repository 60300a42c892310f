"""Known circuits as a value: the edges that belong, and those that are neither in nor out.

A truth belongs to one ablation: what a source is replaced by decides what its absence breaks. A file of known
circuits has one for each ablation that a truth is known for:

{"format": "edgewise-known-circuits", "version": 1, "circuits": {"zero": {"edges": [...], "backups": [...]}}}
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from edgewise.circuit import Circuit
from edgewise.errors import BadInput, BrokenFile
from edgewise.files import atomic_write
from edgewise.graph import Graph

FORMAT, VERSION = "edgewise-known-circuits", 1


@dataclass(frozen=True)
class KnownCircuit:
    circuit: Circuit
    backups: Circuit
    """Edges that stand in for each other: none is needed alone, some are together. No method is judged by
    them."""


def save_known(known: Mapping[str, KnownCircuit], path: str | Path) -> None:
    """Write the known circuits, by ablation."""
    circuits = {
        ablation: {"edges": list(each.circuit), "backups": list(each.backups)}
        for ablation, each in known.items()
    }
    described = {"format": FORMAT, "version": VERSION, "circuits": circuits}
    atomic_write(path, json.dumps(described, indent=1) + "\n")


def load_known(path: str | Path, graph: Graph) -> dict[str, KnownCircuit]:
    """Read the known circuits of a model with this graph, by ablation."""
    try:
        described = json.loads(Path(path).read_text())
        if (described["format"], described["version"]) != (FORMAT, VERSION):
            raise ValueError(f"format {described['format']!r}, version {described['version']!r}")
        return {
            ablation: KnownCircuit(*(Circuit.of(graph, each[part]) for part in ("edges", "backups")))
            for ablation, each in described["circuits"].items()
        }
    except (OSError, KeyError, TypeError, ValueError, BadInput) as error:
        raise BrokenFile(f"{path}: known circuits, version {VERSION}, were needed. Got: {error}.") from error
