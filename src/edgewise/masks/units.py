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

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import prod
from pathlib import Path
from typing import Literal, get_args

import safetensors
import safetensors.torch
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from edgewise.errors import BadInput, BrokenFile
from edgewise.files import atomic_write
from edgewise.models.transformer import Transformer
from edgewise.recognised import recognised

UnitGrain = Literal["neurons", "channels", "stream", "weights"]
UNIT_GRAINS: tuple[UnitGrain, ...] = get_args(UnitGrain)
FORMAT, VERSION = "edgewise units", 1
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


@dataclass(frozen=True)
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
        header = {
            "format": FORMAT,
            "version": VERSION,
            "grain": self.grain,
            "chosen": self.chosen,
            "settled_loss": self.settled_loss,
            "loss": self.loss,
            # Tensors come back in the order of their names.
            "names": list(self.numbers),
        }
        tensors = {name: each.contiguous() for name, each in self.numbers.items()}
        atomic_write(path, safetensors.torch.save(tensors, {"edgewise": json.dumps(header)}))

    @classmethod
    def load(cls, path: str | Path) -> Units:
        needed = f"{FORMAT}, version {VERSION}"
        try:
            with safetensors.safe_open(path, framework="pt") as file:
                header = json.loads((file.metadata() or {}).get("edgewise", "null"))
                if not isinstance(header, dict) or header.get("format") != FORMAT:
                    raise BrokenFile(f"{path}: {needed}, was needed.{recognised(path)}")
                if (version := header.get("version")) != VERSION:
                    raise BrokenFile(f"{path}: {needed}, was needed. Got version {version!r}.")
                numbers = {name: file.get_tensor(name) for name in header["names"]}
                told = {name: header[name] for name in ("grain", "chosen", "settled_loss", "loss")}
                return cls(numbers=numbers, **told)
        except (OSError, safetensors.SafetensorError, json.JSONDecodeError, KeyError) as error:
            raise BrokenFile(f"{path} could not be read as units: {error}.{recognised(path)}") from error


def rounded(mask: Float[Tensor, " count"], chosen: int) -> Bool[Tensor, " count"]:
    """The units with the largest numbers; of equals the first."""
    kept = torch.zeros(mask.shape, dtype=torch.bool)
    kept[mask.sort(descending=True, stable=True).indices[:chosen]] = True
    return kept


def check_same_units(model: Transformer, units: Units) -> None:
    """BadInput where these are no units of the model."""
    needed, came = shapes_of(model, units.grain), units.each.shapes
    if needed != came:
        raise BadInput(
            f"{units.grain} of this model were needed: {_told(needed)}. Got {_told(came)}. "
            "Learn them of this model."
        )


def _told(shapes: Shapes, shown: int = 2) -> str:
    more = f" and {len(shapes) - shown} more" if len(shapes) > shown else ""
    named = (f"{name} {list(shape)}" for name, shape in list(shapes.items())[:shown])
    return (", ".join(named) or "none") + more
