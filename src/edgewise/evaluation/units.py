"""How much of what the full model does the units of a mask do alone: `faithfulness.py` for what is finer than
edges.

    faithfulness = (m(units) - m(everything replaced)) / (m(full model) - m(everything replaced))

Everything replaced is the run of an empty circuit, whatever the grain, so that the number can be held beside
a circuit's. Units that are shut leave more than that alone: of neurons all attention, of channels all MLPs.
"""

from __future__ import annotations

from collections.abc import Iterator

from torch import Tensor

from edgewise.errors import BadInput, check_kind
from edgewise.evaluation.evaluation import Evaluation
from edgewise.evaluation.faithfulness import evaluation_of
from edgewise.evaluation.runs import measured
from edgewise.masks.unit_runs import unit_run
from edgewise.masks.units import Units, check_same_units, check_units_of
from edgewise.models.transformer import Transformer
from edgewise.patching.replaced import replaced_logits
from edgewise.progress import Progress
from edgewise.tasks.ablations import replacer_for
from edgewise.tasks.checks import check_fit, check_kinds, check_task, metric_of
from edgewise.tasks.metrics import METRICS
from edgewise.tasks.pairs import Batch, Pairs, prompt_rules


def evaluate_units(
    model: Transformer,
    pairs: Pairs,
    units: Units,
    *,
    metric: str | None = None,
    ablation: str = "corrupted",
    batch_size: int = 16,
    progress: bool | Progress = False,
) -> Evaluation:
    """What the units that are kept do, the others shut. The metric is as in `discover`."""
    metric = metric_of(pairs) if metric is None else metric
    problems = check_kinds(model, pairs)
    problems += check_kind(units, Units, "an ew.Units", "ew.learn_units and ew.Units.load give them.")
    if problems:
        raise BadInput(*problems)
    problems = check_task(metric, ablation, batch_size, pairs) + check_fit(pairs, prompt_rules(model))
    problems += check_units_of(units.grain, ablation, model.config) or check_same_units(model, units)
    if problems:
        raise BadInput(*problems)
    shown = Progress(progress) if isinstance(progress, bool) else progress
    measure, replacer = METRICS[metric], replacer_for(ablation, model, pairs, batch_size, shown)
    run = unit_run(model, units.grain, pairs, replacer, batch_size)
    mask = units.mask[None].to(model.device, model.dtype)

    def runs(batch: Batch, _: Tensor) -> Iterator[Tensor]:
        yield replaced_logits(model, batch.clean, batch.read, replacer.replacements(batch.corrupted))
        yield run.logits(run.arranged(batch), batch, mask)[0]

    values = measured(model, pairs, measure, runs, 2, batch_size, shown)
    return evaluation_of(measure, replacer.ablation, units.chosen, units.count, values, 2, units.grain)
