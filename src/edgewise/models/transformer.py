"""The one transformer: a decoder (or encoder) with weights per head, driven by the switches of `ModelConfig`.

    stream = embedding
    each layer:  stream += attention(norm(stream));  stream += MLP(norm(stream))
    logits = unembed(norm(stream))

Shapes are [examples, positions, ...]. Weights are loaded by assignment: a family file gives views of the
Hugging Face tensors and nothing is copied where the layout allows. The parts are in `layer.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from typing import Any, cast

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from edgewise.errors import check_kind
from edgewise.models.config import ModelConfig
from edgewise.models.layer import Layer, Norm, parameter
from edgewise.models.places import Places
from edgewise.models.rules import PLAIN, Rules
from edgewise.models.tape import Tape

SHARED_OUT = "weights that are shared out (--shard-weights)"


class Transformer(nn.Module):
    """`model(tokens)` gives the logits; `model.run(...)` is the same from given embeddings."""

    layers: Sequence[Layer]

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.name: str = "model"
        self.tokenizer: Any = None
        self.fingerprint = ""
        """Of weights that are no longer in one place; empty: it can be worked out."""
        self.token_embedding = parameter(config.vocabulary, config.width)
        self.position_embedding = (
            None if config.positions == "none" else parameter(config.context, config.width)
        )
        self.layers = cast(Any, nn.ModuleList([Layer(config) for _ in range(config.layers)]))
        self.final_norm = Norm(
            config.norm if config.final_norm else "none", config.width, config.norm_epsilon
        )
        self.unembed_weight = parameter(config.outputs, config.width)
        self.unembed_bias = parameter(config.outputs) if config.unembed_bias else None

    @property
    def is_shared_out(self) -> bool:
        """Whether other processes hold parts of its weights."""
        return bool(self.fingerprint)

    def most_of_all(self, number: int) -> int:
        """The largest that any process has with whom it shares weights, for they run it equally often."""
        return number

    @property
    def is_tied(self) -> bool:
        """The unembedding is the embedding once more."""
        return self.token_embedding.data_ptr() == self.unembed_weight.data_ptr()

    @property
    def device(self) -> torch.device:
        return self.token_embedding.device

    @property
    def dtype(self) -> torch.dtype:
        return self.token_embedding.dtype

    @property
    def like(self) -> Tensor:
        """Nothing, in the weights' dtype and where they are."""
        return torch.empty(0, dtype=self.dtype, device=self.device)

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
        embedded = self.look_up(tokens)
        if self.config.embedding_scale != 1.0:
            embedded = embedded * embedded.new_full((), self.config.embedding_scale)
        if self.config.positions != "learned":
            return [embedded]
        assert self.position_embedding is not None
        places = self.position_embedding[: tokens.shape[1]].expand_as(embedded)
        return [embedded, places] if self.config.split_embeddings else [embedded + places]

    def look_up(self, tokens: Int[Tensor, "examples positions"]) -> Float[Tensor, "examples positions width"]:
        return F.embedding(tokens, self.token_embedding)

    def project_out(self, normed: Float[Tensor, "... width"]) -> Float[Tensor, "... vocabulary"]:
        return F.linear(normed, self.unembed_weight, self.unembed_bias)

    def run(
        self,
        embeddings: list[Float[Tensor, "examples positions width"]],
        read: Int[Tensor, "examples reads"] | None = None,
        tape: Tape | None = None,
        rules: Rules = PLAIN,
    ) -> Float[Tensor, "examples reads vocabulary"]:
        """From what the embedding sources write to the logits; what the tape asks for is kept on it."""
        keep = tape or Tape()
        for embedding in embeddings:
            keep("embedding", embedding)
        stream = embeddings[0] if len(embeddings) == 1 else torch.stack(embeddings).sum(0)
        return self.run_from(0, stream, read, keep, rules)

    def run_from(
        self,
        first: int,
        stream: Float[Tensor, "examples positions width"],
        read: Int[Tensor, "examples reads"] | None = None,
        tape: Tape | None = None,
        rules: Rules = PLAIN,
    ) -> Float[Tensor, "examples reads vocabulary"]:
        """The same from the stream that enters a layer."""
        keep = tape or Tape()
        places = self.places(stream)
        for index in range(first, len(self.layers)):
            layer = self.layers[index]
            stream = layer(self._layer, index, layer, stream, places, keep, rules)
        stream = keep("final_input", stream.view_as(stream))
        stream = stream if read is None else read_positions(stream, read)
        return self.unembed_normed(rules.norm(self.final_norm, stream))

    def _layer(
        self, index: int, layer: Layer, stream: Tensor, places: Places, keep: Tape, rules: Rules
    ) -> Tensor:
        attention = layer.attention
        normed = rules.norm(layer.attention_norm, keep("attention_input", stream))
        inputs = self.projection_inputs(normed)
        query, key, value = (
            keep(name, attention.spread(attention.project(name, part)))
            for name, part in zip(("query", "key", "value"), inputs, strict=True)
        )
        mixed = keep("mixed", rules.mix(attention, query, key, value, places, index, keep))
        scale = rules.post_norm_scale(layer.attention_scale(mixed))
        mixed = keep("head", mixed if scale is None else mixed * scale[..., None])
        attended = stream + layer.write_heads(mixed)
        if layer.mlp is None:
            return attended
        # A view is a node of its own in the autograd graph: its gradient is that of this reader alone.
        mlp_input = stream if self.config.parallel else attended
        mlp_input = keep("mlp_input", mlp_input.view_as(mlp_input))
        wrote = rules.mlp(layer.mlp, rules.norm(layer.mlp_norm, mlp_input), keep)
        return attended + keep("mlp", rules.norm(layer.mlp_post_norm, wrote))

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
        logits = self.project_out(normed)
        cap = self.config.logit_softcap
        return torch.tanh(logits / cap) * cap if cap else logits

    def __repr__(self) -> str:
        config = self.config
        size = f"{config.layers} layers x {config.heads} heads, width {config.width}"
        dtype = str(self.dtype).removeprefix("torch.")
        return f"Transformer({self.name}: {size}, {dtype}, {self.device})"


def check_model(model: object) -> list[str]:
    """Why this is no model that can be run."""
    loadable = isinstance(model, (str, PathLike, nn.Module))
    given = repr(model) if isinstance(model, str) else "model"
    what_to_do = f"Load it: ew.load({given})." if loadable else "ew.load gives one."
    return check_kind(model, Transformer, "an edgewise model", what_to_do)


def read_positions(
    stream: Float[Tensor, "examples positions width"], read: Int[Tensor, "examples reads"]
) -> Tensor:
    """The stream at the positions each example is read at, [examples, reads, width]."""
    return stream.gather(1, read[..., None].expand(-1, -1, stream.shape[-1]))
