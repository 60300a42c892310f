"""Scores of nodes from plain backward runs: their laws, and slow ways to the same numbers."""

import gc
import math
import weakref

import pytest
import torch

from edgewise.components import ComponentScores
from edgewise.errors import BadInput, BadNumbers
from edgewise.methods.eap import eap
from edgewise.methods.hisp import check as check_hisp
from edgewise.methods.hisp import hisp
from edgewise.methods.neurons import neuron_attribution
from edgewise.methods.nodes import (
    OutputTape,
    batch_products,
    check,
    node_attribution,
    node_attribution_edges,
)
from edgewise.patching.replacements import Sources, replacer
from edgewise.tasks.metrics import METRICS
from edgewise.tasks.pairs import Pairs
from node_cases import (
    EVERY_KIND,
    METRIC,
    SOME_CASES,
    masked_nodes,
    replacing,
    slow_node_scores,
    tiny_pairs,
)
from tiny_models import tiny_model


@SOME_CASES
def test_a_nodes_score_is_the_sum_of_eaps_over_the_edges_that_leave_it(kind, ablation):
    model, pairs = tiny_model(kind), tiny_pairs()
    replace = replacing(ablation, model, pairs)
    nodes = node_attribution(model, pairs, METRIC, replace)
    of_edges = ComponentScores.of_edges(eap(model, pairs, METRIC, replace))
    torch.testing.assert_close(nodes.sources, of_edges.sources, rtol=1e-4, atol=1e-6)
    assert nodes.sources.abs().max() > 1e-3
    assert (nodes.sources < 0).any()


@SOME_CASES
def test_products_are_the_gradient_by_a_mask_of_each_node_for_each_example(kind, ablation):
    model, pairs = tiny_model(kind), tiny_pairs((7, 7))
    batch, replace = next(pairs.batches(2)), replacing(ablation, model, pairs)
    found = batch_products(model, batch, METRIC, replace)
    expected = slow_node_scores(model, batch, replace.replacements(batch.corrupted))
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-12)


@EVERY_KIND
def test_without_a_replacer_products_are_those_against_zero(kind):
    model, pairs = tiny_model(kind), tiny_pairs((7, 7))
    batch = next(pairs.batches(2))
    zero = batch_products(model, batch, METRIC, replacer("zero", model, list))
    torch.testing.assert_close(batch_products(model, batch, METRIC, None), zero, rtol=1e-12, atol=1e-14)
    corrupted = batch_products(model, batch, METRIC, replacer("corrupted", model, list))
    assert (corrupted - zero).abs().max() > 1e-3


def test_an_edge_between_two_nodes_has_the_score_of_the_weaker_one():
    model, pairs = tiny_model("plain"), tiny_pairs()
    replace = replacing("corrupted", model, pairs)
    of, edges = (found(model, pairs, METRIC, replace) for found in (node_attribution, node_attribution_edges))
    node = dict(zip(of.graph.sources, of.sources.tolist(), strict=True))
    for source, reader, fed in (("a0.h1", "a1.h2<k>", "a1.h2"), ("m0", "m2", "m2"), ("embed", "m0", "m0")):
        assert edges.of(f"{source}->{reader}") == min(node[source], node[fed], key=abs)
    assert edges.of("a1.h0->logits") == node["a1.h0"]


def test_scores_of_nodes_help_whichever_way_the_metric_points():
    model, pairs = tiny_model("plain"), tiny_pairs()
    replace, metric = replacing("corrupted", model, pairs), METRICS["neg-log-prob"]
    found = node_attribution(model, pairs, metric, replace)
    slope = torch.zeros(found.sources.shape, dtype=torch.float64)
    for batch in pairs.batches(1):
        replacements = replace.replacements(batch.corrupted)
        for source in range(0, len(slope), 3):
            removed = torch.zeros_like(slope)
            removed[source] = 1e-5
            less, full = (
                metric(masked_nodes(model, batch, replacements, each), batch)[0]
                for each in (removed, 0 * removed)
            )
            slope[source] += (less - full) / 1e-5 / len(pairs)
    assert not metric.higher_is_better
    torch.testing.assert_close(found.sources[::3], slope[::3].float(), rtol=1e-2, atol=1e-5)
    assert slope.abs().max() > 1e-2


