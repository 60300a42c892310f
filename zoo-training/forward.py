"""The forward pass of training: differentiable in the weights, with edges and nodes taken from another run.

    x_reader = sum over its sources of [ keep * this run's + (1 - keep) * the other run's ]
    source   = the other run's, where it is swapped

Without `keep` all readers see the same stream and this costs a plain run. The numbers are those of
`edgewise.patching.patched_logits`, which has no gradient in the weights. For pre-norm decoders with learned
positions and no other switches.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from edgewise.graph import Graph
from edgewise.models.config import ModelConfig
from edgewise.models.layer import Attention
from edgewise.models.transformer import Transformer

Written = Float[Tensor, "sources examples positions width"]


@dataclass(frozen=True)
class Run:
    sources: Written
    logits: Float[Tensor, "examples vocabulary"]
    attention: list[Float[Tensor, "examples heads queries keys"]]
    """One a layer, before the softmax; what a position cannot see is minus infinity."""


def run(
    model: Transformer,
    tokens: Int[Tensor, "examples positions"],
    read: Int[Tensor, " examples"],
    other: Written | None = None,
    keep: Float[Tensor, "readers sources"] | None = None,
    swap: Bool[Tensor, "examples sources"] | None = None,
) -> Run:
    """Logits at `read`. `other`: the sources of another run, wherever `keep` or `swap` is given."""
    graph = Graph.of(model.config)
    seen = _Stream(torch.stack(model.embed(tokens)), other, keep, swap)
    attention = []
    for index, layer in enumerate(model.layers):
        heads, scores = _heads(layer.attention, layer.attention_norm(seen.by(graph.head_readers(index))))
        attention.append(scores)
        seen.write(heads)
        if layer.mlp is not None:
            reader = slice(graph.mlp_reader(index), graph.mlp_reader(index) + 1)
            seen.write(layer.mlp(layer.mlp_norm(seen.by(reader))))
    final = seen.by(slice(len(graph.readers) - 1, len(graph.readers)))[0]
    at_read = final[torch.arange(len(tokens)), read]
    return Run(torch.cat(seen.live), model.unembed(at_read), attention)


class _Stream:
    """What has been written so far, and what readers see of it."""

    def __init__(
        self, embedded: Written, other: Written | None, keep: Tensor | None, swap: Tensor | None
    ) -> None:
        self.other, self.keep, self.swap = other, keep, swap
        self.others = () if other is None else other.unbind()
        self.live: list[Tensor] = []
        self.total: Tensor | None = None
        self.written = 0
        self.write(embedded)

    def write(self, new: Written) -> None:
        places = slice(self.written, self.written + len(new))
        if self.swap is not None and self.other is not None and bool(self.swap[:, places].any()):
            # Unbinding, unlike slicing, puts all gradients together at once.
            swapped = self.swap[:, places].T[:, :, None, None]
            new = torch.where(swapped, torch.stack(self.others[places]), new)
        self.live.append(new)
        self.written = places.stop
        if self.keep is None:
            summed = new.sum(0)
            self.total = summed if self.total is None else self.total + summed

    def by(self, readers: slice) -> Float[Tensor, "readers examples positions width"]:
        """What these readers see, an axis of 1 where they all see the same."""
        if self.keep is None or self.other is None:
            assert self.total is not None
            return self.total[None]
        other, keep = self.other[: self.written], self.keep[readers, : self.written]
        apart = (torch.cat(self.live) - other).flatten(1)
        return (keep @ apart).view(-1, *other.shape[1:]) + other.sum(0)


def _heads(attention: Attention, normed: Tensor) -> tuple[Written, Tensor]:
    """What every head writes, and the scores by which it attends."""
    count, _, examples, length = attention.heads, *normed.shape[:3]

    def project(part: int, weight: Float[Tensor, "heads head_width width"]) -> Tensor:
        """[examples, heads, positions, head_width]"""
        if len(normed) == 1:
            flat = normed[0] @ weight.flatten(0, 1).T
            return flat.view(examples, length, count, -1).transpose(1, 2)
        own = normed[part * count : (part + 1) * count].flatten(1, 2)
        return torch.bmm(own, weight.transpose(1, 2)).view(count, examples, length, -1).transpose(0, 1)

    query = project(0, attention.query_weight)
    key = project(1, attention.key_weight)
    value = project(2, attention.value_weight)
    hidden = torch.full((length, length), -torch.inf).triu(1)
    scores = query @ key.transpose(-1, -2) * attention.score_scale + hidden
    mixed = (scores.softmax(-1) @ value).transpose(0, 1).flatten(1, 2)
    written = torch.bmm(mixed, attention.output_weight.transpose(1, 2))
    return written.view(count, examples, length, -1), scores


def check_config(config: ModelConfig) -> None:
    """Only what `run` does."""
    plain = ModelConfig(
        layers=config.layers,
        heads=config.heads,
        head_width=config.head_width,
        width=config.width,
        vocabulary=config.vocabulary,
        mlp_width=config.mlp_width,
        mlp_bias=config.mlp_bias,
        activation=config.activation,
        context=config.context,
        unembed_bias=config.unembed_bias,
    )
    if config != plain:
        raise ValueError("the forward pass of training does not know a switch of this config")
