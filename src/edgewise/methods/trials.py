"""How bad circuits are, many at once: the mean loss over prompt pairs of patched runs.

The clean sources and the replacements of every batch are kept, so that a run begins at the reader whose edges
differ. Where some edges are gone from the beginning, what lies below is their circuit's own run.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from edgewise.distributed import worked_out
from edgewise.graph import Graph
from edgewise.models.sending import sent, sums_on
from edgewise.models.tape import SOURCES, Tape
from edgewise.models.transformer import Transformer
from edgewise.patching.budget import masks_at_once
from edgewise.patching.forward import run_patched
from edgewise.patching.patched_run import PatchedTape
from edgewise.patching.replacements import Replacements, Replacer
from edgewise.patching.workspace import Workspace
from edgewise.progress import Progress
from edgewise.tasks.finite import require_finite
from edgewise.tasks.metrics import Metric
from edgewise.tasks.pairs import Batch, Pairs

NUMBERS = 4_000_000
"""Of logits that a metric is given at once."""


@dataclass(frozen=True)
class _Known:
    """A batch and what does not change from trial to trial."""

    batch: Batch
    replacements: Replacements
    below: Tape
    full: Float[Tensor, "examples reads vocabulary"]


class Trials:
    @torch.no_grad()
    def __init__(
        self,
        model: Transformer,
        pairs: Pairs,
        metric: Metric,
        replacer: Replacer,
        start: Bool[Tensor, "readers sources"],
        batch_size: int,
        progress: Progress | None = None,
    ) -> None:
        """`start`: the edges that there are at the beginning."""
        self.model, self.metric, self.start = model, metric, start
        self.graph, self.count, self.workspace = Graph.of(model.config), len(pairs), Workspace()
        batches = list(pairs.batches(batch_size, model.device))
        shown = (progress or Progress()).track(batches, "running prompts", len(batches))
        self.known = [self._of(batch, replacer) for batch in shown]

    def _of(self, batch: Batch, replacer: Replacer) -> _Known:
        replacements = replacer.replacements(batch.corrupted)
        below = Tape(*SOURCES)
        full = self.model(batch.clean, batch.read, below)
        require_finite(full, self.model, batch)
        if not torch.equal(self.start, self.graph.edges):
            below = PatchedTape()
            run_patched(
                self.model,
                batch.clean,
                self.start.float(),
                replacements,
                read=batch.read,
                where=batch.where,
                live_only=False,
                record=below,
                workspace=self.workspace,
            )
        return _Known(batch, replacements, below, full)

    @torch.no_grad()
    def losses(self, masks: Float[Tensor, "masks readers sources"], row: int) -> list[float]:
        """The mean loss with each mask. All differ from the start at this reader's layer or above it only."""
        layer = min(row // self.graph.layer_readers, self.graph.layers)
        # Of masks, each process has a share.
        total = worked_out(len(masks), lambda some: self._sums(masks[some], masks[0], layer))
        return (total / self.count).tolist()

    def _sums(
        self,
        masks: Float[Tensor, "masks readers sources"],
        most: Float[Tensor, "readers sources"],
        layer: int,
    ) -> Float[Tensor, " masks"]:
        """The losses with each mask, summed over all examples."""
        total = torch.zeros(len(masks), dtype=torch.float64, device=sums_on(self.model.device))
        seen: list[tuple[Tensor, Batch]] = []
        for known in self.known:
            batch, together = known.batch, self._together(known, most, layer)
            for start in range(0, len(masks), together):
                logits = run_patched(
                    self.model,
                    batch.clean,
                    masks[start : start + together],
                    known.replacements,
                    read=batch.read,
                    where=batch.where,
                    clean=known.below,
                    from_layer=layer,
                    workspace=self.workspace,
                )
                full = known.full if self.metric.compares_with_full(batch) else None
                # A few at a time, for what metrics make of a vocabulary is as large as the logits.
                few = logits.split(max(1, NUMBERS * len(logits) // logits.numel()))
                values = -self.metric.goodness(torch.cat([self.metric(one, batch, full) for one in few]))
                seen.append((values, batch))
                total[start : start + together] += sent(values, total.device).double().sum(-1)
        # Asked for once.
        found: list[float] = total.tolist()
        if not all(map(math.isfinite, found)):
            for values, batch in seen:
                require_finite(values, self.model, batch)
        return torch.tensor(found, dtype=torch.float64)

    def _together(self, known: _Known, most: Float[Tensor, "readers sources"], layer: int) -> int:
        """How many masks to run at once, none of which has an edge that `most` has not."""
        above = int(most[:, self.graph.sources_before(layer) :].any(0).sum())
        tokens, width = known.batch.clean.numel(), self.model.config.width
        return masks_at_once(tokens, width, above, known.full.numel(), known.full.dtype)
