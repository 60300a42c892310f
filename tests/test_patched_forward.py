"""The laws of the primitive, in float64, on every kind of model."""

import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewise.graph import Graph
from edgewise.models.tape import Tape
from edgewise.patching.forward import patched_logits
from edgewise.patching.replacements import Replacements, mean_sources, zero_sources
from patched_cases import (
    ABLATIONS,
    CLEAN,
    CORRUPTED,
    EVERY_KIND,
    EXACT,
    random_mask,
    replacements_of,
    slow_patched_logits,
)
from tiny_models import tiny_model, tiny_tokens


@EVERY_KIND
@ABLATIONS
def test_the_patched_run_is_its_definition_taken_source_by_source(kind, ablation):
    model = tiny_model(kind)
    replacements = replacements_of(model, ablation)
    mask = random_mask(Graph.of(model.config))
    expected = slow_patched_logits(model, CLEAN, mask, replacements)
    torch.testing.assert_close(patched_logits(model, CLEAN, mask, replacements), expected, **EXACT)
    assert expected.std() > 0.1


@EVERY_KIND
def test_a_mask_of_ones_is_the_plain_run_under_every_replacement(kind):
    model = tiny_model(kind)
    ones = torch.ones(Graph.of(model.config).shape, dtype=torch.float64)
    for ablation in ("corrupted", "zero", "mean"):
        patched = patched_logits(model, CLEAN, ones, replacements_of(model, ablation))
        torch.testing.assert_close(patched, model(CLEAN), **EXACT)


@EVERY_KIND
def test_a_mask_of_zeros_is_the_corrupted_run(kind):
    model = tiny_model(kind)
    zeros = torch.zeros(Graph.of(model.config).shape, dtype=torch.float64)
    replacements = replacements_of(model, "corrupted")
    for live_only in (True, False):
        patched = patched_logits(model, CLEAN, zeros, replacements, live_only=live_only)
        torch.testing.assert_close(patched, model(CORRUPTED), **EXACT)


@EVERY_KIND
@ABLATIONS
def test_the_gradient_by_the_mask_equals_finite_differences(kind, ablation):
    model = tiny_model(kind)
    graph = Graph.of(model.config)
    replacements = replacements_of(model, ablation)
    read = torch.tensor([[6], [3], [5]])
    weights = torch.randn(3, 1, 50, dtype=torch.float64, generator=torch.Generator().manual_seed(5))
    mask = random_mask(graph).requires_grad_()

    def value(at):
        return (patched_logits(model, CLEAN, at, replacements, read=read, live_only=False) * weights).sum()

    (gradient,) = torch.autograd.grad(value(mask), mask)
    assert not gradient[~graph.edges].any()
    direction = random_mask(graph, seed=7) - 0.5
    step = 1e-5
    with torch.no_grad():
        difference = (value(mask + step * direction) - value(mask - step * direction)) / (2 * step)
    torch.testing.assert_close((gradient * direction).sum(), difference, rtol=1e-7, atol=1e-9)


@EVERY_KIND
def test_gradients_by_embeddings_and_replacements_equal_finite_differences(kind):
    model = tiny_model(kind)
    mask = random_mask(Graph.of(model.config), 0, 2)
    embeddings = [one.detach().clone().requires_grad_() for one in model.embed(CLEAN)]
    learned = zero_sources(model)
    for each in (learned.embeddings, learned.heads, learned.mlps):
        each[:] = [torch.randn_like(one).requires_grad_() for one in each]
    leaves = [*embeddings, *learned.embeddings, *learned.heads, *learned.mlps]

    def value():
        replacements = Replacements.of_sources(model, learned)
        return (
            patched_logits(model, CLEAN, mask, replacements, embeddings=embeddings, live_only=False)
            .sin()
            .sum()
        )

    gradients = torch.autograd.grad(value(), leaves)
    directions = [torch.randn_like(leaf) for leaf in leaves]
    step = 1e-6
    with torch.no_grad():
        ends = []
        for sign in (1, -2):
            for leaf, direction in zip(leaves, directions, strict=True):
                leaf += sign * step * direction
            ends.append(value())
    slope = sum((one * other).sum() for one, other in zip(gradients, directions, strict=True))
    torch.testing.assert_close(slope, (ends[0] - ends[1]) / (2 * step), rtol=1e-6, atol=1e-8)


@EVERY_KIND
@ABLATIONS
def test_several_masks_at_once_equal_one_at_a_time(kind, ablation):
    model = tiny_model(kind)
    replacements = replacements_of(model, ablation)
    masks = random_mask(Graph.of(model.config), 3, 4).requires_grad_()
    together = patched_logits(model, CLEAN, masks, replacements)
    apart = torch.stack([patched_logits(model, CLEAN, mask, replacements) for mask in masks])
    torch.testing.assert_close(together, apart, **EXACT)
    both = [torch.autograd.grad(logits.sin().sum(), masks)[0] for logits in (together, apart)]
    torch.testing.assert_close(*both, **EXACT)


