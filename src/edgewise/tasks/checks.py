"""A metric and an ablation by their names: are they known, and have the prompt pairs what they need."""

from __future__ import annotations

from edgewise.errors import check_name, several
from edgewise.models.transformer import Transformer, check_model
from edgewise.patching.replacements import ABLATIONS
from edgewise.tasks.metrics import METRICS, check_metric
from edgewise.tasks.pairs import Pairs, check_pairs
from edgewise.tasks.prompt_rules import PromptRules

METRIC = "logit-diff"
"""Of pairs that belong to no task."""


def check_kinds(model: object, pairs: object) -> list[str]:
    """Why these are no model and prompt pairs."""
    if isinstance(model, Pairs) and isinstance(pairs, Transformer):
        return ["a model and then its prompt pairs were needed. Got them the other way round. Swap them."]
    return check_model(model) + check_pairs(pairs)


def metric_of(pairs: object) -> str:
    """What pairs are judged by where nothing else is asked for."""
    return getattr(pairs, "metric", None) or METRIC


def check_task(metric: str, ablation: str, batch_size: int, pairs: Pairs | None) -> list[str]:
    """Every problem; without pairs, those of the choices alone."""
    problems: list[str] = []
    if pairs is not None and not len(pairs):
        problems.append("prompt pairs were needed. Got none.")
    if unknown_metric := check_name("metric", metric, METRICS):
        problems += unknown_metric
    elif pairs is not None:
        problems += check_metric(METRICS[metric], pairs)
    if unknown_ablation := check_name("ablation", ablation, ABLATIONS):
        problems += unknown_ablation
    elif pairs is not None:
        problems += check_corrupted(ablation, pairs)
    if not isinstance(batch_size, int) or isinstance(batch_size, bool) or batch_size < 1:
        problems.append(f"batch size must be a whole number from 1. Got {batch_size!r}.")
    return problems


def check_corrupted(ablation: str, pairs: Pairs) -> list[str]:
    """Why these pairs cannot be run with an ablation that is known."""
    if ablation != "corrupted" or not (without := pairs.missing("corrupted")):
        return []
    return [
        "ablation 'corrupted' needs a corrupted prompt in every pair. "
        f"Got none in {several(without)}. Add 'corrupted', or choose zero or mean."
    ]


def check_fit(pairs: Pairs, rules: PromptRules) -> list[str]:
    """Why pairs that were made for another model cannot be run on this one."""
    problems = []
    prompts = (max(*pair.clean, *(pair.corrupted or ()), 0) for pair in pairs)
    answers = (max(*pair.correct, *pair.wrong, 0, 0) for pair in pairs)
    for what, ids, known in (
        ("token ids", prompts, rules.vocabulary),
        ("answers", answers, rules.outputs),
    ):
        if (largest := max(ids, default=0)) >= known:
            problems.append(f"{what} must be below the model's {known:,}. Got {largest:,}.")
    longest = max((len(pair.clean) for pair in pairs), default=0)
    if rules.context and longest > rules.context:
        problems.append(f"prompts must have at most the model's {rules.context:,} tokens. Got {longest:,}.")
    return [f"{problem} Make the pairs with this model." for problem in problems]
