"""`make bench-gpu`: what attribution and learned masks take on a GPU, at the shapes of real models.

    python -m benchmarks.gpu [--device cuda] [--only Llama-3.1-8B ...] [--small] [--folder FOLDER]

Random weights, made on the device, in bfloat16; GPT-2 small in float32. A GPU of more memory counts as one of
80 GB. It writes docs/results/gpu.md: what is aimed at, what was seen, and a profile where an aim was missed.
`--device cpu --small` tries the code on a processor, with tiny layers, and prints the page.
"""

from __future__ import annotations

import argparse
import gc
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path

import torch
from reproductions.iteration_cost import training
from reproductions.page import RESULTS

from benchmarks import device as on
from benchmarks.exact import acdc_reader
from benchmarks.gpu_page import write
from benchmarks.masks import edge_pruning
from benchmarks.measure import Work, operations
from benchmarks.shapes import REAL, Shape, real_shape
from benchmarks.works import STEPS, Works
from edgewise.masks.gates import mask_of
from edgewise.masks.training import Training
from edgewise.methods.interpolation_descent import PRESETS, SETTINGS
from edgewise.models.transformer import Transformer

ROUNDS = 5
MEMORY = 80e9
AUTHOR = {name: PRESETS["paper"][name] for name in ("grain", "loss", "unit")}
"""Taggart's settings that change what a step costs."""


@dataclass(frozen=True)
class Size:
    """Of the prompts that a shape is measured on: pairs in all, tokens, pairs at once."""

    pairs: int
    tokens: int
    at_once: int


@dataclass
class Bench:
    device: torch.device
    small: bool
    seen: dict[str, float] = field(default_factory=dict)
    """By the key of an aim; `gpu_page.py` has them."""
    rows: list[list[str]] = field(default_factory=list)
    """Model, work, seconds, GB, share of the peak."""
    profiles: dict[str, str] = field(default_factory=dict)

    @property
    def rounds(self) -> int:
        return 1 if self.small else ROUNDS

    @cached_property
    def peak(self) -> float | None:
        return on.peak_of(self.device)

    def works(self, name: str, size: Size, dtype: torch.dtype = torch.bfloat16) -> Works:
        if self.small:
            size = Size(min(size.pairs, 4), min(size.tokens, 16), min(size.at_once, 4))
            dtype = torch.float32
        shape = real_shape(name, size.pairs, size.tokens, dtype, self.device, self.small)
        return Works(shape, size.at_once)

    def share(self, count: int, seconds: float) -> float | None:
        return None if self.peak is None else count / seconds / self.peak

    def tell(self, name: str, what: str, work: Work, count: int | None) -> float | None:
        """A row; its seconds, or None where memory did not suffice."""
        print(f"{name}: {what} ...", file=sys.stderr)
        try:
            seconds = on.seconds_of(work, self.device, self.rounds)
            taken = on.bytes_of(work, self.device)
        except torch.OutOfMemoryError:
            self.rows.append([name, what, "out of memory", "-", "-"])
            return None
        share = None if count is None else self.share(count, seconds)
        told = "-" if share is None else f"{share:.0%}"
        self.rows.append([name, what, f"{seconds:.4g}", f"{taken / 1e9:.2f}", told])
        return seconds


def on_meta(works: Works) -> Works:
    """The same on the device that holds no numbers, to count operations."""
    with torch.device("meta"):
        model = Transformer(works.model.config).to(works.model.dtype)
    return Works(Shape(None, model, works.clean, works.corrupted), len(works.batches[0]))


def pruning_gradient(step: Training) -> Work:
    """What a GPU does most in a step, without a look at a number."""

    def work() -> None:
        numbers = [each.draw(0, 0, step.settings.draws) for each in step.gates]
        step.gradient(step.stream.at(0), mask_of(step.gates, numbers).detach())

    return work


def every_shape(bench: Bench, names: list[str]) -> None:
    """Of each: plain runs, EAP, EAP-IG-inputs, a reader of ACDC, a step of Edge Pruning."""
    for name in names:
        works = bench.works(name, Size(16, 64, 16))
        counted = on_meta(works)
        pieces: dict[str, tuple[Work, Work | None]] = {
            "forward": (works.forward, counted.forward),
            "forward + backward": (works.forward_backward, counted.forward_backward),
            "EAP": (works.eap, counted.eap),
            f"EAP-IG-inputs, {STEPS} steps": (works.eap_ig_inputs, counted.eap_ig_inputs),
        }
        for what, (work, of_meta) in pieces.items():
            bench.tell(name, f"{what}, 16 pairs x 64 tokens", work, of_meta and operations(of_meta))
        fewer = 4 if bench.small else 8
        pruning = edge_pruning(works, works.pairs, fewer)
        of_meta = pruning_gradient(edge_pruning(counted, counted.pairs, fewer))
        bench.tell(name, "a step of Edge Pruning, 8 pairs x 64 tokens", pruning.step, operations(of_meta))
        bench.tell(name, "one reader of ACDC", partial(acdc_reader, works), None)
        del works, counted, pieces, pruning, of_meta
        given_back(bench.device)


