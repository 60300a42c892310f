"""The rules that tests name."""

from __future__ import annotations

import torch

from edgewise.models.rules import Rules

RELP = Rules(frozen_norms=True, secant=True, frozen_pattern=True, gate=0.5, up=0.5)
GIM = Rules(frozen_norms=True, temperature=2.0, query=0.25, key=0.25, value=0.5, gate=0.5, up=0.5)
EXACT = {"rtol": 1e-9, "atol": 1e-12}
ONE_BY_ONE = {
    "frozen norms": Rules(frozen_norms=True),
    "secant": Rules(secant=True),
    "frozen pattern": Rules(frozen_pattern=True),
    "temperature": Rules(temperature=3.0),
    "query, key and value": Rules(query=0.3, key=0.7, value=-1.0),
    "gate and up": Rules(gate=0.3, up=0.7),
}
EVERY_RULE = {**ONE_BY_ONE, "relp": RELP, "gim": GIM}


def numbers(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def gradients(made, *given):
    """Those of a weighted sum of what was made, and the weights."""
    weights = numbers(*made.shape, seed=99)
    return weights, torch.autograd.grad((made * weights).sum(), given, materialize_grads=True)


def input_gradient(model, rules, tokens):
    leaves = [each.clone().requires_grad_() for each in model.embed(tokens)]
    model.run(leaves, rules=rules).log_softmax(-1)[..., 0].sum().backward()
    return torch.stack([leaf.grad for leaf in leaves])
