"""Node attribution: attribution patching of whole nodes (Nanda 2023; Kramar et al. 2024, arXiv:2403.00745).

    score = mean over examples of  sum over positions of  (live - replacement) . d goodness / d output

At the clean run, by a plain backward: the gradient is taken where the node writes, so that nothing is
contracted. EAP is linear in what a source writes: a node's score is the sum of EAP's over the edges that
leave it. Scores are signed, so that examples may cancel out; Kramar et al. take each example's absolute
value, which is `hisp` against the replacement, not normalised. What AtP* mends, saturated queries and keys
among it, is not mended here.

Cost: two forward passes, one backward.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from edgewise.checkpoint import NO_CHECKPOINT, Checkpoint
from edgewise.circuit import Scores
from edgewise.components import ComponentScores
from edgewise.errors import BadInput
from edgewise.graph import Graph
from edgewise.methods.gradients import check_gradient, gradients_at
from edgewise.models.tape import SOURCES
from edgewise.models.transformer import Transformer
from edgewise.patching.reader_gradients import GradientTape
from edgewise.patching.replacements import Replacer, Sources
from edgewise.progress import Progress
from edgewise.tasks.metrics import Metric
from edgewise.tasks.pairs import Batch, Pairs
from edgewise.tasks.sums import sum_over_examples


def check(metric: Metric, pairs: Pairs, name: str = "node-attribution") -> list[str]:
    """Why node attribution cannot use this metric on these pairs."""
    return check_gradient(name, metric, pairs, at_clean_only=True)


def node_attribution_edges(
    model: Transformer,
    pairs: Pairs,
    metric: Metric,
    replacer: Replacer,
    *,
    batch_size: int = 16,
    progress: Progress | None = None,
    checkpoint: Checkpoint = NO_CHECKPOINT,
) -> Scores:
    """Scores of all edges: each has that of the weaker of its two nodes."""
    nodes = node_attribution(
        model, pairs, metric, replacer, batch_size=batch_size, progress=progress, checkpoint=checkpoint
    )
    return nodes.to_edges()


def node_attribution(
    model: Transformer,
    pairs: Pairs,
    metric: Metric,
    replacer: Replacer,
    *,
    batch_size: int = 16,
    progress: Progress | None = None,
    checkpoint: Checkpoint = NO_CHECKPOINT,
) -> ComponentScores:
    """Scores of all nodes."""
    if problems := check(metric, pairs):
        raise BadInput(*problems)

    def scores(batch: Batch) -> Tensor:
        return batch_products(model, batch, metric, replacer).sum(0)

    total = mean_over_examples(model, pairs, scores, batch_size, progress, checkpoint)
    return ComponentScores.of_nodes(Graph.of(model.config), total.float())


class OutputTape(GradientTape):
    """Keeps the gradients at what the sources write, in the place of those at the readers."""

    def __init__(self, *names: str) -> None:
        super().__init__(*names)
        self.gradients = {name: {} for name in SOURCES}
        self.products = {}
        self.seen = dict.fromkeys(SOURCES, 0)

    def at_sources(self) -> Sources:
        found = ([self.gradients[name].pop(index) for index in range(self.seen[name])] for name in SOURCES)
        return Sources(*found)


def batch_products(
    model: Transformer, batch: Batch, metric: Metric, replacer: Replacer | None
) -> Float[Tensor, "examples sources"]:
    """What each source writes, less its replacement if there is a replacer, times the gradient there."""
    return position_products(model, batch, metric, replacer).sum(-1)


def position_products(
    model: Transformer, batch: Batch, metric: Metric, replacer: Replacer | None
) -> Float[Tensor, "examples sources positions"]:
    """The same of each position."""
    tape = OutputTape(*SOURCES)
    gradients_at(model, model.embed(batch.clean), batch, metric, tape=tape)
    with torch.no_grad():
        values, gradients = Sources.of_tape(tape), tape.at_sources()
        if replacer is not None:
            values = values.less(replacer.sources(batch.corrupted))
        columns = [
            products(*each)[:, None] for each in zip(values.embeddings, gradients.embeddings, strict=True)
        ]
        for layer, (heads, at_heads) in enumerate(zip(values.heads, gradients.heads, strict=True)):
            columns.append(products(heads, at_heads).transpose(1, 2))
            if values.mlps:
                columns.append(products(values.mlps[layer], gradients.mlps[layer])[:, None])
        return torch.cat(columns, 1)


def products(
    values: Float[Tensor, "*kept width"], gradients: Float[Tensor, "*kept width"]
) -> Float[Tensor, "*kept"]:
    """In float32 or better."""
    exact = torch.promote_types(values.dtype, torch.float32)
    return (values.to(exact) * gradients).sum(-1)


def mean_over_examples(
    model: Transformer,
    pairs: Pairs,
    found: Callable[[Batch], Tensor],
    batch_size: int,
    progress: Progress | None,
    checkpoint: Checkpoint = NO_CHECKPOINT,
) -> Tensor:
    """The mean over examples of what batches give in sum, in float64."""
    total = sum_over_examples(model, pairs, found, batch_size, progress, "scoring nodes", checkpoint)
    return total / len(pairs)
