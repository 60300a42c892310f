"""How gradients go back through the parts of a layer, where a method wants them otherwise than they are.

The numbers forward are always the model's own. A rule changes what backward makes of them:

    frozen_norms    a norm's scale counts as a constant
    secant          f(x) of an activation goes back as x f(x)/x, with f(x)/x a constant
    frozen_pattern  what a head looks at counts as a constant
    temperature     softmax goes back as p (g - sum(p g)), with p = softmax(scores / temperature)
    query, key, value, gate, up    their gradients are multiplied by these

A layer norm's mean is linear in its input, and is never frozen. Norms on queries and keys are left alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from edgewise.models.layer import MLP, Attention, Norm
from edgewise.models.places import Places
from edgewise.models.tape import Tape

SMALL = 1e-6
"""Nearer to zero than this, half is taken for f(x)/x."""


@dataclass(frozen=True)
class Rules:
    frozen_norms: bool = False
    secant: bool = False
    frozen_pattern: bool = False
    temperature: float = 1.0
    query: float = 1.0
    key: float = 1.0
    value: float = 1.0
    gate: float = 1.0
    up: float = 1.0

    def norm(self, norm: Norm, x: Tensor) -> Tensor:
        if not self.frozen_norms or norm.kind == "none":
            return norm(x)
        exact = x.to(torch.promote_types(x.dtype, torch.float32))
        _, scale = norm.statistics(exact.detach())
        if norm.kind == "layer":
            return ((exact - exact.mean(-1, keepdim=True)) * scale * norm.weight + norm.bias).to(x.dtype)
        return (exact * scale * norm.weight).to(x.dtype)

    def post_norm_scale(self, scale: Tensor | None) -> Tensor | None:
        return scale.detach() if scale is not None and self.frozen_norms else scale

    def mix(
        self,
        attention: Attention,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        places: Places,
        layer: int,
        tape: Tape | None = None,
    ) -> Tensor:
        query, key, value = (
            _scaled(part, by) for part, by in ((query, self.query), (key, self.key), (value, self.value))
        )
        if not self.frozen_pattern and self.temperature == 1:
            keep = tape if self.query == self.key == 1 else None
            return attention.mix(query, key, value, places, layer, keep=keep)
        scores = attention.scores(query, key, places, layer)
        if self.frozen_pattern:
            pattern = scores.softmax(-1).detach()
        else:
            pattern = _Softmax.apply(scores, self.temperature)
        return (pattern @ value.transpose(1, 2)).transpose(1, 2)

    def mlp(self, mlp: MLP, normed: Tensor, tape: Tape | None = None) -> Tensor:
        hidden = mlp.hidden(normed) if self == PLAIN else self._hidden(mlp, normed)
        return mlp.write(hidden if tape is None else tape("hidden", hidden))

    def _hidden(self, mlp: MLP, normed: Tensor) -> Tensor:
        gate, up = mlp.project(normed)
        if gate is None:
            return self._activated(mlp, up)
        return _scaled(self._activated(mlp, gate), self.gate) * _scaled(up, self.up)

    def _activated(self, mlp: MLP, x: Tensor) -> Tensor:
        activated = mlp.activation(x)
        if not self.secant:
            return activated
        near = x.abs() < SMALL
        ratio = torch.where(near, 0.5, activated / torch.where(near, 1, x)).detach()
        return activated.detach() + (x - x.detach()) * ratio


PLAIN = Rules()


def _scaled(x: Tensor, by: float) -> Tensor:
    """The same numbers, with `by` times the gradient."""
    return x if by == 1 else x * by + (x * (1 - by)).detach()


class _Softmax(torch.autograd.Function):
    # An autograd function is written with its own arguments; its base class declares them as *args.
    @staticmethod
    def forward(ctx: Any, scores: Tensor, temperature: float) -> Tensor:
        ctx.save_for_backward((scores / temperature).softmax(-1))
        return scores.softmax(-1)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:  # pyright: ignore[reportIncompatibleMethodOverride]
        (pattern,) = ctx.saved_tensors
        return pattern * (gradient - (gradient * pattern).sum(-1, keepdim=True)), None
