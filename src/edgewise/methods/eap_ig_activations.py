"""EAP with integrated gradients over activations (the `eap` package of Hanna et al., arXiv:2403.17806).

    score = mean over examples of  (live - replacement) . average over runs of  d goodness / d x_reader

In each run on the clean tokens one group of outputs - the embedding, all heads of a layer, the MLP of a layer
- is put at k/steps of the way from replaced to clean, k = 1 ... steps. Every edge is scored by the average
over the runs of all groups, as the authors have it.

Cost: 2 forward passes and, a step, a forward and a backward for each of 1 + 2 x layers groups.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor

from edgewise.bounds import Count
from edgewise.checkpoint import NO_CHECKPOINT, Checkpoint
from edgewise.circuit import Scores
from edgewise.errors import BadInput
from edgewise.graph import Graph
from edgewise.methods.gradients import Ends, check_gradient, gradients_at, mean_scores
from edgewise.models.transformer import Transformer
from edgewise.patching.attribution import edge_gradients_of_runs
from edgewise.patching.reader_gradients import KEPT, GradientTape
from edgewise.patching.replacements import Replacer, run_tape
from edgewise.progress import Progress
from edgewise.tasks.metrics import Metric
from edgewise.tasks.pairs import Batch, Pairs


def check(metric: Metric, pairs: Pairs, steps: Count = 5) -> list[str]:
    """Why it cannot use this metric on these pairs: a single step is the clean run."""
    return check_gradient("eap-ig-activations", metric, pairs, at_clean_only=steps == 1)


def eap_ig_activations(
    model: Transformer,
    pairs: Pairs,
    metric: Metric,
    replacer: Replacer,
    *,
    steps: Count = 5,
    batch_size: int = 16,
    progress: Progress | None = None,
    checkpoint: Checkpoint = NO_CHECKPOINT,
) -> Scores:
    """Scores of all edges."""
    if problems := check(metric, pairs, steps):
        raise BadInput(*problems)
    scores = partial(batch_scores, model, metric=metric, replacer=replacer, steps=steps)
    return mean_scores(model, pairs, scores, batch_size, progress, checkpoint)


@torch.no_grad()
def batch_scores(
    model: Transformer, batch: Batch, metric: Metric, replacer: Replacer, steps: int
) -> Float[Tensor, "readers sources"]:
    """The scores of one batch, summed over its examples. Each group's runs are contracted together."""
    ends = Ends.of(model, batch, metric, replacer)
    live, apart = run_tape(model, batch.clean, "head", "mlp"), ends.differences
    groups = [Group("embedding", 0)]
    for name, differences in (("head", apart.heads), ("mlp", apart.mlps)):
        groups += [Group(name, layer, live[name][layer], each) for layer, each in enumerate(differences)]
    total = torch.zeros(Graph.of(model.config).shape, dtype=torch.float64, device=model.device)
    shares = [step / steps for step in range(1, steps + 1)]
    for group in groups:
        tapes = map(partial(group.run, model, ends, batch, metric), shares)
        total += edge_gradients_of_runs(model, apart, ((tape, 1 / steps) for tape in tapes))
    return total / len(groups)


@dataclass(frozen=True)
class Group:
    """Outputs that are moved together: the embedding, or what one layer's heads or MLP write."""

    name: str
    layer: int
    clean: Tensor | None = None
    difference: Tensor | None = None
    """None: the embedding's are those of the ends."""

    def run(self, model: Transformer, ends: Ends, batch: Batch, metric: Metric, share: float) -> GradientTape:
        if self.clean is None or self.difference is None:
            return gradients_at(model, ends.embeddings(share), batch, metric, ends.full)
        tape = ReplacingTape(self.name, self.layer, self.clean - (1 - share) * self.difference)
        return gradients_at(model, ends.clean, batch, metric, ends.full, tape)


class ReplacingTape(GradientTape):
    """One output of one layer is given, in the place of what the run makes of it."""

    def __init__(self, name: str, layer: int, given: Tensor) -> None:
        super().__init__(KEPT)
        self.name, self.layer, self.given = name, layer, given
        self.passed = 0

    def __call__(self, name: str, tensor: Tensor) -> Tensor:
        if name == self.name:
            self.passed += 1
            if self.passed == self.layer + 1:
                tensor = self.given
        return super().__call__(name, tensor)
