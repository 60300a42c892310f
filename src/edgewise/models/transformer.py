"""The one transformer: a decoder (or encoder) with weights per head, driven by the switches of `ModelConfig`.

    stream = embedding
    each layer:  stream += sum over heads of  z_h W_O[h]  (+ bias),   z_h = softmax(q_h k_h^T) v_h
                 stream += MLP(norm(stream))
    logits = unembed(norm(stream))

Shapes are [examples, positions, ...]. Every part below `Transformer` acts on the last axes only, so that the
plain run here and the patched run in `patching/` are made of the same pieces. Weights are loaded by
assignment: a family file gives views of the Hugging Face tensors and nothing is copied where the layout
allows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from edgewise.models.config import Activation, ModelConfig, NormKind
from edgewise.models.places import Places, rotate
from edgewise.models.tape import Tape


class Norm(nn.Module):
    """Layer norm or root-mean-square norm over the last axis."""

    weight: Tensor
    bias: Tensor

    def __init__(self, kind: NormKind, width: int, epsilon: float) -> None:
        super().__init__()
        self.kind: NormKind = kind
        self.epsilon = epsilon
        if kind != "none":
            self.weight = _parameter(width)
        if kind == "layer":
            self.bias = _parameter(width)

    def scale(self, x: Tensor) -> Tensor:
        """1 / root mean square, [..., 1]: what a root-mean-square norm multiplies by before its weight."""
        exact = x if x.dtype == torch.float64 else x.float()
        return torch.rsqrt(exact.square().mean(-1, keepdim=True) + self.epsilon).to(x.dtype)

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
            setattr(self, f"{name}_weight", _parameter(heads, config.head_width, config.width))
            setattr(self, f"{name}_bias", _parameter(heads, config.head_width) if config.query_bias else None)
        self.output_weight = _parameter(config.heads, config.width, config.head_width)
        self.output_bias = _parameter(config.width) if config.output_bias else None
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
        query: Float[Tensor, "examples positions heads head_width"],
        key: Float[Tensor, "examples positions heads head_width"],
        value: Float[Tensor, "examples positions heads head_width"],
        places: Places,
        layer: int,
    ) -> Float[Tensor, "examples positions heads head_width"]:
        """softmax(q k^T) v for every head."""
        if self.query_key_norm != "none":
            query, key = self._normed("query", query), self._normed("key", key)
        query, key, value = (part.transpose(1, 2) for part in (query, key, value))
        query, key = rotate(query, places.rotations[layer]), rotate(key, places.rotations[layer])
        visible = places.visible[layer]
        if not self.softcap:
            causal = places.causal and visible is None
            mixed = F.scaled_dot_product_attention(
                query, key, value, attn_mask=visible, is_causal=causal, scale=self.score_scale
            )
            return mixed.transpose(1, 2)
        scores = query @ key.transpose(-1, -2) * self.score_scale
        scores = torch.tanh(scores / self.softcap) * self.softcap
        if visible is None and places.causal:
            visible = torch.ones(places.tokens, places.tokens, dtype=torch.bool, device=scores.device).tril()
        if visible is not None:
            scores = scores.masked_fill(~visible, -torch.inf)
        return (scores.softmax(-1) @ value).transpose(1, 2)

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
            setattr(self, f"{name}_weight", _parameter(config.mlp_width, config.width))
            setattr(self, f"{name}_bias", _parameter(config.mlp_width) if config.mlp_bias else None)
        self.down_weight = _parameter(config.width, config.mlp_width)
        self.down_bias = _parameter(config.width) if config.mlp_bias else None

    def forward(self, normed: Float[Tensor, "... width"]) -> Float[Tensor, "... width"]:
        up = F.linear(normed, self.up_weight, self.up_bias)
        if self.gated:
            hidden = self.activation(F.linear(normed, self.gate_weight, self.gate_bias)) * up
        else:
            hidden = self.activation(up)
        return F.linear(hidden, self.down_weight, self.down_bias)


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


class Transformer(nn.Module):
    """`model(tokens)` gives the logits; `model.run(...)` is the same from given embeddings."""

    layers: Sequence[Layer]

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.name: str = "model"
        self.tokenizer: Any = None
        self.token_embedding = _parameter(config.vocabulary, config.width)
        self.position_embedding = (
            None if config.positions == "none" else _parameter(config.context, config.width)
        )
        self.layers = cast(Any, nn.ModuleList([Layer(config) for _ in range(config.layers)]))
        self.final_norm = Norm(
            config.norm if config.final_norm else "none", config.width, config.norm_epsilon
        )
        self.unembed_weight = _parameter(config.vocabulary, config.width)
        self.unembed_bias = _parameter(config.vocabulary) if config.unembed_bias else None

    @property
    def device(self) -> torch.device:
        return self.token_embedding.device

    @property
    def dtype(self) -> torch.dtype:
        return self.token_embedding.dtype

    def forward(
        self,
        tokens: Int[Tensor, "examples positions"],
        read: Int[Tensor, "examples reads"] | None = None,
        tape: Tape | None = None,
    ) -> Float[Tensor, "examples reads vocabulary"]:
        """Logits at the positions in `read` (all positions when None)."""
        return self.run(self.embed(tokens), read, tape)

    def embed(
        self, tokens: Int[Tensor, "examples positions"]
    ) -> list[Float[Tensor, "examples positions width"]]:
        """What each embedding source writes: one tensor, or tokens' and positions' apart."""
        embedded = F.embedding(tokens, self.token_embedding)
        if self.config.embedding_scale != 1.0:
            embedded = embedded * torch.tensor(
                self.config.embedding_scale, dtype=embedded.dtype, device=embedded.device
            )
        if self.config.positions != "learned":
            return [embedded]
        assert self.position_embedding is not None
        places = self.position_embedding[: tokens.shape[1]].expand_as(embedded)
        return [embedded, places] if self.config.split_embeddings else [embedded + places]

    def run(
        self,
        embeddings: list[Float[Tensor, "examples positions width"]],
        read: Int[Tensor, "examples reads"] | None = None,
        tape: Tape | None = None,
    ) -> Float[Tensor, "examples reads vocabulary"]:
        """From what the embedding sources write to the logits; what the tape asks for is kept on it."""
        keep = tape or Tape()
        for embedding in embeddings:
            keep("embedding", embedding)
        stream = embeddings[0] if len(embeddings) == 1 else torch.stack(embeddings).sum(0)
        places = self.places(stream)
        for index, layer in enumerate(self.layers):
            stream = self._layer(index, layer, stream, places, keep)
        stream = keep("final_input", stream.view_as(stream))
        return self.unembed(stream if read is None else read_positions(stream, read))

    def _layer(self, index: int, layer: Layer, stream: Tensor, places: Places, keep: Tape) -> Tensor:
        attention = layer.attention
        normed = layer.attention_norm(keep("attention_input", stream))
        inputs = self.projection_inputs(normed)
        query, key, value = (
            keep(name, attention.spread(attention.project(name, part)))
            for name, part in zip(("query", "key", "value"), inputs, strict=True)
        )
        mixed = attention.mix(query, key, value, places, index)
        scale = layer.attention_scale(mixed)
        mixed = keep("head", mixed if scale is None else mixed * scale[..., None])
        attended = stream + layer.write_heads(mixed)
        if layer.mlp is None:
            return attended
        # A view is a node of its own in the autograd graph: its gradient is that of this reader alone.
        mlp_input = stream if self.config.parallel else attended
        mlp_input = keep("mlp_input", mlp_input.view_as(mlp_input))
        return attended + keep("mlp", layer.write_mlp(layer.mlp_norm(mlp_input)))

    def projection_inputs(
        self, normed: Float[Tensor, "... positions width"]
    ) -> tuple[Tensor, Tensor, Tensor]:
        """What the query, key and value matrices see: the normed stream, with positions where they are kept
        out of it."""
        if self.config.positions != "query-key":
            return normed, normed, normed
        assert self.position_embedding is not None
        placed = normed + self.position_embedding[: normed.shape[-2]]
        return placed, placed, normed

    def places(self, stream: Float[Tensor, "examples positions width"]) -> Places:
        return Places(self.config, stream.shape[-2], stream)

    def unembed(self, stream: Float[Tensor, "... width"]) -> Float[Tensor, "... vocabulary"]:
        """Logits from the stream that `logits` reads."""
        return self.unembed_normed(self.final_norm(stream))

    def unembed_normed(self, normed: Float[Tensor, "... width"]) -> Float[Tensor, "... vocabulary"]:
        logits = F.linear(normed, self.unembed_weight, self.unembed_bias)
        cap = self.config.logit_softcap
        return torch.tanh(logits / cap) * cap if cap else logits


def read_positions(
    stream: Float[Tensor, "examples positions width"], read: Int[Tensor, "examples reads"]
) -> Tensor:
    """The stream at the positions each example is read at, [examples, reads, width]."""
    return stream.gather(1, read[..., None].expand(-1, -1, stream.shape[-1]))


ACTIVATIONS = {
    "relu": F.relu,
    "gelu": F.gelu,
    "gelu-tanh": lambda x: F.gelu(x, approximate="tanh"),
    "silu": F.silu,
}
assert set(ACTIVATIONS) == set(Activation.__args__)


def _parameter(*shape: int) -> nn.Parameter:
    return nn.Parameter(torch.empty(*shape), requires_grad=False)
