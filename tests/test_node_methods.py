"""Scores of nodes and neurons from plain backward runs: their laws, and slow ways to the same numbers."""

import gc
import math
import weakref

import pytest
import torch

from edgewise.components import ComponentScores
from edgewise.errors import BadInput, BadNumbers
from edgewise.graph import Graph
from edgewise.methods.eap import eap
from edgewise.methods.hisp import check as check_hisp
from edgewise.methods.hisp import hisp, hisp_nodes
from edgewise.methods.neurons import hidden, neuron_attribution
from edgewise.methods.nodes import (
    OutputTape,
    batch_products,
    check,
    node_attribution,
    node_attribution_edges,
)
from edgewise.models.layer import MLP
from edgewise.models.tape import Tape
from edgewise.patching.forward import patched_logits
from edgewise.patching.replacements import Sources, replacer, run_tape
from edgewise.tasks.ablations import replacer_for
from edgewise.tasks.metrics import METRICS
from edgewise.tasks.pairs import Pairs
from tiny_models import KINDS, tiny_model, tiny_tokens

EVERY_KIND = pytest.mark.parametrize("kind", KINDS)
POST_NORM = [kind for kind, switches in KINDS.items() if switches.get("post_norm")]
CASES = [(kind, "corrupted") for kind in KINDS]
CASES += [(kind, ablation) for kind in ("plain", "post-norm") for ablation in ("zero", "mean")]
SOME_CASES = pytest.mark.parametrize(("kind", "ablation"), CASES)
SOME_WITH_MLPS = pytest.mark.parametrize(
    ("kind", "ablation"), [case for case in CASES if case[0] != "attention-only"]
)
METRIC = METRICS["logit-diff"]


def tiny_pairs(lengths=(7, 7, 5)):
    entries = []
    for index, length in enumerate(lengths):
        clean, corrupted = (tiny_tokens(seed + index, 1, length)[0].tolist() for seed in (10, 30))
        entries.append({"clean": clean, "corrupted": corrupted, "correct": [1 + index], "wrong": [20]})
    return Pairs.from_list(entries, tiny_model("plain"))


def replacing(ablation, model, pairs):
    return replacer_for(ablation, model, pairs, 16)


def masked_nodes(model, batch, replacements, removed):
    """The slow way: logits with every edge that leaves a source at 1 - removed[source], a mask an example."""
    graph = Graph.of(model.config)
    mask = (1 - removed)[None, :].expand(graph.shape)
    return patched_logits(model, batch.clean, mask * graph.edges, replacements, read=batch.read)


def slow_node_scores(model, batch, replacements):
    """[examples, sources], one example after the other."""
    rows = []
    for example in range(len(batch)):
        removed = torch.zeros(Graph.of(model.config).shape[1], dtype=torch.float64, requires_grad=True)
        goodness = METRIC(masked_nodes(model, batch, replacements, removed), batch)[example]
        rows.append(-torch.autograd.grad(goodness, removed)[0])
    return torch.stack(rows)


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


@SOME_WITH_MLPS
def test_neurons_add_up_to_the_score_of_their_mlp(kind, ablation):
    model, pairs = tiny_model(kind), tiny_pairs()
    replace = replacing(ablation, model, pairs)
    neurons = neuron_attribution(model, pairs, METRIC, replace)
    graph = Graph.of(model.config)
    nodes = node_attribution(model, pairs, METRIC, replace).sources
    nodes = nodes[[graph.mlp_source(layer) for layer in range(graph.layers)]]
    assert neurons.shape == (model.config.layers, model.config.mlp_width)
    if kind in POST_NORM:
        assert not torch.allclose(neurons.sum(1), nodes, rtol=1e-3)
        return
    if ablation == "zero":
        assert not torch.allclose(neurons.sum(1), nodes, rtol=1e-3)
        nodes = nodes - mean_bias_products(model, pairs)
    torch.testing.assert_close(neurons.sum(1), nodes, rtol=1e-4, atol=1e-6)
    assert neurons.abs().max() > 1e-4


def mean_bias_products(model, pairs):
    """What the output biases of MLPs do: belongs to the node under zero, and to no neuron."""
    total = torch.zeros(model.config.layers, dtype=torch.float64)
    for batch in pairs.batches(1):
        tape, embeddings = Tape("mlp"), [each.requires_grad_() for each in model.embed(batch.clean)]
        goodness = METRIC(model.run(embeddings, batch.read, tape), batch).sum()
        for layer, gradient in enumerate(torch.autograd.grad(goodness, tape["mlp"])):
            total[layer] += (gradient @ model.layers[layer].mlp.down_bias).sum() / len(pairs)
    return total.float()


