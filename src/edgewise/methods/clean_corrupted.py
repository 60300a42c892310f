"""Clean-corrupted (Hanna, Pezzelle and Belinkov 2024, arXiv:2403.17806): EAP at both ends.

    score = mean over examples of  (live - replacement) . average of  d goodness / d x_reader  at two runs,

the clean one and the one whose embeddings are replaced. Cost: 2 forward passes, and 2 more with a backward.
"""

from __future__ import annotations

from functools import partial

from edgewise.checkpoint import NO_CHECKPOINT, Checkpoint
from edgewise.circuit import Scores
from edgewise.errors import BadInput
from edgewise.methods.gradients import between_ends, check_gradient, mean_scores
from edgewise.models.transformer import Transformer
from edgewise.patching.replacements import Replacer
from edgewise.progress import Progress
from edgewise.tasks.metrics import Metric
from edgewise.tasks.pairs import Pairs

BOTH_ENDS = {0.0: 0.5, 1.0: 0.5}
"""Weights by the share of the way from replaced to clean."""


def check(metric: Metric, pairs: Pairs) -> list[str]:
    return check_gradient("clean-corrupted", metric, pairs, at_clean_only=False)


def clean_corrupted(
    model: Transformer,
    pairs: Pairs,
    metric: Metric,
    replacer: Replacer,
    *,
    batch_size: int = 16,
    progress: Progress | None = None,
    checkpoint: Checkpoint = NO_CHECKPOINT,
) -> Scores:
    """Scores of all edges."""
    if problems := check(metric, pairs):
        raise BadInput(*problems)
    scores = partial(between_ends, model, metric=metric, replacer=replacer, shares=BOTH_ENDS)
    return mean_scores(model, pairs, scores, batch_size, progress, checkpoint)
