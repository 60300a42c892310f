"""Masks finer than edges beside masks of edges: neurons, heads' channels, the stream's dimensions, weights.

A finer grain than edges is what the authors of Edge Pruning (Bhaskar et al. 2024, arXiv:2406.16778) name as a
limit of theirs. Each mask is learned on pairs of the split `train`, edges by `edge-pruning`, finer units by
`learn_units`, and measured, rounded, on 100 pairs of `test`, ablation `corrupted`:

    kept       units, and their share
    KL         to the full model; there in brackets, of the pairs that the mask was learned on
    faithful   1: the full model; 0: everything replaced

    python reproductions/channels.py [--models NAME ...] [--grains NAME ...] [--price 0.05] [--examples 100]
                                     [--seed 0] [--out found.json]
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import edgewise as ew
from edgewise import zoo
from edgewise.evaluation.evaluation import Evaluation
from edgewise.masks.units import UNIT_GRAINS
from edgewise.tasks.catalogue import PROGRAMS
from edgewise.tasks.pairs import Pairs
from edgewise.zoo.bundle import Bundle

EDGES = "edges"
TESTED = 100
Measure = Callable[[Pairs], Evaluation]


@dataclass(frozen=True)
class Found:
    model: str
    grain: str
    kept: int
    of: int
    kl: float
    kl_learned: float
    faithful: float
    seconds: float

    @property
    def row(self) -> str:
        cells = (
            self.model,
            self.grain,
            f"{self.kept:,} of {self.of:,}",
            f"{self.kept / self.of:.1%}",
            f"{self.kl:.2g} ({self.kl_learned:.2g})",
            f"{self.faithful:.3f}",
            f"{self.seconds:.0f}",
        )
        return f"| {' | '.join(cells)} |"


def main() -> None:
    trained = [name for name in zoo.names() if name not in PROGRAMS]
    grains = (EDGES, *UNIT_GRAINS)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--models", nargs="+", choices=trained, default=trained)
    parser.add_argument("--grains", nargs="+", choices=grains, default=grains)
    parser.add_argument("--price", type=float, default=0.05, help="of all units together")
    parser.add_argument("--examples", type=int, default=100, help="prompt pairs to learn on")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="write all figures as JSON, too")
    given = parser.parse_args()
    print("| model | mask of | kept | share | KL | faithful | seconds |\n|---|---|---|---|---|---|---|")
    found: list[Found] = []
    for model in given.models:
        bundle = zoo.open_bundle(model)
        for grain in given.grains:
            if grain != "neurons" or bundle.model.config.mlp_width:
                found.append(measured(model, bundle, grain, given.price, given.examples, given.seed))
                print(found[-1].row, flush=True)
    if given.out:
        given.out.write_text(json.dumps([asdict(each) for each in found], indent=1) + "\n")


def measured(name: str, bundle: Bundle, grain: str, price: float, examples: int, seed: int) -> Found:
    print(f"{name}: {grain} ...", file=sys.stderr)
    train, test = (
        ew.task(bundle.task, bundle.model, count, split=split)
        for split, count in (("train", examples), ("test", TESTED))
    )
    began = time.monotonic()
    measure = edges(bundle, train, seed) if grain == EDGES else units(bundle, train, grain, price, seed)
    seconds = time.monotonic() - began
    alone, learned_on = measure(test), measure(train)
    faithful = alone.faithfulness or 0.0
    return Found(
        name, grain, alone.edges, alone.graph_edges, alone.kl, learned_on.kl, faithful, round(seconds, 1)
    )


def edges(bundle: Bundle, train: Pairs, seed: int) -> Measure:
    circuit = ew.discover(bundle.model, train, "edge-pruning", seed=seed).own()
    return lambda pairs: ew.evaluate(bundle.model, pairs, circuit)


def units(bundle: Bundle, train: Pairs, grain: str, price: float, seed: int) -> Measure:
    found = ew.learn_units(bundle.model, train, grain, price=price, seed=seed)
    return lambda pairs: ew.evaluate_units(bundle.model, pairs, found)


if __name__ == "__main__":
    main()
