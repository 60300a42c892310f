"""What a circuit has too much of: each edge's contribution to it, measured by leaving it out.

    contribution of an edge = f(circuit) - f(circuit without it)
                            = (m(circuit) - m(circuit without it)) / (m(full model) - m(everything replaced))

A circuit is minimal where no contribution is near 0 (Wang et al. 2022, arXiv:2211.00593, by nodes). Of edges
that stand in for each other each contributes nothing, though all of them may. What is replaced is replaced as
it is for the circuit. Cost: a patched run an edge, several at once.
"""

from __future__ import annotations

from collections.abc import Callable

import torch

from edgewise.circuit import Circuit, Scores
from edgewise.edges import edge_places
from edgewise.errors import BadInput, check_kind
from edgewise.evaluation.evaluation import Evaluation
from edgewise.evaluation.faithfulness import evaluate_circuits, how_to_judge
from edgewise.models.transformer import Transformer
from edgewise.patching.replacements import Replacer
from edgewise.progress import Progress
from edgewise.tasks.metrics import Metric
from edgewise.tasks.pairs import Pairs


def contributions(
    model: Transformer,
    pairs: Pairs,
    circuit: Circuit,
    *,
    metric: str | None = None,
    ablation: str = "corrupted",
    batch_size: int = 16,
    learned_on: Pairs | None = None,
) -> Scores:
    """Of every edge of the circuit; those outside have 0. The rest is as in `evaluate`."""
    if problems := check_kind(circuit, Circuit, "an ew.Circuit", "Scores give one: scores.top(200)."):
        raise BadInput(*problems)
    measure, replacing = how_to_judge(model, pairs, metric, ablation, batch_size, learned_on)
    [whole] = evaluate_circuits(model, pairs, [circuit], measure, replacing, batch_size)
    return contributions_to(whole, model, pairs, circuit, measure, replacing, batch_size)


def contributions_to(
    whole: Evaluation,
    model: Transformer,
    pairs: Pairs,
    circuit: Circuit,
    metric: Metric,
    replacing: Callable[[Circuit], Replacer],
    batch_size: int = 16,
    progress: Progress | None = None,
) -> Scores:
    """`whole`: the circuit's evaluation on these pairs."""
    if whole.faithfulness is None:
        raise BadInput(f"no edge contributes to a faithfulness that is {whole.faithfulness_text}.")
    own, edges = replacing(circuit), list(circuit)
    without = [circuit - Circuit.of(circuit.graph, [edge]) for edge in edges]
    found = evaluate_circuits(model, pairs, without, metric, lambda _: own, batch_size, progress)
    values = torch.zeros(circuit.graph.shape, dtype=torch.float64)
    lost = torch.tensor([whole.circuit - each.circuit for each in found], dtype=torch.float64)
    values[edge_places(circuit.graph, edges)] = lost / (whole.full - whole.replaced)
    return Scores(circuit.graph, values)
