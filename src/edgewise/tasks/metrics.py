"""How well a run does a task: one number per example, from the logits where it is read. One table, `METRICS`.

    logit-diff          mean logit of the correct answers - mean logit of the wrong ones
    prob-diff           summed probability of the correct answers - that of the wrong ones
    kl                  KL(full model || run), summed over the vocabulary
    neg-log-prob        -log of the summed probability of the correct answers
    accuracy            1 where the largest logit is that of a correct answer, otherwise 0
    mean-squared-error  mean over outputs of (logit - target)^2; without a target, of (logit - full model's)^2

Several reads of an example are averaged. Everything is worked out in float32 or better.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from edgewise.errors import BadInput, several
from edgewise.tasks.answers import lacking
from edgewise.tasks.entries import Pair
from edgewise.tasks.pairs import Batch, Field, Pairs

Logits = Float[Tensor, "*masks examples reads vocabulary"]
FullLogits = Float[Tensor, "examples reads vocabulary"]
PerRead = Float[Tensor, "*masks examples reads"]
Answers = Int[Tensor, "examples answers"]


@dataclass(frozen=True)
class Metric:
    """`metric(logits, batch, full_logits)`: a number per example. Leading axes (several masks) are kept."""

    name: str
    what: str
    """One sentence, with the direction."""
    higher_is_better: bool
    per_read: Callable[[Tensor, Batch, Tensor | None], Tensor]
    needs: tuple[Field, ...] = ()
    """What every pair must have."""
    against_full: Literal["never", "always", "without target"] = "never"
    """Which pairs are compared with the full model's logits: of those the clean run is the minimum."""
    differentiable: bool = True

    def __call__(
        self, logits: Logits, batch: Batch, full_logits: FullLogits | None = None
    ) -> Float[Tensor, "*masks examples"]:
        """`full_logits`: the full model's on the clean prompts, needed where `compares_with_full(batch)`."""
        if self.compares_with_full(batch) and full_logits is None:
            raise BadInput(
                f"metric {self.name!r} needs full_logits: the full model's on the clean prompts. Got None."
            )
        full = None if full_logits is None else _exact(full_logits.detach())
        return self.per_read(_exact(logits), batch, full).mean(-1)

    def goodness(self, values: Tensor) -> Tensor:
        """The values with the sign that makes larger better."""
        return values if self.higher_is_better else -values

    def compares_with_full(self, part: Batch | Pair) -> bool:
        return self.against_full == "always" or (
            self.against_full == "without target" and part.target is None
        )

    def flat_at_clean(self, pairs: Pairs) -> str | None:
        """Why gradients at the clean run are zero, for all pairs or some; None where they are not."""
        flat = [pair.place for pair in pairs if self.compares_with_full(pair)]
        if not flat and self.against_full != "always":
            return None
        where = f" in {several(flat)}, without a target" if self.against_full == "without target" else ""
        return (
            f"metric {self.name!r} compares the run with the full model{where}: "
            "the clean run is its minimum, so every gradient there is zero"
        )


def check_metric(metric: Metric, pairs: Pairs) -> list[str]:
    """What the pairs lack of what the metric needs, one problem for each."""
    otherwise = "choose another metric" if pairs.metric is None else "choose that"
    return lacking(f"metric {metric.name!r}", metric.needs, pairs, otherwise)


def _logit_difference(logits: Logits, batch: Batch, full: FullLogits | None) -> PerRead:
    return _mean_at(logits, batch.correct) - _mean_at(logits, batch.wrong)


def _probability_difference(logits: Logits, batch: Batch, full: FullLogits | None) -> PerRead:
    probability = logits.softmax(-1)
    return _sum_at(probability, batch.correct) - _sum_at(probability, batch.wrong)


def _divergence(logits: Logits, batch: Batch, full: FullLogits | None) -> PerRead:
    assert full is not None
    expected, got = full.log_softmax(-1), logits.log_softmax(-1)
    return (expected.exp() * (expected - got)).sum(-1)


def _negative_log_probability(logits: Logits, batch: Batch, full: FullLogits | None) -> PerRead:
    at, given = _at(logits.log_softmax(-1), batch.correct)
    return -at.masked_fill(~given, -torch.inf).logsumexp(-1)


def _hit(logits: Logits, batch: Batch, full: FullLogits | None) -> PerRead:
    largest = logits.argmax(-1, keepdim=True)
    return (largest == batch.correct[:, None]).any(-1).to(logits.dtype)


def _squared_error(logits: Logits, batch: Batch, full: FullLogits | None) -> PerRead:
    if batch.target is None:
        assert full is not None
        return (logits - full).square().mean(-1)
    # Pairs of a batch with targets have as many correct answers, so none of them is filling.
    outputs = _at(logits, batch.correct)[0] if batch.correct.shape[1] else logits
    return (outputs - batch.target.to(logits.dtype)).square().mean(-1)


def _at(
    values: Logits, answers: Answers
) -> tuple[Float[Tensor, "*masks examples reads answers"], Bool[Tensor, "examples 1 answers"]]:
    """The values of each example's answers, and which of them are answers and not filling."""
    places = answers.clamp(min=0)[:, None].expand(*values.shape[:-1], -1)
    return values.gather(-1, places), (answers >= 0)[:, None]


def _sum_at(values: Logits, answers: Answers) -> PerRead:
    at, given = _at(values, answers)
    return at.masked_fill(~given, 0).sum(-1)


def _mean_at(values: Logits, answers: Answers) -> PerRead:
    return _sum_at(values, answers) / (answers >= 0).sum(-1)[:, None]


def _exact(x: Tensor) -> Tensor:
    return x if x.dtype == torch.float64 else x.float()


METRICS: Mapping[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric(
            name="logit-diff",
            what="Mean logit of the correct answers minus that of the wrong ones; higher is better.",
            higher_is_better=True,
            per_read=_logit_difference,
            needs=("correct", "wrong"),
        ),
        Metric(
            name="prob-diff",
            what="Summed probability of the correct answers minus that of the wrong ones; higher is better.",
            higher_is_better=True,
            per_read=_probability_difference,
            needs=("correct", "wrong"),
        ),
        Metric(
            name="kl",
            what="KL divergence of the run from the full model, summed over the vocabulary; lower is better.",
            higher_is_better=False,
            per_read=_divergence,
            against_full="always",
        ),
        Metric(
            name="neg-log-prob",
            what="Minus the log of the summed probability of the correct answers; lower is better.",
            higher_is_better=False,
            per_read=_negative_log_probability,
            needs=("correct",),
        ),
        Metric(
            name="accuracy",
            what="Share of reads whose largest logit is a correct answer's; higher is better; no gradient.",
            higher_is_better=True,
            per_read=_hit,
            needs=("correct",),
            differentiable=False,
        ),
        Metric(
            name="mean-squared-error",
            what="Mean squared error of the logits against the target, or the full model's; lower is better.",
            higher_is_better=False,
            per_read=_squared_error,
            against_full="without target",
        ),
    )
}