@SOME_WITH_MLPS
def test_a_neurons_score_is_the_gradient_by_its_mask(kind, ablation, monkeypatch):
    """The slow way: every MLP's hidden layer is mixed with its replacement by a mask a neuron."""
    model, pairs = tiny_model(kind), tiny_pairs((7, 7))
    replace = replacing(ablation, model, pairs)
    found = neuron_attribution(model, pairs, METRIC, replace)
    batch = next(pairs.batches(2))
    streams = run_tape(model, batch.corrupted, "mlp_input")["mlp_input"]
    replaced = [hidden(layer, stream) for layer, stream in zip(model.layers, streams, strict=True)]
    if ablation != "corrupted":
        replaced = [each.mean(0, keepdim=True) * (ablation == "mean") for each in replaced]
    masks = torch.ones(found.shape, dtype=torch.float64, requires_grad=True)
    places = {layer.mlp: index for index, layer in enumerate(model.layers)}
    write = MLP.write

    def masked(mlp, live):
        layer = places[mlp]
        return write(mlp, masks[layer] * live + (1 - masks[layer]) * replaced[layer])

    monkeypatch.setattr(MLP, "write", masked)
    goodness = METRIC(model(batch.clean, batch.read), batch).mean()
    expected = torch.autograd.grad(goodness, masks)[0].float()
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-8)
    assert expected.abs().max() > 1e-4


@pytest.mark.parametrize("kind", ["plain", "attention-only", "split embeddings"])
@pytest.mark.parametrize("against", ["zero", "replacement"])
def test_hisp_is_the_mean_of_absolute_products_over_the_norm_of_the_group(kind, against):
    model, pairs = tiny_model(kind), tiny_pairs()
    replace = replacing("corrupted", model, pairs)
    zero = replacer("zero", model, list)
    rows = []
    for batch in pairs.batches(1):
        slow = replace if against == "replacement" else zero
        rows.append(slow_node_scores(model, batch, slow.replacements(batch.corrupted))[0])
    mean = torch.stack(rows).abs().mean(0)
    graph = Graph.of(model.config)
    plain = hisp_nodes(model, pairs, METRIC, replace, against=against, normalise=False)
    scaled = hisp_nodes(model, pairs, METRIC, replace, against=against)
    for name, place in graph.source_index.items():
        if name in graph.embeddings:
            assert plain.sources[place] == scaled.sources[place] == math.inf
            continue
        prefix = "m" if name.startswith("m") else name.split(".")[0] + "."
        group = [mean[graph.source_index[other]] for other in graph.sources if other.startswith(prefix)]
        norm = torch.stack(group).square().sum().sqrt()
        torch.testing.assert_close(plain.sources[place], mean[place].float(), rtol=1e-5, atol=1e-8)
        torch.testing.assert_close(scaled.sources[place], (mean[place] / norm).float(), rtol=1e-5, atol=1e-8)


def test_hisp_without_mlps_leaves_the_heads_as_they_are_and_bounds_no_edge_by_an_mlp():
    model, pairs = tiny_model("plain"), tiny_pairs()
    replace = replacing("corrupted", model, pairs)
    graph = Graph.of(model.config)
    every, heads = (hisp_nodes(model, pairs, METRIC, replace, mlps=mlps) for mlps in (True, False))
    is_head = torch.tensor([".h" in name for name in graph.sources])
    assert torch.equal(every.sources[is_head], heads.sources[is_head])
    assert heads.sources[~is_head].isinf().all()
    assert every.sources[graph.mlp_source(1)].isfinite()
    edges = hisp(model, pairs, METRIC, replace, mlps=False)
    importance = dict(zip(graph.sources, heads.sources.tolist(), strict=True))
    assert edges.of("a0.h1->m1") == importance["a0.h1"]
    assert edges.of("m0->a2.h3<v>") == importance["a2.h3"]
    assert edges.of("m0->logits") == edges.of("embed->logits") == edges.values.max()


@pytest.mark.parametrize("mlps", [True, False])
def test_hisp_gives_every_edge_a_number_that_is_not_negative(mlps):
    model, pairs = tiny_model("split embeddings"), tiny_pairs()
    scores = hisp(model, pairs, METRIC, replacing("corrupted", model, pairs), mlps=mlps)
    assert scores.values.isfinite().all()
    assert (scores.values[scores.graph.edges] >= 0).all()
    assert scores.values.any()


def test_heads_that_do_nothing_have_no_importance_in_place_of_a_division_by_zero():
    model, pairs = tiny_model("plain"), tiny_pairs()
    model.layers[1].attention.output_weight.zero_()
    found = hisp_nodes(model, pairs, METRIC, replacing("corrupted", model, pairs))
    assert not found.sources[found.graph.head_sources(1)].any()
    assert found.sources[found.graph.head_sources(0)].all()


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


def test_all_that_neurons_need_is_told_at_once():
    model = tiny_model("attention-only")
    pairs = Pairs.from_list([{"clean": [1, 2, 3], "correct": 1, "wrong": 2}], model)
    with pytest.raises(BadInput) as caught:
        neuron_attribution(model, pairs, METRICS["accuracy"], replacer("corrupted", model, list))
    assert [problem.split(".")[0] for problem in caught.value.problems] == [
        "neuron attribution needs a metric with a gradient",
        "neuron attribution needs a model with MLPs",
        "ablation 'corrupted' needs a corrupted prompt in every pair",
    ]


def test_neurons_need_no_corrupted_prompts_under_zero_and_mean():
    model = tiny_model("plain")
    rows = [{"clean": [1, 2, number], "correct": 1, "wrong": 2} for number in (3, 4)]
    pairs = Pairs.from_list(rows, model)
    for ablation in ("zero", "mean"):
        assert neuron_attribution(model, pairs, METRIC, replacing(ablation, model, pairs)).any()


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
