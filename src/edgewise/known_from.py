"""`--known`: a circuit of one's own to hold scores beside, from whatever file holds edges."""

from __future__ import annotations

from pathlib import Path

from edgewise.circuit import Circuit
from edgewise.edges_from import edges_from
from edgewise.errors import BadInput, BrokenFile
from edgewise.files import read_text
from edgewise.graph import Graph
from edgewise.request import RunRequest
from edgewise.zoo.known import FORMAT, KnownCircuit, load_known

OPTION = "--known"


def is_known_of(weights: str | None, truth: KnownCircuit, request: RunRequest) -> bool:
    """Whether these are the weights whose circuit is known; in another dtype that cannot be told."""
    return request.dtype is not None or truth.weights in (None, weights)


def known_from(path: str, graph: Graph, name: str) -> KnownCircuit:
    """A run's circuit, a circuit.json, an edge list, Taggart's text; or of a file of known circuits, as a
    model's folder holds one, that of this `truth_name`."""
    place = Path(path).expanduser()
    if place.suffix == ".json" and place.is_file() and FORMAT in read_text(place):
        try:
            known = load_known(place, graph)[name]
        except BrokenFile:
            raise
        except BadInput as error:
            raise BadInput(*(f"{OPTION}: {path}: {problem}" for problem in error.problems)) from error
    else:
        circuit = edges_from(path, graph, OPTION)
        none = Circuit.empty(graph)
        known = KnownCircuit(circuit, none, none)
    if not 0 < len(known.circuit) < graph.edge_count - len(known.backups):
        raise BadInput(
            f"{OPTION}: {path} must leave some edges out, and hold some. Nothing is told apart by it."
        )
    return known
