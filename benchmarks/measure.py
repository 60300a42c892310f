"""Seconds, peak memory and operations of one piece of work, each so that figures can be compared.

Seconds: the pieces take turns in one process, so that a slow moment slows them all; the median counts.
Memory: the most bytes of tensors alive at once, beyond those alive before, from the allocator's own record.
Operations: torch's counter, which does not wobble.
"""

import statistics
import time
from collections.abc import Callable, Mapping

import torch
from torch.profiler import ProfilerActivity, profile
from torch.utils.flop_counter import FlopCounterMode

Work = Callable[[], object]

IN_PLACE = {
    torch.ops.aten.addmm_: lambda _, left, right, **__: 2 * left[0] * left[1] * right[1],
    torch.ops.aten.baddbmm_: lambda _, left, right, **__: 2 * left[0] * left[1] * left[2] * right[2],
}
"""Products that torch's counter does not know, by the shapes of their arguments."""


def seconds_in_turns(works: Mapping[str, Work], rounds: int) -> dict[str, float]:
    """The median seconds of each; one round before the first is not counted."""
    taken: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds + 1):
        for name, work in works.items():
            start = time.perf_counter()
            work()
            taken[name].append(time.perf_counter() - start)
    return {name: statistics.median(each[1:]) for name, each in taken.items()}


def peak_bytes(work: Work, warm: bool = False) -> int:
    """The most bytes alive at once during the work, beyond those alive before it. It is run once before,
    unless it is `warm` already or leaves nothing to be used again."""
    if not warm:
        work()
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as record:
        work()
    results = record.profiler and record.profiler.kineto_results
    assert results is not None
    alive = most = 0
    for event in results.events():
        if event.name() == "[memory]":
            alive += getattr(event, "nbytes")()  # noqa: B009 - torch's stub lacks it
            most = max(most, alive)
    return most


def operations(work: Work) -> int:
    """Multiplications and additions of the matrix products."""
    with FlopCounterMode(display=False, custom_mapping=IN_PLACE) as counter:
        work()
    return counter.get_total_flops()
