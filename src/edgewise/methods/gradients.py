"""What the methods share that score edges by gradients at one or several runs.

    score = mean over examples of  (live - replacement) . average over runs of  d goodness / d x_reader

They differ in the runs: where they begin, what is put into them, and the rules their gradients go back by.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from edgewise.circuit import Scores
from edgewise.graph import Graph
from edgewise.models.rules import PLAIN, Rules
from edgewise.models.tape import SOURCES
from edgewise.models.transformer import Transformer
from edgewise.patching.attribution import KEPT, GradientTape, ReaderGradients, edge_gradients
from edgewise.patching.replacements import Replacer, Sources, run_tape
from edgewise.progress import Progress
from edgewise.tasks.finite import require_finite
from edgewise.tasks.metrics import Metric
from edgewise.tasks.pairs import Batch, Pairs

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
    model: Transformer, pairs: Pairs, batch_scores: BatchScores, batch_size: int, progress: Progress | None
) -> Scores:
    """The mean over examples of what batches give in sum."""
    graph = Graph.of(model.config)
    total = torch.zeros(graph.shape, dtype=torch.float64)
    batches = list(pairs.batches(batch_size, model.device))
    for batch in (progress or Progress()).track(batches, "scoring edges", len(batches)):
        found = batch_scores(batch)
        require_finite(found, model, batch)
        total += found.double().cpu()
    return Scores(graph, (total / len(pairs)).float())


@dataclass(frozen=True)
class Ends:
    """A batch between whose two ends runs are taken: its own sources, and what replaces them."""

    clean: Sources
    replaced: Sources
    full: Float[Tensor, "examples reads vocabulary"] | None
    """The full model's logits, for metrics that compare with them."""

    @classmethod
    @torch.no_grad()
    def of(cls, model: Transformer, batch: Batch, metric: Metric, replacer: Replacer) -> Ends:
        if metric.compares_with_full(batch):
            tape = GradientTape(*SOURCES)
            full = model.run(model.embed(batch.clean), batch.read, tape)
        else:
            tape, full = run_tape(model, batch.clean, *SOURCES), None
        return cls(Sources.of_tape(tape), replacer.sources(batch.corrupted), full)

    def differences(self) -> Sources:
        """To be asked for last: both ends give up their tensors."""
        return self.clean.less(self.replaced)

    def embeddings(self, share: float) -> Embeddings:
        """This share of the way from replaced to clean."""
        ends = zip(self.clean.embeddings, self.replaced.embeddings, strict=True)
        return [torch.lerp(replaced.expand_as(clean), clean, share) for clean, replaced in ends]


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
        require_finite(logits.detach(), model, batch)
        goodness = metric.goodness(metric(logits, batch, full)).sum()
    goodness.backward(inputs=leaves)
    return tape


@torch.no_grad()
def between_ends(
    model: Transformer, batch: Batch, metric: Metric, replacer: Replacer, shares: dict[float, float]
) -> Float[Tensor, "readers sources"]:
    """The scores of one batch by runs whose embeddings lie between the two ends: weights by share."""
    ends = Ends.of(model, batch, metric, replacer)
    readers = ReaderGradients(model)
    for share, weight in shares.items():
        readers.add(gradients_at(model, ends.embeddings(share), batch, metric, ends.full), weight)
    return edge_gradients(model, ends.differences(), readers)


class ReplacingTape(GradientTape):
    """One kind of output of one layer is given, in the place of what the run makes of it."""

    def __init__(self, name: str, layer: int, given: Tensor, *names: str) -> None:
        super().__init__(*names)
        self.name, self.layer, self.given = name, layer, given
        self.passed = 0

    def __call__(self, name: str, tensor: Tensor) -> Tensor:
        if name == self.name:
            self.passed += 1
            if self.passed == self.layer + 1:
                tensor = self.given
        return super().__call__(name, tensor)


def groups(ends: Ends) -> Iterator[tuple[str, int, Tensor, Tensor]]:
    """Each group of outputs that is moved by itself: its name on a tape, its layer, and its two ends."""
    for name, clean, replaced in (
        ("head", ends.clean.heads, ends.replaced.heads),
        ("mlp", ends.clean.mlps, ends.replaced.mlps),
    ):
        for layer, (live, other) in enumerate(zip(clean, replaced, strict=True)):
            yield name, layer, live, other.expand_as(live)
