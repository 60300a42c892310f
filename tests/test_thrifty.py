"""Patched runs that work layers out again in the backward pass: the same numbers, for one layer's memory."""

import pytest
import torch
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from edgewise.graph import Graph
from edgewise.models.config import ModelConfig
from edgewise.models.random import random_model
from edgewise.models.tape import SOURCES, Tape
from edgewise.patching.forward import patched_logits
from edgewise.patching.patched_run import PatchedTape
from edgewise.patching.replacements import Replacements, zero_sources
from edgewise.patching.workspace import Workspace
from patched_cases import CLEAN, EVERY_KIND, EXACT, random_mask, replacements_of
from tiny_models import COMMON, tiny_model, tiny_tokens

LEADING = pytest.mark.parametrize("leading", [(), (3,), (2, 1), (2, 7)], ids=str)
"""One mask; several; several with an axis of positions; several that tell positions apart."""
READ = torch.tensor([[2, 5], [4, 4], [5, 3]])


def both_ways(model, leaves, replacements, mask, embeddings=None, read=None, **given):
    """Logits and gradients by the leaves, of a run that keeps its layers and of one that does not."""
    found = []
    for thrifty in (False, True):
        logits = patched_logits(
            model,
            CLEAN,
            mask,
            replacements(),
            read=read,
            embeddings=embeddings,
            live_only=False,
            thrifty=thrifty,
            **given,
        )
        found.append([logits.detach(), *torch.autograd.grad(logits.sin().sum(), leaves)])
    return found


def assert_alike(found):
    for kept, thrifty in zip(*found, strict=True):
        torch.testing.assert_close(thrifty, kept, **EXACT)
        assert kept.any()


@EVERY_KIND
@LEADING
def test_logits_and_gradients_by_the_mask_are_those_of_a_run_that_keeps_its_layers(kind, leading):
    model = tiny_model(kind)
    mask = random_mask(Graph.of(model.config), 3, *leading).requires_grad_()
    replacements = replacements_of(model, "mean" if leading else "corrupted")
    for read in (None, READ):
        assert_alike(both_ways(model, [mask], lambda: replacements, mask, read=read))


@EVERY_KIND
@pytest.mark.parametrize("with_mask", [False, True])
def test_gradients_by_embeddings_and_replacements_are_those_of_a_run_that_keeps_its_layers(kind, with_mask):
    model = tiny_model(kind)
    mask = random_mask(Graph.of(model.config), 0, 2).requires_grad_(with_mask)
    embeddings = [one.detach().clone().requires_grad_() for one in model.embed(CLEAN)]
    learned = zero_sources(model)
    for each in (learned.embeddings, learned.heads, learned.mlps):
        each[:] = [torch.randn_like(one).requires_grad_() for one in each]
    leaves = [*embeddings, *learned.embeddings, *learned.heads, *learned.mlps, *[mask] * with_mask]
    assert_alike(both_ways(model, leaves, lambda: Replacements.of_sources(model, learned), mask, embeddings))


@EVERY_KIND
def test_a_gradient_that_begins_in_the_last_layer_alone_is_found(kind):
    model = tiny_model(kind)
    mask = random_mask(Graph.of(model.config))
    learned = zero_sources(model)
    learned.heads[-1] = torch.randn_like(learned.heads[-1]).requires_grad_()
    leaves = [learned.heads[-1]]
    assert_alike(both_ways(model, leaves, lambda: Replacements.of_sources(model, learned), mask))


@EVERY_KIND
def test_layers_taken_from_a_tape_stay_those_of_the_tape(kind):
    model = tiny_model(kind)
    graph = Graph.of(model.config)
    tape = Tape(*SOURCES)
    model(CLEAN, tape=tape)
    mask = random_mask(graph, 1, 2)
    mask[:, : graph.head_readers(2).start] = 1
    mask.requires_grad_()
    replacements = replacements_of(model, "corrupted")
    assert_alike(both_ways(model, [mask], lambda: replacements, mask, clean=tape, from_layer=2))


