"""From a parameter to a number between 0 and 1 that has a gradient: how an edge can be half there.

    HardConcrete   s = sigmoid((log u - log(1 - u) + p) / T), stretched to [-.1, 1.1], clamped to [0, 1]
                   (Louizos et al. 2018, arXiv:1712.01312); open with probability sigmoid(p + T log 11)
    Sigmoid        sigmoid(p)
    Clamp          p clamped to [0, 1]; the gradient goes straight through (Taggart)
    Uniform        q = sigmoid(p), w = q (1 - q), z = 1 - clamp((u - q) / w + 1/2, 0, 1), w without gradient:
                   1 with probability q - w/2, 0 with 1 - q - w/2, uniform between them otherwise
                   (uniform gradient sampling: Li and Janson 2024, arXiv:2409.09951)

with u drawn uniformly for every coefficient and step. `settled` is what each comes to when nothing is drawn,
and `expected` the probability that a gate is open, or its mean where it is never shut entirely.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from edgewise.models.sending import sent

TINY = 1e-6
"""How near to 0 and 1 a draw may come."""


@runtime_checkable
class Relaxation(Protocol):
    def start(self, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
        """The parameters to begin with."""
        ...

    def draw(self, parameters: Tensor, uniform: Tensor) -> Tensor:
        """A mask's numbers for one step."""
        ...

    def expected(self, parameters: Tensor) -> Tensor: ...

    def settled(self, parameters: Tensor) -> Tensor: ...

    def after(self, parameters: Tensor, step: int, generator: torch.Generator) -> None:
        """What is done to them after so many steps, in place: back to where gradients reach them."""
        ...


@dataclass(frozen=True)
class Normal:
    """Parameters on the whole line, that begin at normal draws."""

    mean: float = 3.0
    spread: float = 0.1
    limit: float = math.inf
    """They stay above minus this and below twice this, lest a gate that is shut, or open, for good sees no
    gradient any more."""

    def start(self, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
        drawn = torch.randn(shape, generator=generator, device=generator.device)
        return self.mean + self.spread * drawn

    def after(self, parameters: Tensor, step: int, generator: torch.Generator) -> None:
        parameters.clamp_(-self.limit, 2 * self.limit)


@dataclass(frozen=True)
class HardConcrete(Normal):
    temperature: float = 2 / 3
    stretch: float = 0.1
    sharper: float = 0.8
    """Settled gates are sigmoid(this x p / T), as the authors of Edge Pruning have it."""

    def draw(self, parameters: Tensor, uniform: Tensor) -> Tensor:
        noise = uniform.clamp(TINY, 1 - TINY).logit()
        opened = torch.sigmoid((noise + parameters) / self.temperature)
        return (opened * (1 + 2 * self.stretch) - self.stretch).clamp(0, 1)

    def expected(self, parameters: Tensor) -> Tensor:
        shift = self.temperature * math.log((1 + self.stretch) / self.stretch)
        return torch.sigmoid(parameters + shift)

    def settled(self, parameters: Tensor) -> Tensor:
        return torch.sigmoid(self.sharper * parameters / self.temperature)


@dataclass(frozen=True)
class Sigmoid(Normal):
    def draw(self, parameters: Tensor, uniform: Tensor) -> Tensor:
        return torch.sigmoid(parameters).expand_as(uniform)

    def expected(self, parameters: Tensor) -> Tensor:
        return torch.sigmoid(parameters)

    def settled(self, parameters: Tensor) -> Tensor:
        return torch.sigmoid(parameters)


@dataclass(frozen=True)
class Uniform(Sigmoid):
    def draw(self, parameters: Tensor, uniform: Tensor) -> Tensor:
        q = torch.sigmoid(parameters)
        width = (q * (1 - q)).detach().clamp(min=TINY)
        return 1 - ((uniform - q) / width + 0.5).clamp(0, 1)


@dataclass(frozen=True)
class Clamp:
    low: float = 0.25
    high: float = 1.0
    """Parameters begin uniform between these."""
    drop_in: float = 0.0
    """The chance of a coefficient to be taken for 1 in a step."""
    resets: float = 0.0
    """The chance of one at 0 to be drawn anew, every so many steps, in the first three quarters of all."""
    reset_every: int = 50
    steps: int = 0

    def start(self, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
        drawn = torch.rand(shape, generator=generator, device=generator.device)
        return self.low + (self.high - self.low) * drawn

    def draw(self, parameters: Tensor, uniform: Tensor) -> Tensor:
        through = parameters + (parameters.clamp(0, 1) - parameters).detach()
        return torch.where(uniform < self.drop_in, 1.0, through)

    def expected(self, parameters: Tensor) -> Tensor:
        return parameters + (parameters.clamp(0, 1) - parameters).detach()

    def settled(self, parameters: Tensor) -> Tensor:
        return parameters.clamp(0, 1)

    def after(self, parameters: Tensor, step: int, generator: torch.Generator) -> None:
        parameters.clamp_(0, 1)
        if self.resets and step % self.reset_every == 0 and 4 * step < 3 * self.steps:
            drawn = self.start(tuple(parameters.shape), generator)
            lucky = torch.rand(parameters.shape, generator=generator, device=generator.device) < self.resets
            drawn, lucky = (sent(each, parameters.device) for each in (drawn.to(parameters.dtype), lucky))
            parameters.copy_(torch.where((parameters == 0) & lucky, drawn, parameters))
