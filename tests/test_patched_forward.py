"""The laws of the primitive, in float64, on every kind of model."""

import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewise.circuit import Circuit
from edgewise.errors import BadInput
from edgewise.graph import Graph
from edgewise.models.tape import SOURCES, Tape
from edgewise.patching.forward import patched_logits
from edgewise.patching.plan import Plan
from edgewise.patching.replacements import Replacements, mean_sources, replacer, zero_sources
from edgewise.patching.workspace import Workspace
from tiny_models import KINDS, tiny_model, tiny_tokens

EVERY_KIND = pytest.mark.parametrize("kind", KINDS)
ABLATIONS = pytest.mark.parametrize("ablation", ["corrupted", "zero", "mean"])
EXACT = {"rtol": 1e-12, "atol": 1e-12}

CLEAN, CORRUPTED = tiny_tokens(1), tiny_tokens(2)


def replacements_of(model, ablation, corrupted=CORRUPTED):
    return replacer(ablation, model, lambda: [corrupted], aligned=True).replacements(corrupted)


def random_mask(graph, seed=0, *leading, density=None):
    generator = torch.Generator().manual_seed(seed)
    mask = torch.rand(*leading, *graph.shape, generator=generator, dtype=torch.float64)
    return mask if density is None else (mask < density).double()


