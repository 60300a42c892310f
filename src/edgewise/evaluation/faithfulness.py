"""How much of what the full model does a circuit does alone.

    faithfulness = (m(circuit) - m(everything replaced)) / (m(full model) - m(everything replaced))

with m the metric's mean over examples: a ratio of means. In the circuit's run the readers see live sources
along its edges and replacements along all others. The number depends on the ablation and on the averaging, so
an `Evaluation` names both. Cost: a plain run, a replaced run, and a patched run per circuit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain

import torch
from jaxtyping import Float
from torch import Tensor

from edgewise.circuit import Circuit
from edgewise.edges import check_same
from edgewise.errors import BadInput
from edgewise.evaluation.evaluation import Evaluation
from edgewise.graph import Graph
from edgewise.masks.constants import OPTIMAL
from edgewise.masks.optimal import replacers_to_judge
from edgewise.models.transformer import Transformer
from edgewise.patching.forward import patched_logits
from edgewise.patching.replaced import replaced_logits
from edgewise.patching.replacements import Replacer
from edgewise.patching.workspace import Workspace
from edgewise.progress import Progress
from edgewise.tasks.checks import check_fit, check_kinds, check_task, metric_of
from edgewise.tasks.finite import require_finite
from edgewise.tasks.metrics import METRICS, Metric
from edgewise.tasks.pairs import Batch, Pairs, check_pairs, prompt_rules

LEAST_DIFFERENCE = 1e-6
"""Of the full model from everything replaced, relative to their size: below it lies only rounding."""


def evaluate(
    model: Transformer,
    pairs: Pairs,
    circuit: Circuit,
    *,
    metric: str | None = None,
    ablation: str = "corrupted",
    batch_size: int = 16,
    learned_on: Pairs | None = None,
) -> Evaluation:
    """How well the circuit does the task without the rest of the model. The metric is as in `discover`.

    learned_on: with the ablation `optimal`, the pairs on which it is learned what stands in for the rest.
    """
    metric = metric_of(pairs) if metric is None else metric
    if not isinstance(circuit, Circuit):
        raise BadInput(
            f"evaluate needs a Circuit. Got a {type(circuit).__name__}. "
            "Scores give one: scores.top(200); edge names: ew.Circuit.of(graph, names)."
        )
    if problems := check_kinds(model, pairs) + check_learned_on(ablation, learned_on):
        raise BadInput(*problems)
    problems = check_task(metric, ablation, batch_size, pairs) + check_fit(pairs, prompt_rules(model))
    if learned_on is not None:
        problems += check_fit(learned_on, prompt_rules(model))
    if problems:
        raise BadInput(*problems)
    measure = METRICS[metric]
    replacing = replacers_to_judge(ablation, model, pairs, measure, learned_on, batch_size)
    return evaluate_circuits(model, pairs, [circuit], measure, replacing, batch_size)[0]


def check_learned_on(ablation: str, learned_on: object) -> list[str]:
    """Why these are not the pairs to learn replacements on."""
    if ablation == OPTIMAL and learned_on is None:
        return [
            "ablation 'optimal' learns what stands in for the rest of a circuit, and needs pairs to learn it "
            "on. Got none. Give learned_on=pairs: those that the circuit was found on."
        ]
    if ablation != OPTIMAL and learned_on is not None:
        return [f"learned_on is for the ablation 'optimal'. Got it with {ablation!r}. Leave it out."]
    if learned_on is None:
        return []
    few = isinstance(learned_on, Pairs) and len(learned_on) < 2
    return check_pairs(learned_on) + (
        ["at least two pairs to learn replacements on were needed. Got fewer."] if few else []
    )


def evaluate_circuits(
    model: Transformer,
    pairs: Pairs,
    circuits: Sequence[Circuit],
    metric: Metric,
    replacing: Callable[[Circuit], Replacer],
    batch_size: int = 16,
    progress: Progress | None = None,
) -> list[Evaluation]:
    """Several circuits on the same prompts: the full and the replaced run are made once.

    replacing: what stands in for the rest of a circuit; the empty circuit is everything replaced.
    """
    graph = Graph.of(model.config)
    for circuit in circuits:
        check_same(graph, circuit.graph)
    replacers = [replacing(circuit) for circuit in (Circuit.empty(graph), *circuits)]
    workspace = Workspace()

    def runs(batch: Batch) -> Iterator[Tensor]:
        return _runs(model, batch, circuits, replacers, workspace)

    values = measured(model, pairs, metric, runs, 1 + len(circuits), batch_size, progress)
    return [
        evaluation_of(metric, replacers[0].ablation, len(circuit), graph.edge_count, values, run)
        for run, circuit in enumerate(circuits, start=2)
    ]


@torch.no_grad()
def measured(
    model: Transformer,
    pairs: Pairs,
    metric: Metric,
    runs: Callable[[Batch], Iterable[Tensor]],
    count: int,
    batch_size: int,
    progress: Progress | None,
) -> dict[str, Float[Tensor, "runs examples"]]:
    """The metric, KL, and accuracy where there are answers: of the full model, and of `count` runs by their
    logits."""
    measures = {"metric": metric, "kl": METRICS["kl"]}
    if not pairs.missing("correct"):
        measures["accuracy"] = METRICS["accuracy"]
    values = {name: torch.zeros(1 + count, len(pairs), dtype=torch.float64) for name in measures}
    batches = list(pairs.batches(batch_size, model.device))
    for batch in (progress or Progress()).track(batches, "evaluating", len(batches)):
        full = model(batch.clean, batch.read)
        for run, logits in enumerate(chain([full], runs(batch))):
            require_finite(logits, model, batch)
            for name, measure in measures.items():
                values[name][run, batch.index.cpu()] = measure(logits, batch, full).double().cpu()
    return values


def _runs(
    model: Transformer,
    batch: Batch,
    circuits: Sequence[Circuit],
    replacers: Sequence[Replacer],
    workspace: Workspace,
) -> Iterator[Float[Tensor, "examples reads vocabulary"]]:
    """The logits of everything replaced, and of each circuit. `replacers`: first that of everything, then
    each circuit's own."""
    last, replacements = replacers[0], replacers[0].replacements(batch.corrupted)
    yield replaced_logits(model, batch.clean, batch.read, replacements)
    for circuit, replacer in zip(circuits, replacers[1:], strict=True):
        if replacer is not last:
            last, replacements = replacer, replacer.replacements(batch.corrupted)
        mask = circuit.mask(model.dtype, model.device)
        yield patched_logits(model, batch.clean, mask, replacements, read=batch.read, workspace=workspace)


