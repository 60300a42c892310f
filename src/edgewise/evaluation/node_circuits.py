"""Circuits of nodes: heads and MLPs, with every edge between them, from the embeddings and to `logits`.

A node is as strong as the strongest edge that leaves it, or has a score of its own. Of k nodes the circuit is
the k strongest: what methods that choose nodes, such as HISP, come to.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from edgewise.circuit import Circuit, Scores, strength
from edgewise.components import ComponentScores
from edgewise.graph import Graph


def node_strengths(scores: Scores | ComponentScores, by: str = "absolute") -> Float[Tensor, " sources"]:
    """Of every source; embeddings among them."""
    if isinstance(scores, ComponentScores):
        return strength(torch.tensor(list(scores.nodes().values())), by)
    return torch.where(scores.graph.edges, strength(scores.values, by), -torch.inf).amax(0)


def nodes_of(graph: Graph) -> list[str]:
    """Heads and MLPs, in order."""
    return list(graph.sources[len(graph.embeddings) :])


def between(graph: Graph, nodes: Sequence[str]) -> Circuit:
    """Every edge between some nodes, from the embeddings and to `logits`."""
    inside = {*graph.embeddings, *nodes}
    sources = torch.tensor([name in inside for name in graph.sources])
    # Of key/value heads that are shared, one head that is in is enough; `logits` belongs to no node.
    heads = [graph.head_of_reader(name) for name in graph.readers]
    readers = torch.tensor([not of or not inside.isdisjoint(of) for of in heads])
    return Circuit(graph, graph.edges & sources[None, :] & readers[:, None])


def circuits_of_nodes(
    scores: Scores | ComponentScores, counts: Sequence[int], by: str = "absolute"
) -> list[Circuit]:
    graph = scores.graph
    names, first = nodes_of(graph), len(graph.embeddings)
    order = node_strengths(scores, by)[first:].sort(descending=True, stable=True).indices.tolist()
    return [between(graph, [names[place] for place in order[:count]]) for count in counts]


def others(circuit: Circuit) -> Circuit:
    """Of the nodes that a circuit of nodes leaves out."""
    inside = set(circuit.sources())
    return between(circuit.graph, [name for name in nodes_of(circuit.graph) if name not in inside])
