"""What masks are judged by: the mean loss over some of the pairs, the same from every seed."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from edgewise.distributed import summed
from edgewise.masks.training import Training
from edgewise.models.sending import sent, sums_on


def judging_steps(training: Training, examples: int) -> list[list[int]]:
    """The first steps of those that judge, with so many examples or a few more."""
    steps: list[list[int]] = []
    while len(steps) < training.judges.steps and sum(map(len, steps)) < examples:
        steps.append(training.judges.at(len(steps)))
    return steps


@torch.no_grad()
def mean_losses(
    training: Training, steps: Sequence[list[int]], masks: Float[Tensor, "masks ..."]
) -> Float[Tensor, " masks"]:
    """What is held small, over the examples of these steps, under each mask."""
    total = torch.zeros(len(masks), dtype=torch.float64, device=sums_on(training.model.device))
    for index in steps:
        for which, losses in training.losses(index, masks):
            total[which] += sent(training.masked.aim(losses), total.device).double().sum(1)
    return summed(total).cpu() / sum(map(len, steps))