def evaluation_of(
    metric: Metric,
    ablation: str,
    kept: int,
    of: int,
    values: dict[str, Tensor],
    run: int,
    granularity: str = "edges",
) -> Evaluation:
    """Rows of `values`: the full model, everything replaced, then the circuits."""
    per_example = {
        name: tuple(values["metric"][row].tolist())
        for name, row in (("full", 0), ("replaced", 1), ("circuit", run))
    }
    full, replaced, alone = (values["metric"][row].mean().item() for row in (0, 1, run))
    accuracy = values.get("accuracy")
    return Evaluation(
        metric=metric.name,
        ablation=ablation,
        examples=values["metric"].shape[1],
        edges=kept,
        graph_edges=of,
        full=full,
        replaced=replaced,
        circuit=alone,
        faithfulness=_ratio(alone - replaced, full - replaced, max(abs(full), abs(replaced))),
        kl=values["kl"][run].mean().item(),
        accuracy=None if accuracy is None else accuracy[run].mean().item(),
        full_accuracy=None if accuracy is None else accuracy[0].mean().item(),
        per_example=per_example,
        granularity=granularity,
    )


def _ratio(part: float, whole: float, size: float) -> float | None:
    return None if abs(whole) <= LEAST_DIFFERENCE * size else part / whole
