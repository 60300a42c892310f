"""Subnetwork probing (Cao, Sanh and Rush 2021, arXiv:2104.03514): hard-concrete gates at a price each.

    loss = KL to the full model (or the metric) + price x (number of open gates expected)

The price is in shares of the damage that replacing everything does: at .02, what is kept must be worth a
fiftieth of it. A gate a source, as Conmy et al. 2023 have it, so that all edges of a node come and go
together; --set grain=edges gives each edge its own.

Cost: a step is a patched forward and backward, the corrupted run and the full model's.
"""

from __future__ import annotations

from functools import partial

from edgewise.bounds import NotNegative, Positive, Share
from edgewise.checkpoint import NO_CHECKPOINT, Checkpoint
from edgewise.circuit import Circuit, Scores
from edgewise.masks.learned import Learned
from edgewise.masks.log import NO_LOG, Log
from edgewise.masks.penalties import Price
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

SETTINGS = Settings(steps=600, rate=0.1, memory=0.95, grain="sources")


check = partial(check_mask, "subnetwork-probing")
"""Why it cannot use a metric on some pairs."""


def subnetwork_probing(
    model: Transformer,
    pairs: Pairs,
    metric: Metric,
    replacer: Replacer,
    *,
    price: NotNegative = 0.02,
    rise: Share = 0.5,
    mean: float = 3.0,
    spread: NotNegative = 0.1,
    limit: Positive = 5.0,
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
    relaxation = HardConcrete(mean, spread, limit)
    penalty = Price(price, round(rise * training.steps))

    def learn(subject: Subject, stage: str) -> Learned:
        return subject.learn(stage, [subject.gates("edges", relaxation)], penalty)

    best, _ = of_several_tries(subject, "the mask", learn)
    return best.scores
