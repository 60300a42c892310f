"""How much of what the full model does a circuit does alone.

    faithfulness = (m(circuit) - m(everything replaced)) / (m(full model) - m(everything replaced))

with m the metric's mean over examples: a ratio of means. In the circuit's run the readers see live sources
along its edges and replacements along all others. The number depends on the ablation and on the averaging, so
an `Evaluation` names both. Cost: a plain run, a replaced run, and a patched run per circuit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from edgewise.circuit import Circuit
from edgewise.edges import check_same
from edgewise.errors import BadInput
from edgewise.evaluation.evaluation import Evaluation
from edgewise.graph import Graph
from edgewise.models.transformer import Transformer
from edgewise.patching.forward import patched_logits
from edgewise.patching.replaced import replaced_logits
from edgewise.patching.replacements import Replacer
from edgewise.patching.workspace import Workspace
from edgewise.progress import Progress
from edgewise.tasks.ablations import replacer_for
from edgewise.tasks.checks import check_fit, check_kinds, check_task, metric_of
from edgewise.tasks.finite import require_finite
from edgewise.tasks.metrics import METRICS, Metric
from edgewise.tasks.pairs import Batch, Pairs, prompt_rules

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
) -> Evaluation:
    """How well the circuit does the task without the rest of the model. The metric is as in `discover`."""
    metric = metric_of(pairs) if metric is None else metric
    if not isinstance(circuit, Circuit):
        raise BadInput(
            f"evaluate needs a Circuit. Got a {type(circuit).__name__}. "
            "Scores give one: scores.top(200); edge names: ew.Circuit.of(graph, names)."
        )
    if problems := check_kinds(model, pairs):
        raise BadInput(*problems)
    problems = check_task(metric, ablation, batch_size, pairs) + check_fit(pairs, prompt_rules(model))
    if problems:
        raise BadInput(*problems)
    replacer = replacer_for(ablation, model, pairs, batch_size)
    return evaluate_circuits(model, pairs, [circuit], METRICS[metric], replacer, batch_size)[0]


def evaluate_circuits(
    model: Transformer,
    pairs: Pairs,
    circuits: Sequence[Circuit],
    metric: Metric,
    replacer: Replacer,
    batch_size: int = 16,
    progress: Progress | None = None,
) -> list[Evaluation]:
    """Several circuits on the same prompts: the full and the replaced run are made once."""
    for circuit in circuits:
        check_same(Graph.of(model.config), circuit.graph)
    measures = {"metric": metric, "kl": METRICS["kl"]}
    if not pairs.missing("correct"):
        measures["accuracy"] = METRICS["accuracy"]
    shape = (2 + len(circuits), len(pairs))
    values = {name: torch.zeros(shape, dtype=torch.float64) for name in measures}
    workspace = Workspace()
    batches = list(pairs.batches(batch_size, model.device))
    with torch.no_grad():
        for batch in (progress or Progress()).track(batches, "evaluating", len(batches)):
            full = model(batch.clean, batch.read)
            for run, logits in enumerate(_runs(model, batch, full, circuits, replacer, workspace)):
                require_finite(logits, model, batch)
                for name, measure in measures.items():
                    values[name][run, batch.index.cpu()] = measure(logits, batch, full).double().cpu()
    return [
        _evaluation(metric, replacer.ablation, circuit, values, run)
        for run, circuit in enumerate(circuits, start=2)
    ]


def _runs(
    model: Transformer,
    batch: Batch,
    full: Float[Tensor, "examples reads vocabulary"],
    circuits: Sequence[Circuit],
    replacer: Replacer,
    workspace: Workspace,
) -> Iterator[Float[Tensor, "examples reads vocabulary"]]:
    """The logits of the full model, of everything replaced, and of each circuit."""
    yield full
    replacements = replacer.replacements(batch.corrupted)
    yield replaced_logits(model, batch.clean, batch.read, replacements)
    for circuit in circuits:
        mask = circuit.mask(model.dtype, model.device)
        yield patched_logits(model, batch.clean, mask, replacements, read=batch.read, workspace=workspace)


def _evaluation(
    metric: Metric, ablation: str, circuit: Circuit, values: dict[str, Tensor], run: int
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
        edges=len(circuit),
        graph_edges=circuit.graph.edge_count,
        full=full,
        replaced=replaced,
        circuit=alone,
        faithfulness=_ratio(alone - replaced, full - replaced, max(abs(full), abs(replaced))),
        kl=values["kl"][run].mean().item(),
        accuracy=None if accuracy is None else accuracy[run].mean().item(),
        full_accuracy=None if accuracy is None else accuracy[0].mean().item(),
        per_example=per_example,
    )


def _ratio(part: float, whole: float, size: float) -> float | None:
    return None if abs(whole) <= LEAST_DIFFERENCE * size else part / whole
