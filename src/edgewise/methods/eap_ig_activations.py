"""EAP with integrated gradients over activations (the `eap` package of Hanna et al., arXiv:2403.17806).

    score = mean over examples of  (live - replacement) . average over runs of  d goodness / d x_reader

In each run on the clean tokens one group of outputs - the embedding, all heads of a layer, the MLP of a layer
- is put at k/steps of the way from replaced to clean, k = 1 ... steps. Every edge is scored by the average
over the runs of all groups, as the authors have it.

Cost: 2 forward passes and, a step, a forward and a backward for each of 1 + 2 x layers groups.
"""

from __future__ import annotations

import torch
from torch import Tensor

from edgewise.circuit import Scores
from edgewise.errors import BadInput
from edgewise.methods.gradients import (
    Ends,
    ReplacingTape,
    check_gradient,
    gradients_at,
    groups,
    mean_scores,
)
from edgewise.methods.options import Count
from edgewise.models.transformer import Transformer
from edgewise.patching.attribution import KEPT, ReaderGradients, edge_gradients
from edgewise.patching.replacements import Replacer
from edgewise.progress import Progress
from edgewise.tasks.metrics import Metric
from edgewise.tasks.pairs import Batch, Pairs


def check(metric: Metric, pairs: Pairs) -> list[str]:
    return check_gradient("eap-ig-activations", metric, pairs, at_clean_only=False)


def eap_ig_activations(
    model: Transformer,
    pairs: Pairs,
    metric: Metric,
    replacer: Replacer,
    *,
    steps: Count = 5,
    batch_size: int = 16,
    progress: Progress | None = None,
) -> Scores:
    """Scores of all edges."""
    if problems := check(metric, pairs):
        raise BadInput(*problems)

    @torch.no_grad()
    def scores(batch: Batch) -> Tensor:
        ends = Ends.of(model, batch, metric, replacer)
        moved = list(groups(ends))
        share_of_each = 1 / (steps * (1 + len(moved)))
        readers = ReaderGradients(model)
        for step in range(1, steps + 1):
            share = step / steps
            readers.add(gradients_at(model, ends.embeddings(share), batch, metric, ends.full), share_of_each)
            clean = ends.embeddings(1.0)
            for name, layer, live, replaced in moved:
                tape = ReplacingTape(name, layer, torch.lerp(replaced, live, share), KEPT)
                readers.add(gradients_at(model, clean, batch, metric, ends.full, tape), share_of_each)
        return edge_gradients(model, ends.differences(), readers)

    return mean_scores(model, pairs, scores, batch_size, progress)
