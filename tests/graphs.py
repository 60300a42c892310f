"""Small graphs of every kind, and scores and circuits on them from a seed, for property tests."""

from __future__ import annotations

from itertools import product

import torch
from hypothesis import strategies as st

from edgewise.circuit import Circuit, Scores
from edgewise.graph import Graph

EVERY_KIND = [
    Graph(layers, key_readers * group, key_readers, mlps, parallel, embeddings)
    for layers, key_readers, group, mlps, parallel, embeddings in product(
        (1, 2, 3), (1, 2), (1, 2), (True, False), (False, True), (("embed",), ("tok", "pos"))
    )
]
PLAIN = [
    graph
    for graph in EVERY_KIND
    if graph.mlps and graph.key_readers == graph.heads and graph.embeddings == ("embed",)
]

# Drawn ready-made: run-time type checks use `random`, which hypothesis forbids while it builds an example.
graphs = st.sampled_from(EVERY_KIND)
plain_graphs = st.sampled_from(PLAIN)
"""One embedding, MLPs, and a k and a v reader per head: as most other tools know them."""
seeds = st.integers(0, 2**32)


def some_circuit(graph: Graph, seed: int) -> Circuit:
    """From nearly empty to nearly full, as the seed will have it."""
    generator = torch.Generator().manual_seed(seed)
    chance = torch.rand(1, generator=generator) ** 2
    return Circuit(graph, (torch.rand(graph.shape, generator=generator) < chance) & graph.edges)


def some_scores(graph: Graph, seed: int) -> Scores:
    """Of both signs, many of them equal when the seed is odd, in either precision."""
    generator = torch.Generator().manual_seed(seed)
    dtype = torch.float32 if seed % 4 < 2 else torch.float64
    values = torch.randn(graph.shape, generator=generator, dtype=dtype)
    return Scores(graph, values.round() if seed % 2 else values)


SMALL = Graph(layers=1, heads=1, key_readers=1)
"""Eight edges: embed to q, k, v; embed and a0.h0 to m0; all three to logits."""


def small_scores() -> Scores:
    return Scores.from_edges(
        SMALL, {"embed->a0.h0<q>": 2, "embed->m0": -3, "a0.h0->m0": 1, "embed->logits": -1, "m0->logits": 0.5}
    )
