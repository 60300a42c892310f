"""A fast scorer, then ACDC (Syed, Rager and Conmy 2023, arXiv:2310.10348): exact only where it may matter.

    1. score all edges by the first method, and keep the strongest share of them, by absolute value
    2. ACDC from there: the rest is gone from the beginning, and only what is left is tried

An edge that the first method misses is lost: give it room. The scores are ACDC's.

Cost: the first method's, and a partial patched run for each edge that it leaves.
"""

from __future__ import annotations

from edgewise.bounds import NotNegative, Share
from edgewise.checkpoint import NO_CHECKPOINT, Checkpoint
from edgewise.circuit import Scores
from edgewise.methods.acdc import acdc
from edgewise.methods.first import First, strongest_by
from edgewise.methods.order import Order
from edgewise.methods.scorers import SCORERS
from edgewise.models.transformer import Transformer
from edgewise.patching.replacements import Replacer
from edgewise.progress import Progress
from edgewise.tasks.losses import Loss
from edgewise.tasks.metrics import Metric
from edgewise.tasks.pairs import Pairs


def check(metric: Metric, pairs: Pairs, first: First = "eap") -> list[str]:
    """Why the first method cannot use this metric on these pairs."""
    return SCORERS[first].check(metric, pairs)


def eap_then_acdc(
    model: Transformer,
    pairs: Pairs,
    metric: Metric,
    replacer: Replacer,
    *,
    first: First = "eap",
    share: Share = 0.2,
    tau: tuple[NotNegative, ...] = (0.01,),
    loss: Loss = "auto",
    order: Order = "published",
    batch_size: int = 16,
    progress: Progress | None = None,
    checkpoint: Checkpoint = NO_CHECKPOINT,
) -> Scores:
    """Scores of all edges."""
    left, checkpoint = strongest_by(
        first, share, model, pairs, metric, replacer, batch_size, progress, checkpoint
    )
    return acdc(
        model,
        pairs,
        metric,
        replacer,
        tau=tau,
        loss=loss,
        order=order,
        edges=left,
        batch_size=batch_size,
        progress=progress,
        checkpoint=checkpoint.part("acdc"),
    )
