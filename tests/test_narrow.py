"""Models in bfloat16: scores and gradients are those of float32 within what rounding explains."""

import pytest
import torch
from torch._decomp import decomposition_table

import edgewise as ew
from edgewise.graph import Graph
from edgewise.patching import attribution, readers
from edgewise.patching.forward import run_patched
from edgewise.patching.replacements import Replacements
from edgewise.tasks.metrics import METRICS
from tiny_models import KINDS, tiny_model, tiny_tokens

# A number rounded to bfloat16 is off by up to 2^-9 of it. Tens of roundings on the way through three layers,
# of either sign, make some 2 % of a vector's length, which is a cosine of 1 - .02^2 / 2 = .9998; sums that
# cancel make it several times as much.
ALIKE = 0.99


def both(kind):
    """One model, twice: in bfloat16, and the very same weights in float32."""
    narrow = tiny_model(kind, dtype=torch.bfloat16)
    wide = tiny_model(kind, dtype=torch.bfloat16).float()
    return narrow, wide


def cosine(one, other):
    return torch.cosine_similarity(one.flatten().double(), other.flatten().double(), dim=0).item()


def pairs_for(model):
    rows = zip(tiny_tokens(1).tolist(), tiny_tokens(2).tolist(), strict=True)
    made = [{"clean": clean, "corrupted": other, "correct": 3, "wrong": 5} for clean, other in rows]
    return ew.Pairs.from_list(made, model)


def mask_gradient(model, graph, batch):
    mask = torch.full(graph.shape, 0.5, requires_grad=True)
    replacements = Replacements.of_run(model, batch.corrupted)
    logits = run_patched(model, batch.clean, mask, replacements, read=batch.read, where=batch.where)
    [gradient] = torch.autograd.grad(METRICS["logit-diff"](logits, batch).sum(), mask)
    return gradient


@pytest.mark.parametrize("operands", ["as on a processor", "as on a GPU"])
@pytest.mark.parametrize("method", ["eap", "eap-ig-inputs"])
@pytest.mark.parametrize("kind", KINDS)
def test_scores_are_those_of_float32(kind, method, operands, monkeypatch):
    narrow, wide = both(kind)
    expected = ew.discover(wide, pairs_for(wide), method).values
    if operands == "as on a GPU":
        monkeypatch.setattr(attribution, "operands_dtype", lambda model: model.dtype)
    found = ew.discover(narrow, pairs_for(narrow), method).values
    assert found.dtype == torch.float32
    assert cosine(found, expected) > ALIKE


@pytest.mark.parametrize("kind", KINDS)
def test_the_gradient_of_a_mask_is_that_of_float32(kind):
    found = []
    for model in both(kind):
        graph, batch = Graph.of(model.config), pairs_for(model).batch([0, 1, 2])
        gradient = mask_gradient(model, graph, batch)
        assert gradient.dtype == torch.float32
        # Nor was it rounded on the way.
        assert not torch.equal(gradient, gradient.bfloat16().float())
        found.append(gradient * graph.edges)
    assert cosine(*found) > ALIKE


@pytest.mark.parametrize("kind", [name for name in KINDS if KINDS[name].get("norm") == "rms"])
def test_a_gpus_kernels_for_a_norm_make_what_the_norm_is_made_of(kind, monkeypatch):
    """Torch tells what its kernel for the backward does by other operations, which run anywhere."""
    backward = decomposition_table[torch.ops.aten._fused_rms_norm_backward.default]
    model = tiny_model(kind, dtype=torch.float32)
    given = (model, Graph.of(model.config), pairs_for(model).batch([0, 1, 2]))
    expected = mask_gradient(*given)
    monkeypatch.setattr(readers, "has_fused_norms", lambda _: True)
    monkeypatch.setattr(readers, "FUSED_BACKWARD", backward)
    torch.testing.assert_close(mask_gradient(*given), expected, rtol=1e-4, atol=1e-6)
