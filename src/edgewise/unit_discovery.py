"""`learn_units`: a grain, a metric and an ablation by their names, checked together, to a mask of units.

What `discover` is to edges, this is to what is finer: `methods/fine_pruning.py` tells how masks are learned.
"""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any, cast

from edgewise.checkpoint import Checkpoint, told_if_stopped
from edgewise.discovery import check_apart, checkpoint_of
from edgewise.errors import BadInput, check_name
from edgewise.masks.log import Log
from edgewise.masks.units import UNIT_GRAINS, UnitGrain, Units, check_units_of
from edgewise.methods import fine_pruning
from edgewise.methods.fine_pruning import LEARNERS, NAME
from edgewise.methods.options import as_arguments, read_options, takes, with_defaults
from edgewise.models.config import ModelConfig
from edgewise.models.transformer import SHARED_OUT, Transformer
from edgewise.progress import Progress
from edgewise.tasks.ablations import replacer_for
from edgewise.tasks.checks import check_fit, check_kinds, check_task, metric_of
from edgewise.tasks.metrics import METRICS
from edgewise.tasks.pairs import Pairs, prompt_rules


def learn_units(
    model: Transformer,
    pairs: Pairs,
    grain: str = "neurons",
    *,
    metric: str | None = None,
    ablation: str = "corrupted",
    batch_size: int = 16,
    checkpoint: str | PathLike[str] | Checkpoint | None = None,
    log: str | PathLike[str] | None = None,
    progress: bool | Progress = False,
    **options: Any,
) -> Units:
    """A mask of neurons, channels, the stream's dimensions or weights. `options`: see `edgewise list grains`.

    Metric, checkpoint and log are as in `discover`.
    """
    metric = metric_of(pairs) if metric is None else metric
    checked = pairs if isinstance(pairs, Pairs) else None
    config = model.config if isinstance(model, Transformer) else None
    problems = check_kinds(model, pairs)
    shared_out = config is not None and model.is_shared_out
    problems += check_learning_of(grain, metric, ablation, batch_size, checked, options, config, shared_out)
    if problems or (problems := check_fit(pairs, prompt_rules(model))):
        raise BadInput(*problems)
    shown = Progress(progress) if isinstance(progress, bool) else progress
    of_units = cast(UnitGrain, grain)
    learner = LEARNERS[of_units]
    keeper = checkpoint
    if keeper is not None and not isinstance(keeper, Checkpoint):
        place = Path(keeper)
        keeper = units_checkpoint(place, model, pairs, grain, options, metric, ablation, batch_size)
    offered: dict[str, Any] = {}
    if keeper is not None:
        offered["checkpoint"] = keeper
    if log is not None:
        offered["log"] = Log(Path(log))
    replacer = replacer_for(ablation, model, pairs, batch_size, shown)
    with told_if_stopped(keeper):
        units = learner(
            model,
            pairs,
            METRICS[metric],
            replacer,
            of_units,
            batch_size=batch_size,
            progress=shown,
            **offered,
            **as_arguments(learner, read_options(NAME, learner, options)[0]),
        )
    if keeper is not None and keeper is not checkpoint:
        keeper.remove()
    return units


def units_checkpoint(
    folder: Path,
    model: Transformer,
    pairs: Pairs,
    grain: str,
    options: Mapping[str, Any],
    metric: str,
    ablation: str,
    batch_size: int,
    overwrite: bool = False,
) -> Checkpoint:
    """What is kept there of all that a mask of a known grain depends on."""
    asked = {
        "metric": metric,
        "ablation": ablation,
        "batch size": batch_size,
        "method": NAME,
        "grain": grain,
        "options": all_unit_options(grain, options),
    }
    return checkpoint_of(folder, model, pairs, asked, overwrite)


def all_unit_options(grain: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Those given, with their types, and what the others are for a known grain."""
    learner = LEARNERS[cast(UnitGrain, grain)]
    return with_defaults(learner, read_options(NAME, learner, options)[0])


def check_learning_of(
    grain: str,
    metric: str,
    ablation: str,
    batch_size: int,
    pairs: Pairs | None,
    options: Mapping[str, Any],
    config: ModelConfig | None,
    shared_out: bool = False,
) -> list[str]:
    """Everything that keeps `learn_units` from starting; without pairs or config, what can be said so."""
    problems = check_task(metric, ablation, batch_size, pairs) + check_apart(ablation, pairs)
    problems += check_units_of(grain, ablation, config)
    if shared_out and grain == "weights":
        problems.append(f"masks of weights need all of them in each process. Got {SHARED_OUT}. Leave it out.")
    # Options have the same names and types whatever the grain.
    learner = LEARNERS["neurons" if check_name("grain", grain, UNIT_GRAINS) else cast(UnitGrain, grain)]
    own, wrong = read_options(NAME, learner, options)
    if not check_name("metric", metric, METRICS):
        looked_at = {name: value for name, value in own.items() if takes(fine_pruning.check, name)}
        problems += fine_pruning.check(METRICS[metric], pairs or Pairs(()), **looked_at)
    return problems + wrong
