"""Circuits drawn by chance, to hold one beside: made of whole paths, as circuits are.

A path is drawn backwards: from `logits` a source among all that it sees, each as likely; of a head's three
inputs or an MLP's one a reader; and so on to an embedding. A circuit is as many paths as have, together, at
least as many edges as are asked for.
"""

from __future__ import annotations

import torch
from torch import Tensor

from edgewise.circuit import Circuit
from edgewise.graph import Graph

PATIENCE = 50
"""Paths in a row that have no new edge: then edges are drawn one by one."""


class Draws:
    """Random paths and circuits of a graph, from a seed."""

    def __init__(self, graph: Graph, seed: int = 0) -> None:
        self.graph, self.generator = graph, torch.Generator().manual_seed(seed)
        self.readers = [
            [row for row, reader in enumerate(graph.readers) if name in graph.head_of_reader(reader)]
            for name in graph.sources
        ]
        """Of each source, the rows that feed it; an embedding has none."""

    def below(self, count: int) -> int:
        return int(torch.randint(count, (), generator=self.generator))

    def path(self) -> list[tuple[int, int]]:
        """Edges, from `logits` down."""
        row, found = len(self.graph.readers) - 1, []
        while True:
            source = self.below(self.graph.visible[row])
            found.append((row, source))
            if not (rows := self.readers[source]):
                return found
            row = rows[self.below(len(rows))]

    def circuit(self, edges: int) -> Circuit:
        """Of at least so many edges."""
        kept = torch.zeros(self.graph.shape, dtype=torch.bool)
        size = in_vain = 0
        while size < edges and in_vain < PATIENCE:
            before = size
            for edge in self.path():
                size += not kept[edge]
                kept[edge] = True
            in_vain = 0 if size > before else in_vain + 1
        if size < edges:
            kept |= self.some_of(self.graph.edges & ~kept, edges - size)
        return Circuit(self.graph, kept)

    def some_of(self, edges: Tensor, count: int) -> Tensor:
        places = edges.nonzero()
        places = places[torch.randperm(len(places), generator=self.generator)[:count]]
        chosen = torch.zeros_like(edges)
        chosen[places[:, 0], places[:, 1]] = True
        return chosen

    def inflated(self, circuit: Circuit) -> tuple[Circuit, Circuit] | None:
        """The circuit with a path more, and the same without one of the edges that came with it; None where
        no path has an edge that the circuit has not."""
        for _ in range(PATIENCE):
            path = Circuit(self.graph, self.marked(self.path()))
            if len(new := path - circuit):
                gone = Circuit(self.graph, self.some_of(new.kept, 1))
                return circuit | path, (circuit | path) - gone
        return None

    def marked(self, edges: list[tuple[int, int]]) -> Tensor:
        kept = torch.zeros(self.graph.shape, dtype=torch.bool)
        rows, sources = zip(*edges, strict=True)
        kept[list(rows), list(sources)] = True
        return kept
