"""Gradient interaction modifications (Edin et al. 2025, arXiv:2505.17630): EAP with three changes backward.

    score = mean over examples of  (live - replacement) . modified gradient at the reader

A norm's scale is a constant; softmax goes back as if at a higher temperature, so that attention that is
saturated still tells what it looks at; and where values are multiplied, what comes back is shared: a quarter
each to queries and keys, half to values, half each to a gate's two factors. The defaults are the authors'.

Cost: two forward passes, one backward.
"""

from __future__ import annotations

from edgewise.bounds import Positive
from edgewise.checkpoint import NO_CHECKPOINT, Checkpoint
from edgewise.circuit import Scores
from edgewise.errors import BadInput
from edgewise.methods.eap import by_rules
from edgewise.methods.gradients import check_gradient
from edgewise.models.rules import Rules
from edgewise.models.transformer import Transformer
from edgewise.patching.replacements import Replacer
from edgewise.progress import Progress
from edgewise.tasks.metrics import Metric
from edgewise.tasks.pairs import Pairs


def check(metric: Metric, pairs: Pairs) -> list[str]:
    return check_gradient("gim", metric, pairs, at_clean_only=True)


def gim(
    model: Transformer,
    pairs: Pairs,
    metric: Metric,
    replacer: Replacer,
    *,
    temperature: Positive = 2.0,
    batch_size: int = 16,
    progress: Progress | None = None,
    checkpoint: Checkpoint = NO_CHECKPOINT,
) -> Scores:
    """Scores of all edges."""
    if problems := check(metric, pairs):
        raise BadInput(*problems)
    return by_rules(model, pairs, metric, replacer, rules(temperature), batch_size, progress, checkpoint)


def rules(temperature: float) -> Rules:
    return Rules(
        frozen_norms=True, temperature=temperature, query=0.25, key=0.25, value=0.5, gate=0.5, up=0.5
    )
