"""Relevance patching (Rezaei Jafari et al. 2025, arXiv:2508.21258): EAP whose gradients obey rules of LRP.

    score = mean over examples of  (live - replacement) . relevance coefficient at the reader

The coefficient comes back like a gradient, by these rules: a norm's scale and what a head looks at are
constants, an activation counts as its input times the constant f(x)/x, and a gate shares what comes back
half and half between its two factors. Saturation then stops nothing, and no path through queries and keys is
seen: their edges score 0.

Cost: two forward passes, one backward.
"""

from __future__ import annotations

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

RULES = Rules(frozen_norms=True, secant=True, frozen_pattern=True, gate=0.5, up=0.5)


def check(metric: Metric, pairs: Pairs) -> list[str]:
    return check_gradient("relp", metric, pairs, at_clean_only=True)


def relp(
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
    return by_rules(model, pairs, metric, replacer, RULES, batch_size, progress, checkpoint)
