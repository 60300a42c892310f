"""What a run costs: its seconds, the plain runs that take as long, and the memory it needs.

    forwards     seconds of the search / seconds of the model's plain run on the same prompts and batches
    peak bytes   the most that the process held at once during the search, its libraries and the model among
                 them; on a GPU the most that tensors took there

A ratio of seconds tells more than seconds, which hang on the machine. On Linux the peak is that of the search
alone; elsewhere it is the process's since it began.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import torch

from edgewise.checkpoint import Checkpoint
from edgewise.distributed import from_first
from edgewise.models.transformer import Transformer
from edgewise.tasks.pairs import Pairs

Costs = Mapping[str, float | int | None]
LONG_ENOUGH = 0.2
"""Seconds."""


@contextmanager
def timed(seconds: dict[str, float], stage: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    seconds[stage] = round(time.perf_counter() - start, 3)


@contextmanager
def search(
    stage: str,
    seconds: dict[str, float],
    model: Transformer,
    pairs: Pairs,
    batch_size: int,
    keeper: Checkpoint | None,
) -> Iterator[dict[str, float | int | None]]:
    """What it gives is filled when the block ends, and tells what was in it."""
    # Of a search that goes on from where it was stopped, the seconds before that are not known.
    goes_on = from_first(lambda: keeper is not None and keeper.has_own())
    plain = None if goes_on else seconds_of_plain_run(model, pairs, batch_size)
    costs: dict[str, float | int | None] = {}
    forget_peak(model.device)
    with timed(seconds, stage):
        yield costs
    costs["peak_bytes"] = peak_bytes(model.device)
    costs["forwards"] = None if plain is None else round(seconds[stage] / plain, 2)


@torch.no_grad()
def seconds_of_plain_run(model: Transformer, pairs: Pairs, batch_size: int) -> float:
    """Of all pairs, from as many batches as take a moment, after one that is not counted."""
    examples, taken, first = 0, 0.0, True
    while taken < LONG_ENOUGH:
        for batch in pairs.batches(batch_size, model.device):
            start = time.perf_counter()
            model(batch.clean, batch.read)
            if model.device.type == "cuda":
                torch.cuda.synchronize(model.device)
            if first:
                first = False
                continue
            taken += time.perf_counter() - start
            examples += len(batch.index)
            # All processes stop after the same batch.
            taken = from_first(partial(float, taken))
            if taken >= LONG_ENOUGH:
                break
    return taken / examples * len(pairs)


def forget_peak(device: torch.device) -> None:
    """What `peak_bytes` tells is of the time after this."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        return
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def peak_bytes(device: torch.device) -> int | None:
    """None where the system does not tell."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    with suppress(OSError, StopIteration):
        lines = Path("/proc/self/status").read_text().splitlines()
        told = next(line for line in lines if line.startswith("VmHWM:"))
        return int(told.split()[1]) * 1024
    try:
        import resource
    except ImportError:
        return None
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024
