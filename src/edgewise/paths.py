"""Which nodes lie on a path: reached from an embedding, needed by the logits.

Paths run over nodes: an edge into any of a head's q, k and v leads into the head, and one into a key/value
head's k or v leads into every query head that shares it. One pass over the layers; heads are handled
together.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool
from torch import Tensor

from edgewise.graph import Graph


def needed_by_logits(
    graph: Graph, kept: Bool[Tensor, "readers sources"], heads_together: bool = False
) -> Bool[Tensor, " sources"]:
    """Sources from which a chain of kept edges leads to the logits.

    heads_together: where a layer's heads share a norm, each depends on all, and all are needed when one is.
    """
    needed = kept[-1].clone()
    for layer in reversed(range(graph.layers)):
        if graph.mlps and needed[graph.mlp_source(layer)]:
            needed |= kept[graph.mlp_reader(layer)]
        heads = needed[graph.head_sources(layer)]
        if heads_together:
            heads |= heads.any()
        needed |= kept[graph.head_readers(layer)][readers_of_heads(graph, heads)].any(0)
    return needed


def readers_of_heads(graph: Graph, heads: Bool[Tensor, " heads"]) -> Bool[Tensor, " readers_of_layer"]:
    """The q, k and v readers of some heads of a layer. A key/value reader feeds every head that shares it."""
    shared = heads.unflatten(0, (graph.key_readers, -1)).any(1)
    return torch.cat((heads, shared, shared))


def reached_from_embeddings(
    graph: Graph, kept: Bool[Tensor, "readers sources"], heads_together: bool = False
) -> Bool[Tensor, " sources"]:
    """Sources to which a chain of kept edges leads from an embedding."""
    reached = torch.zeros(len(graph.sources), dtype=torch.bool, device=kept.device)
    reached[: len(graph.embeddings)] = True
    for layer in range(graph.layers):
        queries, keys, values = (
            (kept[graph.part_readers(layer, part)] & reached).any(1) for part in ("q", "k", "v")
        )
        heads = queries | (keys | values).repeat_interleave(graph.heads // graph.key_readers)
        reached[graph.head_sources(layer)] = heads.any() if heads_together else heads
        if graph.mlps:
            reached[graph.mlp_source(layer)] = (kept[graph.mlp_reader(layer)] & reached).any()
    return reached
