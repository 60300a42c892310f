"""Runs under masks of neurons, channels, the stream and weights: their laws, and slow oracles."""

from copy import deepcopy
from dataclasses import replace

import pytest
import torch

from edgewise.graph import Graph
from edgewise.masks.unit_runs import unit_run
from edgewise.masks.units import UNIT_GRAINS, EachUnit, shapes_of
from edgewise.methods.neurons import neuron_attribution
from edgewise.methods.weight_gradients import parts
from edgewise.patching import budget
from edgewise.patching.replaced import replaced_logits
from edgewise.tasks.metrics import METRICS
from gradient_cases import with_ablations
from node_cases import METRIC, SOME_WITH_MLPS, replacing, tiny_pairs
from patched_cases import EVERY_KIND, EXACT, slow_patched_logits
from tiny_models import KINDS, tiny_model

every_grain = pytest.mark.parametrize("grain", UNIT_GRAINS)
ACTIVATIONS = ("neurons", "channels", "stream")
WITH_MLPS = [kind for kind, switches in KINDS.items() if switches.get("mlp_width", 1)]


def set_up(kind, grain, ablation="corrupted", lengths=(7, 7)):
    """A model, its run under masks, a batch, and the units."""
    model, pairs = tiny_model(kind), tiny_pairs(lengths)
    run = unit_run(model, grain, pairs, replacing(ablation, model, pairs), 16)
    return model, run, next(pairs.batches(16)), EachUnit(shapes_of(model, grain))


def logits_of(run, batch, masks):
    return run.logits(run.arranged(batch), batch, masks)


def drawn(units, several=1, seed=0):
    return torch.rand(several, units.count, generator=torch.Generator().manual_seed(seed)).double()


def of_everything_but(model, batch, ablation, shut, mlps=None):
    """The slow way: all edges but those of some sources; `mlps`: what MLPs among them write instead."""
    graph = Graph.of(model.config)
    mask = graph.edges.double()
    mask[:, shut] = 0
    replacements = replacing(ablation, model, tiny_pairs((7, 7))).replacements(batch.corrupted)
    if mlps is not None:
        everywhere = [each.expand(*batch.clean.shape, -1) for each in mlps]
        replacements = replace(replacements, sources=replace(replacements.sources, mlps=everywhere))
    logits = slow_patched_logits(model, batch.clean, mask, replacements)
    return logits.gather(1, batch.read[..., None].expand(-1, -1, logits.shape[-1]))


def assert_ones_are_the_plain_model(kind, ablation, grain):
    model, run, batch, units = set_up(kind, grain, ablation)
    found = logits_of(run, batch, torch.ones(1, units.count, dtype=torch.float64))
    torch.testing.assert_close(found[0], model(batch.clean, batch.read), **EXACT)


@pytest.mark.parametrize("grain", [grain for grain in UNIT_GRAINS if grain != "neurons"])
@with_ablations(KINDS)
def test_a_mask_of_ones_is_the_plain_model(kind, ablation, grain):
    assert_ones_are_the_plain_model(kind, ablation, grain)


@with_ablations(WITH_MLPS)
def test_a_mask_of_ones_on_neurons_is_the_plain_model(kind, ablation):
    assert_ones_are_the_plain_model(kind, ablation, "neurons")


@EVERY_KIND
@pytest.mark.parametrize("ablation", ["corrupted", "zero", "mean"])
def test_a_stream_that_is_shut_is_the_run_of_an_empty_circuit(kind, ablation):
    model, run, batch, units = set_up(kind, "stream", ablation)
    found = logits_of(run, batch, torch.zeros(1, units.count, dtype=torch.float64))[0]
    if ablation == "corrupted":
        torch.testing.assert_close(found, model(batch.corrupted, batch.read), **EXACT)
    replacements = run.replacer.replacements(batch.corrupted)
    torch.testing.assert_close(found, replaced_logits(model, batch.clean, batch.read, replacements), **EXACT)


@with_ablations(KINDS)
def test_a_head_whose_channels_are_all_shut_is_replaced(kind, ablation):
    model, run, batch, units = set_up(kind, "channels", ablation)
    graph = Graph.of(model.config)
    shut = [(0, 1), (2, 0), (2, 3)]
    for heads in (shut, [(layer, head) for layer in range(graph.layers) for head in range(graph.heads)]):
        mask = torch.ones(1, *units.shapes["channels"], dtype=torch.float64)
        for layer, head in heads:
            mask[:, layer, head] = 0
        columns = [
            range(graph.head_sources(layer).start, graph.head_sources(layer).stop)[head]
            for layer, head in heads
        ]
        expected = of_everything_but(model, batch, ablation, columns)
        torch.testing.assert_close(logits_of(run, batch, mask.flatten(1))[0], expected, **EXACT)


