"""What it costs to evaluate a curve's ten sizes, beside ten plain forwards, on GPT-2 small's shape.

    python -m benchmarks.judging [--rounds 5]

Scores are EAP's, of random weights: circuits of every size are spread over the whole model, the worst case.
It is all that `ew.curve` does, but for drawing intervals: the full and the replaced run, metric and KL.
"""

from __future__ import annotations

import argparse

import torch

from benchmarks.measure import seconds_in_turns
from benchmarks.shapes import gpt2_small
from benchmarks.works import METRIC, Works
from edgewise.discovery import discover
from edgewise.evaluation.curve import MIB_SIZES, circuits_of_sizes
from edgewise.evaluation.faithfulness import evaluate_circuits

PAIRS, TOKENS, BATCH = 32, 15, 16
AT_MOST = 1.5


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.judging", description="The cost of a curve.")
    parser.add_argument("--rounds", type=int, default=5, help="turns that each piece of work gets")
    rounds = parser.parse_args().rounds
    works = Works(gpt2_small(PAIRS, TOKENS), BATCH)
    model, pairs = works.model, works.pairs
    circuits = circuits_of_sizes(discover(model, pairs), MIB_SIZES)

    def plain() -> None:
        with torch.no_grad():
            for batch in works.batches:
                for _ in MIB_SIZES:
                    model(batch.clean, batch.read)

    def evaluated() -> None:
        evaluate_circuits(model, pairs, circuits, METRIC, lambda _: works.replacing, BATCH)

    seconds = seconds_in_turns({"plain": plain, "evaluated": evaluated}, rounds)
    print(f"edges of the ten circuits: {', '.join(f'{len(circuit):,}' for circuit in circuits)}")
    print(f"  {seconds['evaluated'] / seconds['plain']:5.2f}  (at most {AT_MOST})  ten sizes of a curve")


if __name__ == "__main__":
    main()
