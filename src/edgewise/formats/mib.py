"""The JSON of EAP-IG and MIB's circuit track: each edge by name, its score and whether the circuit has it.

    {"cfg":   {"n_layers", "n_heads", "parallel_attn_mlp", "d_model"},
     "nodes": {name: {"in_graph": bool}},
     "edges": {"input->a0.h0<q>": {"score": number, "in_graph": bool}}}

Their `input` is our `embed`; all other names agree. They know one kind of graph: one embedding, an MLP in
every layer, q, k and v per query head. A node is in their graph when an edge of the circuit enters it and
another leaves it; nothing enters `input`, and `logits` is always in.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from edgewise.circuit import Circuit, Scores
from edgewise.edges import check_same, shortened
from edgewise.errors import BadInput, Problems
from edgewise.files import atomic_file, in_file, read_json
from edgewise.graph import Graph
from edgewise.recognised import recognised

CONFIG_NEEDED = "a 'cfg' with n_layers, n_heads and parallel_attn_mlp was needed."


def write(path: str | Path, scores: Scores, circuit: Circuit, width: int) -> None:
    """`width`: of the residual stream, which their files tell and no graph knows."""
    check_same(scores.graph, circuit.graph)
    config = config_of(scores.graph, width)
    with atomic_file(path) as temporary, open(temporary, "w", encoding="utf-8", newline="\n") as file:
        file.writelines(_pieces(config, scores, circuit))


def read(path: str | Path) -> tuple[Scores, Circuit]:
    """An edge that the file leaves out has score 0 and is not kept."""
    content = read_json(path)
    with in_file(path):
        if not isinstance(content, dict) or "cfg" not in content:
            raise BadInput(f"{CONFIG_NEEDED}{recognised(path, asked='JSON')}")
        graph = graph_of(content["cfg"])
        edges = {_our_edge(name): entry for name, entry in _edges(content).items()}
        scores = Scores.from_edges(graph, {name: entry["score"] for name, entry in edges.items()})
        return scores, Circuit.of(graph, [name for name, entry in edges.items() if entry["in_graph"]])


def config_of(graph: Graph, width: int) -> dict[str, int | bool]:
    """Their description of a graph; refused where they have no word for it."""
    wrong = [
        reason
        for is_wrong, reason in (
            (not graph.mlps, "it has no MLPs"),
            (graph.key_readers != graph.heads, "query heads share its key/value readers"),
            (graph.embeddings != ("embed",), f"its embeddings are {' and '.join(graph.embeddings)}"),
        )
        if is_wrong
    ]
    if wrong:
        raise BadInput(
            "the MIB formats hold graphs of one embedding, an MLP a layer and q, k and v per query head. "
            f"This graph does not fit: {', '.join(wrong)}. Export it as csv or native."
        )
    return {
        "n_layers": graph.layers,
        "n_heads": graph.heads,
        "parallel_attn_mlp": graph.parallel,
        "d_model": width,
    }


def graph_of(config: Any) -> Graph:
    """The graph that their description means."""
    if not isinstance(config, dict):
        raise BadInput(CONFIG_NEEDED)
    problems = Problems()
    for name, kind, words in (
        ("n_layers", int, "a whole number from 1"),
        ("n_heads", int, "a whole number from 1"),
        ("parallel_attn_mlp", bool, "true or false"),
    ):
        value = config.get(name)
        if type(value) is not kind or (kind is int and value < 1):
            problems.add(f"cfg: {name} must be {words}. Got {value!r}.")
    problems.raise_any()
    heads = config["n_heads"]
    return Graph(config["n_layers"], heads, key_readers=heads, parallel=config["parallel_attn_mlp"])


def their_sources(graph: Graph) -> list[str]:
    return ["input", *graph.sources[1:]]


def sources_in(circuit: Circuit) -> list[bool]:
    """Per source, whether they count it among the circuit's nodes."""
    left = set(circuit.sources())
    entered = {"embed"}.union(*(circuit.graph.head_of_reader(reader) for reader in circuit.readers()))
    return [source in left & entered for source in circuit.graph.sources]


def _pieces(config: dict[str, int | bool], scores: Scores, circuit: Circuit) -> Iterator[str]:
    """The file reader by reader: a large graph's edges are never all in memory as text."""
    graph = scores.graph
    sources = their_sources(graph)
    nodes = dict(zip((*sources, "logits"), (*sources_in(circuit), True), strict=True))
    yield f'{{"cfg": {json.dumps(config)},\n "nodes": {{'
    yield ", ".join(f'"{name}": {json.dumps({"in_graph": is_in})}' for name, is_in in nodes.items())
    yield '},\n "edges": {'
    for reader, (name, sees) in enumerate(zip(graph.readers, graph.visible, strict=True)):
        values, kept = scores.values[reader, :sees].tolist(), circuit.kept[reader, :sees].tolist()
        edges = {
            f"{source}->{name}": {"score": value, "in_graph": is_in}
            for source, value, is_in in zip(sources[:sees], values, kept, strict=True)
        }
        yield (",\n  " if reader else "\n  ") + json.dumps(edges)[1:-1]
    yield "}}\n"


def _edges(content: dict[str, Any]) -> dict[str, dict[str, Any]]:
    edges = content.get("edges")
    if not isinstance(edges, dict):
        raise BadInput("'edges' with a score and in_graph per edge were needed.")
    wrong = [name for name, entry in edges.items() if not _is_edge(entry)]
    if wrong:
        needed = "must have a 'score', a number, and 'in_graph', true or false"
        raise BadInput(*shortened([f"{name!r} {needed}." for name in wrong]))
    return edges


def _is_edge(entry: Any) -> bool:
    return (
        isinstance(entry, dict)
        and isinstance(entry.get("score"), int | float)
        and not isinstance(entry["score"], bool)
        and isinstance(entry.get("in_graph"), bool)
    )


def _our_edge(name: str) -> str:
    return f"embed->{name[len('input->') :]}" if name.startswith("input->") else name
