"""Scores of neurons from plain backward runs."""

import pytest
import torch

from edgewise.errors import BadInput
from edgewise.graph import Graph
from edgewise.methods.neurons import neuron_attribution
from edgewise.methods.nodes import (
    node_attribution,
)
from edgewise.models.layer import MLP
from edgewise.models.tape import Tape
from edgewise.patching.replacements import replacer, run_tape
from edgewise.tasks.metrics import METRICS
from edgewise.tasks.neurons import hidden
from edgewise.tasks.pairs import Pairs
from node_cases import METRIC, POST_NORM, SOME_WITH_MLPS, replacing, tiny_pairs
from tiny_models import tiny_model


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
