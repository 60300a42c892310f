"""Which edges share a coefficient, beside names taken apart by hand; and from numbers to masks and back."""

from __future__ import annotations

from collections.abc import Hashable
from itertools import combinations, pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from edgewise.graph import Graph
from edgewise.masks.coefficients import Coefficients
from graphs import graphs, seeds, some_circuit

GRAINS = ("edges", "tied", "layers", "sources")
"""From the finest to the coarsest."""
grains = st.sampled_from(GRAINS)
some_examples = settings(max_examples=60, deadline=None)
FLAT = Graph(layers=2, heads=2, key_readers=2)
GROUPED = Graph(layers=2, heads=4, key_readers=2)
"""Heads 0 and 1 share the first k and v, heads 2 and 3 the second."""


def learned_edges(graph: Graph, seed: int) -> Tensor:
    """All in every third case."""
    return graph.edges if seed % 3 == 0 else some_circuit(graph, seed).kept


def places(chosen: Tensor) -> list[tuple[int, int]]:
    return [(row, column) for row, column in chosen.nonzero().tolist()]


def shared_by(graph: Graph, row: int, column: int, grain: str) -> Hashable:
    """What the edges of one coefficient have in common, from their names."""
    source, reader = graph.edge_name(row, column).split("->")
    node, _, part = reader.partition("<")
    layer, _, head = node.partition(".h")
    if grain == "edges":
        return source, reader
    if grain == "sources":
        return source
    if grain == "layers":
        return source, layer
    if head == "":
        return source, reader
    of_one_key = graph.heads // graph.key_readers
    return source, layer, int(head) // of_one_key if part == "q>" else int(head)


def told(graph: Graph, grain: str, *edges: str) -> list[int]:
    index = Coefficients.of(graph, grain).index
    return [int(index[graph.edge_index(edge)]) for edge in edges]


@some_examples
@given(graph=graphs, seed=seeds, grain=grains)
def test_edges_share_a_coefficient_when_their_names_say_so(graph: Graph, seed: int, grain: str) -> None:
    learned = learned_edges(graph, seed)
    found = Coefficients.of(graph, grain, learned)
    numbers: dict[Hashable, set[int]] = {}
    for row, column in places(learned):
        numbers.setdefault(shared_by(graph, row, column, grain), set()).add(int(found.index[row, column]))
    assert all(len(of_one) == 1 for of_one in numbers.values())
    assert sorted(number for of_one in numbers.values() for number in of_one) == list(range(found.count))
    assert (found.index[~learned] == found.count).all()


@some_examples
@given(graph=graphs, seed=seeds)
def test_each_grain_has_as_many_as_it_should(graph: Graph, seed: int) -> None:
    learned = learned_edges(graph, seed)
    count = {grain: Coefficients.of(graph, grain, learned).count for grain in GRAINS}
    assert count["edges"] == int(learned.sum())
    assert count["sources"] == int(learned.any(0).sum())
    assert all(coarse <= fine for fine, coarse in pairwise(count.values()))
    if learned is graph.edges:
        seen = [graph.sources_before(layer) for layer in range(graph.layers)]
        of_mlps = sum(graph.mlp_sees(layer) for layer in range(graph.layers)) * graph.mlps
        assert count["layers"] == sum(seen) + of_mlps + len(graph.sources)
        assert count["tied"] == sum(seen) * graph.key_readers + of_mlps + len(graph.sources)


@some_examples
@given(graph=graphs, seed=seeds)
def test_edges_that_share_in_one_grain_share_in_all_that_are_coarser(graph: Graph, seed: int) -> None:
    learned = learned_edges(graph, seed)
    index = [Coefficients.of(graph, grain, learned).index[learned].tolist() for grain in GRAINS]
    for fine, coarse in combinations(index, 2):
        assert len(set(zip(fine, coarse, strict=True))) == len(set(fine))


def test_q_k_and_v_of_a_head_are_tied_and_heads_are_not() -> None:
    q, k, v = told(FLAT, "tied", *(f"embed->a1.h0<{part}>" for part in "qkv"))
    others = told(FLAT, "tied", "embed->a1.h1<q>", "m0->a1.h0<q>", "embed->a0.h0<q>", "embed->m1")
    assert q == k == v
    assert len({q, *others}) == 5


