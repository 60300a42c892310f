"""`discover`: a method, a metric and an ablation by their names, checked together, to scores of all edges."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edgewise.circuit import Scores
from edgewise.errors import BadInput, check_name
from edgewise.methods import METHODS
from edgewise.methods.options import read_options
from edgewise.models.transformer import Transformer
from edgewise.progress import Progress
from edgewise.tasks.ablations import replacer_for
from edgewise.tasks.checks import check_fit, check_kinds, check_task, metric_of
from edgewise.tasks.metrics import METRICS
from edgewise.tasks.pairs import Pairs, prompt_rules


def discover(
    model: Transformer,
    pairs: Pairs,
    method: str = "eap",
    *,
    metric: str | None = None,
    ablation: str = "corrupted",
    batch_size: int = 16,
    progress: bool | Progress = False,
    **options: Any,
) -> Scores:
    """Score every edge; positive = keeping it helps the metric. `options` are the method's own.

    The metric is the task's that the pairs belong to unless one is given; without a task, logit-diff.
    """
    metric = metric_of(pairs) if metric is None else metric
    checked = pairs if isinstance(pairs, Pairs) else None
    problems = check_kinds(model, pairs)
    problems += check_discovery(method, metric, ablation, batch_size, checked, options)
    if problems or (problems := check_fit(pairs, prompt_rules(model))):
        raise BadInput(*problems)
    shown = Progress(progress) if isinstance(progress, bool) else progress
    chosen = METHODS[method]
    own, _ = read_options(method, chosen.discover, options)
    replacer = replacer_for(ablation, model, pairs, batch_size, shown)
    return chosen.discover(
        model, pairs, METRICS[metric], replacer, batch_size=batch_size, progress=shown, **own
    )


def check_discovery(
    method: str,
    metric: str,
    ablation: str,
    batch_size: int,
    pairs: Pairs | None,
    options: Mapping[str, Any],
) -> list[str]:
    """Everything that keeps `discover` from starting; without pairs, what can be said without them."""
    problems = check_task(metric, ablation, batch_size, pairs)
    if ablation == "corrupted" and pairs and all(pair.clean == pair.corrupted for pair in pairs):
        problems.append(
            "ablation 'corrupted' finds what tells the two prompts of a pair apart. "
            "Got the same two in every pair. Change 'corrupted', or choose zero or mean."
        )
    if unknown_method := check_name("method", method, METHODS):
        return unknown_method + problems
    if not check_name("metric", metric, METRICS):
        problems += METHODS[method].check(METRICS[metric], pairs or Pairs(()))
    return problems + read_options(method, METHODS[method].discover, options)[1]
