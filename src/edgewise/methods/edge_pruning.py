"""Edge Pruning (Bhaskar et al. 2024, arXiv:2406.16778): masks on edges and on nodes, learned to a sparsity.

    mask of an edge = gate of the edge x gate of its source,  hard-concrete both
    loss = KL to the full model + l1 (t - s) + l2 (t - s)^2

with s the sparsity of the edges' gates as they settle, t its target, which rises linearly, and l1, l2 learned
by ascent. Rounded at the end: the round(sum of the mask) edges with the largest numbers are the circuit.

Ours differs by default in six things; --preset paper takes back all but the last. Each step draws several
masks for a few examples, where they draw one for many: at the same cost the gradient is less noisy, for masks
differ more than examples do. The loss is measured in shares of the damage that replacing everything does, and
the target no longer pushes while that share is above `hold`: so that one target, above 1, serves circuits of
any size. Gates do not wander off to where no gradient reaches them. The rounded mask is trimmed
(`trimming.py`), not to fewer edges than a target below 1 asks for. Where the circuit's loss is above `hold`
all the same, the mask is learned anew (`tries.py`). And the mask is the mean over the last fifth of all
steps.

Cost: a step is a patched forward and backward, the corrupted run and the full model's.
"""

from __future__ import annotations

import math
from functools import partial

from edgewise.bounds import NotNegative, Positive, Share, Target
from edgewise.checkpoint import NO_CHECKPOINT, Checkpoint
from edgewise.circuit import Circuit, Scores
from edgewise.errors import BadInput
from edgewise.masks.learned import Learned
from edgewise.masks.log import NO_LOG, Log
from edgewise.masks.penalties import Lagrangian
from edgewise.masks.relaxations import HardConcrete
from edgewise.masks.settings import Settings
from edgewise.masks.subject import Subject
from edgewise.masks.tries import of_several_tries
from edgewise.methods.first import First, begun, check_mask
from edgewise.models.transformer import Transformer
from edgewise.patching.replacements import Replacer
from edgewise.progress import Progress
from edgewise.tasks.metrics import Metric
from edgewise.tasks.pairs import Pairs

SETTINGS = Settings(steps=600, rate=0.1, optimiser="adamw", memory=0.99)
PRESETS = {
    "paper": {
        "steps": 3000,
        "rate": 0.8,
        "multiplier_rate": 0.8,
        "target": 0.98,
        "rise": 2500 / 3000,
        "mean": 10.0,
        "spread": 0.01,
        "limit": None,
        "hold": None,
        "examples": 32,
        "draws": 1,
        "memory": 0.999,
        "unit": "own",
        "trim": None,
    },
}
PRESETS["paper-tracr-reverse"] = {
    **PRESETS["paper"],
    "steps": 6000,
    "rise": 0.9,
    "rate": 0.03,
    "multiplier_rate": 0.001,
    "target": 1.02,
}
PRESETS["paper-tracr-xproportion"] = {
    **PRESETS["paper"],
    "steps": 720,
    "rise": 0.9,
    "rate": 1.0,
    "multiplier_rate": 1.0,
    "target": 0.92,
}


check = partial(check_mask, "edge-pruning")
"""Why it cannot use a metric on some pairs."""


def check_target(target: float, edges: int) -> list[str]:
    """Why no circuit has such a sparsity."""
    if target >= 1 or (1 - target) * edges >= 1:
        return []
    most = f"{math.floor((1 - 1 / edges) * 1e4) / 1e4:g}" if edges > 1 else "0"
    return [
        f"a target sparsity of at most {most} was needed, which leaves one of {edges:,} edges, or one from 1 "
        f"on, which pushes until the end. Got {target:g}, which leaves less than one."
    ]


def edge_pruning(
    model: Transformer,
    pairs: Pairs,
    metric: Metric,
    replacer: Replacer,
    *,
    target: Target = 1.1,
    node_target: Target | None = None,
    nodes: bool = True,
    rise: Share = 0.85,
    multiplier_rate: Positive = 0.02,
    mean: float = 5.0,
    spread: NotNegative = 0.1,
    limit: Positive | None = 5.0,
    training: Settings = SETTINGS,
    first: First | None = None,
    share: Share = 0.2,
    edges: Circuit | None = None,
    batch_size: int = 16,
    progress: Progress | None = None,
    checkpoint: Checkpoint = NO_CHECKPOINT,
    log: Log = NO_LOG,
) -> Scores:
    """Scores of all edges, and how many of them are the circuit."""
    given = (model, pairs, metric, replacer, training, first, share, edges, batch_size)
    subject = begun(*given, progress, checkpoint, log)
    if problems := check_target(target, int(subject.among.sum())):
        raise BadInput(*problems)
    relaxation = HardConcrete(mean, spread, math.inf if limit is None else limit)
    targets = [target, node_target][: 1 + nodes]

    def learn(subject: Subject, stage: str) -> Learned:
        gates = [subject.gates("edges", relaxation)]
        if nodes:
            gates.append(subject.gates("nodes", relaxation, "sources", place=1))
        rises = round(rise * training.steps)
        penalty = Lagrangian(targets, rises, multiplier_rate, training.hold, model.device)
        return subject.learn(stage, gates, penalty, exact=target < 1)

    best, _ = of_several_tries(subject, "the mask", learn)
    return best.scores
