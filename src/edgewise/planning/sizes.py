"""What one batch's tensors take: bytes by kind, from a config, a number of tokens and a dtype.

    stream    examples x tokens x width            what a reader reads; what an MLP writes
    heads     examples x tokens x heads x head width    queries, keys, values, what heads make of them
    hidden    examples x tokens x MLP width
    pattern   examples x heads x tokens x tokens   where attention is worked out in full

Every formula of this room is made of these. "Exact" is float32 or better, in which sums are made.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import torch

from edgewise.graph import Graph
from edgewise.models.config import ModelConfig
from edgewise.models.load import DTYPES
from edgewise.models.transformer import Transformer


@dataclass(frozen=True)
class Sizes:
    config: ModelConfig
    examples: int
    """That run at once."""
    tokens: int
    dtype: str = "float32"
    on_gpu: bool = True

    @property
    def device(self) -> torch.device:
        return torch.device("cuda" if self.on_gpu else "cpu")

    @property
    def graph(self) -> Graph:
        return Graph.of(self.config)

    @property
    def number(self) -> int:
        """Bytes of one."""
        return DTYPES[self.dtype].itemsize

    @property
    def exact(self) -> int:
        return torch.promote_types(DTYPES[self.dtype], torch.float32).itemsize

    @property
    def in_exact(self) -> float:
        """How many times larger what is exact is."""
        return self.exact / self.number

    @property
    def places(self) -> int:
        """Tokens of all examples."""
        return self.examples * self.tokens

    @property
    def stream(self) -> int:
        return self.places * self.config.width * self.number

    @property
    def all_heads(self) -> int:
        """Numbers of all heads at a token."""
        return self.config.heads * self.config.head_width

    @property
    def heads(self) -> int:
        return self.places * self.all_heads * self.number

    @property
    def hidden(self) -> int:
        return self.places * self.config.mlp_width * self.number

    @property
    def pattern(self) -> int:
        return self.examples * self.config.heads * self.tokens**2 * self.number

    @property
    def logits(self) -> int:
        """Of one read an example."""
        return self.examples * self.config.outputs * self.number

    @property
    def embedded(self) -> int:
        """What the embedding sources write."""
        return len(self.graph.embeddings) * self.stream

    @property
    def sources(self) -> int:
        """What all sources write, heads before their output matrix."""
        return self.config.layers * (self.heads + self.mlps) + self.embedded

    @property
    def mlps(self) -> int:
        """What one layer's MLP writes."""
        return self.stream if self.config.mlp_width else 0

    @property
    def rotated(self) -> bool:
        """Queries and keys are turned by their positions."""
        return any(rotary is not None for rotary in self.config.rotaries)

    @property
    def mlp_factors(self) -> int:
        """Tensors as large as an MLP's inside that its backward needs."""
        return 3 if self.config.gated else 1

    def of(self, examples: int) -> Sizes:
        """The same for so many examples at once."""
        return replace(self, examples=examples)


@dataclass(frozen=True)
class Weights:
    """Bytes."""

    all: int
    largest_layer: int

    def on_each_of(self, devices: int, sharded: bool) -> int:
        """Sharded: a device's share, and the layer at work, whole and as it came."""
        if not sharded or devices == 1:
            return self.all
        return -(-self.all // devices) + 2 * self.largest_layer


@cache
def weights_of(config: ModelConfig, dtype: str, tied: bool) -> Weights:
    """From a model that has shapes and no memory. `tied`: the unembedding is the embedding once more."""
    with torch.device("meta"):
        model = Transformer(config)
    numbers = sum(each.numel() for each in model.parameters())
    shared = model.unembed_weight.numel() if tied else 0
    layers = [sum(each.numel() for each in layer.parameters()) for layer in model.layers]
    size = DTYPES[dtype].itemsize
    return Weights((numbers - shared) * size, max(layers, default=0) * size)
