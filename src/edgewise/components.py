"""Scores of components: one for what each source writes, one for what each reader reads.

    edge's score = that of the weaker of its two ends

An edge does nothing where its source or its reader does nothing, so that the weaker end bounds it, and the
strongest edges lie between the strongest components: that is how Conmy et al. 2023, arXiv:2304.14997, hold
methods that score nodes beside those that score edges.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from edgewise.circuit import Scores
from edgewise.errors import BadInput
from edgewise.graph import Graph


@dataclass(frozen=True, eq=False)
class ComponentScores:
    """Positive = the component helps the metric. What has no score of its own bounds nothing: it has inf."""

    graph: Graph
    sources: Float[Tensor, " sources"]
    readers: Float[Tensor, " readers"]

    def __post_init__(self) -> None:
        rows, columns = self.graph.shape
        if self.sources.shape != (columns,) or self.readers.shape != (rows,):
            raise BadInput(
                f"scores of {columns} sources and {rows} readers were needed. "
                f"Got {tuple(self.sources.shape)} and {tuple(self.readers.shape)}."
            )
        if self.sources.isnan().any() or self.readers.isnan().any():
            raise BadInput("scores of components must be numbers. Got NaN.")

    @classmethod
    def of_nodes(cls, graph: Graph, values: Float[Tensor, " sources"]) -> ComponentScores:
        """Of scores of nodes: a reader has that of the strongest node it feeds. `logits` bounds none."""
        readers = torch.full((len(graph.readers),), math.inf, dtype=values.dtype)
        for row, name in enumerate(graph.readers):
            if fed := [graph.source_index[node] for node in graph.head_of_reader(name)]:
                readers[row] = max((values[node] for node in fed), key=abs)
        return cls(graph, values, readers)

    @classmethod
    def of_edges(cls, scores: Scores) -> ComponentScores:
        """Of scores of edges: the sum over those that leave a source, and over those that end in a reader.

        For EAP, whose scores are linear in what a source writes, the first is the score of the whole node.
        """
        return cls(scores.graph, scores.values.sum(0), scores.values.sum(1))

    def nodes(self) -> dict[str, float]:
        """The strongest of a node's parts - what it reads, what it writes - by the node's name."""
        found = {}
        for name, index in self.graph.source_index.items():
            rows = [
                row
                for row, reader in enumerate(self.graph.readers)
                if name in self.graph.head_of_reader(reader)
            ]
            parts = torch.cat([self.sources[index, None], self.readers[rows]])
            found[name] = max(parts[parts.isfinite()].tolist(), key=abs, default=0.0)
        return found

    def to_edges(self) -> Scores:
        sources, readers = torch.broadcast_tensors(self.sources[None, :], self.readers[:, None])
        weaker = torch.where(sources.abs() <= readers.abs(), sources, readers)
        weaker = torch.where(self.graph.edges, weaker, 0.0)
        # Where neither end has a score of its own, nothing bounds the edge but what is seen of the others.
        most = weaker[weaker.isfinite()].abs().max()
        return Scores(self.graph, weaker.clamp(-most, most))
