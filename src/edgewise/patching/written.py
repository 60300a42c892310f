"""What sources write to the stream, from the compact form of a tape: heads before their output matrix."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from edgewise.graph import Graph
from edgewise.models.layer import Layer
from edgewise.models.transformer import Transformer
from edgewise.patching.replacements import Sources


def written_by(
    model: Transformer, sources: Sources, places: Sequence[int]
) -> Float[Tensor, "places examples positions width"]:
    """What some sources write, by their places in the graph. Every layer is visited, whatever they are."""
    graph = Graph.of(model.config)
    found = dict(enumerate(sources.embeddings))
    for index, layer in enumerate(model.layers):
        heads = {place: place - graph.sources_before(index) for place in places}
        found |= layer(_written_by_heads, layer, sources.heads[index], heads)
        if graph.mlps:
            found[graph.mlp_source(index)] = sources.mlps[index]
    return torch.stack([found[place] for place in places])


def _written_by_heads(layer: Layer, mixed: Tensor, heads: Mapping[int, int]) -> dict[int, Tensor]:
    """By its place, what each head writes that is one of this layer's."""
    attention, post_norm = layer.attention, layer.attention_post_norm
    own = {place: head for place, head in heads.items() if 0 <= head < attention.heads}
    wrote = {place: mixed[:, :, head] @ attention.output_weight[head].T for place, head in own.items()}
    if post_norm.kind == "none":
        return wrote
    return {place: each * post_norm.weight for place, each in wrote.items()}


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
        given, written = heads[index][chunk].transpose(0, 1), into[graph.head_sources(index)]
        layer(_write_heads, layer, given.to(into.dtype), written)
        if layer.attention_post_norm.kind != "none":
            written *= layer.attention_post_norm.weight
        if layer.mlp is not None:
            into[graph.mlp_source(index)] = mlps[index][chunk]


def _write_heads(layer: Layer, given: Float[Tensor, "heads tokens head_width"], into: Tensor) -> None:
    torch.bmm(given, layer.attention.output_weight.to(into.dtype).transpose(1, 2), out=into)
