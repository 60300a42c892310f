"""Circuits that papers found in models of others, by hand: one file each in `published/`.

{"format": "edgewise published circuit", "version": 1, "task": "ioi", "names": ["gpt2"],
 "graph": {"layers": 12, "heads": 12, "mlps": true}, "ablations": ["corrupted", "zero"],
 "source": "Wang et al. 2022 ...", "roles": {"name mover": ["a9.h9", ...]}, "edges": [...]}

A model is the one meant when it has the name - a folder of that name will do - and the graph. The corruption
is the task's first. These circuits are people's reading of a model, not its exact answer: they miss edges
that matter and hold some that do not.
"""

from __future__ import annotations

from pathlib import Path

from edgewise.circuit import Circuit
from edgewise.files import read_described
from edgewise.graph import Graph
from edgewise.zoo.known import KnownCircuit, read_roles

FORMAT, VERSION = "edgewise published circuit", 1
FOLDER = Path(__file__).parent / "published"


def published_circuits(task: str, model: str, graph: Graph) -> dict[str, KnownCircuit]:
    """By ablation; none where no paper found this task's circuit in this model. `model`: its name."""
    for path in sorted(FOLDER.glob("*.json")):
        described = read_described(path, FORMAT, VERSION)
        sizes = {"layers": graph.layers, "heads": graph.heads, "mlps": graph.mlps}
        is_meant = Path(model).name.lower() in described["names"] and sizes == described["graph"]
        if task == described["task"] and is_meant and graph.key_readers == graph.heads:
            circuit = Circuit.of(graph, described["edges"])
            none = Circuit.empty(graph)
            roles = read_roles(described.get("roles", {}), graph)
            known = KnownCircuit(circuit, none, none, roles=roles)
            return dict.fromkeys(described["ablations"], known)
    return {}
