"""Head importance score for pruning (Michel, Levy and Neubig 2019, arXiv:1905.10650; held beside methods that
score edges by Conmy et al. 2023, arXiv:2304.14997).

    importance = mean over examples of  | sum over positions of  z . d goodness / dz |,   at the clean run,
    divided by the L2 norm of its layer's heads

z is a head's output before its output matrix. `against=replacement` takes z less its replacement, as Conmy et
al. do: the absolute value of node attribution, one example at a time. An importance has no sign.

Ours: the sum over positions stands inside the absolute value, as in the gradient by a mask of the head, where
the code of Michel et al. has it outside. They rank heads only. Here MLPs are ranked, too, by what they write.
An MLP divided by the norm of its own layer's MLPs would always be 1, so all MLPs of the model are one group,
divided by the norm of that group; heads have the same numbers with MLPs and without. Embeddings have no score
of their own, nor have MLPs with `mlps=false`: an edge between two such ends is in every circuit of nodes, and
has the score of the strongest edge.

Cost: one forward pass and one backward; another forward for replacements.
"""

from __future__ import annotations

import math
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from edgewise.checkpoint import NO_CHECKPOINT, Checkpoint
from edgewise.circuit import Scores
from edgewise.components import ComponentScores
from edgewise.errors import BadInput
from edgewise.graph import Graph
from edgewise.methods import nodes
from edgewise.methods.nodes import batch_products, mean_over_examples
from edgewise.models.transformer import Transformer
from edgewise.patching.replacements import Replacer
from edgewise.progress import Progress
from edgewise.tasks.metrics import Metric
from edgewise.tasks.pairs import Batch, Pairs

Against = Literal["zero", "replacement"]


def check(metric: Metric, pairs: Pairs) -> list[str]:
    return nodes.check(metric, pairs, "hisp")


def hisp(
    model: Transformer,
    pairs: Pairs,
    metric: Metric,
    replacer: Replacer,
    *,
    against: Against = "zero",
    normalise: bool = True,
    mlps: bool = True,
    batch_size: int = 16,
    progress: Progress | None = None,
    checkpoint: Checkpoint = NO_CHECKPOINT,
) -> Scores:
    """Scores of all edges: each has that of the weaker of its two nodes."""
    components = hisp_nodes(
        model,
        pairs,
        metric,
        replacer,
        against=against,
        normalise=normalise,
        mlps=mlps,
        batch_size=batch_size,
        progress=progress,
        checkpoint=checkpoint,
    )
    return components.to_edges()


def hisp_nodes(
    model: Transformer,
    pairs: Pairs,
    metric: Metric,
    replacer: Replacer,
    *,
    against: Against = "zero",
    normalise: bool = True,
    mlps: bool = True,
    batch_size: int = 16,
    progress: Progress | None = None,
    checkpoint: Checkpoint = NO_CHECKPOINT,
) -> ComponentScores:
    """Scores of all nodes; inf where a node has none of its own."""
    if problems := check(metric, pairs):
        raise BadInput(*problems)
    graph = Graph.of(model.config)

    def importances(batch: Batch) -> Tensor:
        products = batch_products(model, batch, metric, replacer if against == "replacement" else None)
        return products.abs().sum(0)

    found = mean_over_examples(model, pairs, importances, batch_size, progress, checkpoint)
    groups = [list(range(len(graph.sources))[graph.head_sources(layer)]) for layer in range(graph.layers)]
    of_mlps = [graph.mlp_source(layer) for layer in range(graph.layers) if graph.mlps]
    if normalise:
        for group in (*groups, of_mlps):
            found[group] = normalised(found[group])
    found[: len(graph.embeddings)] = math.inf
    if not mlps:
        found[of_mlps] = math.inf
    return ComponentScores.of_nodes(graph, found.float())


def normalised(group: Float[Tensor, " nodes"]) -> Float[Tensor, " nodes"]:
    """Divided by the norm; zeros stay zeros."""
    length = torch.linalg.vector_norm(group)
    return group / torch.where(length > 0, length, 1.0)
