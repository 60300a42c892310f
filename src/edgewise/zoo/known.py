"""Known circuits as a value: the edges that belong, and those that are neither in nor out.

A truth belongs to what replaces the sources, for that decides what an edge's absence breaks: to an ablation
and, where the corrupted prompts have a part in it, to a corruption. A file of known circuits has one for each
that a truth is known for, by `truth_name`:

    {"format": "edgewise known circuits", "version": 1, "weights": "a fingerprint",
     "roles": {"moved": ["a1.h2"], ...},
     "circuits": {"zero": {"edges": [...], "backups": [...], "against": [...]}, "corrupted": ...,
                  "corrupted:swapped": ...}}

`against` are those of the edges that make the model do worse; `roles` say what heads and MLPs are there for.
A file without them has none.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edgewise.circuit import Circuit
from edgewise.errors import BadInput, BrokenFile, several
from edgewise.files import atomic_write, in_file, read_described
from edgewise.graph import Graph

FORMAT, VERSION = "edgewise known circuits", 1


@dataclass(frozen=True)
class KnownCircuit:
    """The circuit that a model is known to have, under one ablation."""

    circuit: Circuit
    backups: Circuit
    """Edges that stand in for each other, or of which no one can say whether they belong. No method is judged
    by them."""
    against: Circuit
    """Edges of the circuit that work against the answer: without one of them the model does better."""
    weights: str | None = field(default=None, compare=False)
    """The fingerprint of the weights it is known of; None: not told."""
    roles: Mapping[str, tuple[str, ...]] = field(default_factory=dict, compare=False)
    """Heads and MLPs by what they are there for."""

    def __post_init__(self) -> None:
        if both := list(self.circuit & self.backups):
            raise BadInput(f"an edge belongs or is a backup. Got both of {several(both)}.")
        if outside := list(self.against - self.circuit):
            raise BadInput(
                "edges of the circuit were needed as those that work against the answer. "
                f"Got {several(outside)}, which the circuit does not have. Put them in both, or in neither."
            )


class KnownCircuits(dict[str, KnownCircuit]):
    """By `truth_name`; what is not known is told, with what is."""

    def __missing__(self, name: str) -> KnownCircuit:
        raise BadInput(f"no circuit is known by ablation {name!r}. Known: {', '.join(self) or 'none'}.")


def read_roles(roles: Any, graph: Graph) -> dict[str, tuple[str, ...]]:
    """Lists of heads and MLPs by name."""
    whole = isinstance(roles, dict) and all(isinstance(nodes, list) for nodes in roles.values())
    if not whole:
        raise BadInput("'roles' must be lists of heads and MLPs by name.")
    if wrong := [node for nodes in roles.values() for node in nodes if node not in graph.source_index]:
        raise BadInput(
            f"'roles' must be of heads and MLPs of the graph. Got {several(list(map(repr, wrong)))}."
        )
    return {role: tuple(nodes) for role, nodes in roles.items()}


def truth_name(ablation: str, corruption: str | None = None) -> str:
    """`corruption`: None where it is the task's first. Zero does not look at corrupted prompts."""
    return ablation if corruption is None or ablation == "zero" else f"{ablation}:{corruption}"


def save_known(known: Mapping[str, KnownCircuit], path: str | Path, weights: str | None = None) -> None:
    """Write known circuits, by `truth_name`, of the model with these weights."""
    circuits = {
        name: {
            "edges": list(each.circuit),
            "backups": list(each.backups),
            "against": list(each.against),
        }
        for name, each in known.items()
    }
    roles = {role: list(nodes) for each in known.values() for role, nodes in each.roles.items()}
    described = {
        "format": FORMAT,
        "version": VERSION,
        "weights": weights,
        "roles": roles,
        "circuits": circuits,
    }
    atomic_write(path, json.dumps(described, indent=1) + "\n")


def load_known(path: str | Path, graph: Graph) -> KnownCircuits:
    """Read the known circuits of a model with this graph, by `truth_name`."""
    described = read_described(path, FORMAT, VERSION)
    circuits: Any = described.get("circuits")
    try:
        with in_file(path):
            roles = read_roles(described.get("roles", {}), graph)
            return KnownCircuits(
                (
                    name,
                    KnownCircuit(
                        Circuit.of(graph, each["edges"]),
                        Circuit.of(graph, each["backups"]),
                        Circuit.of(graph, each.get("against", ())),
                        described.get("weights"),
                        roles,
                    ),
                )
                for name, each in circuits.items()
            )
    except (AttributeError, KeyError, TypeError) as error:
        raise BrokenFile(
            f"{path}: circuits by ablation were needed, with 'edges', 'backups' and, if need be, 'against'."
        ) from error
