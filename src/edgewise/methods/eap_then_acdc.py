"""A fast scorer, then ACDC (Syed, Rager and Conmy 2023, arXiv:2310.10348): exact only where it may matter.

    1. score all edges by the first method, and keep the strongest share of them, by absolute value
    2. ACDC from there: the rest is gone from the beginning, and only what is left is tried

An edge that the first method misses is lost: give it room. The scores are ACDC's.

Cost: the first method's, and a partial patched run for each edge that it leaves.
"""

from __future__ import annotations

from typing import Literal, get_args

from edgewise.checkpoint import NO_CHECKPOINT, Checkpoint
from edgewise.circuit import Scores
from edgewise.errors import BadInput
from edgewise.methods import (
    clean_corrupted,
    eap,
    eap_ig_activations,
    eap_ig_inputs,
    eap_ig_mask,
    gim,
    relp,
)
from edgewise.methods.acdc import Loss, acdc
from edgewise.methods.options import NotNegative, Share
from edgewise.methods.order import Order
from edgewise.models.transformer import Transformer
from edgewise.patching.replacements import Replacer
from edgewise.progress import Progress
from edgewise.tasks.metrics import Metric
from edgewise.tasks.pairs import Pairs

First = Literal["eap", "eap-ig-inputs", "eap-ig-activations", "eap-ig-mask", "clean-corrupted", "relp", "gim"]
SCORERS = {
    "eap": (eap.eap, eap.check),
    "eap-ig-inputs": (eap_ig_inputs.eap_ig_inputs, eap_ig_inputs.check),
    "eap-ig-activations": (eap_ig_activations.eap_ig_activations, eap_ig_activations.check),
    "eap-ig-mask": (eap_ig_mask.eap_ig_mask, eap_ig_mask.check),
    "clean-corrupted": (clean_corrupted.clean_corrupted, clean_corrupted.check),
    "relp": (relp.relp, relp.check),
    "gim": (gim.gim, gim.check),
}
assert set(SCORERS) == set(get_args(First))


def check(metric: Metric, pairs: Pairs, first: First = "eap") -> list[str]:
    """Why the first method cannot use this metric on these pairs."""
    _, check_first = SCORERS[first]
    return check_first(metric, pairs)


def eap_then_acdc(
    model: Transformer,
    pairs: Pairs,
    metric: Metric,
    replacer: Replacer,
    *,
    first: First = "eap",
    share: Share = 0.2,
    tau: tuple[NotNegative, ...] = (0.01,),
    loss: Loss | None = None,
    order: Order = "published",
    batch_size: int = 16,
    progress: Progress | None = None,
    checkpoint: Checkpoint = NO_CHECKPOINT,
) -> Scores:
    """Scores of all edges."""
    if problems := check(metric, pairs, first):
        raise BadInput(*problems)
    scorer, _ = SCORERS[first]
    scores = scorer(model, pairs, metric, replacer, batch_size=batch_size, progress=progress)
    left = scores.top(max(1, round(share * scores.graph.edge_count)))
    return acdc(
        model,
        pairs,
        metric,
        replacer,
        tau=tau,
        loss=loss,
        order=order,
        edges=left,
        batch_size=batch_size,
        progress=progress,
        checkpoint=checkpoint,
    )