@EVERY_KIND
def test_a_backward_changes_nothing_that_a_second_one_needs(kind):
    model = tiny_model(kind)
    mask = random_mask(Graph.of(model.config)).requires_grad_()
    logits = patched_logits(model, CLEAN, mask, replacements_of(model, "corrupted"), thrifty=True)
    first, second = (torch.autograd.grad(logits.square().sum(), mask, retain_graph=True)[0] for _ in range(2))
    torch.testing.assert_close(first, second, **EXACT)
    # A part of the logits, after the whole of them.
    kept = patched_logits(model, CLEAN, mask, replacements_of(model, "corrupted"))
    parts = [torch.autograd.grad(each[1:].square().sum(), mask)[0] for each in (logits, kept)]
    torch.testing.assert_close(*parts, **EXACT)


def test_a_run_is_recorded_once_though_its_layers_are_worked_out_twice():
    model = tiny_model("plain")
    mask = random_mask(Graph.of(model.config)).requires_grad_()
    tapes = []
    for thrifty in (False, True):
        record = PatchedTape()
        given = {"live_only": False, "record": record, "thrifty": thrifty}
        patched_logits(model, CLEAN, mask, replacements_of(model, "corrupted"), **given).sum().backward()
        tapes.append(record)
    for name in SOURCES:
        assert_alike([[each.detach() for each in tape[name]] for tape in tapes])


def test_the_backward_of_a_run_whose_memory_was_taken_by_another_is_refused_and_harms_neither():
    model = tiny_model("plain")
    mask = random_mask(Graph.of(model.config), 0, 2).requires_grad_()
    replacements, workspace = replacements_of(model, "corrupted"), Workspace()
    first, second = (
        patched_logits(model, tokens, mask, replacements, workspace=workspace, thrifty=True)
        for tokens in (CLEAN, CLEAN.flip(0))
    )
    with pytest.raises(RuntimeError, match="taken by a later run"):
        first.sum().backward()
    (shared,) = torch.autograd.grad(second.sum(), mask)
    alone = patched_logits(model, CLEAN.flip(0), mask, replacements)
    torch.testing.assert_close(shared, torch.autograd.grad(alone.sum(), mask)[0], **EXACT)


class Alive(TorchDispatchMode):
    """Bytes of what was made since, and is still there."""

    def __init__(self):
        super().__init__()
        self.made, self.peak = {}, 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        given = {
            each.untyped_storage()._cdata for each in tree_leaves(args) if isinstance(each, torch.Tensor)
        }
        for tensor in tree_leaves(result):
            if isinstance(tensor, torch.Tensor):
                storage = tensor.untyped_storage()
                if storage._cdata not in given:
                    self.made[storage._cdata] = (StorageWeakRef(storage), storage.nbytes())
        self.peak = max(self.peak, self.bytes())
        return result

    def bytes(self):
        self.made = {key: each for key, each in self.made.items() if not each[0].expired()}
        return sum(size for _, size in self.made.values())


MASKS, TOKENS = 2, (3, 16)


def memory(layers, thrifty):
    """Of one run: kept until its backward, and at most on the way through it. And what its sources write."""
    model = random_model(
        ModelConfig(**{**COMMON, "layers": layers, "width": 128, "mlp_width": 768}),
        seed=0,
        dtype=torch.float64,
    )
    graph = Graph.of(model.config)
    mask = random_mask(graph, 0, MASKS).requires_grad_()
    replacements = Replacements.of_run(model, tiny_tokens(2, *TOKENS))
    with Alive() as alive:
        logits = patched_logits(model, tiny_tokens(1, *TOKENS), mask, replacements, thrifty=thrifty)
        kept, alive.peak = alive.bytes(), 0
        logits.sum().backward()
    assert mask.grad is not None
    written = MASKS * TOKENS[0] * TOKENS[1] * len(graph.sources) * model.config.width * 8
    return torch.tensor([kept, alive.peak, written])


def test_what_a_run_keeps_grows_with_its_layers_only_by_what_its_sources_write():
    # Beside it are the mask, the statistics of norms and the tokens of the chain: all without a width.
    few, more, most = (memory(layers, thrifty=True) for layers in (2, 4, 6))
    for kept, peak, written in ((more - few).tolist(), (most - more).tolist()):
        assert written < kept < 1.2 * written
        # In the backward pass there are as many gradients, and one layer at a time.
        assert peak < 2.5 * written
    few, more = (memory(layers, thrifty=False) for layers in (2, 4))
    kept, peak, written = (more - few).tolist()
    assert kept > 2.5 * written
    assert peak > 3.5 * written