@pytest.mark.parametrize("ablation", ["corrupted", "mean"])
@pytest.mark.parametrize(
    "method",
    [
        lambda *given, **named: node_attribution(*given, **named).sources,
        neuron_attribution,
        lambda *given, **named: hisp(*given, **named, against="replacement").values,
    ],
    ids=["nodes", "neurons", "hisp"],
)
def test_batch_size_and_order_of_examples_change_no_score(method, ablation):
    model, pairs = tiny_model("plain"), tiny_pairs((7, 5, 7, 4, 7))
    replace = replacing(ablation, model, pairs)
    whole = method(model, pairs, METRIC, replace)
    for batch_size in (1, 2):
        again = method(model, pairs, METRIC, replace, batch_size=batch_size)
        torch.testing.assert_close(again, whole, rtol=1e-6, atol=1e-9)
    backwards = method(model, Pairs(pairs.pairs[::-1]), METRIC, replace)
    torch.testing.assert_close(backwards, whole, rtol=1e-6, atol=1e-9)


def test_what_cannot_be_used_is_refused_with_the_reason():
    model, pairs = tiny_model("plain"), tiny_pairs()
    replace = replacing("corrupted", model, pairs)
    for name, method in (("node-attribution", node_attribution_edges), ("hisp", hisp)):
        with pytest.raises(BadInput, match=f"{name} takes gradients at the clean run"):
            method(model, pairs, METRICS["kl"], replace)
        with pytest.raises(BadInput, match=f"{name} needs a metric with a gradient"):
            method(model, pairs, METRICS["accuracy"], replace)
    assert check(METRIC, pairs) == check_hisp(METRIC, pairs) == []


def test_numbers_that_are_not_finite_are_refused():
    model, pairs = tiny_model("plain"), tiny_pairs()
    model.layers[1].mlp.down_bias[0] = math.nan
    for method in (node_attribution, neuron_attribution, hisp):
        with pytest.raises(BadNumbers, match="layer 1"):
            method(model, pairs, METRIC, replacer("zero", model, list))


def test_half_precision_scores_are_near_those_of_float32():
    pairs = tiny_pairs()
    exact, rough = (
        node_attribution(model, pairs, METRIC, replacing("corrupted", model, pairs)).sources
        for model in (tiny_model("plain", dtype=dtype) for dtype in (torch.float32, torch.bfloat16))
    )
    assert torch.corrcoef(torch.stack((exact, rough)))[0, 1] > 0.99


def test_a_run_leaves_no_tape_and_no_gradient_behind(monkeypatch):
    made = []

    class Remembered(OutputTape):
        def __init__(self, *names):
            super().__init__(*names)
            made.append(weakref.ref(self))

    monkeypatch.setattr("edgewise.methods.nodes.OutputTape", Remembered)
    monkeypatch.setattr("edgewise.methods.neurons.OutputTape", Remembered)
    model, pairs = tiny_model("plain"), tiny_pairs()
    replace = replacing("corrupted", model, pairs)
    node_attribution(model, pairs, METRIC, replace)
    neuron_attribution(model, pairs, METRIC, replace)
    gc.collect()
    assert len(made) == 4
    assert not any(tape() for tape in made)
    assert not any(weight.grad is not None or weight.requires_grad for weight in model.parameters())


def test_the_replacements_are_not_used_up():
    """A fixed replacer serves batch after batch."""
    model, pairs = tiny_model("plain"), tiny_pairs()
    replace = replacing("mean", model, pairs)
    node_attribution(model, pairs, METRIC, replace)
    assert isinstance(replace.fixed, Sources)
    assert len(replace.fixed.heads) == model.config.layers
