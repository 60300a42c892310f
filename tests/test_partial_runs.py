"""Runs of a part: what is live, what masks change, what is read; workspaces; masks that do not fit."""

import pytest
import torch

from edgewise.circuit import Circuit
from edgewise.errors import BadInput
from edgewise.graph import Graph
from edgewise.models.tape import SOURCES, Tape
from edgewise.patching.forward import patched_logits
from edgewise.patching.plan import Plan
from edgewise.patching.workspace import Workspace
from patched_cases import ABLATIONS, CLEAN, EVERY_KIND, EXACT, random_mask, replacements_of
from tiny_models import KINDS, tiny_model


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


def test_a_mask_of_another_graph_is_refused_with_both_shapes():
    model = tiny_model("plain")
    with pytest.raises(BadInput, match=r"\[readers, sources\] was needed. Got \(3, 3\)"):
        patched_logits(model, CLEAN, torch.ones(3, 3), replacements_of(model, "zero"))


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
