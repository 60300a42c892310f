"""`--edges-from`: the edges that a method goes through, from a run, a circuit or an edge list."""

from __future__ import annotations

from pathlib import Path

from edgewise.circuit import Circuit
from edgewise.discovery import on_graph
from edgewise.errors import BadInput
from edgewise.formats import edge_list, native
from edgewise.graph import Graph


def edges_from(path: str, graph: Graph) -> Circuit:
    """The circuit that lies there: in the folder of a run, in a circuit.json, or in a CSV of `export`."""
    place = Path(path).expanduser()
    if not place.exists():
        raise BadInput(f"{path} is not there. Give a run's folder, a circuit.json or an edge list (.csv).")
    if place.suffix == ".csv":
        _, circuit = edge_list.read(place, graph)
    else:
        circuit = Circuit.load(place / native.CIRCUIT if place.is_dir() else place)
    return on_graph(circuit, graph)
