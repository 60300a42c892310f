"""The parts of a layer: norm, attention with weights per head, MLP.

    z_h = softmax(q_h k_h^T) v_h,    attention = sum over heads of z_h W_O[h]  (+ bias)

Every part acts on the last axes only, so that plain runs and patched runs are made of the same pieces.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from edgewise.models.config import Activation, ModelConfig, NormKind
from edgewise.models.places import Places, rotate

Made = TypeVar("Made")
Keep = Callable[[str, Tensor], Tensor]
"""A tape, which is given tensors by their names, and gives them back."""


class Norm(nn.Module):
    """Layer norm or root-mean-square norm over the last axis."""

    weight: Tensor
    bias: Tensor

    def __init__(self, kind: NormKind, width: int, epsilon: float) -> None:
        super().__init__()
        self.kind: NormKind = kind
        self.epsilon = epsilon
        if kind != "none":
            self.weight = parameter(width)
        if kind == "layer":
            self.bias = parameter(width)

    def scale(self, x: Tensor) -> Tensor:
        """1 / root mean square, [..., 1]: what a root-mean-square norm multiplies by before its weight."""
        exact = x if x.dtype == torch.float64 else x.float()
        length = torch.linalg.vector_norm(exact, dim=-1, keepdim=True)
        return torch.rsqrt(length.square() / x.shape[-1] + self.epsilon).to(x.dtype)

    def statistics(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The normed input before weight and bias, and the scale, [..., 1], that it was multiplied by."""
        if self.kind == "layer":
            normed, _, scale = torch.native_layer_norm(x, x.shape[-1:], None, None, self.epsilon)
            return normed, scale
        scale = self.scale(x)
        return x * scale, scale

    def forward(self, x: Tensor) -> Tensor:
        if self.kind == "layer":
            return F.layer_norm(x, x.shape[-1:], self.weight, self.bias, self.epsilon)
        if self.kind == "rms":
            return F.rms_norm(x, x.shape[-1:], self.weight, self.epsilon)
        return x


