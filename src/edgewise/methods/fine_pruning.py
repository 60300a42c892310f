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

from dataclasses import replace

from edgewise.bounds import NotNegative, Positive, Share
from edgewise.checkpoint import NO_CHECKPOINT, Checkpoint
from edgewise.errors import BadInput, check_name
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
from edgewise.masks.units import UNIT_GRAINS, EachUnit, UnitGrain, Units, rounded, shapes_of
from edgewise.models.transformer import Transformer
from edgewise.patching.replacements import Replacer
from edgewise.progress import Progress
from edgewise.tasks.checks import check_corrupted
from edgewise.tasks.losses import loss_metric
from edgewise.tasks.metrics import Metric, check_metric
from edgewise.tasks.pairs import Pairs

SETTINGS = Settings(steps=600, rate=0.1, memory=0.95)
OF_WEIGHTS = replace(SETTINGS, steps=1500, draws=1)
"""Masks of weights are run one at a time, and there are many weights."""
ABLATIONS = ("corrupted", "zero", "mean")
STAGE = "the mask"


def learn_units(
    model: Transformer,
    pairs: Pairs,
    metric: Metric,
    replacer: Replacer,
    grain: UnitGrain = "neurons",
    *,
    price: NotNegative = 0.05,
    rise: Share = 0.5,
    mean: float = 3.0,
    spread: NotNegative = 0.1,
    limit: Positive = 5.0,
    training: Settings | None = None,
    batch_size: int = 16,
    progress: Progress | None = None,
    checkpoint: Checkpoint = NO_CHECKPOINT,
    log: Log = NO_LOG,
) -> Units:
    """The mask of one grain, and how many units it keeps. `training`: SETTINGS, or OF_WEIGHTS, unless others
    are given; its grain, positions and trim are of edges, and not looked at here."""
    training = training or (OF_WEIGHTS if grain == "weights" else SETTINGS)
    if problems := check(model, pairs, metric, replacer.ablation, grain, training):
        raise BadInput(*problems)
    held_small = loss_metric(training.loss, metric, pairs)
    units, flow = EachUnit(shapes_of(model, grain)), Flow("kept", Graph.of(model.config))
    relaxation = HardConcrete(mean, spread, limit)
    like = model.token_embedding
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
    learning.run(STAGE, progress or Progress(), Log(log.path, training.tensorboard), checkpoint)
    mask = learning.learned()
    chosen = round(mask.double().sum().item())
    settled, loss = losses_of(learning, [mask, rounded(mask, chosen).to(mask)])
    return Units(grain, units.by_name(mask), chosen, settled, loss)


def check(
    model: Transformer,
    pairs: Pairs,
    metric: Metric,
    ablation: str,
    grain: str,
    training: Settings = SETTINGS,
) -> list[str]:
    """Why such a mask cannot be learned: every problem."""
    problems = check_name("grain", grain, UNIT_GRAINS)
    if not pairs:
        problems.append("prompt pairs were needed. Got none.")
    if grain == "neurons" and not model.config.mlp_width:
        problems.append("a mask of neurons needs a model with MLPs. Got one of attention only.")
    if ablation not in ABLATIONS:
        known = ", ".join(ABLATIONS)
        problems.append(f"a mask of units needs one of the ablations {known}. Got {ablation!r}.")
    problems += check_corrupted(ablation, pairs)
    problems += check_metric(loss_metric(training.loss, metric, pairs), pairs)
    return problems + check_learning(
        "fine pruning", metric, pairs, training.loss, tensorboard=training.tensorboard
    )
