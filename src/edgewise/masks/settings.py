"""How a mask is trained, whatever it is made of: options that all learned masks have."""

from __future__ import annotations

from dataclasses import dataclass

from edgewise.bounds import Count, NearlyOne, NotNegative, Positive
from edgewise.masks.coefficients import Grain
from edgewise.masks.held import Unit
from edgewise.masks.optimisers import Optimiser, Schedule
from edgewise.tasks.losses import Loss


@dataclass(frozen=True)
class Settings:
    steps: Count
    rate: Positive
    examples: Count = 8
    """A step's."""
    draws: Count = 8
    """A step's, of each gate: as many masks are run on the same examples."""
    loss: Loss = "auto"
    unit: Unit = "share"
    """Of the loss: the damage that replacing everything does, or its own."""
    grain: Grain = "edges"
    positions: bool = False
    """Each position has gates of its own."""
    optimiser: Optimiser = "adam"
    memory: NearlyOne = 0.999
    """Of the mean square of gradients: Adam's beta 2."""
    schedule: Schedule = "constant"
    """Of the rate."""
    constant_rate: Positive = 0.03
    """Of the constants that stand in for sources, with the ablation `optimal`."""
    trim: NotNegative | None = 0.01
    """Edges go from the rounded mask, and some more, while the loss grows by no more; None: none does."""
    hold: NotNegative | None = 0.2
    """The circuit's loss above which its mask is learned anew; None: never."""
    tries: Count = 3
    """In all."""
    seed: int = 0
    thrifty: bool = False
    """Layers are worked out again in the backward pass, not kept."""
    tensorboard: str | None = None
    """A folder for TensorBoard's events."""
