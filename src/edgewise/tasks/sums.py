"""What batches give, added up over all examples: the loop of every method that takes one batch at a time.

Processes that are at one run share the batches out. Sums are in float64, whatever a batch's are in. Where it
takes long, the sum so far and the examples that are in it are kept.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from edgewise.checkpoint import NO_CHECKPOINT, Checkpoint
from edgewise.distributed import from_first, here, summed
from edgewise.models.sending import sent, sums_on
from edgewise.models.transformer import Transformer
from edgewise.progress import Progress
from edgewise.tasks.finite import require_finite
from edgewise.tasks.pairs import Batch, Pairs

SECONDS_BETWEEN_SAVES = 20.0


def sum_over_examples(
    model: Transformer,
    pairs: Pairs,
    found: Callable[[Batch], Tensor],
    batch_size: int,
    progress: Progress | None = None,
    what: str = "",
    checkpoint: Checkpoint = NO_CHECKPOINT,
) -> Tensor:
    """`found`: a batch's sum over its examples; `what` says what is being done."""
    saved = checkpoint.load()
    before = saved.get("total", torch.zeros((), dtype=torch.float64))
    done = saved.get("done", torch.zeros(len(pairs), dtype=torch.long))
    batches = pairs.own_batches(batch_size, model.device, done)
    total = torch.zeros((), dtype=torch.float64, device=sums_on(model.device))
    already = -(-int(done.sum()) // (batch_size * here().count))
    # One process's word for all, which meet to keep it.
    keeps, every = from_first(lambda: checkpoint.keeps), 1
    kept, kept_at = bool(saved), time.monotonic()
    with (progress or Progress()).counting(what, already + len(batches), "batches", already) as advance:
        for turn, batch in enumerate(batches, 1):
            sums = found(batch)
            require_finite(sums, model, batch)
            total = total + batch.counts * sent(sums, total.device).double()
            advance(1)
            if keeps and turn == 1:
                every = from_first(partial(_turns_between_looks, kept_at))
            # At the end once more, for what comes after it may be broken off, too.
            last = kept and turn == len(batches)
            if keeps and (last or (turn % every == 0 and from_first(partial(_is_time, kept_at)))):
                also = summed(_examples_of(batches[:turn], done))
                checkpoint.save({"total": before + summed(total).cpu(), "done": done + also})
                kept, kept_at = True, time.monotonic()
    return before + summed(total).cpu()


def _turns_between_looks(since: float) -> int:
    """After the first: processes need not wait for each other at every batch."""
    return max(1, int(SECONDS_BETWEEN_SAVES / 10 / max(time.monotonic() - since, 1e-3)))


def _is_time(since: float) -> bool:
    return time.monotonic() - since > SECONDS_BETWEEN_SAVES


def _examples_of(batches: list[Batch], done: Tensor) -> Tensor:
    """1 for each example of these batches that counts."""
    found = torch.zeros_like(done)
    for batch in batches:
        found[batch.index.cpu()] += int(batch.counts)
    return found
