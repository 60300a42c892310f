"""How much of what the full model does a circuit does alone.

    faithfulness = (m(circuit) - m(everything replaced)) / (m(full model) - m(everything replaced))

with m the metric's mean over examples: a ratio of means. In the circuit's run the readers see live sources
along its edges and replacements along all others. The number depends on the ablation and on the averaging, so
an `Evaluation` names both. Cost: a plain run, a replaced run, and a patched run per circuit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from torch import Tensor

from edgewise.circuit import Circuit
from edgewise.edges import check_same
from edgewise.errors import BadInput
from edgewise.evaluation.averaging import RATIO_OF_MEANS
from edgewise.evaluation.evaluation import Evaluation
from edgewise.evaluation.runs import circuit_runs, measured
from edgewise.graph import Graph
from edgewise.masks.constants import OPTIMAL
from edgewise.masks.optimal import replacers_to_judge
from edgewise.models.transformer import Transformer
from edgewise.patching.replacements import Replacer
from edgewise.patching.workspace import Workspace
from edgewise.progress import Progress
from edgewise.tasks.checks import check_fit, check_kinds, check_task, metric_of
from edgewise.tasks.metrics import METRICS, Metric
from edgewise.tasks.pairs import Batch, Pairs, check_pairs, prompt_rules


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
    if not isinstance(circuit, Circuit):
        raise BadInput(
            f"evaluate needs a Circuit. Got a {type(circuit).__name__}. "
            "Scores give one: scores.top(200); edge names: ew.Circuit.of(graph, names)."
        )
    given = {"metric": metric, "ablation": ablation, "batch_size": batch_size, "learned_on": learned_on}
    return evaluate_all(model, pairs, [circuit], **given)[0]


def evaluate_all(
    model: Transformer,
    pairs: Pairs,
    circuits: Sequence[Circuit],
    *,
    metric: str | None = None,
    ablation: str = "corrupted",
    batch_size: int = 16,
    learned_on: Pairs | None = None,
) -> list[Evaluation]:
    """`evaluate` of several circuits: prompts are run once."""
    measure, replacing = how_to_judge(model, pairs, metric, ablation, batch_size, learned_on)
    return evaluate_circuits(model, pairs, circuits, measure, replacing, batch_size)


def how_to_judge(
    model: Transformer,
    pairs: Pairs,
    metric: str | None,
    ablation: str,
    batch_size: int,
    learned_on: Pairs | None,
) -> tuple[Metric, Callable[[Circuit], Replacer]]:
    """The metric, and what stands in for the rest of a circuit; BadInput with all that is wrong."""
    if problems := check_kinds(model, pairs) + check_learned_on(ablation, learned_on):
        raise BadInput(*problems)
    metric = metric_of(pairs) if metric is None else metric
    problems = check_task(metric, ablation, batch_size, pairs) + check_fit(pairs, prompt_rules(model))
    if learned_on is not None:
        problems += check_fit(learned_on, prompt_rules(model))
    if problems:
        raise BadInput(*problems)
    measure = METRICS[metric]
    return measure, replacers_to_judge(ablation, model, pairs, measure, learned_on, batch_size)


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

    def runs(batch: Batch, full: Tensor) -> Iterator[Tensor]:
        return circuit_runs(model, batch, full, circuits, replacers, workspace)

    values = measured(model, pairs, metric, runs, 1 + len(circuits), batch_size, progress)
    return [
        evaluation_of(metric, replacers[0].ablation, len(circuit), graph.edge_count, values, run)
        for run, circuit in enumerate(circuits, start=2)
    ]


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
        faithfulness=None,
        kl=values["kl"][run].mean().item(),
        accuracy=None if accuracy is None else accuracy[run].mean().item(),
        full_accuracy=None if accuracy is None else accuracy[0].mean().item(),
        per_example={**per_example, "kl": tuple(values["kl"][run].tolist())},
        granularity=granularity,
    ).averaged(RATIO_OF_MEANS)
