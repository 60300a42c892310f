"""Scores choose edges, by value or by absolute value."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from edgewise.circuit import Circuit, NodeScore, Scores
from edgewise.errors import BadInput
from edgewise.graph import Graph
from graphs import SMALL, graphs, seeds, small_scores, some_scores


@given(seed=seeds, graph=graphs, by=st.sampled_from(["absolute", "value"]))
def test_the_top_n_are_n_and_none_that_is_left_out_is_stronger(seed: int, graph: Graph, by: str) -> None:
    scores = some_scores(graph, seed)
    n = seed % (graph.edge_count + 1)
    circuit = scores.top(n, by)
    strength = scores.values.abs() if by == "absolute" else scores.values
    assert len(circuit) == n
    if 0 < n < graph.edge_count:
        assert strength[circuit.kept].min() >= strength[(~circuit).kept].max()


@given(seed=seeds, graph=graphs, by=st.sampled_from(["absolute", "value"]))
def test_the_ranking_is_a_stable_sort_and_the_top_n_are_its_first(seed: int, graph: Graph, by: str) -> None:
    scores = some_scores(graph, seed)
    named = [(name, scores.of(name)) for name in Circuit.full(graph)]
    ranked = sorted(named, key=lambda pair: -(abs(pair[1]) if by == "absolute" else pair[1]))
    assert list(scores.ranking(by)) == ranked
    n = seed % (graph.edge_count + 1)
    assert set(scores.top(n, by)) == {name for name, _ in ranked[:n]}


def test_strong_by_value_is_not_strong_by_absolute_value() -> None:
    assert list(small_scores().top(1, by="absolute")) == ["embed->m0"]
    assert list(small_scores().top(1, by="value")) == ["embed->a0.h0<q>"]
    assert list(small_scores().threshold(1.5, by="absolute")) == ["embed->a0.h0<q>", "embed->m0"]
    assert list(small_scores().threshold(1.5, by="value")) == ["embed->a0.h0<q>"]


def test_a_threshold_keeps_what_reaches_it_and_never_what_is_no_edge() -> None:
    assert list(small_scores().threshold(2.0)) == ["embed->a0.h0<q>", "embed->m0"]
    assert small_scores().threshold(0.0) == Circuit.full(SMALL)
    assert small_scores().threshold(float("-inf"), by="value") == Circuit.full(SMALL)


def test_a_sparsity_is_the_share_that_goes() -> None:
    scores = Scores(Graph(2, 2, 2), torch.randn(Graph(2, 2, 2).shape))
    edges = scores.graph.edge_count
    assert [len(scores.sparsity(fraction)) for fraction in (0, 0.5, 0.9, 1)] == [
        edges,
        edges // 2,
        round(edges / 10),
        0,
    ]
    assert scores.sparsity(0.9) == scores.top(round(edges / 10))


@pytest.mark.parametrize(
    ("choose", "message"),
    [
        (lambda scores: scores.top(-1), "a number of edges from 0 to 8 was needed. Got -1."),
        (lambda scores: scores.top(9), "a number of edges from 0 to 8 was needed. Got 9."),
        (lambda scores: scores.threshold(float("nan")), "a number was needed as the threshold. Got NaN."),
        (
            lambda scores: scores.sparsity(98),
            "a sparsity from 0 (every edge stays) to 1 (none) was needed. Got 98.",
        ),
        (
            lambda scores: scores.top(1, by="abs"),
            "unknown order of edges 'abs'. Did you mean 'absolute'? Known: absolute, value.",
        ),
        (lambda scores: scores.of("m0->m0"), "'m0->m0': 'm0' does not come before 'm0'."),
    ],
)
def test_a_choice_that_cannot_be_made_is_refused(choose, message: str) -> None:
    with pytest.raises(BadInput) as caught:
        choose(small_scores())
    assert str(caught.value) == message


def test_scores_that_do_not_lie_on_the_graph_are_refused() -> None:
    with pytest.raises(BadInput) as caught:
        Scores(SMALL, torch.zeros(2, 5))
    assert str(caught.value) == (
        "scores over 1 layers x 1 heads: 3 sources, 5 readers, 8 edges must be [readers, sources] = [5, 3]. "
        "Got [2, 5]."
    )


def test_nan_at_an_edge_is_refused_by_name_and_elsewhere_ignored() -> None:
    values = torch.where(SMALL.edges, 1.0, torch.nan)
    assert Scores(SMALL, values).values.sum() == SMALL.edge_count
    values[-1] = torch.nan
    with pytest.raises(BadInput) as caught:
        Scores(SMALL, values)
    assert str(caught.value) == "scores must be numbers. Got NaN at embed->logits, a0.h0->logits, m0->logits."
    with pytest.raises(BadInput, match=r"Got NaN at embed->a0.h0<q>, .* and 36 more\."):
        Scores(Graph(2, 2, 2), torch.full(Graph(2, 2, 2).shape, torch.nan))


def test_scores_and_circuits_do_not_change_with_the_tensor_they_came_from() -> None:
    values, kept = torch.ones(SMALL.shape), SMALL.edges.clone()
    scores, circuit = Scores(SMALL, values), Circuit(SMALL, kept)
    values.zero_()
    kept.zero_()
    assert scores.of("m0->logits") == 1
    assert circuit == Circuit.full(SMALL)
    assert SMALL.edges is not Circuit.full(SMALL).kept


def test_scores_by_node() -> None:
    scores = small_scores()
    assert scores.by_source() == {
        "embed": NodeScore(-2, 3),
        "a0.h0": NodeScore(1, 1),
        "m0": NodeScore(0.5, 0.5),
    }
    assert scores.by_reader()["m0"] == NodeScore(-2, 3)
    assert scores.by_reader()["logits"] == NodeScore(-0.5, 1)


def test_scores_are_equal_when_graph_and_numbers_are() -> None:
    assert small_scores() == small_scores()
    assert small_scores() != Scores(SMALL, torch.zeros(SMALL.shape))
    assert Scores(SMALL, torch.zeros(SMALL.shape)) != Scores(
        Graph(2, 1, 1), torch.zeros(Graph(2, 1, 1).shape)
    )


def test_scores_and_circuits_tell_their_size_in_one_line() -> None:
    assert repr(small_scores()) == (
        "Scores(1 layers x 1 heads: 3 sources, 5 readers, 8 edges; "
        "strongest embed->m0 -3, embed->a0.h0<q> +2, a0.h0->m0 +1)"
    )
    of = "of 1 layers x 1 heads: 3 sources, 5 readers, 8 edges"
    assert repr(small_scores().top(3)) == f"Circuit(3 edges; {of})"
    assert repr(small_scores().top(3).prune()) == f"Circuit(0 edges, 3 before pruning; {of})"