@EVERY_KIND
def test_a_mask_with_positions_equals_the_definition_position_by_position(kind):
    model = tiny_model(kind)
    replacements = replacements_of(model, "corrupted")
    masks = random_mask(Graph.of(model.config), 3, 2, CLEAN.shape[1]).requires_grad_()
    patched = patched_logits(model, CLEAN, masks, replacements)
    for mask, logits in zip(masks.detach(), patched, strict=True):
        per_token = mask.permute(1, 2, 0)[..., None]
        expected = slow_patched_logits(model, CLEAN, per_token, replacements)
        torch.testing.assert_close(logits, expected, **EXACT)
    (gradient,) = torch.autograd.grad(patched.sin().sum(), masks)
    shared = masks.detach()[:1, :1].clone().requires_grad_()
    wide = shared.expand(1, CLEAN.shape[1], -1, -1)
    flat = shared[:, 0]
    gradients = [
        torch.autograd.grad(patched_logits(model, CLEAN, mask, replacements).sin().sum(), shared)[0]
        for mask in (wide, flat)
    ]
    torch.testing.assert_close(*gradients, **EXACT)
    assert gradient.shape == masks.shape


@EVERY_KIND
@ABLATIONS
@pytest.mark.parametrize("examples", [1, 2])
def test_a_run_leaves_its_replacements_and_its_mask_as_they_were(kind, ablation, examples):
    model = tiny_model(kind)
    replacements = replacements_of(model, ablation, CORRUPTED[:examples])
    mask = random_mask(Graph.of(model.config)).requires_grad_()
    before = copy.deepcopy((replacements, mask.detach()))
    first = patched_logits(model, CLEAN[:examples], mask, replacements)
    first.sum().backward()
    again = patched_logits(model, CLEAN[:examples], mask, replacements)
    assert torch.equal(first, again)
    now, then = replacements.sources, before[0].sources
    tensors = [
        (replacements.final_input, before[0].final_input),
        *zip(replacements.attention_inputs, before[0].attention_inputs, strict=True),
        *zip(replacements.mlp_inputs, before[0].mlp_inputs, strict=True),
        *(
            (a, b)
            for field in ("embeddings", "heads", "mlps")
            for a, b in zip(getattr(now, field), getattr(then, field), strict=True)
        ),
    ]
    assert all(torch.equal(one, other) for one, other in tensors)
    assert torch.equal(mask, before[1])


def test_one_removed_edge_is_what_a_hand_calculation_gives():
    """One layer, one head, no norm: the logits are linear in what the head adds to the stream."""
    model = tiny_model("no norm")
    graph = Graph.of(model.config)
    replacements = replacements_of(model, "corrupted")
    mask = torch.ones(graph.shape, dtype=torch.float64)
    mask[graph.edge_index("a2.h1->logits")] = 0
    tapes = [Tape("head"), Tape("head")]
    clean = model(CLEAN, tape=tapes[0])
    model(CORRUPTED, tape=tapes[1])
    change = tapes[1]["head"][2][:, :, 1] - tapes[0]["head"][2][:, :, 1]
    by_hand = clean + change @ model.layers[2].attention.output_weight[1].T @ model.unembed_weight.T
    torch.testing.assert_close(patched_logits(model, CLEAN, mask, replacements), by_hand, **EXACT)
    assert (by_hand - clean).abs().max() > 0.01


@EVERY_KIND
def test_zero_replacements_leave_only_the_constants(kind):
    model = tiny_model(kind)
    replacements = Replacements.of_sources(model, zero_sources(model))
    constants = torch.zeros(1, 1, 32, dtype=torch.float64)
    for layer in model.layers:
        if layer.attention.output_bias is not None:
            constants = constants + layer.attention.output_bias
    torch.testing.assert_close(replacements.final_input, constants, **EXACT)


@given(seed=st.integers(0, 1000), split=st.integers(1, 5))
@settings(max_examples=20, deadline=None)
def test_means_do_not_depend_on_how_prompts_are_batched(seed, split):
    model = tiny_model("plain")
    tokens = tiny_tokens(seed, examples=6)
    for per_position in (True, False):
        one = mean_sources(model, [tokens], per_position)
        several = mean_sources(model, tokens.split(split), per_position)
        for field in ("embeddings", "heads", "mlps"):
            for left, right in zip(getattr(one, field), getattr(several, field), strict=True):
                torch.testing.assert_close(left, right, **EXACT)
                assert left.shape[1] == (tokens.shape[1] if per_position else 1)


def test_backward_can_be_taken_twice():
    model = tiny_model("plain")
    mask = random_mask(Graph.of(model.config)).requires_grad_()
    total = patched_logits(model, CLEAN, mask, replacements_of(model, "corrupted")).sum()
    first = torch.autograd.grad(total, mask, retain_graph=True)[0]
    torch.testing.assert_close(torch.autograd.grad(total, mask)[0], first, **EXACT)


def test_half_precision_weights_take_float32_masks():
    model = tiny_model("plain", dtype=torch.bfloat16)
    mask = torch.ones(Graph.of(model.config).shape, requires_grad=True)
    patched = patched_logits(model, CLEAN, mask, replacements_of(model, "corrupted"))
    plain = model(CLEAN)
    assert (patched - plain).abs().max() < 0.05 * plain.abs().max()
    (gradient,) = torch.autograd.grad(patched.float().sum(), mask)
    assert gradient.dtype == torch.float32
    assert gradient.isfinite().all()
