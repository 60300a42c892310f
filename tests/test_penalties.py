"""What it costs to keep edges: each price beside the sum that it is."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from edgewise.graph import Graph
from edgewise.masks.coefficients import Coefficients
from edgewise.masks.gates import Gates
from edgewise.masks.penalties import KINDS, Lengths, Price, kinds_of_edges
from edgewise.masks.relaxations import Clamp, HardConcrete, Relaxation, Sigmoid
from graphs import graphs, seeds, some_circuit

GRAPH = Graph(layers=2, heads=2, key_readers=2)
LIKE = torch.zeros(1, dtype=torch.float64)
PLAIN = Clamp(0.0, 1.0)
"""The numbers are the parameters."""
grains = st.sampled_from(["edges", "tied", "layers", "sources"])
few_positions = st.sampled_from([None, 1, 3])
some_examples = settings(max_examples=50, deadline=None)


def gates(
    relaxation: Relaxation,
    grain: str = "edges",
    graph: Graph = GRAPH,
    seed: int = 0,
    positions: int | None = None,
    place: int = 0,
) -> Gates:
    """Of all edges in every second case."""
    among = None if seed % 2 else some_circuit(graph, seed).kept
    if among is not None and not among.any():
        among = None
    shared = Coefficients.of(graph, grain, among, positions)
    return Gates.drawn(grain, shared, relaxation, seed, LIKE, place)


def filled(value: float, grain: str = "edges", positions: int | None = None) -> Gates:
    made = gates(HardConcrete(), grain, seed=1, positions=positions)
    with torch.no_grad():
        made.parameters.fill_(value)
    return made


def numbers(some: list[Gates], step: int = 0) -> list[Tensor]:
    return [each.draw(0, step, 1) for each in some]


def kind_of(edge: str) -> str:
    source, reader = edge.split("->")
    if source in ("embed", "tok", "pos"):
        return "from-residual"
    return "to-output" if reader == "logits" else "between"


def edge_by_edge(each: Gates, values: Tensor) -> list[tuple[str, float]]:
    """The number of every edge that is learned, at every position."""
    found = each.coefficients
    learned = (found.index < found.count).nonzero().tolist()
    return [
        (found.graph.edge_name(row, column), of_position[found.index[row, column]].item())
        for of_position in values.reshape(-1, found.count)
        for row, column in learned
    ]


@some_examples
@given(graph=graphs, seed=seeds, grain=grains, positions=few_positions)
def test_open_edges_and_gates_are_counted_and_averaged_over_positions(
    graph: Graph, seed: int, grain: str, positions: int | None
) -> None:
    each = gates(Sigmoid(0.0, 1.0), grain, graph, seed, positions)
    chances = torch.sigmoid(each.parameters.detach())
    edges = edge_by_edge(each, chances)
    repeats = positions or 1
    assert each.repeats == repeats
    assert each.edges == len(edges) / repeats
    assert each.edges_left().item() == pytest.approx(sum(chance for _, chance in edges) / repeats)
    assert each.expected_gates().item() == pytest.approx(chances.sum().item() / repeats)


@some_examples
@given(seed=seeds, positions=few_positions, step=st.integers(0, 40))
def test_the_price_rises_linearly_and_is_paid_for_every_gate(
    seed: int, positions: int | None, step: int
) -> None:
    some = [
        gates(HardConcrete(0.0, 2.0), grain, seed=seed, positions=positions) for grain in ("edges", "tied")
    ]
    found = Price(0.25, 20).of(some, numbers(some), step)
    opened = sum(each.relaxation.expected(each.parameters).sum() / each.repeats for each in some)
    torch.testing.assert_close(found, 0.25 * min(step, 20) / 20 * opened)


def test_open_gates_cost_their_number_however_many_edges_each_has() -> None:
    for grain in ("edges", "tied", "layers", "sources"):
        for positions in (None, 4):
            some = [filled(100.0, grain, positions)]
            cost = Price(0.5, 0).of(some, numbers(some), 1).item()
            assert cost == pytest.approx(0.5 * some[0].coefficients.count)
            some = [filled(-100.0, grain, positions)]
            assert Price(0.5, 0).of(some, numbers(some), 1).item() == pytest.approx(0)


@given(graph=graphs)
def test_every_edge_is_of_exactly_one_kind(graph: Graph) -> None:
    kinds = kinds_of_edges(graph)
    assert torch.equal(kinds.sum(0), graph.edges.float())
    for kind, row, column in kinds.nonzero().tolist():
        assert KINDS[kind] == kind_of(graph.edge_name(row, column))


def test_an_edge_from_the_embedding_to_the_logits_is_from_the_embedding() -> None:
    row, column = GRAPH.edge_index("embed->logits")
    assert kinds_of_edges(GRAPH)[:, row, column].tolist() == [0, 1, 0]


@some_examples
@given(graph=graphs, seed=seeds, grain=grains, positions=few_positions)
def test_lengths_are_summed_edge_by_edge(graph: Graph, seed: int, grain: str, positions: int | None) -> None:
    each = gates(PLAIN, grain, graph, seed, positions)
    prices = dict(zip(KINDS, (0.5, 2.0, 3.0), strict=True))
    penalty = Lengths(graph, tuple(prices.values()), 0.3, 0.1)
    total = sum(
        prices[kind_of(edge)] * (c + 0.3 * (c + 0.1) ** 0.5)
        for edge, c in edge_by_edge(each, each.parameters)
    )
    found = penalty.of([each], numbers([each]), 0)
    assert found.item() == pytest.approx(total / (positions or 1), rel=1e-6)
    twice = penalty.of([each, each], numbers([each, each]), 5)
    torch.testing.assert_close(twice, 2 * found)


def test_lengths_do_not_depend_on_how_many_masks_a_step_draws() -> None:
    each = gates(PLAIN, seed=1)
    penalty = Lengths(GRAPH, (1.0, 1.0, 1.0), 0.3, 0.1)
    one, many = (penalty.of([each], [each.draw(0, 0, draws)], 0) for draws in (1, 8))
    torch.testing.assert_close(one, many)


def test_what_does_not_learn_has_nothing_to_keep() -> None:
    for penalty in (Price(0.1, 10), Lengths(GRAPH, (1.0, 1.0, 1.0), 0.1, 0.1)):
        penalty.learn(1.0)
        penalty.restore({})
        assert penalty.state() == penalty.told() == {}
