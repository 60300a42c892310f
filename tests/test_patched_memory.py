"""Memory of patched runs: chunks of any size, workspaces with anything in them, backward passes broken
off."""

import pytest
import torch

from edgewise.errors import BadInput
from edgewise.graph import Graph
from edgewise.models.tape import SOURCES, Tape
from edgewise.patching import outbox
from edgewise.patching.forward import patched_logits
from edgewise.patching.replacements import Replacements
from edgewise.patching.workspace import Workspace
from patched_cases import CLEAN, CORRUPTED, EVERY_KIND, EXACT, random_mask, replacements_of
from tiny_models import tiny_model, tiny_tokens

READ = torch.tensor([[2, 5], [4, 4], [5, 3]])


def logits_and_gradient(model, mask, workspace=None, read=READ):
    mask = mask.clone().requires_grad_()
    logits = patched_logits(
        model, CLEAN, mask, replacements_of(model, "corrupted"), read=read, workspace=workspace
    )
    return logits.detach(), torch.autograd.grad(logits.square().sum(), mask)[0]


@EVERY_KIND
@pytest.mark.parametrize("leading", [(), (2,), (2, 7)])
def test_chunks_of_one_position_give_the_logits_and_gradients_of_a_whole_one(monkeypatch, kind, leading):
    model = tiny_model(kind)
    mask = random_mask(Graph.of(model.config), 4, *leading)
    whole = logits_and_gradient(model, mask)
    monkeypatch.setattr(outbox, "CHUNK_BYTES", 1)
    for one, other in zip(logits_and_gradient(model, mask), whole, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-10)


@EVERY_KIND
@pytest.mark.parametrize("masks", [1, 3])
def test_what_a_workspace_held_before_never_shows(kind, masks):
    model = tiny_model(kind)
    mask = random_mask(Graph.of(model.config), 5, masks)
    workspace = Workspace()
    fresh = logits_and_gradient(model, mask, workspace)
    for held in workspace.buffers.values():
        held.fill_(torch.nan)
    for one, other in zip(logits_and_gradient(model, mask, workspace), fresh, strict=True):
        torch.testing.assert_close(one, other, **EXACT)


def test_a_backward_that_is_broken_off_leaves_nothing_for_the_next():
    model = tiny_model("plain")
    replacements = replacements_of(model, "corrupted")
    mask = random_mask(Graph.of(model.config)).requires_grad_()
    embedded = [each.requires_grad_() for each in model.embed(CLEAN)]
    logits = patched_logits(model, CLEAN, mask, replacements, embeddings=embedded)
    whole = torch.autograd.grad(logits.sum(), mask, retain_graph=True)[0]

    def break_off(gradient):
        raise KeyboardInterrupt

    hook = embedded[0].register_hook(break_off)
    with pytest.raises(KeyboardInterrupt):
        torch.autograd.grad(logits.sum(), [mask, *embedded], retain_graph=True)
    hook.remove()
    again = torch.autograd.grad(logits.sum(), mask)[0]
    torch.testing.assert_close(again, whole, **EXACT)


def test_gradients_of_gradients_are_refused():
    model = tiny_model("plain")
    mask = random_mask(Graph.of(model.config)).requires_grad_()
    logits = patched_logits(model, CLEAN, mask, replacements_of(model, "corrupted"))
    with pytest.raises(RuntimeError, match="can be differentiated once"):
        torch.autograd.grad(logits.sum(), mask, create_graph=True)


def test_in_half_precision_the_masks_gradient_does_not_depend_on_the_chunks(monkeypatch):
    model = tiny_model("plain", dtype=torch.bfloat16)
    clean, corrupted = tiny_tokens(1, 2, 20), tiny_tokens(2, 2, 20)
    replacements = Replacements.of_run(model, corrupted)
    gradients = []
    for size in (outbox.CHUNK_BYTES, 1):
        monkeypatch.setattr(outbox, "CHUNK_BYTES", size)
        mask = random_mask(Graph.of(model.config)).float().requires_grad_()
        patched_logits(model, clean, mask, replacements).float().square().sum().backward()
        gradients.append(mask.grad)
    whole, chunked = gradients
    assert (whole - chunked).norm() / whole.norm() < 2e-3


def test_what_does_not_fit_is_told_all_at_once():
    model = tiny_model("plain")
    graph = Graph.of(model.config)
    tape = Tape(*SOURCES)
    model(CLEAN, tape=tape)
    with pytest.raises(BadInput) as error:
        patched_logits(
            model,
            CLEAN,
            torch.ones(1, 5, *graph.shape),
            Replacements.of_run(model, CORRUPTED[:, :1]),
            read=torch.full((3, 1), 7),
            embeddings=model.embed(CLEAN),
            clean=tape,
            from_layer=1,
        )
    text = str(error.value)
    for needed in (
        "one for each of the 7 tokens. Got 5",
        "positions to read must be from 0 to 6. Got [[7], [7], [7]]",
        "replacements for 7 tokens were needed. Got those of 1 tokens",
        "embeddings cannot be given with from_layer",
    ):
        assert needed in text


@pytest.mark.parametrize("layer", [-1, 4])
def test_a_suffix_must_begin_at_a_layer_of_the_model(layer):
    model = tiny_model("plain")
    with pytest.raises(BadInput, match=f"from_layer must be from 0 to 3. Got {layer}"):
        patched_logits(
            model,
            CLEAN,
            random_mask(Graph.of(model.config)),
            replacements_of(model, "zero"),
            clean=Tape(*SOURCES),
            from_layer=layer,
        )