@pytest.mark.parametrize("kind", WITH_MLPS)
@pytest.mark.parametrize("layers", [[1], [0, 2]])
def test_an_mlp_whose_neurons_are_all_shut_is_replaced(kind, layers):
    model, run, batch, units = set_up(kind, "neurons")
    mask = torch.ones(1, *units.shapes["neurons"], dtype=torch.float64)
    mask[:, layers] = 0
    columns = [Graph.of(model.config).mlp_source(layer) for layer in layers]
    expected = of_everything_but(model, batch, "corrupted", columns)
    torch.testing.assert_close(logits_of(run, batch, mask.flatten(1))[0], expected, **EXACT)


@SOME_WITH_MLPS
def test_the_gradient_by_a_mask_of_ones_is_neuron_attribution(kind, ablation):
    model, run, batch, units = set_up(kind, "neurons", ablation)
    masks = torch.ones(1, units.count, dtype=torch.float64, requires_grad=True)
    METRIC(logits_of(run, batch, masks)[0], batch).mean().backward()
    pairs = tiny_pairs((7, 7))
    expected = neuron_attribution(model, pairs, METRIC, replacing(ablation, model, pairs))
    torch.testing.assert_close(masks.grad.view(expected.shape).float(), expected, rtol=1e-5, atol=1e-8)


@every_grain
@with_ablations(WITH_MLPS)
def test_gradients_are_those_of_finite_differences(kind, ablation, grain):
    model, run, batch, units = set_up(kind, grain, ablation)
    full = model(batch.clean, batch.read)

    def loss(masks):
        return METRICS["kl"](logits_of(run, batch, masks), batch, full).mean()

    masks = (0.2 + 0.6 * drawn(units)).requires_grad_()
    loss(masks).backward()
    step = 1e-5
    for seed in (1, 2):
        way = drawn(units, seed=seed) - 0.5
        with torch.no_grad():
            expected = (loss(masks + step * way) - loss(masks - step * way)) / (2 * step)
        torch.testing.assert_close((masks.grad * way).sum(), expected, rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("grain", ACTIVATIONS)
@with_ablations(WITH_MLPS)
def test_several_masks_at_once_are_one_after_another(kind, ablation, grain):
    _, run, batch, units = set_up(kind, grain, ablation)
    masks = drawn(units, 3)
    together = logits_of(run, batch, masks)
    for mask, found in zip(masks, together, strict=True):
        torch.testing.assert_close(found, logits_of(run, batch, mask[None])[0], **EXACT)


def test_several_masks_fit_where_memory_allows_and_masks_of_weights_go_one_by_one(monkeypatch):
    _, run, batch, _ = set_up("plain", "channels")
    assert run.at_once(batch, len(batch)) > 1
    monkeypatch.setattr(budget, "masks_at_once", lambda *_: 1)
    assert run.at_once(batch, len(batch)) == 1
    _, run, batch, _ = set_up("plain", "weights")
    assert run.at_once(batch, len(batch)) == 1


@EVERY_KIND
def test_weights_under_a_mask_are_those_of_a_copy_that_has_them(kind):
    model, run, batch, units = set_up(kind, "weights")
    masks = (drawn(units) < 0.7).double()
    copy = deepcopy(model)
    for name, mask in units.by_name(masks[0]).items():
        copy.get_parameter(name).mul_(mask)
    torch.testing.assert_close(logits_of(run, batch, masks)[0], copy(batch.clean, batch.read), **EXACT)
    assert not torch.allclose(copy(batch.clean), model(batch.clean))


@EVERY_KIND
def test_weights_are_those_of_all_components_but_the_embedding(kind):
    model = tiny_model(kind)
    expected = {name for part in parts(model) for name in part.weights if name.startswith("layers.")}
    assert set(shapes_of(model, "weights")) == expected


@every_grain
def test_by_name_and_in_a_row_are_the_same_numbers(grain):
    units = EachUnit(shapes_of(tiny_model("post-norm"), grain))
    masks = drawn(units, 2)
    named = units.by_name(masks)
    assert {name: tuple(each.shape[1:]) for name, each in named.items()} == units.shapes
    assert torch.equal(torch.cat([each.flatten(1) for each in named.values()], 1), masks)
