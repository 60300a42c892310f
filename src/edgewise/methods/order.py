"""The order in which ACDC visits readers, and each reader's sources: what it finds depends on it.

published   readers: layers from the last; in each the MLP, then v, k and q of the heads from the last.
            sources: layers from the last; in each the MLP, then the heads from the first; embeddings
reverse     the heads of each layer the other way round, for readers and for sources
forwards    readers as published; sources from the first layer
"""

from __future__ import annotations

from typing import Literal

from edgewise.graph import Graph

Order = Literal["published", "reverse", "forwards"]


def reader_order(graph: Graph, order: Order = "published") -> list[int]:
    """Every row once, a layer's after all that it feeds."""
    rows = [len(graph.readers) - 1]
    for layer in reversed(range(graph.layers)):
        if graph.mlps:
            rows.append(graph.mlp_reader(layer))
        for part in "vkq":
            heads = graph.part_readers(layer, part)
            own = range(heads.start, heads.stop)
            rows += own if order == "reverse" else reversed(own)
    return rows


def source_order(graph: Graph, order: Order = "published") -> list[int]:
    """Every column once."""
    columns: list[int] = []
    for layer in reversed(range(graph.layers)):
        if graph.mlps:
            columns.append(graph.mlp_source(layer))
        heads = graph.head_sources(layer)
        own = range(heads.start, heads.stop)
        columns += reversed(own) if order == "reverse" else own
    columns += range(len(graph.embeddings))
    return columns[::-1] if order == "forwards" else columns
