"""A fast scorer, then ACDC (Syed, Rager and Conmy 2023, arXiv:2310.10348): exact only where it may matter.

    1. score all edges by the first method, and keep the strongest share of them, by absolute value
    2. ACDC from there: the rest is gone from the beginning, and only what is left is tried

An edge that the first method misses is lost: give it room. The scores are ACDC's.

Cost: the first method's, and a partial patched run for each edge that it leaves.
"""

from __future__ import annotations

from typing import Any, Literal, get_args

from edgewise.checkpoint import NO_CHECKPOINT, Checkpoint
from edgewise.circuit import Scores
from edgewise.errors import BadInput
from edgewise.graph import Graph
from edgewise.methods.acdc import Loss, acdc
from edgewise.methods.options import NotNegative, Share, takes
from edgewise.methods.order import Order
from edgewise.methods.scorers import SCORERS
from edgewise.models.transformer import Transformer
from edgewise.patching.replacements import Replacer
from edgewise.progress import Progress
from edgewise.tasks.metrics import Metric
from edgewise.tasks.pairs import Pairs

First = Literal[
    "eap",
    "eap-ig-inputs",
    "eap-ig-activations",
    "eap-ig-mask",
    "clean-corrupted",
    "relp",
    "gim",
    "activation-patching",
    "node-attribution",
    "hisp",
    "information-flow-routes",
    "weight-gradients",
    "direct-effect",
]
assert set(get_args(First)) == set(SCORERS) - {"acdc"}


def check(metric: Metric, pairs: Pairs, first: First = "eap") -> list[str]:
    """Why the first method cannot use this metric on these pairs."""
    return SCORERS[first].check(metric, pairs)


def eap_then_acdc(
    model: Transformer,
    pairs: Pairs,
    metric: Metric,
    replacer: Replacer,
    *,
    first: First = "eap",
    share: Share = 0.2,
    tau: tuple[NotNegative, ...] = (0.01,),
    loss: Loss = "auto",
    order: Order = "published",
    batch_size: int = 16,
    progress: Progress | None = None,
    checkpoint: Checkpoint = NO_CHECKPOINT,
) -> Scores:
    """Scores of all edges."""
    if problems := check(metric, pairs, first):
        raise BadInput(*problems)
    graph = Graph.of(model.config)
    values = checkpoint.load().get("first")
    if values is None:
        scorer = SCORERS[first].discover
        keep: dict[str, Any] = {"checkpoint": checkpoint} if takes(scorer, "checkpoint") else {}
        scores = scorer(model, pairs, metric, replacer, batch_size=batch_size, progress=progress, **keep)
        values = scores.values
        checkpoint.save({"first": values})
    left = Scores(graph, values).top(max(1, round(share * graph.edge_count)))
    return acdc(
        model,
        pairs,
        metric,
        replacer,
        tau=tau,
        loss=loss,
        order=order,
        edges=left,
        batch_size=batch_size,
        progress=progress,
        checkpoint=checkpoint.beside({"first": values}),
    )
