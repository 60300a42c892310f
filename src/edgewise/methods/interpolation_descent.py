"""Interpolation descent (G. M. Taggart): a coefficient for every edge, and gradient descent on all of them.

    x_reader = sum over its sources of [ c * live + (1 - c) * replacement ],     c clamped to [0, 1]
    loss = KL to the full model (or the metric) + for each kind of edge  L1 x (sum c + half sum sqrt(c + .1))

The coefficients begin uniform in [.25, 1]; the gradient goes straight through the clamp. DropIn: in each step
a few of them are taken for 1. Resets: now and then, some of those at 0 are drawn anew, in the first three
quarters of the steps. One masked run a step, where the author needed one for each layer.

Where he lets the corrupted prompt flow through the coefficients and holds the rest at clean values, until the
answer is gone (--set flow=broken), our default is the other way about (flow=kept): the clean prompt flows,
the rest is corrupted, and the answer is to stay. A path that breaks the answer is found by the first, all
that it needs by the second. He has a coefficient for a whole head (--set grain=tied); ours tells q, k and v
apart. The loss is in shares of the damage that replacing everything does.

An adversary, learned apart, has coefficients of its own, of edges whose replacement makes the model do
better: what works against the answer (`adversary.py`). Its scores are below 0, whatever the mask has of them.
By default there is one where the metric allows it, and replacing everything does it damage.

Cost: a step is a patched forward and backward, the corrupted run and the full model's; as much again for the
adversary.
"""

from __future__ import annotations

from typing import Literal

import torch

from edgewise.bounds import Count, NotNegative, Part, Positive, Share
from edgewise.checkpoint import NO_CHECKPOINT, Checkpoint
from edgewise.circuit import Circuit, Scores
from edgewise.errors import BadInput
from edgewise.graph import Graph
from edgewise.masks.adversary import with_what_harms_alone
from edgewise.masks.flows import Flow
from edgewise.masks.learned import Learned
from edgewise.masks.log import NO_LOG, Log
from edgewise.masks.penalties import Lengths
from edgewise.masks.relaxations import Clamp
from edgewise.masks.settings import Settings
from edgewise.masks.subject import Subject
from edgewise.masks.tries import of_several_tries
from edgewise.methods.first import First, begun, check_mask
from edgewise.models.transformer import Transformer
from edgewise.patching.replacements import Replacer
from edgewise.progress import Progress
from edgewise.tasks.losses import Loss
from edgewise.tasks.metrics import Metric
from edgewise.tasks.pairs import Pairs

SETTINGS = Settings(steps=600, rate=0.01, draws=1)
PRESETS = {
    "paper": {
        "steps": 10_000,
        "examples": 8,
        "grain": "tied",
        "flow": "broken",
        "loss": "metric",
        "unit": "own",
        "adversary": False,
        "trim": None,
        "hold": None,
    }
}


def check(
    metric: Metric,
    pairs: Pairs,
    loss: Loss = "auto",
    positions: bool = False,
    tensorboard: str | None = None,
    first: First | None = None,
    adversary: bool | None = None,
) -> list[str]:
    """Why it cannot use a metric on some pairs. `adversary`: whether one was asked for."""
    problems = check_mask("interpolation-descent", metric, pairs, loss, positions, tensorboard, first)
    return problems + (check_adversary(metric, pairs) if adversary else [])


def check_adversary(metric: Metric, pairs: Pairs) -> list[str]:
    """Why none can be learned."""
    flat = metric.against_full == "always" or any(map(metric.compares_with_full, pairs))
    if metric.differentiable and not flat:
        return []
    return [
        "an adversary looks by gradients for what makes the model do better than it does. A metric that has "
        f"one and can be better than the full model's was needed. Got {metric.name!r}. "
        "Choose another, or adversary=false."
    ]


def interpolation_descent(
    model: Transformer,
    pairs: Pairs,
    metric: Metric,
    replacer: Replacer,
    *,
    between: NotNegative = 0.001,
    residual: NotNegative = 0.002,
    output: NotNegative = 0.001,
    half: NotNegative = 0.05,
    epsilon: Positive = 0.1,
    drop_in: Part = 0.04,
    resets: Part = 0.1,
    reset_every: Count = 50,
    flow: Literal["kept", "broken"] = "kept",
    mlps: Literal["live", "frozen"] = "live",
    layers_first: bool = False,
    adversary: bool | None = None,
    adversary_price: NotNegative = 0.01,
    training: Settings = SETTINGS,
    first: First | None = None,
    share: Share = 0.2,
    edges: Circuit | None = None,
    batch_size: int = 16,
    progress: Progress | None = None,
    checkpoint: Checkpoint = NO_CHECKPOINT,
    log: Log = NO_LOG,
) -> Scores:
    """Scores of all edges, below 0 where the adversary found them, and how many of them are the circuit."""
    given = (model, pairs, metric, replacer, training, first, share, edges, batch_size)
    subject = begun(*given, progress, checkpoint, log)
    graph = subject.graph
    if mlps == "frozen":
        subject = subject.with_frozen_mlps()
    opponent = subject.judged_by(metric)
    has_adversary = adversary is not False and not check_adversary(metric, pairs)
    if has_adversary:
        try:
            # Said before the mask is learned, not after.
            opponent.held(Flow("against", graph, opponent.frozen_mlps))
        except BadInput as nothing:
            if adversary:
                raise BadInput(*nothing.problems, "Or learn no adversary: adversary=false.") from nothing
            has_adversary = False
    penalty = Lengths(graph, (between, residual, output), half, epsilon)
    clamp = Clamp(drop_in=drop_in, resets=resets, reset_every=reset_every, steps=training.steps)
    if layers_first:
        by_layer = [subject.gates("layers", clamp, "layers")]
        found = subject.learn("layers", by_layer, penalty, flow)
        subject = subject.only(found.scores.own().kept)

    def learn(subject: Subject, stage: str) -> Learned:
        return subject.learn(stage, [subject.gates("edges", clamp)], penalty, flow)

    best, subject = of_several_tries(subject, "the mask", learn)
    kept = best.scores
    if not has_adversary:
        return kept
    opponent = opponent.after(subject)
    small = Clamp(0.0, 0.1, drop_in=0.0, resets=resets, reset_every=reset_every, steps=training.steps)
    price = Lengths(graph, [adversary_price] * 3, half, epsilon)
    gates = [opponent.gates("against", small)]
    against = opponent.learn("the adversary", gates, price, "against").scores
    if training.trim is not None:
        learned = opponent.training(gates, price, "against")
        against = with_what_harms_alone(learned, against, training.trim, opponent.progress)
    return both(graph, kept, against)


def both(graph: Graph, kept: Scores, against: Scores) -> Scores:
    """Below 0 what works against the answer, as strong as where it is the stronger; all else as the mask
    has it."""
    opposed = against.own().kept
    values = torch.where(opposed, -against.values.maximum(kept.values), kept.values)
    chosen = kept.own().kept & ~opposed
    return Scores(graph, values, int(chosen.sum()))
