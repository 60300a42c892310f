"""Sources, readers, edges and their order, from a config alone.

Sources write to the residual stream and are ordered as they write: the embedding(s), then layer by layer its
heads and its MLP. Readers read it and are ordered layer by layer: q of every head, k of every head, v of
every head, the MLP; `logits` last. A reader sees the sources that come before it, and these are always the
first so many: an edge (reader, source) exists when `source < visible[reader]`. Scores and masks are therefore
matrices [readers, sources].

Names: sources `embed`, `a3.h0`, `m2`; readers `a3.h0<q>`, `m2`, `logits`; edges `a0.h1->a3.h0<q>`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import torch
from jaxtyping import Bool
from torch import Tensor

if TYPE_CHECKING:
    from edgewise.models.config import ModelConfig

PARTS = ("q", "k", "v")


@dataclass(frozen=True)
class Graph:
    """The graph of a transformer. Two graphs are equal when the same scores can be laid on both."""

    layers: int
    heads: int
    key_readers: int
    """k readers of a layer, and as many v readers: one per query head, or one per key/value head."""
    mlps: bool = True
    parallel: bool = False
    embeddings: tuple[str, ...] = ("embed",)

    @classmethod
    def of(cls, config: ModelConfig) -> Graph:
        """Of a model: `Graph.of(model.config)`."""
        embeddings = ("tok", "pos") if config.split_embeddings else ("embed",)
        mlps = config.mlp_width > 0
        return _one_of(config.layers, config.heads, config.key_readers, mlps, config.parallel, embeddings)

    # Sizes of one layer, and where things lie.

    @property
    def layer_sources(self) -> int:
        return self.heads + self.mlps

    @property
    def layer_readers(self) -> int:
        return self.heads + 2 * self.key_readers + self.mlps

    def sources_before(self, layer: int) -> int:
        """Sources that a layer's q, k and v see."""
        return len(self.embeddings) + layer * self.layer_sources

    def head_sources(self, layer: int) -> slice:
        start = self.sources_before(layer)
        return slice(start, start + self.heads)

    def mlp_source(self, layer: int) -> int:
        return self.sources_before(layer) + self.heads

    def head_readers(self, layer: int) -> slice:
        """q, k and v of a layer, in that order."""
        start = layer * self.layer_readers
        return slice(start, start + self.heads + 2 * self.key_readers)

    def part_readers(self, layer: int, part: str) -> slice:
        """The readers of one part, 'q', 'k' or 'v', of a layer."""
        start = layer * self.layer_readers
        bounds = (0, self.heads, self.heads + self.key_readers, self.heads + 2 * self.key_readers)
        index = PARTS.index(part)
        return slice(start + bounds[index], start + bounds[index + 1])

    def mlp_reader(self, layer: int) -> int:
        return self.head_readers(layer).stop

    def mlp_sees(self, layer: int) -> int:
        """Sources that a layer's MLP sees: in a parallel layer its own heads are not among them."""
        return self.sources_before(layer) + (0 if self.parallel else self.heads)

    # Names and order.

    @cached_property
    def sources(self) -> tuple[str, ...]:
        """Their names, in order."""
        names = list(self.embeddings)
        for layer in range(self.layers):
            names += [f"a{layer}.h{head}" for head in range(self.heads)]
            names += [f"m{layer}"] * self.mlps
        return tuple(names)

    @cached_property
    def readers(self) -> tuple[str, ...]:
        """Their names, in order."""
        counts = {"q": self.heads, "k": self.key_readers, "v": self.key_readers}
        names: list[str] = []
        for layer in range(self.layers):
            names += [f"a{layer}.h{head}<{part}>" for part in PARTS for head in range(counts[part])]
            names += [f"m{layer}"] * self.mlps
        return (*names, "logits")

    @cached_property
    def visible(self) -> tuple[int, ...]:
        """Per reader, how many sources it sees."""
        counts: list[int] = []
        for layer in range(self.layers):
            counts += [self.sources_before(layer)] * (self.heads + 2 * self.key_readers)
            counts += [self.mlp_sees(layer)] * self.mlps
        return (*counts, len(self.sources))

    @cached_property
    def source_index(self) -> dict[str, int]:
        """The column of each source, by its name."""
        return {name: index for index, name in enumerate(self.sources)}

    @cached_property
    def reader_index(self) -> dict[str, int]:
        """The row of each reader, by its name."""
        return {name: index for index, name in enumerate(self.readers)}

    @property
    def shape(self) -> tuple[int, int]:
        """[readers, sources]: the shape of scores and masks."""
        return len(self.readers), len(self.sources)

    @property
    def edge_count(self) -> int:
        """Of the whole graph."""
        return sum(self.visible)

    @cached_property
    def edges(self) -> Bool[Tensor, "readers sources"]:
        """Where there is an edge."""
        return torch.arange(len(self.sources))[None, :] < torch.tensor(self.visible)[:, None]

    def head_of_reader(self, reader: str) -> tuple[str, ...]:
        """The source nodes that a reader feeds: a key/value head feeds each query head that shares it;
        `logits` none.

        >>> Graph(layers=1, heads=4, key_readers=2).head_of_reader("a0.h1<k>")
        ('a0.h2', 'a0.h3')
        """
        if reader == "logits":
            return ()
        if "<" not in reader:
            return (reader,)
        node, part = reader[:-1].split("<")
        if part == "q" or self.key_readers == self.heads:
            return (node,)
        layer, head = node.split(".h")
        group = self.heads // self.key_readers
        return tuple(f"{layer}.h{int(head) * group + member}" for member in range(group))

    def edge_name(self, reader: int, source: int) -> str:
        """`source->reader`, of their places."""
        return f"{self.sources[source]}->{self.readers[reader]}"

    def edge_index(self, name: str) -> tuple[int, int]:
        """(reader, source) of an edge's name; KeyError with the reason when there is no such edge."""
        source, arrow, reader = name.partition("->")
        if not arrow:
            raise KeyError(
                f"{name!r} is not an edge: an edge is written source->reader, e.g. {self.edge_name(0, 0)!r}"
            )
        for kind, node, known in (
            ("source", source, self.source_index),
            ("reader", reader, self.reader_index),
        ):
            if node not in known:
                raise KeyError(f"{name!r}: this graph has no {kind} {node!r}")
        if self.source_index[source] >= self.visible[self.reader_index[reader]]:
            raise KeyError(f"{name!r}: {source!r} does not come before {reader!r}")
        return self.reader_index[reader], self.source_index[source]

    def describe(self) -> str:
        """Its sizes, in a line."""
        kind = "" if self.mlps else "attention-only "
        return (
            f"{kind}{self.layers} layers x {self.heads} heads: "
            f"{len(self.sources)} sources, {len(self.readers)} readers, {self.edge_count:,} edges"
        )


@lru_cache(maxsize=32)
def _one_of(*sizes: Any) -> Graph:
    """The same for the same sizes: its names and edges, which every run needs, are worked out once."""
    return Graph(*sizes)
