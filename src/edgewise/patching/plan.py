"""Live only: which nodes a masked pass has to compute, and where the others' absence leaves the rest.

A node is needed when a chain of non-zero mask entries leads from it to the logits. A node is dead when no
chain leads to it from an embedding: under the corrupted replacement its output is its replacement, the
difference is zero, and every edge from it is as good as removed. (Under zero or mean replacement a node with
replaced inputs still writes something of its own, so nothing is dead.) What is needed and not dead is
computed; a circuit of few edges costs little.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from edgewise.graph import Graph
from edgewise.models.sending import sent_indices
from edgewise.paths import needed_by_logits, reached_from_embeddings


@dataclass(frozen=True)
class Plan:
    """Per layer the heads to compute (sorted; those that share a k and a v reader together) and whether to
    compute the MLP."""

    graph: Graph
    heads: list[list[int]]
    mlps: list[bool]

    @classmethod
    def everything(cls, graph: Graph) -> Plan:
        return cls(graph, [list(range(graph.heads))] * graph.layers, [graph.mlps] * graph.layers)

    @classmethod
    def live(
        cls,
        graph: Graph,
        mask: Float[Tensor, "... readers sources"],
        dead_is_replaced: bool,
        heads_together: bool,
    ) -> Plan:
        """From the non-zero pattern of all masks together.

        `heads_together`: the heads of a layer share a norm, so that one that is needed needs them all.
        """
        kept = (mask != 0).flatten(0, -3).any(0).cpu() & graph.edges
        compute = needed_by_logits(graph, kept, heads_together)
        if dead_is_replaced:
            compute &= reached_from_embeddings(graph, kept, heads_together)
        heads = [_whole_groups(graph, compute[graph.head_sources(layer)]) for layer in range(graph.layers)]
        mlps = [graph.mlps and bool(compute[graph.mlp_source(layer)]) for layer in range(graph.layers)]
        return cls(graph, heads, mlps)

    def picked_heads(self, layer: int) -> list[int] | None:
        """The heads of a layer to compute; None: all."""
        some = self.heads[layer]
        return None if len(some) == self.graph.heads else some

    def slots(self, layer: int) -> list[int]:
        """The sources of a layer that are computed."""
        heads = [self.graph.sources_before(layer) + head for head in self.heads[layer]]
        return heads + [self.graph.mlp_source(layer)] * self.mlps[layer]

    def rows(self, layer: int) -> list[int]:
        """The readers of a layer that are read: q, k and v of the heads, and the MLP."""
        heads = self.heads[layer]
        sharing = self.graph.heads // self.graph.key_readers
        queries = [self.graph.part_readers(layer, "q").start + head for head in heads]
        shared = [head // sharing for head in heads[::sharing]]
        keys_values = [
            self.graph.part_readers(layer, part).start + head for part in ("k", "v") for head in shared
        ]
        return queries + keys_values + [self.graph.mlp_reader(layer)] * self.mlps[layer]

    def slots_before(self, layer: int) -> int:
        return len(self.graph.embeddings) + sum(len(self.slots(below)) for below in range(layer))

    def pick(self, mask: Float[Tensor, "... readers sources"]) -> Float[Tensor, "... rows slots"]:
        """The part of a mask that is used: readers that are read, sources that are in the outbox."""
        layers = range(self.graph.layers)
        rows = [row for layer in layers for row in self.rows(layer)] + [len(self.graph.readers) - 1]
        slots = [
            *range(len(self.graph.embeddings)),
            *(slot for layer in layers for slot in self.slots(layer)),
        ]
        if (len(rows), len(slots)) == self.graph.shape:
            return mask
        return mask[..., sent_indices(rows, mask.device)[:, None], sent_indices(slots, mask.device)]


def _whole_groups(graph: Graph, compute: Tensor) -> list[int]:
    """The heads to compute: those that share a k and a v reader together."""
    groups = compute.view(graph.key_readers, -1).any(1).repeat_interleave(graph.heads // graph.key_readers)
    return torch.nonzero(groups).flatten().tolist()
