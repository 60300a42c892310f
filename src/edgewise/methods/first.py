"""A fast method before one that learns a mask: which edges are worth the slow one's time."""

from __future__ import annotations

from typing import Any, Literal, get_args

from torch import Tensor

from edgewise.checkpoint import Checkpoint
from edgewise.circuit import Circuit, Scores
from edgewise.errors import BadInput
from edgewise.graph import Graph
from edgewise.masks.log import Log
from edgewise.masks.settings import Settings
from edgewise.masks.subject import Subject, check_learning
from edgewise.methods.options import takes
from edgewise.methods.scorers import SCORERS
from edgewise.models.transformer import Transformer
from edgewise.patching.replacements import Replacer
from edgewise.progress import Progress
from edgewise.tasks.losses import Loss
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


def check_mask(
    name: str,
    metric: Metric,
    pairs: Pairs,
    loss: Loss = "auto",
    positions: bool = False,
    tensorboard: str | None = None,
    first: First | None = None,
) -> list[str]:
    """Why a mask cannot be learned so, and the method that goes first cannot do its part."""
    problems = check_learning(name, metric, pairs, loss, positions, tensorboard)
    return problems if first is None else problems + SCORERS[first].check(metric, pairs)


def strongest_by(
    first: First,
    share: float,
    model: Transformer,
    pairs: Pairs,
    metric: Metric,
    replacer: Replacer,
    batch_size: int,
    progress: Progress | None,
    checkpoint: Checkpoint,
) -> tuple[Circuit, Checkpoint]:
    """The strongest share of all edges, by absolute score; and the checkpoint that remembers the scores."""
    if problems := SCORERS[first].check(metric, pairs):
        raise BadInput(*problems)
    scorer, graph = SCORERS[first].discover, Graph.of(model.config)

    def scored(kept: Checkpoint) -> Tensor:
        keep: dict[str, Any] = {"checkpoint": kept} if takes(scorer, "checkpoint") else {}
        scores = scorer(model, pairs, metric, replacer, batch_size=batch_size, progress=progress, **keep)
        return scores.values

    values, checkpoint = checkpoint.stage("first", scored)
    return Scores(graph, values).top(max(1, round(share * graph.edge_count))), checkpoint


def begun(
    model: Transformer,
    pairs: Pairs,
    metric: Metric,
    replacer: Replacer,
    settings: Settings,
    first: First | None,
    share: float,
    edges: Circuit | None,
    batch_size: int,
    progress: Progress | None,
    checkpoint: Checkpoint,
    log: Log,
) -> Subject:
    """What a mask is to be learned of: the edges given that are also among the strongest, where a first
    method is set."""
    if first is not None:
        strongest, checkpoint = strongest_by(
            first, share, model, pairs, metric, replacer.settled(), batch_size, progress, checkpoint
        )
        edges = strongest if edges is None else strongest & edges
    return Subject.of(model, pairs, metric, replacer, settings, edges, batch_size, progress, checkpoint, log)
