"""What works against the answer: whole paths, each edge by what the full model gains without it."""

import pytest
import torch

import edgewise as ew
from test_methods_table import TO_THE_ANSWER, helping_and_harming

OPTIONS = {**TO_THE_ANSWER["interpolation-descent"], "steps": 30}


def gains(model, pairs):
    """Of every edge, one evaluation each."""
    graph = ew.Graph.of(model.config)
    whole = ew.Circuit.full(graph)
    return {
        name: ew.evaluate(model, pairs, whole - ew.Circuit.of(graph, [name])).faithfulness - 1
        for name in whole
    }


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_every_edge_of_a_path_that_harms_scores_below_0_by_what_the_model_gains_without_it(seed):
    model, pairs = helping_and_harming()
    scores = ew.discover(model, pairs, "interpolation-descent", seed=seed, **OPTIONS)
    harms = {name: gain for name, gain in gains(model, pairs).items() if gain > 0.01}
    assert set(harms) == {"embed->a0.h1<v>", "a0.h1->logits"}
    assert {name for name, score in scores.ranking("value") if score < 0} == set(harms)
    for name, gain in harms.items():
        assert scores.of(name) == pytest.approx(-1 - gain)
        assert name not in scores.own()


def test_what_harms_by_less_than_trim_is_not_told():
    model, pairs = helping_and_harming()
    scores = ew.discover(model, pairs, "interpolation-descent", **{**OPTIONS, "trim": 3.0})
    assert (scores.values < 0).sum() <= 1


def test_without_trimming_the_adversary_is_told_as_its_mask_was_learned():
    model, pairs = helping_and_harming()
    scores = ew.discover(model, pairs, "interpolation-descent", **{**OPTIONS, "trim": None})
    assert torch.all(scores.values >= -1)
    assert (scores.values < 0).any()