def test_heads_that_share_keys_and_values_are_tied_to_them_and_to_each_other() -> None:
    first = told(GROUPED, "tied", *(f"m0->a1.{reader}" for reader in ("h0<q>", "h1<q>", "h0<k>", "h0<v>")))
    second = told(GROUPED, "tied", *(f"m0->a1.{reader}" for reader in ("h2<q>", "h3<q>", "h1<k>", "h1<v>")))
    assert len(set(first)) == len(set(second)) == 1
    assert first != second


@pytest.mark.parametrize("graph", [FLAT, GROUPED])
def test_all_heads_of_a_layer_share_and_its_mlp_and_the_logits_stand_apart(graph: Graph) -> None:
    heads = graph.readers[graph.head_readers(1)]
    shared = told(graph, "layers", *(f"embed->{reader}" for reader in heads))
    apart = told(graph, "layers", "embed->m1", "embed->logits", "embed->a0.h0<q>", "m0->a1.h0<q>")
    assert len(set(shared)) == 1
    assert len({shared[0], *apart}) == 5


@some_examples
@given(graph=graphs, grain=grains)
def test_what_is_no_edge_cannot_be_learned(graph: Graph, grain: str) -> None:
    every, all_there_are = (Coefficients.of(graph, grain, among) for among in (graph.edges | True, None))
    assert torch.equal(every.index, all_there_are.index)
    assert every.count == all_there_are.count


@some_examples
@given(graph=graphs, seed=seeds, grain=grains)
def test_a_mask_has_its_numbers_on_the_learned_edges_and_0_elsewhere(
    graph: Graph, seed: int, grain: str
) -> None:
    learned = learned_edges(graph, seed)
    found = Coefficients.of(graph, grain, learned)
    values = 1 + torch.rand(found.shape, dtype=torch.float64)
    mask = found.spread(values)
    expected = torch.zeros(graph.shape, dtype=torch.float64)
    for row, column in places(learned):
        expected[row, column] = values[found.index[row, column]]
    assert torch.equal(mask, expected)
    torch.testing.assert_close(found.gather(mask), values)


@some_examples
@given(graph=graphs, seed=seeds, grain=grains)
def test_gather_is_the_mean_and_the_gradient_the_sum_over_the_edges_that_share(
    graph: Graph, seed: int, grain: str
) -> None:
    learned = learned_edges(graph, seed)
    found = Coefficients.of(graph, grain, learned)
    weights = torch.randn(graph.shape, dtype=torch.float64)
    values = torch.zeros(found.shape, dtype=torch.float64, requires_grad=True)
    (found.spread(values) * weights).sum().backward()
    shares: list[list[float]] = [[] for _ in range(found.count)]
    for row, column in places(learned):
        shares[int(found.index[row, column])].append(weights[row, column].item())
    sums = torch.tensor([sum(of_one) for of_one in shares], dtype=torch.float64)
    means = torch.tensor([sum(of_one) / len(of_one) for of_one in shares], dtype=torch.float64)
    torch.testing.assert_close(values.grad, sums)
    torch.testing.assert_close(found.gather(weights), means)


@some_examples
@given(graph=graphs, seed=seeds, grain=grains, positions=st.integers(1, 4), draws=st.integers(1, 3))
def test_positions_and_draws_lead_and_each_is_a_mask_of_its_own(
    graph: Graph, seed: int, grain: str, positions: int, draws: int
) -> None:
    learned = learned_edges(graph, seed)
    plain = Coefficients.of(graph, grain, learned)
    found = Coefficients.of(graph, grain, learned, positions)
    assert plain.shape == (plain.count,)
    assert found.shape == (positions, plain.count)
    values = torch.rand(draws, *found.shape)
    masks = found.spread(values)
    assert masks.shape == (draws, positions, *graph.shape)
    for draw in range(draws):
        for position in range(positions):
            assert torch.equal(masks[draw, position], plain.spread(values[draw, position]))


def test_numbers_keep_their_precision() -> None:
    found = Coefficients.of(FLAT, "tied")
    for dtype in (torch.float32, torch.float64, torch.bfloat16):
        values = torch.rand(found.shape).to(dtype)
        assert found.spread(values).dtype == found.gather(found.spread(values)).dtype == dtype
