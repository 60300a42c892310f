"""Integrated gradients over the mask: every edge at once goes from removed to kept.

    score = mean over examples of  average over steps of  d goodness / d mask,   masks at (k + 1/2) / steps

The runs are patched ones, in which each reader sees its own mix: unlike with integrated inputs, the path
from the replaced run to the clean one is the very thing that circuits are made of. By completeness the scores
add up to goodness(clean) - goodness(everything replaced), to within the steps' error; under the ablation
`zero` that is large, for a norm jumps where its input is nothing.

Cost: the replaced run and, a step, a patched forward and backward. Every reader has its own input, which
takes several times the memory of a plain run, so that batches are run in thirds.
"""

from __future__ import annotations

from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor

from edgewise.bounds import Count
from edgewise.checkpoint import NO_CHECKPOINT, Checkpoint
from edgewise.circuit import Scores
from edgewise.errors import BadInput
from edgewise.graph import Graph
from edgewise.methods.gradients import check_gradient, mean_scores
from edgewise.models.sending import sent
from edgewise.models.transformer import Transformer
from edgewise.patching.forward import run_patched
from edgewise.patching.replacements import Replacer
from edgewise.patching.workspace import Workspace
from edgewise.progress import Progress
from edgewise.tasks.metrics import Metric
from edgewise.tasks.pairs import Batch, Pairs


def check(metric: Metric, pairs: Pairs) -> list[str]:
    return check_gradient("eap-ig-mask", metric, pairs, at_clean_only=False)


def eap_ig_mask(
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
    if problems := check(metric, pairs):
        raise BadInput(*problems)
    scores = partial(
        batch_scores, model, metric=metric, replacer=replacer, steps=steps, workspace=Workspace()
    )
    return mean_scores(model, pairs, scores, -(-batch_size // 3), progress, checkpoint)


def batch_scores(
    model: Transformer,
    batch: Batch,
    metric: Metric,
    replacer: Replacer,
    steps: int,
    workspace: Workspace | None = None,
) -> Float[Tensor, "readers sources"]:
    """The scores of one batch, summed over its examples."""
    graph = Graph.of(model.config)
    with torch.no_grad():
        replacements = replacer.replacements(batch.corrupted)
        full = model(batch.clean, batch.read) if metric.compares_with_full(batch) else None
    total = torch.zeros(graph.shape, dtype=torch.float64, device=model.device)
    for step in range(steps):
        mask = torch.full(graph.shape, (step + 0.5) / steps, device=model.device, requires_grad=True)
        with torch.enable_grad():
            logits = run_patched(
                model,
                batch.clean,
                mask,
                replacements,
                read=batch.read,
                where=batch.where,
                workspace=workspace,
            )
            goodness = metric.goodness(metric(logits, batch, full)).sum()
        goodness.backward(inputs=[mask])
        assert mask.grad is not None
        total += mask.grad.double() / steps
    return total * sent(graph.edges, model.device)
