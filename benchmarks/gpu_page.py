"""docs/results/gpu.md: what is aimed at on a GPU, and what was seen, or that nothing was yet."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Protocol

import torch
from reproductions.page import markdown

from benchmarks import device as on
from edgewise.files import atomic_write, make_parents


@dataclass(frozen=True)
class Aim:
    what: str
    limit: float
    unit: str
    """How a number is written: a format, with what it is of."""
    at_least: bool = False

    def wanted(self) -> str:
        return f"at {'least' if self.at_least else 'most'} {self.unit.format(self.limit)}"

    def reached(self, seen: float) -> bool:
        return seen >= self.limit if self.at_least else seen <= self.limit


PRUNING = "Edge Pruning on CodeLlama-13B, a step of 8 pairs x 64 tokens"
ITERATION = "an iteration of interpolation descent on GPT-2 small, its author's settings, 8 pairs x 15 tokens"
AIMS = {
    "pruning GB": Aim(f"{PRUNING}: memory", 80, "{:.3g} GB"),
    "pruning share": Aim(
        f"{PRUNING}: operations, as a share of what the device can do", 0.35, "{:.0%}", True
    ),
    "EAP ratio": Aim(
        "EAP on Llama-3.1-8B, 64 pairs x 64 tokens: seconds / (2 forwards + 1 backward)", 1.3, "{:.2f}"
    ),
    "grouped EAP ratio": Aim("the same, one k and one v reader per key/value head", 1.3, "{:.2f}"),
    "EAP GB": Aim(
        "EAP on Llama-3.1-8B, 1 pair of 8,192 tokens: memory beyond a forward and backward's", 4, "{:.3g} GB"
    ),
    "iteration ms": Aim(f"{ITERATION}: time", 30, "{:.3g} ms"),
    "iteration GB": Aim(f"{ITERATION}: memory, weights counted", 1.5, "{:.3g} GB"),
    "iteration waits": Aim(f"{ITERATION}: how often the host waits for the device", 1, "{:.0f}"),
}
NOT_MEASURED = "not measured"


class Found(Protocol):
    device: torch.device
    small: bool
    seen: dict[str, float]
    rows: list[list[str]]
    profiles: dict[str, str]


def write(folder: Path | None, found: Found | None) -> None:
    """None: to standard output."""
    page = "\n".join(lines(found)) + "\n"
    if folder is None:
        print(page, end="")
        return
    path = folder / "gpu.md"
    make_parents(path)
    atomic_write(path, page)
    print(f"wrote {path}", file=sys.stderr)


def lines(found: Found | None) -> list[str]:
    seen: Mapping[str, float] = found.seen if found else {}
    said = ["# On a GPU", "", *made_on(found), ""]
    said += [
        "Shapes of real models with random weights, in bfloat16, GPT-2 small's in float32. A GPU of more"
    ]
    said += ["memory counts as one of 80 GB.", "", "## What is aimed at", ""]
    said += markdown(["", "aimed at", "seen", ""], [aimed(key, aim, seen) for key, aim in AIMS.items()])
    said += ["", "## Every shape", ""]
    said += [
        "Seconds are the median of rounds after two that are not counted; memory is what tensors take at",
        "most, weights included. Operations are those of matrix products, beside the device's peak for dense",
        "bfloat16.",
        "",
    ]
    rows = found.rows if found else []
    said += markdown(["model", "work", "seconds", "GB", "of the peak"], rows) if rows else ["Not measured."]
    said.append("")
    for what, text in (found.profiles if found else {}).items():
        said += [f"## {what}", "", *(f"    {line}".rstrip() for line in text.splitlines()), ""]
    said += ["## How it is made", "", "<!-- not run: it needs a GPU -->"]
    return [*said, "```shell", "make bench-gpu", "```", "", *HOST]


HOST = [
    "The host runs ahead of the GPU: a masked run and a batch of EAP ask it for no number, and a step of a",
    "learned mask asks once. `tests/test_waits.py` holds that without a GPU, on a device that has no",
    "numbers. Products are of bfloat16 where the model is; sums that are told - scores, a mask's gradient -",
    "come out of them in float32. No setting of torch's is changed: for a model in float32,",
    '`torch.set_float32_matmul_precision("high")` is yours to choose.',
]


def aimed(key: str, aim: Aim, seen: Mapping[str, float]) -> Sequence[str]:
    if key not in seen:
        return [aim.what, aim.wanted(), NOT_MEASURED, ""]
    return [
        aim.what,
        aim.wanted(),
        aim.unit.format(seen[key]),
        "yes" if aim.reached(seen[key]) else "**missed**",
    ]


def made_on(found: Found | None) -> list[str]:
    if found is None:
        return ["Not measured yet: no GPU was within reach; `make bench-gpu` measures."]
    peak = on.peak_of(found.device)
    known = (
        "its peak is not known, so no share of it is told"
        if peak is None
        else f"peak {peak / 1e12:.0f} TFLOP/s"
    )
    tried = " With tiny layers, to try the code: the numbers mean nothing." if found.small else ""
    told = f"{on.name_of(found.device)}, {known}; torch {torch.__version__}; {date.today():%Y-%m-%d}."
    return [told + tried]
