"""What the methods share that score edges by gradients at one or several runs.

    score = mean over examples of  (live - replacement) . average over runs of  d goodness / d x_reader

They differ in the runs: where they begin, what is put into them, and the rules their gradients go back by.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from edgewise.checkpoint import Checkpoint
from edgewise.circuit import Scores
from edgewise.graph import Graph
from edgewise.models.rules import PLAIN, Rules
from edgewise.models.tape import SOURCES
from edgewise.models.transformer import Transformer
from edgewise.patching.attribution import edge_gradients_of_runs
from edgewise.patching.reader_gradients import KEPT, GradientTape
from edgewise.patching.replacements import Replacer, Sources, run_tape
from edgewise.progress import Progress
from edgewise.tasks.metrics import Metric
from edgewise.tasks.pairs import Batch, Pairs
from edgewise.tasks.sums import sum_over_examples

Embeddings = list[Float[Tensor, "examples positions width"]]
BatchScores = Callable[[Batch], Float[Tensor, "readers sources"]]


def check_gradient(name: str, metric: Metric, pairs: Pairs, at_clean_only: bool) -> list[str]:
    """Why a method of gradients cannot use this metric on these pairs."""
    problems = []
    if not metric.differentiable:
        problems.append(f"{name} needs a metric with a gradient. Got {metric.name!r}, which has none.")
    if at_clean_only and (reason := metric.flat_at_clean(pairs)):
        problems.append(f"{name} takes gradients at the clean run, and {reason}. Choose another metric.")
    return problems


def mean_scores(
    model: Transformer,
    pairs: Pairs,
    batch_scores: BatchScores,
    batch_size: int,
    progress: Progress | None,
    checkpoint: Checkpoint,
) -> Scores:
    """The mean over examples of what batches give in sum."""
    total = sum_over_examples(model, pairs, batch_scores, batch_size, progress, "scoring edges", checkpoint)
    return Scores(Graph.of(model.config), (total / len(pairs)).float())


@dataclass(frozen=True)
class Ends:
    """A batch between whose two ends runs are taken."""

    clean: Embeddings
    differences: Sources
    """Of every source, live less replaced."""
    full: Float[Tensor, "examples reads vocabulary"] | None
    """The full model's logits, for metrics that compare with them."""

    @classmethod
    @torch.no_grad()
    def of(cls, model: Transformer, batch: Batch, metric: Metric, replacer: Replacer) -> Ends:
        full = model(batch.clean, batch.read) if metric.compares_with_full(batch) else None
        live = Sources.of_tape(run_tape(model, batch.clean, *SOURCES))
        return cls(model.embed(batch.clean), live.less(replacer.sources(batch.corrupted)), full)

    def embeddings(self, share: float) -> Embeddings:
        """This share of the way from replaced to clean."""
        ends = zip(self.clean, self.differences.embeddings, strict=True)
        return [clean - (1 - share) * difference for clean, difference in ends]


def gradients_at(
    model: Transformer,
    embeddings: Embeddings,
    batch: Batch,
    metric: Metric,
    full: Tensor | None = None,
    tape: GradientTape | None = None,
    rules: Rules = PLAIN,
) -> GradientTape:
    """One run from these embeddings and the gradients of goodness at its readers, on a tape of KEPT."""
    tape = tape or GradientTape(KEPT)
    leaves = [embedding.detach().requires_grad_() for embedding in embeddings]
    with torch.enable_grad():
        logits = model.run(leaves, batch.read, tape, rules)
        # Where a logit is not finite, every gradient is NaN: whoever looks at them need not wait for it now.
        sound = torch.where(logits.detach().isfinite().all(), 1.0, torch.nan)
        goodness = metric.goodness(metric(logits, batch, full)).sum() * sound
    goodness.backward(inputs=leaves)
    return tape


@torch.no_grad()
def between_ends(
    model: Transformer, batch: Batch, metric: Metric, replacer: Replacer, shares: dict[float, float]
) -> Float[Tensor, "readers sources"]:
    """The scores of one batch by runs whose embeddings lie between the two ends: weights by share."""
    ends = Ends.of(model, batch, metric, replacer)
    runs = (
        (gradients_at(model, ends.embeddings(share), batch, metric, ends.full), weight)
        for share, weight in shares.items()
    )
    return edge_gradients_of_runs(model, ends.differences, runs)
