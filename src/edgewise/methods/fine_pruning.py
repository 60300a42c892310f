"""Masks that are finer than edges: which neurons, channels, dimensions of the stream, or weights do the task.

    loss = KL to the full model (or the metric) + price x (share of gates expected to be open)

with hard-concrete gates, by the loop that learns masks of edges. Edge Pruning's authors (Bhaskar et al. 2024,
arXiv:2406.16778) name a finer grain than edges as what theirs lacks; masks of weights are those of Cao, Sanh
and Rush 2021 (arXiv:2104.03514), and gates of the stream's dimensions are channel pruning. Loss and price are
in shares of the damage that replacing every source does, whatever the grain, so that grains can be compared:
at .05, a tenth of the units stays where it is worth a two-hundredth of that.

Cost: a step is a forward and backward for each draw, the corrupted run and the full model's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Annotated

import torch
from torch import Tensor

from edgewise.bounds import NotNegative, Positive, Share
from edgewise.checkpoint import NO_CHECKPOINT, Checkpoint
from edgewise.graph import Graph
from edgewise.masks.flows import Flow
from edgewise.masks.gates import Gates
from edgewise.masks.held import held_to
from edgewise.masks.learned import losses_of
from edgewise.masks.log import NO_LOG, Log
from edgewise.masks.penalties import Price
from edgewise.masks.relaxations import HardConcrete
from edgewise.masks.settings import Settings
from edgewise.masks.subject import check_learning
from edgewise.masks.training import Training
from edgewise.masks.unit_runs import unit_run
from edgewise.masks.units import EachUnit, UnitGrain, Units, rounded, shapes_of
from edgewise.methods.options import Without
from edgewise.models.transformer import Transformer
from edgewise.patching.replacements import Replacer
from edgewise.progress import Progress
from edgewise.tasks.losses import loss_metric
from edgewise.tasks.metrics import Metric
from edgewise.tasks.pairs import Pairs

SETTINGS = Settings(steps=600, rate=0.1, memory=0.95)
OF_WEIGHTS = replace(SETTINGS, steps=1500, draws=1)
"""Masks of weights are run one at a time, and there are many weights."""
OF_EDGES = Without(("grain", "positions", "trim", "constant_rate", "thrifty", "hold", "tries"))
"""How a mask is trained that has edges, or constants that are learned with it."""
NAME, STAGE = "learn-units", "the mask"


def fine_pruning(
    model: Transformer,
    pairs: Pairs,
    metric: Metric,
    replacer: Replacer,
    grain: UnitGrain,
    *,
    price: NotNegative = 0.05,
    rise: Share = 0.5,
    mean: float = 3.0,
    spread: NotNegative = 0.1,
    limit: Positive = 5.0,
    training: Annotated[Settings, OF_EDGES] = SETTINGS,
    batch_size: int = 16,
    progress: Progress | None = None,
    checkpoint: Checkpoint = NO_CHECKPOINT,
    log: Log = NO_LOG,
) -> Units:
    """The mask of one grain, and how many units it keeps. `LEARNERS` has it with each grain's settings."""
    held_small = loss_metric(training.loss, metric, pairs)
    units, flow = EachUnit(shapes_of(model, grain)), Flow("kept", Graph.of(model.config))
    log, saved = Log(log.path, training.tensorboard), checkpoint.load()
    if "mask" in saved:
        # Broken off after its end, while it was measured.
        return _found(grain, units, saved)
    relaxation = HardConcrete(mean, spread, limit)
    like = model.like
    learning = Training(
        model,
        pairs,
        unit_run(model, grain, pairs, replacer, batch_size),
        held_to(held_small, model, pairs, replacer, flow, batch_size, training.unit),
        [Gates.drawn(grain, units, relaxation, training.seed, like)],
        Price(price / units.count, round(rise * training.steps)),
        training,
        batch_size,
        grain,
    )
    learning.run(STAGE, progress or Progress(), log, checkpoint)
    mask = learning.learned()
    chosen = round(mask.double().sum().item())
    settled, loss = losses_of(learning, [mask, rounded(mask, chosen).to(mask)])
    told = {
        "settled loss": settled,
        "rounded loss": loss,
        "cost of rounding": loss - settled,
        f"{grain} after rounding": float(chosen),
    }
    log.tell(training.steps, told)
    log.end()
    losses = torch.tensor([settled, loss], dtype=torch.float64)
    found = {"mask": mask, "chosen": torch.tensor(chosen), "losses": losses}
    checkpoint.save(found)
    return _found(grain, units, found)


def _found(grain: UnitGrain, units: EachUnit, found: Mapping[str, Tensor]) -> Units:
    settled, loss = found["losses"].tolist()
    return Units(grain, units.by_name(found["mask"]), int(found["chosen"]), settled, loss)


LEARNERS: Mapping[UnitGrain, Callable[..., Units]] = {
    "neurons": fine_pruning,
    "channels": fine_pruning,
    "stream": fine_pruning,
    "weights": partial(fine_pruning, training=OF_WEIGHTS),
}
"""By the grain."""


check = partial(check_learning, NAME)
"""Why it cannot use a metric on some pairs."""
