"""What batches give, added up over all examples: the loop of every method that takes one batch at a time.

Processes that are at one run share the batches out. Sums are in float64, whatever a batch's are in.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from edgewise.distributed import summed
from edgewise.models.sending import sent, sums_on
from edgewise.models.transformer import Transformer
from edgewise.progress import Progress
from edgewise.tasks.finite import require_finite
from edgewise.tasks.pairs import Batch, Pairs


def sum_over_examples(
    model: Transformer,
    pairs: Pairs,
    found: Callable[[Batch], Tensor],
    batch_size: int,
    progress: Progress | None = None,
    what: str = "",
) -> Tensor:
    """`found`: a batch's sum over its examples; `what` says what is being done."""
    total = torch.zeros((), dtype=torch.float64, device=sums_on(model.device))
    batches = pairs.own_batches(batch_size, model.device)
    for batch in (progress or Progress()).track(batches, what, len(batches)):
        sums = found(batch)
        require_finite(sums, model, batch)
        total = total + batch.counts * sent(sums, total.device).double()
    return summed(total).cpu()
