"""What a search for edges holds small: KL to the full model, or the metric."""

from __future__ import annotations

from typing import Literal

from edgewise.tasks.metrics import METRICS, Metric
from edgewise.tasks.pairs import Pairs

Loss = Literal["auto", "kl", "metric"]


def loss_metric(loss: Loss, metric: Metric, pairs: Pairs) -> Metric:
    """auto: KL where the pairs have answers, the metric where they have targets."""
    if loss == "auto":
        loss = "metric" if not pairs.missing("target") else "kl"
    return METRICS["kl"] if loss == "kl" else metric
