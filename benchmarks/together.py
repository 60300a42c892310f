"""What several processes gain: speed-up by examples shared out, memory by weights shared out.

    python -m benchmarks.together [--processes 2] [--rounds 3]

Every process has one thread. GPT-2 small's shape, random weights: EAP of 64 pairs x 15 tokens, and steps of
Edge Pruning as it is by default; the best of some rounds, by the first process's clock, the processes taking
turns with one alone. Memory: the most that a process holds of its own with weights shared out (what is mapped
from files apart, the system can take that back), less what it held before the model was loaded, in float32
and GPT-2 large's shape, beside all weights, which a process alone holds: `weights` through loading and a run
with its backward on four tokens, which takes little besides; `eap-memory` through loading and an EAP of two
short pairs.
The C library is told to give back at once what it was given back.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import torch

import edgewise as ew
from edgewise.models.transformer import Transformer
from edgewise.tasks.pairs import Pairs

PAIRS, TOKENS, STEPS = 64, 15, 6
TINY = {"n_embd": 32, "n_layer": 1, "n_head": 2}
LARGE = {"n_embd": 1280, "n_layer": 36, "n_head": 20}
LEAST_SPEED_UP, MOST_WEIGHTS = 1.7, 0.6
"""For two processes."""
LOOKS_A_SECOND = 500
GIVE_BACK = {"MALLOC_MMAP_THRESHOLD_": 65536}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.together", description=__doc__)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--work", choices=WORKS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    parser.add_argument("--only", nargs="+", choices=WORKS, default=[*WORKS])
    given = parser.parse_args()
    if given.work:
        work(given.work, given.folder)
        return
    count = given.processes
    with tempfile.TemporaryDirectory() as folder:
        make_models(Path(folder))
        for name in given.only:
            turns = [(started(1, name, folder), started(count, name, folder)) for _ in range(given.rounds)]
            alone, together = (min(each) for each in zip(*turns, strict=True))
            if name in MEMORY:
                told, limit = together / alone, f"at most {MOST_WEIGHTS}" if name == "weights" else ""
                figures = f"{alone / 1e6:,.0f} MB alone, {together / 1e6:,.0f} MB each"
            else:
                told, limit = alone / together, f"at least {LEAST_SPEED_UP}"
                figures = f"{alone:.2f} s alone, {together:.2f} s together"
            limit = f"({limit})" if limit and count == 2 else ""
            print(f"{told:6.2f} {limit:16} {name}, {count} processes: {figures}", flush=True)


def make_models(folder: Path) -> None:
    from transformers import GPT2Config, GPT2LMHeadModel

    for name, sizes in {"tiny": TINY, "small": {}, "large": LARGE}.items():
        torch.manual_seed(0)
        GPT2LMHeadModel(GPT2Config(**sizes)).save_pretrained(folder / name)


def started(count: int, name: str, folder: str) -> float:
    """What the first of so many processes measures."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    told = {"WORLD_SIZE": count, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "OMP_NUM_THREADS": 1}
    told |= GIVE_BACK if name in MEMORY else {}
    command = [sys.executable, "-m", "benchmarks.together", "--work", name, "--folder", folder]
    begun = [
        subprocess.Popen(
            command,
            env={**os.environ, **{k: str(v) for k, v in {**told, "RANK": rank, "LOCAL_RANK": rank}.items()}},
            stdout=subprocess.PIPE,
            text=True,
        )
        for rank in range(count)
    ]
    outputs = [process.communicate()[0] for process in begun]
    if any(process.returncode for process in begun):
        raise SystemExit(f"{name} failed with {count} processes.")
    return max(json.loads(output.splitlines()[-1]) for output in outputs)


def work(name: str, folder: str) -> None:
    with ew.together():
        print(json.dumps(WORKS[name](Path(folder))))


def seconds_of_eap(folder: Path) -> float:
    model = ew.load(folder / "small", quiet=True)
    pairs = some_pairs(model, PAIRS, TOKENS)
    return best_of(lambda: ew.discover(model, pairs, "eap"))


def seconds_of_edge_pruning(folder: Path) -> float:
    """Of some steps: more steps less fewer, so that what is done once is not counted."""
    model = ew.load(folder / "small", quiet=True)
    pairs = some_pairs(model, PAIRS, TOKENS)
    told = {"hold": None, "tries": 1, "trim": None, "loss": "kl", "batch_size": 16}

    def steps(count: int) -> Callable[[], object]:
        return lambda: ew.discover(model, pairs, "edge-pruning", steps=count, **told)

    return best_of(steps(STEPS + 1), 2) - best_of(steps(1), 2)


def peak_memory(folder: Path, used: Callable[[Transformer], object]) -> float:
    # What only the first use of libraries brings.
    used(ew.load(folder / "tiny", quiet=True, shard_weights=True))
    before = held()
    with watched() as most:
        model = ew.load(folder / "large", quiet=True, shard_weights=True)
        if not model.is_shared_out:
            whole = {*model.parameters()} - {model.unembed_weight}
            return sum(each.numel() * each.element_size() for each in whole)
        used(model)
    return most[0] - before


def run_with_backward(model: Transformer) -> None:
    embedded = [each.requires_grad_() for each in model.embed(torch.arange(4)[None])]
    model.run(embedded).sum().backward()


def eap_of_two(model: Transformer) -> None:
    ew.discover(model, some_pairs(model, 2, 4), "eap")


WORKS: dict[str, Callable[[Path], float]] = {
    "eap": seconds_of_eap,
    "edge-pruning": seconds_of_edge_pruning,
    "weights": partial(peak_memory, used=run_with_backward),
    "eap-memory": partial(peak_memory, used=eap_of_two),
}
MEMORY = ("weights", "eap-memory")


def some_pairs(model: Transformer, count: int, tokens: int) -> Pairs:
    generator = torch.Generator().manual_seed(1)
    rows = torch.randint(model.config.vocabulary, (count, 2, tokens), generator=generator).tolist()
    entries = [{"clean": a, "corrupted": b, "correct": a[0], "wrong": [b[0]]} for a, b in rows]
    return Pairs.from_list(entries, model)


def best_of(run: Callable[[], object], rounds: int = 3) -> float:
    run()
    taken = []
    for _ in range(rounds):
        start = time.perf_counter()
        run()
        taken.append(time.perf_counter() - start)
    return min(taken)


def held() -> int:
    """Bytes of this process's own, without what is mapped from files."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("RssAnon:")).split()[1]) * 1024


@contextmanager
def watched() -> Iterator[list[int]]:
    """The most that was held inside."""
    most, ended = [held()], threading.Event()

    def look() -> None:
        while not ended.wait(1 / LOOKS_A_SECOND):
            most[0] = max(most[0], held())

    looking = threading.Thread(target=look, daemon=True)
    looking.start()
    try:
        yield most
    finally:
        ended.set()
        looking.join()


if __name__ == "__main__":
    main()
