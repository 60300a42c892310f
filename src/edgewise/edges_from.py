"""Edges that an option names: a run's, a circuit's, an edge list's or a text's."""

from __future__ import annotations

from pathlib import Path

from edgewise.circuit import Circuit
from edgewise.errors import BadInput, BrokenFile
from edgewise.formats import edge_list, native, taggart
from edgewise.graph import Graph

WHAT = "Give a run's folder, a circuit.json, an edge list (.csv) or Taggart's text (.txt)."


def edges_from(path: str, graph: Graph, option: str = "--edges-from") -> Circuit:
    """The circuit that lies there: in the folder of a run, in a circuit.json, in a CSV or in a text."""
    place = Path(path).expanduser()
    if not place.exists():
        raise BadInput(f"{option}: {path} is not there. {WHAT}")
    try:
        circuit = _circuit(place, graph)
    except BadInput as error:
        raise BrokenFile(*(f"{option}: {problem}" for problem in error.problems)) from error
    if circuit.graph != graph:
        raise BadInput(
            f"{option}: {path} must be of the model's graph, {graph.describe()}. Got one of "
            f"{circuit.graph.describe()}. Give a circuit that was found in this model."
        )
    if not len(circuit):
        raise BadInput(f"{option}: {path} must hold edges. Got an empty circuit. {WHAT}")
    return circuit


def _circuit(place: Path, graph: Graph) -> Circuit:
    if place.is_dir():
        if not (place / native.CIRCUIT).is_file():
            raise BadInput(f"{place} holds no {native.CIRCUIT}. {WHAT}")
        return Circuit.load(place / native.CIRCUIT)
    if place.suffix == ".csv":
        return edge_list.read_circuit(place, graph)
    if place.suffix == ".txt":
        return taggart.read(place, graph)
    return Circuit.load(place)
