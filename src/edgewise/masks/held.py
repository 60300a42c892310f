"""What a masked run is held to: a metric, as a loss in shares of the damage that replacing everything does.

    loss = (badness of the run - badness of the full model) / damage
    damage = badness with everything replaced - badness of the full model

Badness is a metric's with the sign that makes smaller better, and damage its mean over some of the pairs,
fixed before training begins. So a loss of 1 is as bad as no circuit at all, whatever the metric's unit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from edgewise.errors import BadInput
from edgewise.masks.flows import Flow
from edgewise.masks.stream import generator_for
from edgewise.models.transformer import Transformer
from edgewise.patching.replaced import replaced_logits
from edgewise.patching.replacements import Replacer
from edgewise.tasks.finite import require_finite
from edgewise.tasks.metrics import Metric
from edgewise.tasks.pairs import Batch, Pairs
from edgewise.tasks.sums import sum_over_examples

Unit = Literal["share", "own"]
EXAMPLES = 256
"""Of which damage is measured at most, the same whatever the batch size."""
LEAST = 1e-6
"""Damage below which nothing can be learned."""


@dataclass(frozen=True)
class Held:
    """`of` gives each example's loss."""

    metric: Metric
    intact: float
    damage: float

    def of(
        self, logits: Tensor, batch: Batch, full: Float[Tensor, "examples reads vocabulary"] | None
    ) -> Float[Tensor, "*masks examples"]:
        return (self.badness(logits, batch, full) - self.intact) / self.damage

    def value(self, share: float) -> float:
        """The metric, of a loss."""
        badness = share * self.damage + self.intact
        return float(-self.metric.goodness(torch.tensor(badness, dtype=torch.float64)))

    def badness(self, logits: Tensor, batch: Batch, full: Tensor | None) -> Tensor:
        return -self.metric.goodness(self.metric(logits, batch, full))


def in_own_unit(metric: Metric) -> Held:
    """The metric's, whatever damage is done."""
    return Held(metric, 0.0, 1.0)


@torch.no_grad()
def held_to(
    metric: Metric,
    model: Transformer,
    pairs: Pairs,
    replacer: Replacer,
    flow: Flow,
    batch_size: int,
    unit: Unit = "share",
) -> Held:
    """The loss on these pairs; every number is checked. BadInput where nothing is to be learned."""
    plain = in_own_unit(metric)
    if unit == "own":
        return plain

    def ends(batch: Batch) -> Tensor:
        """How bad the full model and the replaced run are."""
        full = model(batch.clean, batch.read)
        replaced = replaced_logits(model, batch.clean, batch.read, flow.replacements(model, batch, replacer))
        for logits in (full, replaced):
            require_finite(logits, model, batch)
        found = torch.stack([plain.badness(logits, batch, full) for logits in (full, replaced)])
        return found.double().sum(1)

    some = some_of(pairs)
    intact, gone = (sum_over_examples(model, some, ends, batch_size) / len(some)).tolist()
    if gone - intact <= LEAST * max(abs(gone), abs(intact), 1e-3):
        raise BadInput(
            f"a mask is learned by what replacing edges does to {metric.name}. Replacing everything leaves "
            f"it no worse than it is: {gone:.4g} beside {intact:.4g} of the full model, as a loss. "
            "Choose another ablation or loss, or prompts that the model can do."
        )
    return Held(metric, intact, gone - intact)


def some_of(pairs: Pairs) -> Pairs:
    if len(pairs) <= EXAMPLES:
        return pairs
    drawn = torch.randperm(len(pairs), generator=generator_for(0, 0, "damage"))[:EXAMPLES]
    return replace(pairs, pairs=tuple(pairs[place] for place in sorted(drawn.tolist())))
