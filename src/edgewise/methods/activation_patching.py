"""Activation patching of edges (Wang et al. 2022, arXiv:2211.00593): what each edge does, exactly.

    score = mean over examples of  goodness(clean run) - goodness(the same with this edge's source replaced)

Every other edge stays. This is the measure that EAP and its kin estimate. An edge alone can be without effect
where another takes over: circuits with backups need ACDC or a learned mask.

Cost: for each edge what comes after its reader, half a forward pass on average. `edges` restricts it: the
others score 0.
"""

from __future__ import annotations

import time

import torch
from torch import Tensor

from edgewise.checkpoint import NO_CHECKPOINT, Checkpoint
from edgewise.circuit import Circuit, Scores
from edgewise.distributed import worked_out
from edgewise.errors import BadInput
from edgewise.graph import Graph
from edgewise.models.sending import sent, sums_on
from edgewise.models.transformer import Transformer
from edgewise.patching.replacements import Replacer
from edgewise.patching.single import SingleEdges
from edgewise.progress import Progress
from edgewise.tasks.finite import require_finite
from edgewise.tasks.metrics import Metric
from edgewise.tasks.pairs import Batch, Pairs

TOKENS = 2_048
"""Of all examples that run at once."""
SECONDS = 20
"""Between checkpoints."""


def check(metric: Metric, pairs: Pairs) -> list[str]:
    """It can use every metric."""
    return []


def activation_patching(
    model: Transformer,
    pairs: Pairs,
    metric: Metric,
    replacer: Replacer,
    *,
    edges: Circuit | None = None,
    batch_size: int = 16,
    progress: Progress | None = None,
    checkpoint: Checkpoint = NO_CHECKPOINT,
) -> Scores:
    """Scores of all edges, or of some."""
    graph = Graph.of(model.config)
    asked = graph.edges if edges is None else edges.kept
    if not asked.any():
        raise BadInput("edges to remove were needed. Got none.")
    rows = [row for row in reversed(range(len(graph.readers))) if asked[row].any()]
    batches = list(pairs.batches(batch_size, model.device))
    saved = checkpoint.load()
    total = saved.get("total", torch.zeros(graph.shape, dtype=torch.float64))
    batches_done, rows_done = saved.get("done", torch.zeros(2, dtype=torch.long)).tolist()
    count = int(asked.sum())
    already = batches_done * count + int(asked[rows[:rows_done]].sum())
    kept_at = time.monotonic()
    with (progress or Progress()).counting(
        "removing edges", count * len(batches), "trials", already
    ) as advance:
        state = {"total": total, "done": torch.tensor([batches_done, rows_done])}
        try:
            for index in range(batches_done, len(batches)):
                trial = _Trial(model, batches[index], metric, replacer)
                for place, row in enumerate(rows[rows_done:], rows_done + 1):
                    sources = asked[row].nonzero()[:, 0]
                    lost = trial.lost(row, sources.tolist())
                    total = state["total"].clone()
                    total[row, sources] += lost
                    # At once, so that whatever breaks this off leaves one or the other.
                    state = {"total": total, "done": torch.tensor([index, place])}
                    advance(len(sources))
                    if time.monotonic() - kept_at > SECONDS:
                        kept_at = time.monotonic()
                        checkpoint.save(state)
                rows_done = 0
        finally:
            # Whatever breaks it off; and whole, for what comes after it may be broken off, too.
            checkpoint.save(state)
    return Scores(graph, (state["total"] / len(pairs)).float())


class _Trial:
    """One batch, and how good its clean run is."""

    @torch.no_grad()
    def __init__(self, model: Transformer, batch: Batch, metric: Metric, replacer: Replacer) -> None:
        self.model, self.batch, self.metric = model, batch, metric
        self.full = model(batch.clean, batch.read)
        require_finite(self.full, model, batch)
        self.clean = self.goodness(self.full).cpu()
        self.single = SingleEdges(model, batch.clean, batch.read, replacer.sources(batch.corrupted))
        self.together = max(1, TOKENS // batch.clean.numel())

    def goodness(self, logits: Tensor) -> Tensor:
        """Summed over examples."""
        full = self.full if self.metric.compares_with_full(self.batch) else None
        found = self.metric.goodness(self.metric(logits, self.batch, full))
        return sent(found, sums_on(self.model.device)).double().sum(-1)

    def lost(self, row: int, sources: list[int]) -> Tensor:
        """What each source's absence from this reader costs, summed over examples."""
        left = worked_out(len(sources), lambda some: self.left(row, [sources[place] for place in some]))
        lost = self.clean - left
        require_finite(lost, self.model, self.batch)
        return lost

    def left(self, row: int, sources: list[int]) -> Tensor:
        """How good the run is without each of them."""
        found = [
            self.goodness(self.single.logits_without(row, sources[start : start + self.together]))
            for start in range(0, len(sources), self.together)
        ]
        return torch.cat(found).cpu()
