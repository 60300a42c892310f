"""What a model is trained to be: a causal model whose nodes live in chosen heads and MLPs.

    value[n] = f_n(fields and values of the nodes that n reads)

A field is something an example says (who was first, where a word stands). The counterfactual answer, when
node n takes its value from another example, follows by working out everything after n again: interchange
intervention training (Geiger et al. 2022, arXiv:2112.00826) holds the network to it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Int
from torch import Tensor

Values = Mapping[str, Tensor]
"""One row an example, by the name of a field or node."""


@dataclass(frozen=True)
class Guide:
    """Where a head looks: from one position to another, both the names of fields. A field may hold one
    position an example, or several; -1 stands for none."""

    head: str
    at: str
    looks_at: str


@dataclass(frozen=True)
class Node:
    name: str
    reads: tuple[str, ...]
    """Fields and earlier nodes."""
    value: Callable[..., Tensor]
    """Of what it reads, in that order."""
    places: tuple[str, ...]
    """The sources it lives in."""
    guides: tuple[Guide, ...] = ()


@dataclass(frozen=True)
class CausalModel:
    """The nodes in order; the last one's value is the answer."""

    nodes: tuple[Node, ...]

    @property
    def places(self) -> tuple[str, ...]:
        return tuple(place for node in self.nodes for place in node.places)

    @property
    def guides(self) -> tuple[Guide, ...]:
        return tuple(guide for node in self.nodes for guide in node.guides)

    def values(
        self,
        fields: Values,
        others: Values | None = None,
        taken: Bool[Tensor, "examples nodes"] | None = None,
    ) -> dict[str, Tensor]:
        """Every node's value; where `taken`, the node's value is that in `others`."""
        known = dict(fields)
        for index, node in enumerate(self.nodes):
            value = node.value(*(known[name] for name in node.reads))
            if others is not None and taken is not None:
                chosen = taken[:, index].view(-1, *[1] * (value.ndim - 1))
                value = torch.where(chosen, others[node.name], value)
            known[node.name] = value
        return {node.name: known[node.name] for node in self.nodes}

    def answers(
        self,
        fields: Values,
        others: Values | None = None,
        taken: Bool[Tensor, "examples nodes"] | None = None,
    ) -> Int[Tensor, " examples"]:
        return self.values(fields, others, taken)[self.nodes[-1].name]
