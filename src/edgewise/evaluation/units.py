"""How much of what the full model does the units of a mask do alone: `faithfulness.py` for what is finer than
edges.

    faithfulness = (m(units) - m(everything replaced)) / (m(full model) - m(everything replaced))

Everything replaced is the run of an empty circuit, whatever the grain, so that the number can be held beside
a circuit's. Units that are shut leave more than that alone: of neurons all attention, of channels all MLPs.
"""

from __future__ import annotations

from collections.abc import Iterator

from torch import Tensor

from edgewise.errors import BadInput
from edgewise.evaluation.evaluation import Evaluation
from edgewise.evaluation.faithfulness import evaluation_of, measured
from edgewise.masks.unit_runs import unit_run
from edgewise.masks.units import Units, check_same_units
from edgewise.models.transformer import Transformer
from edgewise.patching.replaced import replaced_logits
from edgewise.patching.replacements import Replacer
from edgewise.progress import Progress
from edgewise.tasks.checks import check_corrupted
from edgewise.tasks.metrics import Metric, check_metric
from edgewise.tasks.pairs import Batch, Pairs


def evaluate_units(
    model: Transformer,
    pairs: Pairs,
    units: Units,
    metric: Metric,
    replacer: Replacer,
    *,
    batch_size: int = 16,
    progress: Progress | None = None,
) -> Evaluation:
    """Of the units that are kept, the others shut."""
    check_same_units(model, units)
    if problems := check_metric(metric, pairs) + check_corrupted(replacer.ablation, pairs):
        raise BadInput(*problems)
    run = unit_run(model, units.grain, pairs, replacer, batch_size)
    mask = units.mask[None].to(model.device, model.dtype)

    def runs(batch: Batch) -> Iterator[Tensor]:
        yield replaced_logits(model, batch.clean, batch.read, replacer.replacements(batch.corrupted))
        yield run.logits(run.arranged(batch), batch, mask)[0]

    values = measured(model, pairs, metric, runs, 2, batch_size, progress)
    return evaluation_of(metric, replacer.ablation, units.chosen, units.count, values, 2, units.grain)
