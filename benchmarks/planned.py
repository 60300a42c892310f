"""What `edgewise plan` tells beside what is measured: peak memory and operations, on random models.

    python -m benchmarks.planned [--only PART_OF_A_NAME]

Memory is measured twice, beyond the weights. The allocator's record of tensors is exact and the same every
time: tests hold plans to it. What the process itself took, in one of its own for each case, moves from run to
run, and has what libraries take in it. It is told here, of a C library that is made to give memory
back at once (`GIVEN_BACK`): by itself it keeps up to half as much again. Nothing is written.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch.utils.flop_counter import FlopCounterMode, sdpa_backward_flop_count, sdpa_flop_count

from benchmarks.measure import IN_PLACE, peak_bytes
from benchmarks.planned_cases import CASES, Case
from edgewise.costs import forget_peak
from edgewise.costs import peak_bytes as peak_of_process
from edgewise.patching import budget
from edgewise.planning.parts import Moment

GIVEN_BACK = {"MALLOC_MMAP_THRESHOLD_": "65536"}
ATTENTION = {
    torch.ops.aten._scaled_dot_product_flash_attention_for_cpu: (
        lambda query, key, value, *_, **__: sdpa_flop_count(query, key, value)
    ),
    torch.ops.aten._scaled_dot_product_flash_attention_for_cpu_backward: (
        lambda of_mix, query, key, value, *_, **__: sdpa_backward_flop_count(of_mix, query, key, value)
    ),
}
"""A processor's kernels, which torch's counter does not know, by what it knows of a GPU's."""


@dataclass(frozen=True)
class Measured:
    planned: Moment
    bytes: int
    planned_operations: int
    operations: int

    @property
    def memory_ratio(self) -> float:
        return self.planned.bytes / self.bytes

    @property
    def operations_ratio(self) -> float:
        return self.planned_operations / self.operations


def measured(case: Case, counted: bool = True) -> Measured:
    """`counted`: its operations, too."""
    before, budget.BYTES = budget.BYTES, case.budget
    try:
        model = case.model()
        work, (moment, planned) = case.work(model), case.planned(model)
        most = peak_bytes(work, warm=True)
        return Measured(moment, most, planned, operations(work) if counted else planned)
    finally:
        budget.BYTES = before


def operations(work: Callable[[], object]) -> int:
    """With those of attention."""
    with FlopCounterMode(display=False, custom_mapping={**IN_PLACE, **ATTENTION}) as counter:
        work()
    return counter.get_total_flops()


def of_process(case: Case) -> int:
    """What this process took at most for the case, beyond what it held before."""
    budget.BYTES = case.budget
    model = case.model()
    Case(case.shape, "plain", case.dtype, 1, 2).work(model)()
    work = case.work(model)
    lines = Path("/proc/self/status").read_text().splitlines()
    held = int(next(line for line in lines if line.startswith("VmRSS:")).split()[1]) * 1024
    forget_peak(model.device)
    work()
    return (peak_of_process(model.device) or 0) - held


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.planned", description=__doc__)
    parser.add_argument("--only", default="", help="cases with this in their name")
    parser.add_argument("--process", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.process:
        print(json.dumps(of_process(next(case for case in CASES if case.name == given.process))))
        return
    print(f"{'MB: planned':>12}{'tensors':>9}{'ratio':>7}{'process':>9}{'ratio':>7}{'operations':>12}")
    for case in CASES:
        if given.only not in case.name:
            continue
        found = measured(case)
        command = [sys.executable, "-m", "benchmarks.planned", "--process", case.name]
        done = subprocess.run(command, capture_output=True, check=True, env=os.environ | GIVEN_BACK)
        process = json.loads(done.stdout)
        planned = found.planned.bytes
        print(
            f"{planned / 1e6:12.1f}{found.bytes / 1e6:9.1f}{found.memory_ratio:7.2f}"
            f"{process / 1e6:9.1f}{planned / process:7.2f}{found.operations_ratio:12.3f}  {case.name}",
            flush=True,
        )


if __name__ == "__main__":
    main()
