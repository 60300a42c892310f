"""Units of a mask that are finer than edges, and which of them a learned mask keeps.

    neurons     every number of each MLP's hidden layer        [layers, neurons]
    channels    every number of each head's output             [layers, heads, head_width]
    stream      every dimension of the residual stream, the
                same for all that read it: channel pruning     [width]
    weights     every entry of the matrices of heads and MLPs  by parameter name

A mask has a number for each, 1 where it is live. What is kept of a mask that was learned is rounded: the
round(sum of the mask) units with the largest numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import prod
from pathlib import Path
from typing import Literal, get_args

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from edgewise.errors import check_name
from edgewise.masks.units_file import TOLD, read_units, write_units
from edgewise.models.config import ModelConfig
from edgewise.models.transformer import Transformer
from edgewise.patching.replacements import ABLATIONS

UnitGrain = Literal["neurons", "channels", "stream", "weights"]
UNIT_GRAINS: dict[UnitGrain, str] = {
    "neurons": "the numbers of each MLP's hidden layer",
    "channels": "the numbers of each head's output, before its matrix",
    "stream": "dimensions of the residual stream, one gate for all that read it: channel pruning",
    "weights": "entries of the matrices of heads and MLPs",
}
assert set(UNIT_GRAINS) == set(get_args(UnitGrain))
UNIT_ABLATIONS = ("corrupted", "zero", "mean")
"""What can stand in for a unit."""
Shapes = dict[str, tuple[int, ...]]


def shapes_of(model: Transformer, grain: UnitGrain) -> Shapes:
    """Of the tensors that hold a number for each unit, by their names."""
    config = model.config
    if grain == "neurons":
        return {grain: (config.layers, config.mlp_width)}
    if grain == "channels":
        return {grain: (config.layers, config.heads, config.head_width)}
    if grain == "stream":
        return {grain: (config.width,)}
    # Norms' weights end in `.weight`.
    matrices = (
        (name, parameter)
        for name, parameter in model.named_parameters()
        if name.startswith("layers.") and name.endswith("_weight")
    )
    return {name: tuple(matrix.shape) for name, matrix in matrices}


@dataclass(frozen=True)
class EachUnit:
    """Every unit has a number of its own; a mask is all of them in a row."""

    shapes: Shapes
    positions: int | None = None

    @property
    def count(self) -> int:
        return sum(map(prod, self.shapes.values()))

    @property
    def shape(self) -> tuple[int, ...]:
        return (self.count,)

    @property
    def worth(self) -> Float[Tensor, " count"]:
        return torch.ones(self.count)

    def spread(self, values: Float[Tensor, "*leading count"]) -> Float[Tensor, "*leading count"]:
        return values

    def gather(self, of_mask: Float[Tensor, " count"]) -> Float[Tensor, " count"]:
        return of_mask

    def by_name(self, row: Tensor) -> dict[str, Tensor]:
        """A mask, or several, as the tensors that it is made of; without copies."""
        parts = row.split([prod(shape) for shape in self.shapes.values()], -1)
        return {
            name: part.unflatten(-1, shape)
            for (name, shape), part in zip(self.shapes.items(), parts, strict=True)
        }


@dataclass(frozen=True, eq=False, repr=False)
class Units:
    """A mask that was learned."""

    grain: UnitGrain
    numbers: Mapping[str, Float[Tensor, ...]]
    """How far each unit's gate was open at the end."""
    chosen: int
    """How many units are kept."""
    settled_loss: float
    """With the mask as it was learned, in shares of the damage that replacing everything does."""
    loss: float
    """Of the units that are kept, the others shut."""

    def __repr__(self) -> str:
        return f"Units({self.chosen:,} of {self.count:,} {self.what}, loss {self.loss:.2g})"

    @property
    def what(self) -> str:
        """The units, in words."""
        return "dimensions of the stream" if self.grain == "stream" else self.grain

    @property
    def count(self) -> int:
        """Units in all."""
        return sum(each.numel() for each in self.numbers.values())

    @property
    def share(self) -> float:
        """Of the units, that are kept."""
        return self.chosen / self.count

    @property
    def each(self) -> EachUnit:
        return EachUnit({name: tuple(each.shape) for name, each in self.numbers.items()})

    @cached_property
    def mask(self) -> Bool[Tensor, " count"]:
        """The units that are kept, in a row."""
        return rounded(torch.cat([each.flatten() for each in self.numbers.values()]), self.chosen)

    def kept(self) -> dict[str, Bool[Tensor, ...]]:
        """The same by name."""
        return self.each.by_name(self.mask)

    def save(self, path: str | Path) -> None:
        """Write a file that `load` reads; one that is there is replaced."""
        write_units(path, self.numbers, {name: getattr(self, name) for name in TOLD})

    @classmethod
    def load(cls, path: str | Path) -> Units:
        """Read what `save` wrote."""
        numbers, told = read_units(path, UNIT_GRAINS)
        return cls(numbers=numbers, **told)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Units):
            return NotImplemented
        if any(getattr(self, name) != getattr(other, name) for name in TOLD):
            return False
        # Their order counts: of equal numbers the first are kept.
        if list(self.numbers) != list(other.numbers):
            return False
        return all(torch.equal(each, other.numbers[name]) for name, each in self.numbers.items())


def rounded(mask: Float[Tensor, " count"], chosen: int) -> Bool[Tensor, " count"]:
    """The units with the largest numbers; of equals the first."""
    kept = torch.zeros(mask.shape, dtype=torch.bool)
    kept[mask.sort(descending=True, stable=True).indices[:chosen]] = True
    return kept


def check_units_of(grain: str, ablation: str, config: ModelConfig | None) -> list[str]:
    """Why no mask of these units can be had; without a model's config, what can be said without it."""
    problems = check_name("grain", grain, UNIT_GRAINS)
    if grain == "neurons" and config is not None and not config.mlp_width:
        problems.append(
            "a mask of neurons needs a model with MLPs. Got one of attention only. Choose another grain."
        )
    if ablation in ABLATIONS and ablation not in UNIT_ABLATIONS:
        known = ", ".join(UNIT_ABLATIONS)
        problems.append(f"a mask of units needs one of the ablations {known}. Got {ablation!r}.")
    return problems


def check_same_units(model: Transformer, units: Units) -> list[str]:
    """Why these are no units of the model."""
    needed, came = shapes_of(model, units.grain), units.each.shapes
    if needed == came:
        return []
    return [
        f"{units.grain} of this model were needed: {_told(needed)}. Got {_told(came)}. "
        "Learn them of this model."
    ]


def _told(shapes: Shapes, shown: int = 2) -> str:
    more = f" and {len(shapes) - shown} more" if len(shapes) > shown else ""
    named = (f"{name} {list(shape)}" for name, shape in list(shapes.items())[:shown])
    return (", ".join(named) or "none") + more
