"""EAP with integrated gradients over the inputs (Hanna, Pezzelle and Belinkov 2024, arXiv:2403.17806).

    score = mean over examples of  (live - replacement) . average over steps of  d goodness / d x_reader

Each step is a run whose embeddings lie between the two ends, replaced + share (clean - replacement): a
gradient that vanishes at the clean run, because something there is saturated, is seen on the way. The
authors' shares are k/steps for k = 0 ... steps - 1, with the replaced end and without the clean one; that is
`left`. `midpoint` and `right` are ours.

Cost: 2 forward passes and, a step, a forward and a backward. The contraction is paid once for all steps.
"""

from __future__ import annotations

from functools import partial
from typing import Literal

from edgewise.bounds import Count
from edgewise.checkpoint import NO_CHECKPOINT, Checkpoint
from edgewise.circuit import Scores
from edgewise.errors import BadInput
from edgewise.methods.gradients import between_ends, check_gradient, mean_scores
from edgewise.models.transformer import Transformer
from edgewise.patching.replacements import Replacer
from edgewise.progress import Progress
from edgewise.tasks.metrics import Metric
from edgewise.tasks.pairs import Pairs

Points = Literal["left", "midpoint", "right"]
OFFSETS: dict[str, float] = {"left": 0.0, "midpoint": 0.5, "right": 1.0}


def check(metric: Metric, pairs: Pairs, steps: Count = 5, points: Points = "left") -> list[str]:
    """Why it cannot use this metric on these pairs: a single step from the right is the clean run."""
    return check_gradient("eap-ig-inputs", metric, pairs, at_clean_only=(steps, points) == (1, "right"))


def eap_ig_inputs(
    model: Transformer,
    pairs: Pairs,
    metric: Metric,
    replacer: Replacer,
    *,
    steps: Count = 5,
    points: Points = "left",
    batch_size: int = 16,
    progress: Progress | None = None,
    checkpoint: Checkpoint = NO_CHECKPOINT,
) -> Scores:
    """Scores of all edges."""
    if problems := check(metric, pairs, steps, points):
        raise BadInput(*problems)
    shares = {(step + OFFSETS[points]) / steps: 1 / steps for step in range(steps)}
    scores = partial(between_ends, model, metric=metric, replacer=replacer, shares=shares)
    return mean_scores(model, pairs, scores, batch_size, progress, checkpoint)
