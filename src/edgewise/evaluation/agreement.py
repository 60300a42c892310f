"""How well estimated scores tell what edges really do (Syed et al. 2023, arXiv:2310.10348, section 5).

    exact effect = slope * estimate + intercept, by least squares; R^2; Spearman's rank correlation
    interpolated effect of an edge at x = goodness(clean run) - goodness(the same with this edge's source a
                                         share x on its way to its replacement), exact; at 1 its exact effect
    straight line                      = x * estimate, what EAP takes it for

Exact effects are those of `activation-patching`. Where R^2 is high, a slope below 1 says that estimates are
too large.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from edgewise.circuit import Circuit, Scores
from edgewise.edges import check_same, edge_places
from edgewise.errors import BadInput
from edgewise.evaluation.faithfulness import how_to_judge
from edgewise.graph import Graph
from edgewise.masks.constants import OPTIMAL
from edgewise.methods.trials import Trials
from edgewise.models.transformer import Transformer
from edgewise.tasks.pairs import Pairs

STEPS = 11


@dataclass(frozen=True)
class Agreement:
    """The line through exact effects over estimates, and how near to it they are."""

    slope: float
    intercept: float
    r_squared: float
    spearman: float
    edges: int
    """How many were looked at."""


def agreement(estimated: Scores, exact: Scores, among: Circuit | None = None) -> Agreement:
    """Over all edges, or those of a circuit."""
    from scipy import stats

    for other_graph in (exact.graph, *([] if among is None else [among.graph])):
        check_same(estimated.graph, other_graph)
    edges = estimated.graph.edges if among is None else among.kept
    one, other = (scores.values[edges].double().numpy() for scores in (estimated, exact))
    for name, values in (("estimated", one), ("exact", other)):
        if len(values) < 2 or not values.std():
            raise BadInput(f"two edges or more whose {name} scores differ were needed. Got none such.")
    slope, intercept = np.polyfit(one, other, 1).tolist()
    ranked = (stats.rankdata(values) for values in (one, other))
    r, rho = (np.corrcoef(np.stack(list(each)))[0, 1].item() for each in ((one, other), ranked))
    return Agreement(slope, intercept, r**2, rho, len(one))


def interpolated(
    model: Transformer,
    pairs: Pairs,
    edges: Sequence[str],
    *,
    steps: int = STEPS,
    metric: str | None = None,
    ablation: str = "corrupted",
    batch_size: int = 16,
) -> Float[Tensor, "edges steps"]:
    """The effect of each edge at `steps` shares from 0 to 1. Metric and ablation are as in `discover`."""
    problems = [] if steps > 1 else [f"steps must be 2 or more. Got {steps}."]
    if ablation == OPTIMAL:
        problems.append("'optimal' has constants for each circuit of its own. Choose another ablation.")
    if problems:
        raise BadInput(*problems)
    measure, replacing = how_to_judge(model, pairs, metric, ablation, batch_size, None)
    graph = Graph.of(model.config)
    rows, sources = edge_places(graph, edges)
    trials = Trials(model, pairs, measure, replacing(Circuit.full(graph)), graph.edges, batch_size)
    found = torch.zeros(len(rows), steps, dtype=torch.float64)
    for place, (row, source) in enumerate(zip(rows.tolist(), sources.tolist(), strict=True)):
        masks = graph.edges.to(model.device, model.dtype).repeat(steps, 1, 1)
        masks[:, row, source] = torch.linspace(1, 0, steps, device=model.device, dtype=model.dtype)
        losses = torch.tensor(trials.losses(masks, row), dtype=torch.float64)
        found[place] = losses - losses[0]
    return found
