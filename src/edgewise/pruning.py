"""Which edges of a circuit lie on a path from an embedding to `logits`.

s -> r stays  when  an embedding reaches s  and  r feeds a node from which kept edges lead to the logits
"""

from __future__ import annotations

import torch
from jaxtyping import Bool
from torch import Tensor

from edgewise.graph import Graph
from edgewise.paths import needed_by_logits, reached_from_embeddings, readers_of_heads


def on_a_path(graph: Graph, kept: Bool[Tensor, "readers sources"]) -> Bool[Tensor, "readers sources"]:
    """The kept edges without those that no path uses."""
    reached = reached_from_embeddings(graph, kept)
    feeding = readers_that_feed(graph, needed_by_logits(graph, kept))
    return kept & reached & feeding[:, None]


def readers_that_feed(graph: Graph, nodes: Bool[Tensor, " sources"]) -> Bool[Tensor, " readers"]:
    """The readers of these nodes, and `logits`."""
    parts: list[Tensor] = []
    for layer in range(graph.layers):
        parts.append(readers_of_heads(graph, nodes[graph.head_sources(layer)]))
        if graph.mlps:
            parts.append(nodes[graph.mlp_source(layer)].reshape(1))
    return torch.cat((*parts, torch.ones(1, dtype=torch.bool, device=nodes.device)))