def code_llama(bench: Bench) -> None:
    """Edge Pruning, in 80 GB."""
    works = bench.works("CodeLlama-13B", Size(8, 64, 8))
    step = edge_pruning(works, works.pairs, len(works.pairs))
    other = on_meta(works)
    count = operations(pruning_gradient(edge_pruning(other, other.pairs, len(other.pairs))))
    seconds = on.seconds_of(step.step, bench.device, bench.rounds)
    bench.seen["pruning GB"] = on.bytes_of(step.step, bench.device) / 1e9
    bench.seen["pruning seconds"] = seconds
    if (share := bench.share(count, seconds)) is not None:
        bench.seen["pruning share"] = share
        if share < 0.35:
            bench.profiles["A step of Edge Pruning on CodeLlama-13B"] = on.profile_of(step.step, bench.device)


def llama_eap(bench: Bench) -> None:
    """EAP beside 2 forwards and 1 backward, and its memory with long prompts."""
    works = bench.works("Llama-3.1-8B", Size(64, 64, 64))
    timed = partial(on.seconds_of, device=bench.device, rounds=bench.rounds)
    plain = timed(works.forward) + timed(works.forward_backward)
    bench.seen["EAP ratio"] = timed(works.eap) / plain
    if bench.seen["EAP ratio"] > 1.3:
        bench.profiles["EAP on Llama-3.1-8B"] = on.profile_of(works.eap, bench.device)
    works.model.config = replace(works.model.config, grouped_readers=True)
    bench.seen["grouped EAP ratio"] = timed(works.eap) / plain
    del works
    given_back(bench.device)
    works = bench.works("Llama-3.1-8B", Size(1, 8192, 1))
    taken = [on.bytes_of(work, bench.device) for work in (works.eap, works.forward_backward)]
    bench.seen["EAP GB"] = (taken[0] - taken[1]) / 1e9


def taggart(bench: Bench) -> None:
    """An iteration of interpolation descent with its author's settings."""
    works = bench.works("GPT-2 small", Size(64, 15, 8), torch.float32)
    settings = replace(SETTINGS, steps=1_000_000, examples=len(works.batches[0]), **AUTHOR)
    step = training(works, settings, "broken")
    bench.seen["iteration ms"] = on.seconds_of(step.step, bench.device, 4 * bench.rounds) * 1e3
    bench.seen["iteration GB"] = on.bytes_of(step.step, bench.device) / 1e9
    if (waits := on.waits_of(step.step, bench.device)) is not None:
        bench.seen["iteration waits"] = waits
    if bench.seen["iteration ms"] > 30:
        bench.profiles["An iteration of interpolation descent"] = on.profile_of(step.step, bench.device)


def given_back(device: torch.device) -> None:
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()


def parts(bench: Bench, names: list[str]) -> Iterator[tuple[str, Callable[[], None]]]:
    if "CodeLlama-13B" in names:
        yield "CodeLlama-13B, Edge Pruning", partial(code_llama, bench)
    if "Llama-3.1-8B" in names:
        yield "Llama-3.1-8B, EAP", partial(llama_eap, bench)
    if "GPT-2 small" in names:
        yield "GPT-2 small, interpolation descent", partial(taggart, bench)
    yield "every shape", partial(every_shape, bench, [name for name in names if name != "GPT-2 small"])


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description="Costs on a GPU.")
    parser.add_argument("--device", default="cuda", help="cuda unless given")
    parser.add_argument("--only", nargs="+", choices=REAL, default=list(REAL), help="these models alone")
    parser.add_argument("--small", action="store_true", help="tiny layers, to try the code")
    parser.add_argument("--folder", type=Path, help="where gpu.md is written; docs/results unless --small")
    parser.add_argument("--not-measured", action="store_true", help="write the page without measuring")
    given = parser.parse_args(arguments)
    folder = given.folder or (None if given.small else RESULTS)
    if given.not_measured:
        write(folder, None)
        return
    if given.device.startswith("cuda") and not torch.cuda.is_available():
        sys.exit(
            "a CUDA device was needed. Got none. `python -m benchmarks.gpu --device cpu --small` tries the "
            "code on the processor."
        )
    bench = Bench(torch.device(given.device), given.small)
    with on.at_most(MEMORY, bench.device):
        for what, part in parts(bench, given.only):
            print(f"measuring {what} ...", file=sys.stderr)
            try:
                part()
            except torch.OutOfMemoryError as error:
                bench.profiles[f"{what}: out of memory"] = str(error)
            given_back(bench.device)
    write(folder, bench)


if __name__ == "__main__":
    main()
