"""Edges of one graph as a set: `len`, `in` and iteration by name, | & - ^ ~ <= == as in Python's sets.

A mark per edge, [readers, sources], and no edge is marked outside the graph. `Circuit` is such a set.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from jaxtyping import Bool
from torch import Tensor

from edgewise.edges import check_same
from edgewise.errors import BadInput, check_kind
from edgewise.graph import Graph

Set = TypeVar("Set", bound="EdgeSet")


@dataclass(frozen=True, eq=False, repr=False)
class EdgeSet:
    graph: Graph
    kept: Bool[Tensor, "readers sources"]

    def __len__(self) -> int:
        return int(self.kept.sum())

    def __iter__(self) -> Iterator[str]:
        for reader, source in self.kept.nonzero().tolist():
            yield self.graph.edge_name(reader, source)

    def __contains__(self, edge: str) -> bool:
        try:
            return bool(self.kept[self.graph.edge_index(edge)])
        except KeyError:
            return False

    def __or__(self: Set, other: Set) -> Set:
        return self._with(other, Tensor.__or__)

    def __and__(self: Set, other: Set) -> Set:
        return self._with(other, Tensor.__and__)

    def __sub__(self: Set, other: Set) -> Set:
        return self._with(other, Tensor.__gt__)  # True > False: in this one and not in the other

    def __xor__(self: Set, other: Set) -> Set:
        return self._with(other, Tensor.__xor__)

    def __invert__(self: Set) -> Set:
        return type(self)(self.graph, self.graph.edges & ~self.kept)

    def __le__(self: Set, other: Set) -> bool:
        return not len(self - other) if isinstance(other, EdgeSet) else NotImplemented

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, EdgeSet):
            return NotImplemented
        return self.graph == other.graph and torch.equal(self.kept, other.kept)

    def jaccard(self: Set, other: Set) -> float:
        """Shared edges / edges in either; 1 for two empty circuits."""
        what_to_do = "Circuit.of(graph, names) makes one of edge names."
        if problems := check_kind(other, EdgeSet, "a circuit", what_to_do):
            raise BadInput(*problems)
        either = len(self | other)
        return len(self & other) / either if either else 1.0

    def _with(self: Set, other: Set, operation: Callable[[Tensor, Tensor], Tensor]) -> Any:
        if not isinstance(other, EdgeSet):
            return NotImplemented
        check_same(self.graph, other.graph)
        return type(self)(self.graph, operation(self.kept, other.kept))
