"""From gates to a mask that was trained, its rounding, and scores.

    circuit = the round(sum of the mask) edges with the largest numbers

which is the threshold at which 1 - mean(mask) of the edges go, as in Edge Pruning. The rounded mask is run
again: what rounding costs is told. An edge's score is its number in the mask; a hundredth of it is how far
the gate was open on the average of all steps, which ranks those that are all shut, or all open, at the end.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from edgewise.checkpoint import Checkpoint
from edgewise.circuit import Scores
from edgewise.graph import Graph
from edgewise.masks.log import Log
from edgewise.masks.training import Training
from edgewise.progress import Progress

ON_THE_AVERAGE = 0.01
MOST_STEPS = 32
"""Of whose examples the rounded mask is run."""


@dataclass(frozen=True)
class Learned:
    graph: Graph
    mask: Float[Tensor, "*positions readers sources"]
    """From 0 to 1, as it settled on the average of the last fifth of the steps."""
    opened: Float[Tensor, "*positions readers sources"]
    """How far each edge's gates were open, on the average of all steps."""

    def state(self, stage: str) -> dict[str, Tensor]:
        """What a checkpoint holds of it while later stages go on."""
        return {f"{stage}/mask": self.mask, f"{stage}/opened": self.opened}

    def scores(self) -> Scores:
        """Where positions have gates of their own, those of the position at which an edge's is largest."""
        values = (1 - ON_THE_AVERAGE) * self.mask.double() + ON_THE_AVERAGE * self.opened.double()
        mask = self.mask
        if mask.ndim > 2:
            values, mask = values.amax(0), mask.amax(0)
        strengths = values[self.graph.edges].sort(descending=True).values
        chosen = round(mask.double().sum().item())
        if chosen:
            # Edges that share a coefficient come and go together.
            chosen = int((strengths >= strengths[chosen - 1]).sum())
        return Scores(self.graph, values, chosen)


def learn(stage: str, training: Training, progress: Progress, log: Log, checkpoint: Checkpoint) -> Learned:
    """Trains to the end, unless that was done before the work was broken off."""
    graph, kept = training.gates[0].coefficients.graph, checkpoint.part(stage)
    saved = kept.load()
    if "mask" in saved:
        log.stages.append(stage)
        return Learned(graph, saved["mask"], saved["opened"])
    training.run(stage, progress, log, kept)
    mask = training.learned()
    found = Learned(graph, mask, training.opened.cpu() / training.settings.steps)
    log.tell(training.settings.steps, after_rounding(training, mask, found.scores()))
    log.end()
    return found


@torch.no_grad()
def after_rounding(training: Training, mask: Tensor, scores: Scores) -> dict[str, float]:
    """The loss with the mask as it settled, and with the circuit that comes of it; on some of the pairs."""
    rounded = scores.own().mask(training.model.dtype)
    if mask.ndim > 2:
        rounded = rounded[None].expand_as(mask)
    masks = torch.stack([mask.to(rounded), rounded])
    total, count = torch.zeros(2, dtype=torch.float64), 0
    for step in range(min(training.stream.steps, MOST_STEPS)):
        index = training.stream.at(step)
        for which, losses in training.losses(index, masks):
            total[which] += losses.double().sum(1).cpu()
        count += len(index)
    settled, after = (total / count).tolist()
    return {
        "settled loss": settled,
        "rounded loss": after,
        "cost of rounding": after - settled,
        "edges after rounding": float(len(scores.own())),
    }
