"""The `.pt` of EAP-IG and MIB's circuit track: what `mib.py` writes as JSON, in matrices.

    cfg                           as in the JSON
    src_nodes, dst_nodes          names of sources and readers, in our order
    edges_scores, edges_in_graph  [sources, readers], ours transposed; where there is no edge we write 0 and
                                  False, and ignore what we read
    nodes_in_graph                [sources]

Read with `weights_only`: a `.pt` from another person can hold tensors, lists and numbers, and no code.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import torch

from edgewise.circuit import Circuit, Scores
from edgewise.edges import check_same
from edgewise.errors import BadInput, BrokenFile
from edgewise.files import atomic_write, in_file
from edgewise.formats.mib import config_of, graph_of, sources_in, their_sources
from edgewise.recognised import recognised

KEYS = ("cfg", "src_nodes", "dst_nodes", "edges_scores", "edges_in_graph", "nodes_in_graph")
READS = "mib_pt.read"


def write(path: str | Path, scores: Scores, circuit: Circuit, width: int) -> None:
    graph = scores.graph
    check_same(graph, circuit.graph)
    content = {
        "cfg": config_of(graph, width),
        "src_nodes": their_sources(graph),
        "dst_nodes": list(graph.readers),
        "edges_scores": scores.values.T.contiguous(),
        "edges_in_graph": circuit.kept.T.contiguous(),
        "nodes_in_graph": torch.tensor(sources_in(circuit)),
    }
    buffer = io.BytesIO()
    torch.save(content, buffer)
    atomic_write(path, buffer.getvalue())


def read(path: str | Path) -> tuple[Scores, Circuit]:
    content = _load(path)
    with in_file(path):
        missing = [key for key in KEYS if key not in content]
        if missing:
            raise BadInput(f"{', '.join(KEYS)} were needed. Missing: {', '.join(missing)}.")
        graph = graph_of(content["cfg"])
        for key, expected in (("src_nodes", their_sources(graph)), ("dst_nodes", list(graph.readers))):
            if list(content[key]) != expected:
                raise BadInput(f"{key} do not name the nodes of {graph.describe()} in their order.")
        for key in ("edges_scores", "edges_in_graph"):
            shape = list(getattr(content[key], "shape", []))
            if shape != list(graph.shape[::-1]):
                raise BadInput(f"{key} must be [sources, readers] = {list(graph.shape[::-1])}. Got {shape}.")
        return Scores(graph, content["edges_scores"].T), Circuit(
            graph, content["edges_in_graph"].T.bool() & graph.edges
        )


def _load(path: str | Path) -> dict[str, Any]:
    try:
        # Whatever device it was saved from, it is read into the computer's memory.
        content = torch.load(path, map_location=lambda storage, _: storage, weights_only=True)
    except Exception as error:
        # What torch raises over bytes that are no .pt depends on the bytes.
        raise BrokenFile(
            f"{path} could not be read as a .pt: {_reason(error)}{recognised(path, READS)}"
        ) from error
    if not isinstance(content, dict):
        raise BrokenFile(f"{path} must hold a dictionary. Got {type(content).__name__}.")
    return content


def _reason(error: Exception) -> str:
    """Not torch's own words: they tell how to let a file run code."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}."
    return "one that holds tensors, lists and numbers, and nothing else, was needed."
