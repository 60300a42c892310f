"""`make bench`: what attribution and masked runs cost beside plain runs.

    python -m benchmarks [--shape gpt2-small|small-llama] [--rounds 12] [--out FILE.json]

Prints a table a shape, then the figures the project holds itself to on GPT-2 small's. It is no test: machines
are noisy.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table

from benchmarks.exact import acdc_cost, methods_memory, patching_cost
from benchmarks.measure import operations, peak_bytes, seconds_in_turns
from benchmarks.shapes import SHAPES, Shape, first_pairs, with_prompts
from benchmarks.works import STEPS, Works
from edgewise.graph import Graph

PAIRS, TOKENS, BATCH = 64, 15, 16
LENGTHS = (64, 256, 1024)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Costs beside plain runs.")
    parser.add_argument("--shape", choices=SHAPES, help="only this one; both when not given")
    parser.add_argument("--rounds", type=int, default=12, help="turns that each piece of work gets")
    parser.add_argument("--out", type=Path, help="write all figures as JSON, too")
    arguments = parser.parse_args()
    console = Console(width=110)
    console.print(
        f"{platform.processor() or platform.machine()}, {torch.get_num_threads()} threads, "
        f"torch {torch.__version__}, Python {platform.python_version()}"
    )
    figures = {
        name: measure_shape(name, arguments.rounds, console)
        for name in ([arguments.shape] if arguments.shape else SHAPES)
    }
    if arguments.out:
        arguments.out.write_text(json.dumps(figures, indent=1) + "\n")


def measure_shape(name: str, rounds: int, console: Console) -> dict[str, object]:
    print(f"measuring {name} ...", file=sys.stderr)
    shape = SHAPES[name](PAIRS, TOKENS)
    works = Works(shape, BATCH)
    pieces = works.all()
    seconds = seconds_in_turns(pieces, rounds)
    memory = {piece: peak_bytes(work) for piece, work in pieces.items()}
    counted = {piece: operations(work) for piece, work in pieces.items()}
    graph = Graph.of(works.model.config)
    console.rule(name)
    table = Table(title=f"{graph.describe()}; {BATCH} pairs x {TOKENS} tokens, float32")
    for column in ("", "ms", "/ HF fwd", "/ our fwd", "peak MB", "GFLOP", "/ our fwd"):
        table.add_column(column, justify="left" if not column else "right")
    for piece in pieces:
        table.add_row(
            piece,
            f"{seconds[piece] * 1e3:.0f}",
            f"{seconds[piece] / seconds['Hugging Face forward']:.2f}",
            f"{seconds[piece] / seconds['our forward']:.2f}",
            f"{memory[piece] / 1e6:.0f}",
            f"{counted[piece] / 1e9:.1f}",
            f"{counted[piece] / counted['our forward']:.2f}",
        )
    console.print(table)
    growth = memory_by_length(shape)
    held_to: dict[str, tuple[float, float | None]] = dict(figures_held_to(seconds, memory, counted, growth))
    if name == "gpt2-small":
        print("measuring every method ...", file=sys.stderr)
        held_to |= figures_of_methods(shape, memory["our forward + backward"])
    for what, (figure, limit) in held_to.items():
        promised = f"  (at most {limit})" if name == "gpt2-small" and limit is not None else ""
        console.print(f"  {figure:5.2f}{promised}  {what}", highlight=False)
    console.print(
        f"  {works.workspace.bytes / 1e6:.0f} MB of outbox are kept from one masked run to the next\n"
    )
    return {
        "seconds": seconds,
        "peak_bytes": memory,
        "operations": counted,
        "peak_bytes_by_length": growth,
        "held_to": {what: {"figure": figure, "at_most": limit} for what, (figure, limit) in held_to.items()},
    }


def memory_by_length(shape: Shape) -> dict[str, dict[str, int]]:
    """Peak memory of one pair, for prompts of growing length."""
    found: dict[str, dict[str, int]] = {}
    for tokens in LENGTHS:
        works = Works(with_prompts(shape, 1, tokens), 1)
        found[str(tokens)] = {"plain": peak_bytes(works.forward_backward), "eap": peak_bytes(works.eap)}
    return found


def figures_held_to(
    seconds: dict[str, float],
    memory: dict[str, int],
    counted: dict[str, int],
    growth: dict[str, dict[str, int]],
) -> dict[str, tuple[float, float]]:
    """What each is, and what it must not pass."""
    both, theirs = "our forward + backward", "Hugging Face forward"
    found = {
        "EAP's operations / (our forward + our forward + backward)": (
            counted["EAP"] / (counted["our forward"] + counted[both]),
            1.25,
        ),
        f"EAP-IG-inputs' operations / ({STEPS} x our forward + backward + 2 x our forward)": (
            counted["EAP-IG-inputs"] / (STEPS * counted[both] + 2 * counted["our forward"]),
            1.2,
        ),
        "EAP's seconds / (Hugging Face's forward + its forward + backward)": (
            seconds["EAP"] / (seconds[theirs] + seconds[f"{theirs} + backward"]),
            1.1,
        ),
        "masked forward's seconds / our forward's": (seconds["masked forward"] / seconds["our forward"], 1.8),
        "masked forward + backward's seconds / our forward + backward's": (
            seconds["masked forward + backward"] / seconds[both],
            2.6,
        ),
        "EAP's peak memory / our forward + backward's": (memory["EAP"] / memory[both], 1.3),
    }
    for tokens, bytes_of in growth.items():
        what = f"EAP's peak memory / our forward + backward's, 1 pair of {tokens} tokens"
        found[what] = (bytes_of["eap"] / bytes_of["plain"], 1.3)
    return found


def figures_of_methods(shape: Shape, plain: int) -> dict[str, tuple[float, float | None]]:
    """What every method takes in memory, of 64 pairs, and what exact ones take for an edge, of 16."""
    # A tied unembedding has the embedding's memory.
    weights = sum({each.data_ptr(): each.nbytes for each in shape.ours.parameters()}.values())
    figures: dict[str, tuple[float, float | None]] = {}
    for name, most in methods_memory(Works(shape, BATCH)).items():
        what = f"{name}'s peak memory / our forward + backward's"
        figures[f"{what}, weights counted"] = (weights + most) / (weights + plain), 2.0
        figures[f"{what}, without the weights"] = most / plain, None
    one = Works(first_pairs(shape, BATCH), BATCH)
    return figures | {
        "ACDC's seconds an edge / our forward's, of sampled layers": (acdc_cost(one), 0.5),
        "activation patching's seconds an edge / our forward's, of sampled edges": (patching_cost(one), 0.6),
    }


if __name__ == "__main__":
    main()
