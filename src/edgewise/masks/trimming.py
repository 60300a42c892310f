"""What of a rounded mask the task can do without, found by trying: each edge's worth, and a smaller circuit.

    worth of an edge = loss of the circuit without it - loss of the circuit

While the loss stays within `trim` of what it is at first, the edges worth least go, several at a time where
that does no harm. It begins with some edges more than rounding leaves, the next in the mask's order, so that
one that was shut by chance can come back. Edges that share a coefficient come and go together.

Gates that are open at the end hardly differ; what they are worth does. Exact, so a run for each try: as many
as cost a third of the training at most. Where they do not suffice for all edges, the weakest are tried.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from edgewise.masks.judging import judging_steps, mean_losses
from edgewise.masks.training import Training
from edgewise.progress import Progress

EXAMPLES = 128
"""Of which the loss is measured."""
LEAST_MORE, SHARE_MORE = 8, 8
"""Edges more than rounding leaves: so many, or one for every so many that are left; at most as many again."""
AT_ONCE = 64
"""Circuits, as masks of all edges."""
ROUNDS = 3
"""For which the tries are to suffice."""


@dataclass(frozen=True)
class Trimmed:
    """Of coefficients, not edges."""

    kept: Bool[Tensor, " count"]
    worth: Float[Tensor, " count"]
    """Of those that are kept, in the circuit as it is at last; NaN where it was not tried."""
    gone: list[int]
    """In the order in which they went."""
    loss: float
    """Of the circuit at last."""


@dataclass
class Trimming:
    training: Training
    strengths: Float[Tensor, " count"]
    """How far each coefficient's gate is open: what is weakest is tried first."""
    progress: Progress
    spent: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        training = self.training
        self.steps = judging_steps(training, EXAMPLES)
        settings, examples = training.settings, sum(map(len, self.steps))
        a_step = min(settings.examples, len(training.pairs)) * settings.draws
        self.allowed = settings.steps * a_step // examples

    def trimmed(self, chosen: int, trim: float, exact: bool) -> Trimmed:
        """From the `chosen` strongest, and some more. `exact`: as many are to be kept, at whatever cost."""
        at_once = max(1, self.allowed // ROUNDS)
        more = min(chosen, max(LEAST_MORE, chosen // SHARE_MORE), self.allowed // ROUNDS // 2)
        order = self.strengths.sort(descending=True, stable=True).indices[: chosen + more]
        kept = torch.zeros(len(self.strengths), dtype=torch.bool)
        kept[order] = True
        weakest_first, gone = order.flip(0), []
        loss, of_rounded = self.losses(kept, [[], order[chosen:].tolist()]).tolist()
        if of_rounded < loss - trim:
            # What is next in line does harm.
            kept[order[chosen:]], loss = False, of_rounded
        limit = loss + trim
        with self.progress.counting("trimming", self.allowed, "tries") as advance:
            while True:
                tried = weakest_first[kept[weakest_first]][:at_once]
                over = self.spent + len(tried) > self.allowed
                without = self.losses(kept, [[unit] for unit in tried.tolist()])
                advance(len(tried), f"{int(kept.sum()):,} left, loss {loss:.3f}")
                worth = torch.full(kept.shape, torch.nan, dtype=torch.float64)
                worth[tried] = without - loss
                excess = int(kept.sum()) - chosen
                goes = excess if exact else int((without <= limit).sum())
                if goes <= 0 or (over and excess <= 0):
                    return Trimmed(kept, worth, gone, loss)
                # Equals go in their order, from the weakest.
                places = without.sort(stable=True).indices
                count, loss = self.together(kept, tried[places], goes, torch.inf if exact else limit, over)
                kept[tried[places][:count]] = False
                gone += tried[places][:count].tolist()

    def together(
        self, kept: Tensor, tried: Tensor, goes: int, limit: float, all_of_them: bool
    ) -> tuple[int, float]:
        """How many of the first of these can go at once; and the loss without them. Half of them or fewer, so
        that others are tried again, but at the end of all tries."""
        sizes = [max(1, min(goes, len(tried)) // (1 if all_of_them else 2))]
        while sizes[-1] > 1:
            sizes.append(sizes[-1] // 2)
        losses = self.losses(kept, [tried[:size].tolist() for size in sizes]).tolist()
        for size, loss in zip(sizes, losses, strict=True):
            if loss <= limit or size == 1:
                return size, loss
        raise AssertionError("one can always go")

    def losses(self, kept: Bool[Tensor, " count"], without: list[list[int]]) -> Float[Tensor, " sets"]:
        """Of the circuit without each of these sets."""
        circuits = kept.repeat(len(without), 1)
        for row, units in zip(circuits, without, strict=True):
            row[units] = False
        return self.of(circuits)

    def of(self, circuits: Bool[Tensor, "circuits count"]) -> Float[Tensor, " circuits"]:
        self.spent += len(circuits)
        like, coefficients = self.training.model.like, self.training.gates[0].coefficients
        losses = [
            mean_losses(self.training, self.steps, coefficients.spread(some.to(like.device, like.dtype)))
            for some in circuits.split(AT_ONCE)
        ]
        return torch.cat(losses)
