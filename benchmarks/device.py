"""Seconds, memory and operations of one piece of work on any device, and what devices can do at most.

Operations are torch's count of a run on the device `meta`, which holds no numbers: shapes of any size are
counted in seconds, without the memory.
"""

from __future__ import annotations

import platform
import statistics
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch.profiler import ProfilerActivity, profile

from benchmarks.measure import Work, peak_bytes

PEAKS = {
    "H200": 989e12,
    "H100 PCIe": 756e12,
    "H100": 989e12,
    "GH200": 989e12,
    "B200": 2250e12,
    "A100": 312e12,
    "L40S": 362e12,
    "A10": 125e12,
    "RTX 4090": 165e12,
    "V100": 125e12,
}
"""Products of dense bfloat16 matrices, operations a second, as the maker tells them; the first counts that is
part of the device's name. (V100: float16.)"""


def name_of(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return platform.processor() or platform.machine()


def peak_of(device: torch.device) -> float | None:
    """None: it is not known."""
    name = name_of(device)
    return next((peak for known, peak in PEAKS.items() if known in name), None)


def seconds_of(work: Work, device: torch.device, rounds: int) -> float:
    """The median; two rounds before the first are not counted."""
    taken = []
    for _ in range(rounds + 2):
        start = _now(device)
        work()
        taken.append(_now(device) - start)
    return statistics.median(taken[2:])


def _now(device: torch.device) -> float:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()


def bytes_of(work: Work, device: torch.device) -> int:
    """The most that tensors take during the work, what they took before it counted; on a processor, without
    that."""
    if device.type != "cuda":
        return peak_bytes(work)
    work()
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats(device)
    work()
    torch.cuda.synchronize(device)
    return torch.cuda.max_memory_allocated(device)


@contextmanager
def at_most(bytes_: float, device: torch.device) -> Iterator[None]:
    """A larger GPU counts as one of so much memory."""
    if device.type == "cuda":
        total = torch.cuda.get_device_properties(device).total_memory
        torch.cuda.set_per_process_memory_fraction(min(1.0, bytes_ / total), device)
    yield
    if device.type == "cuda":
        torch.cuda.set_per_process_memory_fraction(1.0, device)


def waits_of(work: Work, device: torch.device) -> int | None:
    """How often the host waits for a GPU, as torch sees it; None: there is none."""
    if device.type != "cuda":
        return None
    work()
    torch.cuda.set_sync_debug_mode("warn")
    try:
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("always")
            work()
    finally:
        torch.cuda.set_sync_debug_mode("default")
    return sum("synchroniz" in str(each.message) for each in found)


def profile_of(work: Work, device: torch.device) -> str:
    """Where the time goes, as torch's profiler tells it."""
    activities = [ProfilerActivity.CPU]
    if device.type == "cuda":
        activities.append(ProfilerActivity.CUDA)
    with profile(activities=activities) as record:
        work()
        _now(device)
    by = "self_cuda_time_total" if device.type == "cuda" else "self_cpu_time_total"
    return record.key_averages().table(sort_by=by, row_limit=15, max_name_column_width=45)
