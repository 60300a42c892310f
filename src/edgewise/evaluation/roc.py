"""How well a ranking, or a family of circuits, finds what is known to belong: ROC, precision and recall.

    x = false-positive rate = chosen outside / all outside
    y = true-positive rate, recall = chosen inside / all inside
    AUC                 area under (x, y) by trapezoids: the chance that one inside scores higher than one
                        outside, ties half
    pessimistic AUC     area under the staircase: sum of (1 - x[i + 1]) (y[i + 1] - y[i])
    average precision   sum of precision[i + 1] (y[i + 1] - y[i])
    Youden's J          the largest y - x

The staircase is ACDC's (Conmy et al. 2023, arXiv:2304.14997). A ranking has a point for each score that there
is. Of a family of circuits, such as ACDC's for several tau, the points that no other beats are kept: its
Pareto front. An AUC saturates on graphs with many edges that do nothing, which any method ranks low: read it
together with the precision.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from edgewise.errors import BadInput


class Youden(NamedTuple):
    j: float
    chosen: int
    """How many are chosen there, of those that are judged; the fewest, where several do."""


@dataclass(frozen=True, eq=False)
class Roc:
    """Points from nothing chosen to all: how many inside are chosen, and how many outside."""

    hits: Int[Tensor, " points"]
    false_finds: Int[Tensor, " points"]
    thresholds: Float[Tensor, " points"] | None = None
    """The least score that is chosen; infinite where nothing is. None: of a family."""

    @property
    def true_rate(self) -> Float[Tensor, " points"]:
        return self.hits / self.hits[-1].double()

    @property
    def false_rate(self) -> Float[Tensor, " points"]:
        return self.false_finds / self.false_finds[-1].double()

    @property
    def precision(self) -> Float[Tensor, " points"]:
        """1 where nothing is chosen."""
        chosen = self.hits + self.false_finds
        return torch.where(chosen == 0, 1.0, self.hits / chosen.clamp(min=1).double())

    @property
    def auc(self) -> float:
        return torch.trapezoid(self.true_rate, self.false_rate).item()

    @property
    def pessimistic_auc(self) -> float:
        return float(((1 - self.false_rate[1:]) * self.true_rate.diff()).sum())

    @property
    def average_precision(self) -> float:
        return float((self.precision[1:] * self.true_rate.diff()).sum())

    @property
    def youden(self) -> Youden:
        ahead = self.true_rate - self.false_rate
        best = int(ahead.argmax())
        return Youden(ahead[best].item(), int(self.hits[best] + self.false_finds[best]))

    @property
    def precision_at_known_size(self) -> float:
        """Of as many of the strongest as are inside, the share that is; of equals what chance would give."""
        size, chosen = int(self.hits[-1]), self.hits + self.false_finds
        above = int(torch.searchsorted(chosen, size))
        part = (size - chosen[above - 1]) / (chosen[above] - chosen[above - 1])
        hits = self.hits[above - 1] + part * (self.hits[above] - self.hits[above - 1])
        return hits.item() / size


def roc_of_ranking(
    strengths: Float[Tensor, " things"], inside: Bool[Tensor, " things"], judged: Bool[Tensor, " things"]
) -> Roc:
    """Strongest first. What is inside is judged, too."""
    judged = judged | inside
    values, inside = strengths[judged], inside[judged]
    check_both_sides(inside)
    values, order = values.sort(descending=True, stable=True)
    # Equals are chosen together.
    last = torch.cat([values[1:] != values[:-1], torch.tensor([True])])
    inside = inside[order]
    return Roc(
        _from_nothing(inside.cumsum(0)[last]),
        _from_nothing((~inside).cumsum(0)[last]),
        torch.cat([values.new_tensor([torch.inf]), values[last]]),
    )


def roc_of_family(
    chosen: Sequence[Bool[Tensor, " things"]],
    inside: Bool[Tensor, " things"],
    judged: Bool[Tensor, " things"],
) -> Roc:
    """Of some sets, and of nothing and all."""
    judged = judged | inside
    inside = inside[judged]
    check_both_sides(inside)
    sets = torch.stack([one[judged] for one in chosen] + [torch.ones_like(inside)])
    hits, false_finds = (sets & inside).sum(1), (sets & ~inside).sum(1)
    points = sorted(zip(false_finds.tolist(), (-hits).tolist(), strict=True))
    front = [(0, 0)]
    for false, missed in points:
        if -missed > front[-1][1]:
            front.append((false, -missed))
    if front[-1][0] < int((~inside).sum()):
        front.append((int((~inside).sum()), front[-1][1]))
    falses, trues = (torch.tensor(list(side)) for side in zip(*front, strict=True))
    return Roc(trues, falses)


def check_both_sides(inside: Bool[Tensor, " things"]) -> None:
    if inside.all() or not inside.any():
        raise BadInput("edges inside and outside the known circuit were needed. Got none of one of them.")


def _from_nothing(counts: Int[Tensor, " points"]) -> Int[Tensor, " points+1"]:
    return torch.cat([counts.new_zeros(1), counts])
