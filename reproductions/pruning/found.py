"""What Edge Pruning's own circuit of a case is worth, and what more than one part of the page takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from reproductions.cases import Case

import edgewise as ew
from edgewise.evaluation.known import against_known

TASK = "ioi"
TESTED = 200
Claim = tuple[str, str, str, bool]
"""What is claimed, as published, as it is here, and whether they agree."""


@dataclass(frozen=True)
class Found:
    """What Edge Pruning's own circuit is worth."""

    name: str
    size: int
    edges: int
    auc: float
    precision: float
    wrong: int
    faithful: float | None
    kl: float

    @classmethod
    def of(cls, case: Case, steps: int, **options: Any) -> Found:
        given = {"ablation": case.ablation, "steps": steps, **options}
        scores = ew.discover(case.model, case.found_on, "edge-pruning", metric=case.metric, **given)
        own, truth = scores.own(), case.known
        alone = ew.evaluate(case.model, case.measured_on, own, metric=case.metric, ablation=case.ablation)
        wrong = (own - truth.circuit - truth.backups) | (truth.circuit - own)
        judged = against_known(scores, truth, "value")
        return cls(
            case.name,
            case.size,
            len(own),
            judged["edge_auc"],
            judged["precision_at_known_size"],
            len(wrong),
            alone.faithfulness,
            alone.kl,
        )
