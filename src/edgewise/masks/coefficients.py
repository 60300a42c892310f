"""Which edges share a coefficient: from a few numbers to a mask of all edges.

    mask[reader, source] = value[index[reader, source]]

`edges`    each edge has its own
`tied`     q, k and v of a head share theirs
`layers`   one for (source, layer): all heads of a layer together; its MLP apart
`sources`  one for a source, wherever it is read

Edges that are not among those learned have none, and read as 0. With positions, each position has numbers of
its own.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Literal, Protocol, runtime_checkable

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor

from edgewise.graph import Graph

Grain = Literal["edges", "tied", "layers", "sources"]


@runtime_checkable
class Shared(Protocol):
    """What gates need to know of the numbers they come to, whatever these are of."""

    @property
    def count(self) -> int: ...

    @property
    def positions(self) -> int | None: ...

    @property
    def shape(self) -> tuple[int, ...]: ...

    @property
    def worth(self) -> Float[Tensor, " count"]:
        """How much of a mask has each number."""
        ...

    def spread(self, values: Float[Tensor, "*leading count"]) -> Tensor:
        """The mask that they make."""
        ...

    def gather(self, of_mask: Tensor) -> Float[Tensor, " count"]: ...


@dataclass(frozen=True)
class Coefficients:
    graph: Graph
    index: Int[Tensor, "readers sources"]
    """Of each edge's coefficient; `count` where there is none."""
    count: int
    positions: int | None = None
    placed: dict[torch.device, Tensor] = field(default_factory=dict, compare=False, repr=False)
    """The index, flat, on each device that has asked for it."""

    @classmethod
    def of(
        cls,
        graph: Graph,
        grain: Grain,
        among: Bool[Tensor, "readers sources"] | None = None,
        positions: int | None = None,
    ) -> Coefficients:
        """`among`: the edges that are learned; None: all."""
        learned = graph.edges if among is None else among & graph.edges
        groups: dict[Hashable, int] = {}
        of_reader = [
            groups.setdefault(_shared_by(graph, row, grain), len(groups)) for row in range(len(graph.readers))
        ]
        labels = torch.tensor(of_reader)[:, None] * len(graph.sources) + torch.arange(len(graph.sources))
        index = torch.zeros(graph.shape, dtype=torch.long)
        present, index[learned] = labels[learned].unique(return_inverse=True)
        index[~learned] = len(present)
        return cls(graph, index, len(present), positions)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the numbers."""
        return (self.count,) if self.positions is None else (self.positions, self.count)

    @property
    def worth(self) -> Float[Tensor, " count"]:
        """How many edges have each coefficient."""
        learned = self.index[self.index < self.count]
        return torch.bincount(learned, minlength=self.count).float()

    def spread(self, values: Float[Tensor, "*leading count"]) -> Float[Tensor, "*leading readers sources"]:
        """The mask that they make; 0 where no coefficient is."""
        if values.device not in self.placed:
            self.placed[values.device] = self.index.flatten().to(values.device)
        index = self.placed[values.device]
        return F.pad(values, (0, 1)).index_select(-1, index).unflatten(-1, self.graph.shape)

    def gather(self, of_mask: Float[Tensor, "readers sources"]) -> Float[Tensor, " count"]:
        """The mean over the edges that share a coefficient."""
        learned = self.index < self.count
        where, values = self.index[learned], of_mask[learned]
        total = values.new_zeros(self.count).index_add_(0, where, values)
        return total / torch.bincount(where, minlength=self.count)


def _shared_by(graph: Graph, row: int, grain: Grain) -> Hashable:
    """What tells the coefficients of a reader from those of others."""
    name = graph.readers[row]
    if grain == "edges":
        return row
    if grain == "sources":
        return None
    fed = graph.head_of_reader(name)
    if "<" not in name:
        return name
    if grain == "layers":
        return row // graph.layer_readers
    # Where several heads share keys and values, they share q, k and v here, too.
    heads = graph.heads // graph.key_readers
    layer, head = fed[0].split(".h")
    return layer, int(head) // heads
