"""What a run leaves in memory: nothing. Gradients are the caller's own, whatever a workspace does next."""

import copy
import gc
import weakref

import pytest
import torch

from edgewise.graph import Graph
from edgewise.methods import eap
from edgewise.patching import patched_run
from edgewise.patching.forward import patched_logits
from edgewise.patching.outbox import Outbox
from edgewise.patching.reader_gradients import GradientTape
from edgewise.patching.replacements import Replacements, replacer, zero_sources
from edgewise.patching.workspace import Workspace
from edgewise.tasks.metrics import METRICS
from edgewise.tasks.pairs import Batch
from tiny_models import KINDS, tiny_model, tiny_tokens

CLEAN, CORRUPTED = tiny_tokens(1), tiny_tokens(2)


def remembered(kind, made):
    """The class, noting each of its instances without holding it."""

    class Remembered(kind):
        def __init__(self, *arguments, **named):
            super().__init__(*arguments, **named)
            made.append(weakref.ref(self))

    return Remembered


def alive(made):
    gc.collect()
    return sum(each() is not None for each in made)


def test_attribution_leaves_no_batch_behind(monkeypatch):
    made: list[weakref.ref] = []
    monkeypatch.setattr(eap, "GradientTape", remembered(GradientTape, made))
    model = tiny_model("plain")
    ones = torch.ones(3, 1, dtype=torch.long)
    batch = Batch(CLEAN, CORRUPTED, 6 * ones, ones, 2 * ones, None, torch.arange(3))
    for _ in range(3):
        eap.batch_gradients(model, batch, METRICS["logit-diff"], replacer("corrupted", model, list))
    assert len(made) == 3
    assert alive(made) == 0


@pytest.mark.parametrize("ending", ["backward", "dropped", "without gradients", "broken off"])
def test_a_patched_run_leaves_no_outbox_behind(monkeypatch, ending):
    made: list[weakref.ref] = []
    monkeypatch.setattr(patched_run, "Outbox", remembered(Outbox, made))
    model = tiny_model("plain")
    replacements = Replacements.of_run(model, CORRUPTED)
    mask = torch.rand(Graph.of(model.config).shape, dtype=torch.float64)
    mask.requires_grad_(ending != "without gradients")
    if ending == "broken off":
        broken = copy.copy(replacements)
        broken.mlp_inputs[1] = torch.zeros(1, 2, 3, 4, 5, 6)
    for _ in range(3):
        if ending == "broken off":
            with pytest.raises((RuntimeError, TypeError)):
                patched_logits(model, CLEAN, mask, broken)
            continue
        logits = patched_logits(model, CLEAN, mask, replacements)
        if ending == "backward":
            logits.sum().backward()
        del logits
    assert len(made) == 3
    assert alive(made) == 0


def leaves_of(model, which, examples):
    """The tensors that gradients are taken by: the mask, the embeddings, the replacements, or all."""
    generator = torch.Generator().manual_seed(3)
    mask = torch.rand(Graph.of(model.config).shape, dtype=torch.float64, generator=generator)
    embeddings = [one.detach().clone() for one in model.embed(CLEAN[:examples])]
    sources = zero_sources(model)
    sources.heads[:] = [one.clone() for one in sources.heads]
    leaves = {"mask": [mask], "embeddings": embeddings, "replacements": sources.heads}
    wanted = [tensor for name, each in leaves.items() for tensor in each if which in (name, "all")]
    for tensor in wanted:
        tensor.requires_grad_()

    def total(workspace=None):
        replacements = Replacements.of_sources(model, sources)
        logits = patched_logits(
            model, CLEAN[:examples], mask, replacements, embeddings=embeddings, workspace=workspace
        )
        return logits.sin().sum()

    return wanted, total


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("which", ["mask", "embeddings", "replacements", "all"])
def test_gradients_do_not_depend_on_what_was_differentiated_before(kind, which):
    model = tiny_model(kind)
    wanted, total = leaves_of(model, which, 2)
    value = total()
    first = [gradient.clone() for gradient in torch.autograd.grad(value, wanted, retain_graph=True)]
    for one in wanted:
        torch.autograd.grad(value, one, retain_graph=True)
    again = torch.autograd.grad(value, wanted)
    for one, other in zip(first, again, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-12)
    assert any(gradient.abs().max() > 1e-3 for gradient in first)


@pytest.mark.parametrize("examples", [1, 2])
@pytest.mark.parametrize("which", ["mask", "embeddings", "replacements", "all"])
def test_gradients_stay_as_they_are_when_the_workspace_is_used_again(which, examples):
    model, workspace = tiny_model("plain"), Workspace()
    wanted, total = leaves_of(model, which, examples)
    alone = torch.autograd.grad(total(), wanted)
    kept = torch.autograd.grad(total(workspace), wanted)
    for _ in range(2):
        total(workspace).backward()
    for one, held, leaf in zip(alone, kept, wanted, strict=True):
        torch.testing.assert_close(held, one, rtol=1e-12, atol=1e-12)
        torch.testing.assert_close(leaf.grad, 2 * one, rtol=1e-12, atol=1e-12)
