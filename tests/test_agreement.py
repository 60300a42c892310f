"""Estimated beside exact effects: by hand, beside activation patching, and on the way to the replacement."""

import pytest
import torch

import edgewise as ew
from edgewise import zoo
from edgewise.circuit import Circuit, Scores
from edgewise.errors import BadInput
from edgewise.evaluation.agreement import agreement, interpolated
from graphs import SMALL, small_scores
from tiny_runs import entries, tiny_model


@pytest.fixture(scope="module")
def model():
    return tiny_model().double()


@pytest.fixture(scope="module")
def pairs(model):
    return ew.Pairs.from_list(entries(8), model)


def test_a_line_is_found_to_be_one():
    scores = small_scores()
    line = Scores(SMALL, 3 * scores.values - 0.25)
    found = agreement(scores, line)
    assert (found.slope, found.intercept) == (pytest.approx(3), pytest.approx(-0.25))
    assert (found.r_squared, found.spearman) == (pytest.approx(1), pytest.approx(1))
    assert found.edges == SMALL.edge_count


def test_by_hand():
    edges = ["embed->a0.h0<q>", "embed->a0.h0<k>", "embed->a0.h0<v>", "embed->m0"]
    one = Scores.from_edges(SMALL, dict(zip(edges, (1.0, 2.0, 3.0, 4.0), strict=True)))
    other = Scores.from_edges(SMALL, dict(zip(edges, (2.0, 1.0, 4.0, 3.0), strict=True)))
    found = agreement(one, other, Circuit.of(SMALL, edges))
    # Both have a variance of 1.25, and a covariance of .75.
    assert found.slope == pytest.approx(0.6)
    assert found.intercept == pytest.approx(1)
    assert found.r_squared == pytest.approx(0.36)
    assert found.spearman == pytest.approx(0.6)
    assert found.edges == 4


def test_scores_that_cannot_be_held_beside_each_other_are_refused(model):
    scores = small_scores()
    flat = Scores(SMALL, torch.zeros(SMALL.shape))
    for one, other, name in ((flat, scores, "estimated"), (scores, flat, "exact")):
        with pytest.raises(BadInput, match=f"whose {name} scores differ were needed"):
            agreement(one, other)
    with pytest.raises(BadInput, match="whose estimated scores differ were needed"):
        agreement(scores, scores, Circuit.of(SMALL, ["embed->m0"]))
    with pytest.raises(BadInput):
        agreement(scores, Scores(ew.Graph.of(model.config), torch.zeros(ew.Graph.of(model.config).shape)))


@pytest.mark.parametrize("ablation", ["corrupted", "zero", "mean"])
@pytest.mark.parametrize("metric", ["logit-diff", "neg-log-prob"])
def test_at_the_end_it_is_the_exact_effect_and_it_begins_as_eap_says(model, pairs, ablation, metric):
    how = {"metric": metric, "ablation": ablation}
    exact = ew.discover(model, pairs, "activation-patching", **how)
    slope = ew.discover(model, pairs, "eap", **how)
    edges = [edge for edge, _ in exact.ranking()][::9]
    found = interpolated(model, pairs, edges, steps=1001, **how)
    assert found[:, 0].tolist() == [0] * len(edges)
    largest = exact.values.abs().max().item()
    for edge, way in zip(edges, found, strict=True):
        assert way[-1].item() == pytest.approx(exact.of(edge), abs=1e-5 * largest)
        assert 1000 * way[1].item() == pytest.approx(slope.of(edge), abs=5e-3 * largest)


def test_on_a_saturated_model_eap_tells_less_of_exact_effects_than_integrated_gradients():
    bundle = zoo.open_bundle("ioi-saturated")
    pairs = ew.task(bundle.task, bundle.model, 40)
    exact = ew.discover(bundle.model, pairs, "activation-patching")
    plain, integrated = (
        agreement(ew.discover(bundle.model, pairs, method), exact) for method in ("eap", "eap-ig-inputs")
    )
    assert plain.r_squared < integrated.r_squared


def test_an_edge_that_is_not_there_is_named(model, pairs):
    with pytest.raises(BadInput, match=r"a9.h9->logits"):
        interpolated(model, pairs, ["embed->logits", "a9.h9->logits"])
    with pytest.raises(BadInput, match=r"steps must be 2 or more. Got 1."):
        interpolated(model, pairs, ["embed->logits"], steps=1)
