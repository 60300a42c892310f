"""ACDC (Conmy et al. 2023, arXiv:2304.14997): edges are removed one by one wherever the loss hardly rises.

    from the logits backwards, for each reader, for each source:
        remove the edge if  loss(circuit without it) - loss(circuit) < tau

Readers of a head or MLP that no edge leaves any more are passed over, and lose their edges untried. The loss
is KL to the full model, as the authors have it, or the task's metric. The order is theirs, too: layers from
the last, in each the MLP, then values, keys and queries of the heads from the last; sources from the nearest,
in each layer the MLP, then heads from the first. (Their graph has edges between a node's reader and what it
writes as well; ours has none.)

Exactly that algorithm, made fast by speculation: edges i ... i + k are tried in one batched run as if each
one before had been removed, as nearly all are; what was tried up to the first that must stay is accepted, and
the rest is tried anew. Below the reader nothing is worked out again, above it only what is still in the
circuit.

With one tau, the score of an edge that stays is what its removal would have cost, and 0 otherwise; the edges
that stay are the circuit. With several, it is the largest tau at which the edge stays: they rank the edges.

Cost: a partial patched run for each edge that is tried, some of it in vain.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from edgewise.bounds import NotNegative
from edgewise.checkpoint import NO_CHECKPOINT, Checkpoint
from edgewise.circuit import Circuit, Scores
from edgewise.distributed import here
from edgewise.errors import BadInput
from edgewise.graph import Graph
from edgewise.methods.order import Order, reader_order, source_order
from edgewise.methods.trials import Trials
from edgewise.models.transformer import Transformer
from edgewise.patching.replacements import Replacer
from edgewise.progress import Progress
from edgewise.tasks.losses import Loss, loss_metric
from edgewise.tasks.metrics import Metric
from edgewise.tasks.pairs import Pairs

LEAST = math.ulp(0.0)
"""The score of an edge that stays though its removal would have cost nothing."""
MOST = 64
"""Edges tried at once, by each process."""


def check(metric: Metric, pairs: Pairs) -> list[str]:
    """It can use every metric."""
    return []


def acdc(
    model: Transformer,
    pairs: Pairs,
    metric: Metric,
    replacer: Replacer,
    *,
    tau: tuple[NotNegative, ...] = (0.01,),
    loss: Loss = "auto",
    order: Order = "published",
    edges: Circuit | None = None,
    batch_size: int = 16,
    progress: Progress | None = None,
    checkpoint: Checkpoint = NO_CHECKPOINT,
) -> Scores:
    """Scores of all edges; those that `edges` leaves out are removed from the beginning.

    loss: auto is KL where the pairs have answers, and the metric where they have targets.
    """
    graph = Graph.of(model.config)
    if edges is not None and not len(edges):
        raise BadInput("edges to begin with were needed. Got none.")
    start = graph.edges if edges is None else edges.kept
    saved = checkpoint.load()
    trials = Trials(model, pairs, loss_metric(loss, metric, pairs), replacer, start, batch_size, progress)
    values = saved.get("values", torch.zeros(graph.shape, dtype=torch.float64))
    first = int(saved.get("taus", torch.tensor(0)))
    walked = reader_order(graph, order)[: int(saved["rows"][0]) if "rows" in saved else 0]
    tau = tuple(dict.fromkeys(tau))
    total = int(start.sum()) * len(tau)
    already = int(start.sum()) * first + int(start[walked].sum())
    with (progress or Progress()).counting("trying edges", total, "trials", already) as advance:
        for index in range(first, len(tau)):
            walk = Walk(trials, tau[index], order)
            if index == first and "kept" in saved:
                walk.kept, walk.effects = saved["kept"], saved["effects"]
                walk.rows_done, walk.together = saved["rows"].tolist()
                walk.loss = saved["loss"].item()
            while walk.rows_done < len(walk.rows):
                advance(walk.next_reader())
                checkpoint.save({**walk.state(), "values": values, "taus": torch.tensor(index)})
            found = walk.effects if len(tau) == 1 else walk.kept.double() * max(tau[index], LEAST)
            values = torch.maximum(values, found)
    return Scores(graph, values, int((values != 0).sum()) if len(tau) == 1 else None)


class Walk:
    """One walk from the logits to the first layer, with one tau."""

    def __init__(self, trials: Trials, tau: float, order: Order) -> None:
        self.trials, self.graph, self.tau = trials, trials.graph, tau
        self.rows, self.sources = reader_order(self.graph, order), source_order(self.graph, order)
        self.kept = trials.start.clone()
        self.effects = torch.zeros(self.graph.shape, dtype=torch.float64)
        """Of edges that stay: what their removal would have cost."""
        self.rows_done = 0
        self.together = 1
        self.loss: float | None = None

    def state(self) -> dict[str, Tensor]:
        """What another walk goes on from as this one would. Its first reader, the logits, is never idle."""
        assert self.loss is not None
        return {
            "kept": self.kept,
            "effects": self.effects,
            "loss": torch.tensor(self.loss, dtype=torch.float64),
            "rows": torch.tensor([self.rows_done, self.together]),
        }

    def next_reader(self) -> int:
        """Tries the edges of the next reader; how many it had."""
        row = self.rows[self.rows_done]
        self.rows_done += 1
        sources = [source for source in self.sources if self.kept[row, source]]
        if not self.is_used(row):
            self.kept[row] = False
            return len(sources)
        if self.loss is None:
            [self.loss] = self.trials.losses(self.kept[None].float(), row)
        waiting = sources
        while waiting:
            waiting = waiting[self.decide(row, waiting[: max(self.together, here().count)]) :]
        return len(sources)

    def decide(self, row: int, sources: list[int]) -> int:
        """Decides on the first of these sources, as far as can be told at once; how many were decided on."""
        masks = self.kept.float().repeat(len(sources), 1, 1)
        for index, source in enumerate(sources):
            masks[index:, row, source] = 0
        assert self.loss is not None
        for index, loss in enumerate(self.trials.losses(masks, row)):
            effect = loss - self.loss
            if not effect < self.tau:
                # With one more than were removed, so that an edge that stays costs little besides itself.
                self.effects[row, sources[index]] = max(effect, LEAST)
                self.together = index + 1
                return index + 1
            self.kept[row, sources[index]] = False
            self.loss = loss
        self.together = min(MOST * here().count, 2 * max(self.together, here().count))
        return len(sources)

    def is_used(self, row: int) -> bool:
        """Whether an edge that stays leaves what this reader feeds."""
        name = self.graph.readers[row]
        fed = [self.graph.source_index[node] for node in self.graph.head_of_reader(name)]
        return name == "logits" or bool(self.kept[:, fed].any())
