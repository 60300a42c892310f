"""From gates that were trained to a circuit, and scores.

    rounded = the round(sum of the mask) edges with the largest numbers
    circuit = what is left of it when edges that it can do without are gone (`trimming.py`)

Rounding is at the threshold at which 1 - mean(mask) of the edges go, as in Edge Pruning. The loss is measured
with the mask as it was learned, rounded, and trimmed.

    score of an edge of the circuit    1 + what the loss grows by without it; those not tried stand above
    score of another                   below 1: how far its gate was open, of which a hundredth is the average
                                       of all steps; those that were trimmed last, just below 1
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from edgewise.checkpoint import Checkpoint
from edgewise.circuit import Circuit, Scores
from edgewise.graph import Graph
from edgewise.masks.judging import judging_steps, mean_losses
from edgewise.masks.log import Log
from edgewise.masks.training import Training
from edgewise.masks.trimming import Trimmed, Trimming
from edgewise.progress import Progress

ON_THE_AVERAGE = 0.01
EXAMPLES = 512
"""Of which the loss is told."""


@dataclass(frozen=True)
class Learned:
    scores: Scores
    loss: float
    """Of the circuit."""
    with_all: float
    """The loss with every edge that is learned."""

    def state(self) -> dict[str, Tensor]:
        """What a checkpoint holds of it while later stages go on."""
        return {
            "scores": self.scores.values,
            "chosen": torch.tensor(self.scores.chosen),
            "losses": torch.tensor([self.loss, self.with_all], dtype=torch.float64),
        }


def learn(
    stage: str,
    training: Training,
    graph: Graph,
    progress: Progress,
    log: Log,
    checkpoint: Checkpoint,
    exact: bool = False,
) -> Learned:
    """Trains to the end, unless that was done before the work was broken off. `exact`: the circuit is to have
    as many edges as rounding leaves."""
    kept = checkpoint.part(stage)
    saved = kept.load()
    if "scores" in saved:
        log.stages.append(stage)
        return Learned(Scores(graph, saved["scores"], int(saved["chosen"])), *saved["losses"].tolist())
    training.run(stage, progress, log, kept)
    mask = training.learned()
    opened = training.opened.cpu() / training.settings.steps
    rounded = ranked(graph, mask, opened)
    every = training.gates[0].coefficients.spread(torch.ones(training.gates[0].coefficients.shape))
    settled, loss, with_all = losses_of(training, [mask, as_mask(rounded, mask), every])
    told: dict[str, Any] = {
        "settled loss": settled,
        "rounded loss": loss,
        "cost of rounding": loss - settled,
        "edges after rounding": float(rounded.chosen or 0),
        "edges learned": float(training.gates[0].edges),
    }
    scores = rounded
    if training.settings.trim is not None:
        scores = trimmed(training, rounded, training.settings.trim, exact, progress)
        [loss] = losses_of(training, [as_mask(scores, mask)])
        told |= {"trimmed loss": loss, "edges after trimming": float(scores.chosen or 0)}
    if training.settings.hold is not None:
        told["hold"] = training.settings.hold
    if mask.ndim > 2:
        told["by position"] = by_position(scores.own(), mask)
    log.tell(training.settings.steps, told)
    log.end()
    found = Learned(scores, loss, with_all)
    kept.save(found.state())
    return found


def ranked(graph: Graph, mask: Tensor, opened: Tensor) -> Scores:
    """By how far gates are open. Where positions have gates of their own, those of the position at which an
    edge's is largest."""
    values = (1 - ON_THE_AVERAGE) * mask.double() + ON_THE_AVERAGE * opened.double()
    if mask.ndim > 2:
        values, mask = values.amax(0), mask.amax(0)
    strengths = values[graph.edges].sort(descending=True).values
    chosen = round(mask.double().sum().item())
    if chosen:
        # Edges that share a coefficient come and go together.
        chosen = int((strengths >= strengths[chosen - 1]).sum())
    return Scores(graph, values, chosen)


def trimmed(training: Training, rounded: Scores, trim: float, exact: bool, progress: Progress) -> Scores:
    """The circuit trimmed, and its edges ranked by their worth."""
    gates = training.gates[0]
    strengths = gates.coefficients.gather(rounded.values)
    of_chosen = gates.coefficients.gather(rounded.own().mask(torch.float64)) > 0
    found = Trimming(training, strengths, progress).trimmed(int(of_chosen.sum()), trim, exact)
    values = placed(strengths, found)
    chosen = int(gates.worth.cpu()[found.kept].sum())
    return Scores(rounded.graph, gates.coefficients.spread(values), chosen)


def placed(strengths: Float[Tensor, " count"], found: Trimmed) -> Float[Tensor, " count"]:
    """Scores of coefficients."""
    worth = found.worth.clamp(min=0)
    most = worth.nan_to_num(0.0).max() if len(worth) else 0.0
    # What was not tried was open for longer than all that was.
    values = torch.where(worth.isnan(), most + strengths, worth) + 1
    values = torch.where(found.kept, values, strengths)
    gone = torch.tensor(found.gone, dtype=torch.long)
    outside = ~found.kept
    outside[gone] = False
    least = values[outside].max() if outside.any() else 0.0
    # The first that went just above all that was never inside, the last just below 1.
    order = torch.arange(1, len(gone) + 1, dtype=values.dtype)
    values[gone] = least + (1 - least) * order / (len(gone) + 1)
    return values


def by_position(circuit: Circuit, mask: Float[Tensor, "positions readers sources"]) -> dict[str, list[float]]:
    """How far each edge of the circuit is open at each position of the prompt."""
    opened = mask[:, circuit.kept].T.double()
    return {
        edge: [round(number, 3) for number in row.tolist()] for edge, row in zip(circuit, opened, strict=True)
    }


def as_mask(scores: Scores, like: Tensor) -> Tensor:
    rounded = scores.own().mask(like.dtype)
    return rounded if like.ndim == 2 else rounded[None].expand_as(like)


def losses_of(training: Training, masks: list[Tensor]) -> list[float]:
    """On some of the pairs."""
    like = training.model.like
    return mean_losses(training, judging_steps(training, EXAMPLES), torch.stack(masks).to(like)).tolist()
