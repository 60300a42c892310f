"""ROC of rankings and families: by hand, beside scikit-learn, and what must hold of all."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

import edgewise as ew
from edgewise import zoo
from edgewise.circuit import Circuit, Scores
from edgewise.components import ComponentScores
from edgewise.errors import BadInput
from edgewise.evaluation.known import edge_roc, family_roc, node_roc
from edgewise.evaluation.roc import roc_of_family, roc_of_ranking
from edgewise.zoo.known import KnownCircuit
from graphs import SMALL, graphs, seeds, small_scores, some_circuit, some_scores

RANKINGS = st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=40).filter(
    lambda drawn: len({place for _, place in drawn}) == 2
)


def tensors(drawn):
    scores, inside = zip(*drawn, strict=True)
    return torch.tensor(scores, dtype=torch.float64), torch.tensor(inside)


def ranking(drawn):
    scores, inside = tensors(drawn)
    return roc_of_ranking(scores, inside, torch.ones_like(inside))


def test_a_ranking_by_hand():
    #   score     5     4      4     3     2      1
    #   inside  yes   yes     no   yes    no     no
    found = ranking([(5, True), (4, True), (4, False), (3, True), (2, False), (1, False)])
    assert found.hits.tolist() == [0, 1, 2, 3, 3, 3]
    assert found.false_finds.tolist() == [0, 0, 1, 1, 2, 3]
    assert found.thresholds.tolist() == [torch.inf, 5, 4, 3, 2, 1]
    # Of nine pairs seven are in order, one is a tie, and one is not: 3 before nothing but the tied 4.
    assert found.auc == pytest.approx(7.5 / 9)
    # The steps up: 1/3 at x = 0, 1/3 at x = 1/3, 1/3 at x = 1/3.
    assert found.pessimistic_auc == pytest.approx(1 / 3 + (2 / 3) / 3 + (2 / 3) / 3)
    assert found.average_precision == pytest.approx((1 + 2 / 3 + 3 / 4) / 3)
    assert found.youden == (pytest.approx(1 - 1 / 3), 4)
    # The third strongest is one of the tied two, so that one and a half of two are found on average.
    assert found.precision_at_known_size == pytest.approx(2 / 3)


def test_a_family_by_hand_keeps_its_front():
    inside = torch.tensor([True, True, False, False])
    sets = [[0], [0, 2], [1, 2, 3], [0, 1, 2]]
    chosen = [torch.tensor([thing in one for thing in range(4)]) for one in sets]
    found = roc_of_family(chosen, inside, torch.ones(4, dtype=torch.bool))
    # {0, 2} finds no more than {0}, and {1, 2, 3} less than {0, 1, 2} with fewer false finds.
    assert found.true_rate.tolist() == [0, 0.5, 1, 1]
    assert found.false_rate.tolist() == [0, 0, 0.5, 1]
    assert found.auc == pytest.approx(0.5 * (0.5 + 1) / 2 + 0.5)
    assert found.pessimistic_auc == pytest.approx(0.5 + 0.5 * 0.5)
    assert found.thresholds is None


@pytest.mark.parametrize(
    ("points", "area"),
    [
        ([(0, 0), (1, 1)], 0.0),
        ([(0, 0), (0.5, 0.5), (1, 1)], 0.25),
        ([(0, 0), (0.25, 0.25), (0.5, 0.5), (1, 1)], 5 / 16),
        ([(0, 0), (0.25, 0.25), (0.75, 0.5), (1, 1)], 4 / 16),
    ],
)
def test_the_staircase_is_the_one_that_acdc_draws(points, area):
    # Of 4 inside and 4 outside; the sets are nested.
    inside = torch.arange(8) < 4
    sets = [torch.cat([torch.arange(4) < 4 * y, torch.arange(4) < 4 * x]) for x, y in points]
    found = roc_of_family(sets, inside, torch.ones(8, dtype=torch.bool))
    assert found.pessimistic_auc == pytest.approx(area)


@settings(max_examples=200, deadline=None)
@given(RANKINGS)
def test_areas_are_those_of_scikit_learn(drawn):
    scores, inside = tensors(drawn)
    found = ranking(drawn)
    assert found.auc == pytest.approx(metrics.roc_auc_score(inside, scores))
    assert found.average_precision == pytest.approx(metrics.average_precision_score(inside, scores))
    x, y, _ = metrics.roc_curve(inside, scores, drop_intermediate=False)
    assert found.false_rate.tolist() == pytest.approx(x.tolist())
    assert found.true_rate.tolist() == pytest.approx(y.tolist())
    assert found.youden.j == pytest.approx((y - x).max())


@settings(max_examples=100, deadline=None)
@given(RANKINGS)
def test_the_circuits_of_all_thresholds_are_a_family_with_the_rankings_areas(drawn):
    scores, inside = tensors(drawn)
    family = [scores >= least for least in scores.unique()]
    found = roc_of_family(family, inside, torch.ones_like(inside))
    of_ranking = ranking(drawn)
    assert found.pessimistic_auc == pytest.approx(of_ranking.pessimistic_auc)
    assert found.youden.j == pytest.approx(of_ranking.youden.j)
    assert of_ranking.pessimistic_auc <= of_ranking.auc + 1e-12


@settings(max_examples=100, deadline=None)
@given(RANKINGS, st.lists(st.integers(0, 5), min_size=1, max_size=5))
def test_what_is_not_judged_changes_nothing(drawn, others):
    scores, inside = tensors(drawn)
    more = torch.cat([scores, torch.tensor(others, dtype=torch.float64)])
    within = torch.cat([inside, torch.zeros(len(others), dtype=torch.bool)])
    judged = torch.arange(len(more)) < len(scores)
    found, alone = roc_of_ranking(more, within, judged), ranking(drawn)
    assert torch.equal(found.hits, alone.hits)
    assert torch.equal(found.false_finds, alone.false_finds)


def test_a_truth_of_all_or_nothing_is_refused():
    scores = small_scores()
    for truth in (Circuit.empty(SMALL), Circuit.full(SMALL)):
        with pytest.raises(BadInput, match="inside and outside the known circuit were needed"):
            edge_roc(scores, truth)
        with pytest.raises(BadInput, match="inside and outside the known circuit were needed"):
            family_roc([Circuit.empty(SMALL)], truth)
    with pytest.raises(BadInput, match="circuits to hold beside the known one were needed"):
        family_roc([], Circuit.empty(SMALL))


def test_a_known_circuit_of_another_model_is_refused():
    known = zoo.open_bundle("ioi").known["corrupted"]
    for asked in (edge_roc, node_roc):
        with pytest.raises(BadInput, match="belongs to its own model"):
            asked(small_scores(), known)
    with pytest.raises(BadInput, match="belongs to its own model"):
        family_roc([Circuit.empty(SMALL)], known)


def test_the_truth_itself_is_found_by_edges_and_by_nodes():
    known = zoo.open_bundle("ioi").known["corrupted"]
    graph = known.circuit.graph
    perfect = Scores(graph, known.circuit.mask())
    for found in (edge_roc(perfect, known), node_roc(perfect, known), node_roc(perfect, known.circuit)):
        assert (found.auc, found.pessimistic_auc, found.precision_at_known_size) == (1, 1, 1)
    for nodes in (False, True):
        assert family_roc([known.circuit], known, nodes).pessimistic_auc == 1
        assert family_roc([Circuit.full(graph)], known, nodes).auc == 0.5


@settings(max_examples=50, deadline=None)
@given(graphs, seeds)
def test_nodes_score_as_the_strongest_edge_that_leaves_them(graph, seed):
    scores, truth = some_scores(graph, seed), some_circuit(graph, seed)
    strongest = {name: score.strongest for name, score in scores.by_source().items()}
    names = [name for name in graph.sources if name not in graph.embeddings]
    inside = torch.tensor([bool(truth.readers_of(name)) for name in names])
    if inside.all() or not inside.any():
        return
    values = torch.tensor([strongest[name] for name in names], dtype=torch.float64)
    expected = roc_of_ranking(values, inside, torch.ones_like(inside))
    of_nodes = torch.tensor([strongest[name] for name in graph.sources], dtype=torch.float64)
    nothing_of_readers = torch.full((len(graph.readers),), torch.inf, dtype=torch.float64)
    components = ComponentScores(graph, of_nodes, nothing_of_readers)
    for found in (node_roc(scores, truth), node_roc(components, truth)):
        assert torch.equal(found.hits, expected.hits)
        assert torch.equal(found.false_finds, expected.false_finds)


def test_edges_and_nodes_of_backups_are_not_judged():
    bundle = zoo.open_bundle("ioi-either")
    known = bundle.known["corrupted"]
    assert len(known.backups)
    graph = known.circuit.graph
    ideal = Scores(graph, known.circuit.mask())
    with_backups = Scores(graph, known.circuit.mask() + 2 * known.backups.mask())
    for asked in (edge_roc, node_roc):
        assert asked(with_backups, known).auc == asked(ideal, known).auc == 1
        assert asked(with_backups, known.circuit).auc < 1
    none = Circuit.empty(graph)
    assert edge_roc(ideal, KnownCircuit(known.circuit, none, none)).auc == edge_roc(ideal, known.circuit).auc


def test_by_value_what_works_against_the_answer_comes_last():
    scores = Scores.from_edges(SMALL, {"embed->a0.h0<v>": 1.0, "a0.h0->logits": -2.0})
    truth = Circuit.of(SMALL, ["a0.h0->logits"])
    assert edge_roc(scores, truth).precision_at_known_size == 1
    assert edge_roc(scores, truth, "value").auc == 0
    with pytest.raises(ew.BadInput, match="order of edges"):
        edge_roc(scores, truth, "size")
