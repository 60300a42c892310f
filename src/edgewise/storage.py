"""edgewise's own files: `scores.safetensors` and `circuit.json`. Versioned, never pickle.

  scores.safetensors   tensor `scores` [readers, sources]; metadata `edgewise`: JSON {format, version, graph},
                       and `chosen`, the number of edges that the method chose, where it chose
  circuit.json         {format, version, graph, selected: size before pruning or null, edges: [names]}

This file knows bytes, graphs and names; `circuit.py` makes values of them.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
from jaxtyping import Float
from torch import Tensor

from edgewise.errors import BrokenFile
from edgewise.files import atomic_write, read_json
from edgewise.graph import Graph
from edgewise.recognised import recognised

VERSION = 1
GRAPH_FIELDS = {
    "layers": int,
    "heads": int,
    "key_readers": int,
    "mlps": bool,
    "parallel": bool,
    "embeddings": list,
}


def write_scores(
    path: str | Path, graph: Graph, values: Float[Tensor, "readers sources"], chosen: int | None
) -> None:
    # One metadata entry: safetensors puts several in a random order, and equal scores give equal bytes.
    header = {**_header("scores", graph), **({} if chosen is None else {"chosen": chosen})}
    metadata = {"edgewise": json.dumps(header)}
    atomic_write(path, safetensors.torch.save({"scores": values.contiguous()}, metadata))


def read_scores(path: str | Path) -> tuple[Graph, Tensor, int | None]:
    """The graph, the scores, and how many edges the method chose."""
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            header = json.loads((file.metadata() or {}).get("edgewise", "null"))
            graph = _graph(path, "scores", header)
            chosen = header.get("chosen")
            _check_number(path, "chosen", chosen, graph.edge_count, "the edges that the method chose")
            return graph, file.get_tensor("scores"), chosen
    except (OSError, safetensors.SafetensorError, json.JSONDecodeError) as error:
        what = recognised(path, asked="Scores.load")
        reason = "a scores.safetensors was needed." if what else f"{error}."
        raise BrokenFile(f"{path} could not be read as scores: {reason}{what}") from error


def write_circuit(path: str | Path, graph: Graph, edges: list[str], selected: int | None) -> None:
    content = {**_header("circuit", graph), "selected": selected, "edges": edges}
    atomic_write(path, json.dumps(content, indent=1) + "\n")


def read_circuit(path: str | Path) -> tuple[Graph, list[str], int | None]:
    """The graph, the names of the edges as they stand in the file, and the size before pruning."""
    content = read_json(path)
    graph = _graph(path, "circuit", content)
    edges, selected = content.get("edges"), content.get("selected")
    if not isinstance(edges, list) or not all(isinstance(name, str) for name in edges):
        raise BrokenFile(f"{path}: 'edges' must be a list of edge names.")
    before = "the edges before pruning"
    _check_number(path, "selected", selected, graph.edge_count, before, len(edges), ", those it holds,")
    return graph, edges, selected


def _check_number(
    path: str | Path, name: str, number: object, most: int, what: str, least: int = 0, held: str = ""
) -> None:
    """Of edges; None is well."""
    if number is not None and (not isinstance(number, int) or isinstance(number, bool)):
        raise BrokenFile(f"{path}: {name!r} must be a number of edges or null. Got {number!r}.")
    if number is not None and not least <= number <= most:
        raise BrokenFile(
            f"{path}: {name!r}, {what}, must be from {least:,}{held} "
            f"to {most:,}, those of its graph. Got {number:,}."
        )


def _header(kind: str, graph: Graph) -> dict[str, Any]:
    return {"format": f"edgewise {kind}", "version": VERSION, "graph": asdict(graph)}


def _graph(path: str | Path, kind: str, header: Any) -> Graph:
    """The graph of a file, once its header says that it is what it should be."""
    if not isinstance(header, dict) or header.get("format") != f"edgewise {kind}":
        raise BrokenFile(f"{path} does not hold edgewise {kind}.{recognised(path)}")
    version = header.get("version")
    if not isinstance(version, int) or version < 1:
        raise BrokenFile(f"{path}: 'version' must be a whole number from 1. Got {version!r}.")
    if version > VERSION:
        raise BrokenFile(
            f"{path} is version {version} of edgewise {kind}, and this edgewise reads up to {VERSION}. "
            "Update edgewise."
        )
    graph: Any = header.get("graph")
    if not _describes_graph(graph):
        raise BrokenFile(f"{path}: 'graph' does not describe a graph. Got {json.dumps(graph)}.")
    return Graph(**{**graph, "embeddings": tuple(graph["embeddings"])})


def _describes_graph(values: Any) -> bool:
    return (
        isinstance(values, dict)
        and {name: type(value) for name, value in values.items()} == GRAPH_FIELDS
        and min(values["layers"], values["heads"], values["key_readers"]) > 0
        and values["heads"] % values["key_readers"] == 0
        and len(values["embeddings"]) > 0
        and all(isinstance(name, str) for name in values["embeddings"])
    )
