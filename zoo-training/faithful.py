"""How much a model still does with some of its edges only, for many sets of edges at once.

    faithfulness = (m(edges kept) - m(everything replaced)) / (m(full model) - m(everything replaced))

with m the metric's mean over prompt pairs, as everywhere in edgewise.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from edgewise.graph import Graph
from edgewise.models.transformer import Transformer
from edgewise.patching.forward import patched_logits
from edgewise.patching.workspace import Workspace
from edgewise.tasks.ablations import replacer_for
from edgewise.tasks.metrics import METRICS
from edgewise.tasks.pairs import Pairs

STAYS = 0.1
"""How far from 1 greedy pruning may take the faithfulness."""
MASKS = 24
EXAMPLES = 64


class Faithfulness:
    """Of one model on one set of pairs under one ablation; called with masks."""

    def __init__(self, model: Transformer, pairs: Pairs, metric: str, ablation: str) -> None:
        self.model, self.graph, self.metric = model, Graph.of(model.config), METRICS[metric]
        replacing = replacer_for(ablation, model, pairs, EXAMPLES)
        self.workspace = Workspace()
        self.batches = [(batch, replacing.replacements(batch.corrupted)) for batch in pairs.batches(EXAMPLES)]
        everything = torch.stack([self.graph.edges.float(), torch.zeros(self.graph.shape)])
        self.full, self.replaced = self.values(everything).tolist()

    @torch.no_grad()
    def values(self, masks: Float[Tensor, "masks readers sources"]) -> Float[Tensor, " masks"]:
        """The metric's mean over examples."""
        total, count = torch.zeros(len(masks), dtype=torch.float64), 0
        for batch, replacements in self.batches:
            for start in range(0, len(masks), MASKS):
                chunk = slice(start, start + MASKS)
                logits = patched_logits(
                    self.model,
                    batch.clean,
                    masks[chunk],
                    replacements,
                    read=batch.read,
                    workspace=self.workspace,
                )
                total[chunk] += self.metric(logits, batch).double().sum(-1)
            count += len(batch)
        return total / count

    def __call__(self, masks: Tensor) -> Tensor:
        return (self.values(masks) - self.replaced) / (self.full - self.replaced)

    def without_each(self) -> Float[Tensor, "readers sources"]:
        """The faithfulness of all edges but one, where that one stands; 1 where there is no edge."""
        places = self.graph.edges.nonzero()
        masks = self.graph.edges.float().repeat(len(places), 1, 1)
        masks[torch.arange(len(places)), places[:, 0], places[:, 1]] = 0
        found = torch.ones(self.graph.shape, dtype=torch.float64)
        found[self.graph.edges] = self(masks)
        return found

    def prune(
        self, alone: Float[Tensor, "readers sources"], most_missed_first: bool = False
    ) -> Bool[Tensor, "readers sources"]:
        """What is left when every edge that can go goes, in the order in which they are missed alone. As many
        as can go together go in one run. Of edges that back each other up, the two orders keep others."""
        kept = self.graph.edges.clone()
        places: Sequence[list[int]] = self.graph.edges.nonzero().tolist()
        waiting = sorted(
            places, key=lambda place: abs(1 - alone[tuple(place)].item()), reverse=most_missed_first
        )
        together = 32
        while waiting:
            first = waiting[:together]
            trial = kept.clone()
            trial[tuple(torch.tensor(first).T)] = False
            if abs(1 - self(trial.float()[None]).item()) <= STAYS:
                kept, waiting, together = trial, waiting[len(first) :], together * 2
            elif len(first) == 1:
                waiting, together = waiting[1:], 1
            else:
                together = len(first) // 2
        return kept
