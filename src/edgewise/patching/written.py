"""What sources write to the stream, from the compact form of a tape: heads before their output matrix."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from edgewise.graph import Graph
from edgewise.models.transformer import Transformer
from edgewise.patching.replacements import Sources


def written_by(
    model: Transformer, sources: Sources, source: int
) -> Float[Tensor, "examples positions width"]:
    """What one source writes, by its place in the graph."""
    graph = Graph.of(model.config)
    whole = len(graph.embeddings)
    if source < whole:
        return sources.embeddings[source]
    layer, place = divmod(source - whole, graph.layer_sources)
    if place == graph.heads:
        return sources.mlps[layer]
    own = model.layers[layer]
    written = sources.heads[layer][:, :, place] @ own.attention.output_weight[place].T
    post_norm = own.attention_post_norm
    return written if post_norm.kind == "none" else written * post_norm.weight


def expand(
    model: Transformer,
    embeddings: Sequence[Float[Tensor, "tokens width"]],
    heads: Sequence[Float[Tensor, "tokens heads head_width"]],
    mlps: Sequence[Float[Tensor, "tokens width"]],
    chunk: slice,
    into: Float[Tensor, "sources some_tokens width"],
) -> None:
    """What all sources write at some of the tokens, which are one axis here."""
    graph = Graph.of(model.config)
    for index, embedding in enumerate(embeddings):
        into[index] = embedding[chunk]
    for index, layer in enumerate(model.layers):
        given, weight = heads[index][chunk].transpose(0, 1), layer.attention.output_weight
        written = into[graph.head_sources(index)]
        torch.bmm(given.to(into.dtype), weight.to(into.dtype).transpose(1, 2), out=written)
        if layer.attention_post_norm.kind != "none":
            written *= layer.attention_post_norm.weight
        if layer.mlp is not None:
            into[graph.mlp_source(index)] = mlps[index][chunk]