class Attention(nn.Module):
    """The heads of one layer. Query head h uses key/value head h // group: these stay grouped in memory."""

    query_weight: Tensor
    key_weight: Tensor
    value_weight: Tensor

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.heads, self.group = config.heads, config.group
        self.softcap = config.attention_softcap
        self.score_scale = (
            config.head_width**-0.5 if config.attention_scale is None else config.attention_scale
        )
        shape = {"query": config.heads, "key": config.key_value_heads, "value": config.key_value_heads}
        for name, heads in shape.items():
            setattr(self, f"{name}_weight", parameter(heads, config.head_width, config.width))
            setattr(self, f"{name}_bias", parameter(heads, config.head_width) if config.query_bias else None)
        self.output_weight = parameter(config.heads, config.width, config.head_width)
        self.output_bias = parameter(config.width) if config.output_bias else None
        self.query_key_norm = config.query_key_norm
        if self.query_key_norm != "none":
            all_heads = self.query_key_norm == "all-heads"
            for name in ("query", "key"):
                width = config.head_width * (shape[name] if all_heads else 1)
                setattr(self, f"{name}_norm", Norm("rms", width, config.norm_epsilon))

    def project(self, name: str, normed: Float[Tensor, "... width"]) -> Float[Tensor, "... heads head_width"]:
        """Queries, keys or values of all heads from one input that all of them read."""
        weight, bias = getattr(self, f"{name}_weight"), getattr(self, f"{name}_bias")
        flat = F.linear(normed, weight.flatten(0, 1), None if bias is None else bias.flatten())
        return flat.unflatten(-1, weight.shape[:2])

    def spread(self, grouped: Float[Tensor, "... groups head_width"], heads: int | None = None) -> Tensor:
        """One key or value per query head, [..., heads, head_width]; `heads` when only some are at work."""
        repeats = (heads or self.heads) // grouped.shape[-2]
        return grouped if repeats == 1 else grouped.repeat_interleave(repeats, dim=-2)

    def mix(
        self,
        query: Float[Tensor, "examples queries heads head_width"],
        key: Float[Tensor, "examples positions heads head_width"],
        value: Float[Tensor, "examples positions heads head_width"],
        places: Places,
        layer: int,
        queries: slice | None = None,
        keep: Keep | None = None,
    ) -> Float[Tensor, "examples queries heads head_width"]:
        """softmax(q k^T) v for every head; `queries`: the positions of the queries, when not all. `keep` is
        given queries and keys as they are turned, where nothing else is done to them."""
        if self.softcap:
            scores = self.scores(query, key, places, layer, queries, keep)
            return (scores.softmax(-1) @ value.transpose(1, 2)).transpose(1, 2)
        query, key = self._placed(query, key, places, layer, queries, keep)
        visible, causal = places.seen_from(layer, queries)
        mixed = F.scaled_dot_product_attention(
            query,
            key,
            value.transpose(1, 2),
            attn_mask=visible,
            is_causal=causal,
            scale=self.score_scale,
        )
        return mixed.transpose(1, 2)

    def scores(
        self,
        query: Tensor,
        key: Tensor,
        places: Places,
        layer: int,
        queries: slice | None = None,
        keep: Keep | None = None,
    ) -> Float[Tensor, "examples heads queries keys"]:
        """What the softmax is taken of; minus infinity where a query cannot look."""
        query, key = self._placed(query, key, places, layer, queries, keep)
        scores = query @ key.transpose(-1, -2) * self.score_scale
        if self.softcap:
            scores = torch.tanh(scores / self.softcap) * self.softcap
        visible, causal = places.seen_from(layer, queries)
        if causal:
            visible = places.back_from_each()
        return scores if visible is None else scores.masked_fill(~visible, -torch.inf)

    def _placed(
        self,
        query: Tensor,
        key: Tensor,
        places: Places,
        layer: int,
        queries: slice | None,
        keep: Keep | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Queries and keys as they meet: normed and turned, [examples, heads, positions, head_width]."""
        if self.query_key_norm != "none":
            query, key = self._normed("query", query), self._normed("key", key)
        rotation = places.rotations[layer]
        query, key = rotate(query.transpose(1, 2), rotation, queries), rotate(key.transpose(1, 2), rotation)
        if keep is not None and rotation is not None and self.query_key_norm == "none":
            return keep("turned_query", query), keep("turned_key", key)
        return query, key

    def _normed(self, name: str, x: Tensor) -> Tensor:
        norm = getattr(self, f"{name}_norm")
        if self.query_key_norm == "head":
            return norm(x)
        # The norm runs over every key head once, so its weight of a shared key head serves each query head
        # that reads it.
        weight = self.spread(norm.weight.unflatten(-1, (-1, x.shape[-1]))) if name == "key" else norm.weight
        return x * norm.scale(x.flatten(-2))[..., None] * weight.reshape(x.shape[-2:])

    def write(self, mixed: Float[Tensor, "... heads head_width"]) -> Float[Tensor, "... width"]:
        """The sum of what all heads write, with the bias that belongs to none of them."""
        weight = self.output_weight.transpose(0, 1).flatten(1)
        return F.linear(mixed.flatten(-2), weight, self.output_bias)


class MLP(nn.Module):
    """up, activation, down; gated: the activation of a second projection multiplies the first."""

    gate_weight: Tensor
    gate_bias: Tensor | None
    up_weight: Tensor
    up_bias: Tensor | None

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.activation = ACTIVATIONS[config.activation]
        self.gated = config.gated
        for name in ("gate", "up") if config.gated else ("up",):
            setattr(self, f"{name}_weight", parameter(config.mlp_width, config.width))
            setattr(self, f"{name}_bias", parameter(config.mlp_width) if config.mlp_bias else None)
        self.down_weight = parameter(config.width, config.mlp_width)
        self.down_bias = parameter(config.width) if config.mlp_bias else None

    def project(self, normed: Float[Tensor, "... width"]) -> tuple[Tensor | None, Tensor]:
        """Gate, where there is one, and up."""
        gate = F.linear(normed, self.gate_weight, self.gate_bias) if self.gated else None
        return gate, F.linear(normed, self.up_weight, self.up_bias)

    def write(self, hidden: Float[Tensor, "... neurons"]) -> Float[Tensor, "... width"]:
        return F.linear(hidden, self.down_weight, self.down_bias)

    def hidden(self, normed: Float[Tensor, "... width"]) -> Float[Tensor, "... neurons"]:
        gate, up = self.project(normed)
        return self.activation(up) if gate is None else self.activation(gate) * up

    def forward(self, normed: Float[Tensor, "... width"]) -> Float[Tensor, "... width"]:
        return self.write(self.hidden(normed))


class Layer(nn.Module):
    """Attention and MLP with the norms before and after them."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        before: NormKind = config.norm if config.pre_norm else "none"
        after: NormKind = config.norm if config.post_norm else "none"
        self.attention_norm = Norm(before, config.width, config.norm_epsilon)
        self.attention = Attention(config)
        self.attention_post_norm = Norm(after, config.width, config.norm_epsilon)
        self.mlp: MLP | None = None
        if config.mlp_width:
            self.mlp_norm = Norm(before, config.width, config.norm_epsilon)
            self.mlp = MLP(config)
            self.mlp_post_norm = Norm(after, config.width, config.norm_epsilon)

    def forward(self, work: Callable[..., Made], *given: Any) -> Made:
        """`work(*given)` with this layer's weights at hand, in its backward, too.

        All work with them goes this way, so that they may be kept elsewhere in between (`sharded.py`). What
        gradients are to come back to must be among what is given, and what they come from in what is made.
        """
        return work(*given)

    def attention_scale(self, mixed: Tensor) -> Tensor | None:
        """The post-norm's factor on everything this run's heads write, [..., 1]; None without a post-norm."""
        if self.attention_post_norm.kind == "none":
            return None
        return self.attention_post_norm.scale(self.attention.write(mixed))

    def write_heads(self, scaled: Float[Tensor, "... heads head_width"]) -> Float[Tensor, "... width"]:
        """What the heads add to the stream, from their outputs after the run's post-norm scale."""
        written = self.attention.write(scaled)
        return (
            written if self.attention_post_norm.kind == "none" else written * self.attention_post_norm.weight
        )

    def write_mlp(self, normed: Float[Tensor, "... width"]) -> Float[Tensor, "... width"]:
        assert self.mlp is not None
        return self.mlp_post_norm(self.mlp(normed))


ACTIVATIONS = {
    "relu": F.relu,
    "gelu": F.gelu,
    "gelu-tanh": lambda x: F.gelu(x, approximate="tanh"),
    "silu": F.silu,
}
assert set(ACTIVATIONS) == set(Activation.__args__)


def parameter(*shape: int) -> nn.Parameter:
    """A weight that is not trained, to be assigned."""
    return nn.Parameter(torch.empty(*shape), requires_grad=False)
