"""How a step changes what is learned: torch's optimisers, and the schedule of their rates."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

Optimiser = Literal["adam", "adamw", "sgd"]
Schedule = Literal["constant", "linear", "cosine"]


def optimiser_of(
    kind: Optimiser,
    rate: float,
    memory: float,
    gates: Sequence[Tensor],
    constants: Sequence[Tensor],
    constant_rate: float,
) -> torch.optim.Optimizer:
    """Of gates, and of constants that are learned beside them, which do not decay. Each group knows its rate
    at first."""
    groups = [{"params": list(gates), "at first": rate}]
    if constants:
        groups.append({"params": list(constants), "at first": constant_rate, "weight_decay": 0.0})
    if kind == "sgd":
        return torch.optim.SGD(groups, lr=rate)
    maker = torch.optim.Adam if kind == "adam" else torch.optim.AdamW
    return maker(groups, lr=rate, betas=(0.9, memory))


def set_rates(optimiser: torch.optim.Optimizer, schedule: Schedule, step: int, steps: int) -> None:
    """For this step."""
    for group in optimiser.param_groups:
        group["lr"] = group["at first"] * share_of_rate(schedule, step, steps)


def share_of_rate(schedule: Schedule, step: int, steps: int) -> float:
    if schedule == "linear":
        return 1 - step / steps
    return 1.0 if schedule == "constant" else (1 + math.cos(math.pi * step / steps)) / 2
