"""What tests of methods that score by gradients have in common."""

import itertools

import pytest
import torch

import edgewise as ew
from edgewise.methods import METHODS
from edgewise.methods.options import own_options
from edgewise.patching.replacements import replacer

INTEGRATED = ["eap-ig-inputs", "eap-ig-activations", "eap-ig-mask", "clean-corrupted"]
AT_CLEAN = ["eap", "relp", "gim"]
GRADIENTS = [*AT_CLEAN, *INTEGRATED]
EXACT = {"rtol": 1e-7, "atol": 1e-11}
SOME_KINDS = ["plain", "parallel", "attention-only", "post-norm", "grouped readers", "split embeddings"]


def with_ablations(kinds):
    """Every kind, and every ablation, but not every pair of them."""
    cases = zip(kinds, itertools.cycle(["corrupted", "zero", "mean"]), strict=False)
    return pytest.mark.parametrize(("kind", "ablation"), list(cases))


def replacing_for(ablation, model, batch):
    return replacer(ablation, model, lambda: [batch.corrupted], aligned=True)


def score(method, model, pairs, metric="logit-diff", ablation="corrupted", **options):
    """By two steps unless told otherwise: laws hold for any number."""
    if "steps" in own_options(METHODS[method].discover):
        options.setdefault("steps", 2)
    return ew.discover(model, pairs, method, metric=metric, ablation=ablation, **options).values


def same_as_float32(found, expected):
    """Scores are kept in float32, and sums over edges cancel."""
    torch.testing.assert_close(
        found.double(), expected.double(), rtol=1e-5, atol=1e-6 * expected.abs().max().item()
    )