def slow_patched_logits(model, tokens, mask, replacements):
    """The definition, source by source and reader by reader: the oracle."""
    config, graph = model.config, Graph.of(model.config)
    sources = replacements.sources
    replaced: list[torch.Tensor] = []
    live: list[torch.Tensor] = []
    shape = (*tokens.shape, config.width)

    def read(reader, constants):
        row = mask[graph.reader_index[reader]]
        seen = graph.visible[graph.reader_index[reader]]
        mixed = (row[s] * live[s] + (1 - row[s]) * replaced[s] for s in range(seen))
        return sum(mixed, constants)

    for written, replacement in zip(model.embed(tokens), sources.embeddings, strict=True):
        live.append(written)
        replaced.append(replacement.expand(shape))
    constants = torch.zeros(shape, dtype=torch.float64)
    places = model.places(live[0])
    for index, layer in enumerate(model.layers):
        attention = layer.attention
        parts = []
        for position_of, (name, letter) in enumerate((("query", "q"), ("key", "k"), ("value", "v"))):
            heads = config.heads if letter == "q" else config.key_readers
            per_head = []
            for head in range(heads):
                normed = layer.attention_norm(read(f"a{index}.h{head}<{letter}>", constants))
                projected = attention.project(name, model.projection_inputs(normed)[position_of])
                per_head.append(projected[:, :, head // (heads // projected.shape[2])])
            parts.append(attention.spread(torch.stack(per_head, 2)))
        mixed = attention.mix(*parts, places, index)
        scale = layer.attention_scale(mixed)
        mixed = mixed if scale is None else mixed * scale[..., None]
        new = []
        for head in range(config.heads):
            weight = attention.output_weight[head].T
            if layer.attention_post_norm.kind != "none":
                weight = weight * layer.attention_post_norm.weight
            new.append(
                (mixed[:, :, head] @ weight, (sources.heads[index][:, :, head] @ weight).expand(shape))
            )
        bias = constants if attention.output_bias is None else constants + attention.output_bias
        if not config.parallel:
            live += [one for one, _ in new]
            replaced += [other for _, other in new]
            constants = bias
        if config.mlp_width:
            written = layer.write_mlp(layer.mlp_norm(read(f"m{index}", constants)))
            new_mlp = (written, sources.mlps[index].expand(shape))
        if config.parallel:
            live += [one for one, _ in new]
            replaced += [other for _, other in new]
            constants = bias
        if config.mlp_width:
            live.append(new_mlp[0])
            replaced.append(new_mlp[1])
    return model.unembed(read("logits", constants))


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
@pytest.mark.parametrize("density", [0.03, 0.15, 0.5])
def test_computing_only_what_is_live_changes_nothing(kind, ablation, density):
    model = tiny_model(kind)
    graph = Graph.of(model.config)
    replacements = replacements_of(model, ablation)
    masks = random_mask(graph, 11, 3, density=density)
    read = torch.tensor([[6], [6], [2]])
    with torch.no_grad():
        whole = patched_logits(model, CLEAN, masks, replacements, read=read, live_only=False)
        live = patched_logits(model, CLEAN, masks, replacements, read=read)
    torch.testing.assert_close(live, whole, **EXACT)


def test_a_small_circuit_computes_only_its_own_heads():
    model = tiny_model("plain")
    graph = Graph.of(model.config)
    mask = torch.zeros(graph.shape, dtype=torch.float64)
    for name in (
        "embed->a0.h1<v>",
        "a0.h1->a2.h3<q>",
        "a2.h3->logits",
        "m1->logits",
        "embed->m0",
        "a1.h0->m2",
    ):
        mask[graph.edge_index(name)] = 1
    plan = Plan.live(graph, mask[None], dead_is_replaced=True, heads_together=False)
    # m1 is dead, for nothing live reaches it; m0 and a1.h0 are not needed.
    assert plan.heads == [[1], [], [3]]
    assert plan.mlps == [False, False, False]
    kept = Plan.live(graph, mask[None], dead_is_replaced=False, heads_together=False)
    assert kept.mlps == [False, True, False]


@EVERY_KIND
@ABLATIONS
def test_layers_that_masks_leave_alone_can_be_taken_from_the_clean_run(kind, ablation):
    model = tiny_model(kind)
    graph = Graph.of(model.config)
    replacements = replacements_of(model, ablation)
    tape = Tape(*SOURCES)
    model(CLEAN, tape=tape)
    for layer in (1, 2):
        masks = random_mask(graph, 3, 2)
        masks[:, : graph.head_readers(layer).start] = 1
        whole = patched_logits(model, CLEAN, masks, replacements, live_only=False)
        for live_only in (True, False):
            suffix = patched_logits(
                model, CLEAN, masks, replacements, from_layer=layer, clean=tape, live_only=live_only
            )
            torch.testing.assert_close(suffix, whole, **EXACT)


def test_a_mask_that_changes_a_layer_taken_from_the_clean_run_is_refused():
    model = tiny_model("plain")
    tape = Tape(*SOURCES)
    model(CLEAN, tape=tape)
    mask = random_mask(Graph.of(model.config))
    with pytest.raises(ValueError, match="must be 1 for every reader below layer 1"):
        patched_logits(model, CLEAN, mask, replacements_of(model, "zero"), from_layer=1, clean=tape)
    with pytest.raises(ValueError, match="needs clean"):
        patched_logits(model, CLEAN, mask, replacements_of(model, "zero"), from_layer=1)


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


def test_reads_take_each_examples_own_positions():
    model = tiny_model("plain")
    replacements = replacements_of(model, "corrupted")
    mask = random_mask(Graph.of(model.config))
    everywhere = patched_logits(model, CLEAN, mask, replacements)
    read = torch.tensor([[6, 1], [3, 4], [0, 0]])
    some = patched_logits(model, CLEAN, mask, replacements, read=read)
    torch.testing.assert_close(some, everywhere[torch.arange(3)[:, None], read], **EXACT)


def test_a_workspace_serves_run_after_run_and_guards_an_unfinished_one():
    model = tiny_model("plain")
    replacements = replacements_of(model, "corrupted")
    workspace = Workspace()
    masks = [random_mask(Graph.of(model.config), seed, 2 - seed).requires_grad_() for seed in (0, 1)]
    for mask in masks:
        fresh, reused = (
            torch.autograd.grad(patched_logits(model, CLEAN, mask, replacements, workspace=one).sum(), mask)[
                0
            ]
            for one in (None, workspace)
        )
        torch.testing.assert_close(fresh, reused, **EXACT)
    early = patched_logits(model, CLEAN, masks[0], replacements, workspace=workspace)
    patched_logits(model, CLEAN, masks[1], replacements, workspace=workspace)
    with pytest.raises(RuntimeError, match="taken by a later run"):
        early.sum().backward()


def test_backward_can_be_taken_twice():
    model = tiny_model("plain")
    mask = random_mask(Graph.of(model.config)).requires_grad_()
    total = patched_logits(model, CLEAN, mask, replacements_of(model, "corrupted")).sum()
    first = torch.autograd.grad(total, mask, retain_graph=True)[0]
    torch.testing.assert_close(torch.autograd.grad(total, mask)[0], first, **EXACT)


def test_a_mask_of_another_graph_is_refused_with_both_shapes():
    model = tiny_model("plain")
    with pytest.raises(BadInput, match=r"\[readers, sources\] was needed. Got \(3, 3\)"):
        patched_logits(model, CLEAN, torch.ones(3, 3), replacements_of(model, "zero"))


def test_half_precision_weights_take_float32_masks():
    model = tiny_model("plain", dtype=torch.bfloat16)
    mask = torch.ones(Graph.of(model.config).shape, requires_grad=True)
    patched = patched_logits(model, CLEAN, mask, replacements_of(model, "corrupted"))
    plain = model(CLEAN)
    assert (patched - plain).abs().max() < 0.05 * plain.abs().max()
    (gradient,) = torch.autograd.grad(patched.float().sum(), mask)
    assert gradient.dtype == torch.float32
    assert gradient.isfinite().all()


def test_reads_may_repeat_a_position_and_must_lie_in_the_prompt():
    model = tiny_model("plain")
    replacements = replacements_of(model, "corrupted")
    ones = torch.ones(Graph.of(model.config).shape, dtype=torch.float64)
    for read in (torch.tensor([[3, 3]] * 3), torch.tensor([[6]] * 3), torch.tensor([[1], [2], [3]])):
        patched = patched_logits(model, CLEAN, ones, replacements, read=read)
        torch.testing.assert_close(patched, model(CLEAN, read), **EXACT)
    for outside in (-1, 7):
        with pytest.raises(ValueError, match="must be from 0 to 6"):
            patched_logits(model, CLEAN, ones, replacements, read=torch.full((3, 1), outside))


@pytest.mark.parametrize("positions", [5, 8])
def test_a_mask_with_positions_must_have_those_of_the_prompt(positions):
    model = tiny_model("plain")
    mask = random_mask(Graph.of(model.config), 0, 1, positions)
    with pytest.raises(ValueError, match=f"each of the 7 tokens. Got {positions}"):
        patched_logits(model, CLEAN, mask, replacements_of(model, "zero"))


@pytest.mark.parametrize("kind", [kind for kind in KINDS if not tiny_model(kind).config.heads_share_a_norm])
@pytest.mark.parametrize("density", [0.1, 0.3])
def test_under_corrupted_replacement_pruning_changes_nothing(kind, density):
    model = tiny_model(kind)
    graph = Graph.of(model.config)
    circuit = Circuit(graph, random_mask(graph, 2, density=density).bool() & graph.edges)
    pruned = circuit.prune()
    assert len(pruned) < len(circuit)
    before, after = (
        patched_logits(
            model, CLEAN, each.mask(torch.float64), replacements_of(model, "corrupted"), live_only=False
        )
        for each in (circuit, pruned)
    )
    torch.testing.assert_close(before, after, **EXACT)
