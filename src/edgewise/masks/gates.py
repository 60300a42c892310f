"""A set of gates: parameters that are learned, how each becomes a number, and which edges have it.

A mask is the product of one or several sets: Edge Pruning has a gate for every edge and one for every source.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor

from edgewise.masks.coefficients import Shared
from edgewise.masks.relaxations import Relaxation
from edgewise.masks.stream import generator_for
from edgewise.models.sending import sent


@dataclass
class Gates:
    name: str
    coefficients: Shared
    relaxation: Relaxation
    parameters: Tensor
    place: int = 0
    """Among the sets of a mask."""
    worth: Float[Tensor, " count"] = field(init=False)
    """How many edges have each coefficient."""
    edges: float = field(init=False)

    def __post_init__(self) -> None:
        worth = self.coefficients.worth
        self.worth, self.edges = worth.to(self.parameters), worth.double().sum().item()

    @classmethod
    def drawn(
        cls,
        name: str,
        coefficients: Shared,
        relaxation: Relaxation,
        seed: int,
        like: Tensor,
        place: int = 0,
    ) -> Gates:
        """With the parameters to begin with; in float32 at the least."""
        dtype = torch.promote_types(like.dtype, torch.float32)
        start = relaxation.start(coefficients.shape, generator_for(seed, 0, "start", place))
        parameters = start.to(like.device, dtype).requires_grad_()
        return cls(name, coefficients, relaxation, parameters, place)

    @property
    def repeats(self) -> int:
        """How often an edge's number stands in a mask: once for each position that has its own."""
        return self.coefficients.positions or 1

    def draw(self, seed: int, step: int, draws: int) -> Float[Tensor, "draws *positions count"]:
        """The numbers of a step, drawn several times."""
        shape = (draws, *self.parameters.shape)
        generator = generator_for(seed, step, "gates", self.place, self.parameters.device)
        noise = torch.rand(shape, generator=generator, device=generator.device)
        return self.relaxation.draw(self.parameters, sent(noise, self.parameters.device).to(self.parameters))

    def after(self, seed: int, steps: int) -> None:
        """What is done to the parameters after so many steps."""
        generator = generator_for(seed, steps, "resets", self.place, self.parameters.device)
        self.relaxation.after(self.parameters, steps, generator)

    def settled(self) -> Tensor:
        return self.relaxation.settled(self.parameters)

    def edges_left(self) -> Tensor:
        """How many edges, as gates settle; where positions have their own, the mean over them."""
        return (self.settled() * self.worth).sum() / self.repeats

    def expected_gates(self) -> Tensor:
        """How many gates; where positions have their own, the mean over them."""
        return self.relaxation.expected(self.parameters).sum() / self.repeats


def mask_of(gates: Sequence[Gates], numbers: Sequence[Tensor]) -> Float[Tensor, "*mask"]:
    """The product of what each set of gates makes of its numbers."""
    mask = gates[0].coefficients.spread(numbers[0])
    for each, values in zip(gates[1:], numbers[1:], strict=True):
        mask = mask * each.coefficients.spread(values)
    return mask


@torch.no_grad()
def settled_mask(gates: Sequence[Gates]) -> Float[Tensor, "*mask"]:
    return mask_of(gates, [each.settled() for each in gates])
