"""Do learned masks find the circuits that are known, from every seed? With what each method takes by default.

    edge AUC                  the chance that an edge of the circuit scores higher than one outside
    precision at known size   of as many strongest edges as the circuit has, the share that belongs to it
    faithful                  what as many strongest edges do alone on held-out prompts; 1: the full model
    chosen, wrong             how many edges the method itself finds, for the answer or against it, and how
                              many are wrong: found though they neither belong nor back up, or left out though
                              they belong

Where scores are below 0, by the adversary of interpolation descent: from the worst seed, how many of the
edges that work against the answer are among them, and how many others.

Masks are learned on 100 pairs of the split `train`; the compiled programs, whose truth is that of zero
ablation, on all of theirs. The truth judges and does nothing else. Prints the mean over seeds, and the worst
in brackets.

    python reproductions/learned_masks.py [--methods NAME ...] [--models NAME ...] [--seeds 5]
                                          [--first-seed 0] [--out found.json]
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import edgewise as ew
from edgewise import zoo
from edgewise.circuit import Circuit
from edgewise.evaluation.known import against_known
from edgewise.methods.learned import LEARNED
from edgewise.tasks.catalogue import PROGRAMS, program_task
from edgewise.tasks.pairs import Pairs
from edgewise.zoo.bundle import Bundle

Figures = dict[str, float]
COLUMNS = {"edge_auc": min, "precision_at_known_size": min, "faithful": min, "chosen": max, "wrong": max}
"""And which of several is the worst."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--methods", nargs="+", choices=LEARNED, default=list(LEARNED))
    parser.add_argument("--models", nargs="+", choices=zoo.names(), default=zoo.names())
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="write all figures as JSON, too")
    given = parser.parse_args()
    found: dict[str, dict[str, list[Figures]]] = {}
    for method in given.methods:
        print(f"\n| {method} | edges | {' | '.join(COLUMNS)} | seconds |")
        print("|---" * (len(COLUMNS) + 3) + "|")
        for model in given.models:
            seeds = range(given.first_seed, given.first_seed + given.seeds)
            measured = [measure(model, method, seed) for seed in seeds]
            found.setdefault(method, {})[model] = measured
            print(row(model, measured), flush=True)
    if given.out:
        given.out.write_text(json.dumps(found, indent=1) + "\n")


def measure(model: str, method: str, seed: int, examples: int = 100, **options: Any) -> Figures:
    print(f"{model}: {method}, seed {seed} ...", file=sys.stderr)
    bundle = zoo.open_bundle(model)
    ablation = "zero" if model in PROGRAMS else "corrupted"
    known = bundle.known[ablation]
    began = time.monotonic()
    scores = ew.discover(
        bundle.model, pairs_of(bundle, "train", examples), method, ablation=ablation, seed=seed, **options
    )
    seconds = time.monotonic() - began
    # What works against the answer is of the circuit, too, and scores below 0 where a method tells it apart.
    opposed = Circuit(scores.graph, scores.values < 0)
    size, own = len(known.circuit), scores.own() | opposed
    by = "absolute" if scores.values.min() < 0 else "value"
    held_out = pairs_of(bundle, "test", examples)
    alone = ew.evaluate(bundle.model, held_out, scores.top(size, by), ablation=ablation)
    wrong = (own - known.circuit - known.backups) | (known.circuit - own)
    return {
        "against": len(known.against),
        "against found": len(known.against & opposed),
        "against wrongly": len(opposed - known.against),
        **against_known(scores, known, by),
        "known": size,
        "faithful": alone.faithfulness or 0.0,
        "chosen": len(own),
        "wrong": len(wrong),
        "seconds": seconds,
    }


def pairs_of(bundle: Bundle, split: str, examples: int) -> Pairs:
    if bundle.task in PROGRAMS:
        return program_task(bundle, None, split=split, seed=0, corruption=None)
    return ew.task(bundle.task, bundle.model, examples, split=split)


def row(model: str, measured: list[Figures]) -> str:
    cells = [model, f"{measured[0]['known']:g}"]
    for name, worst in COLUMNS.items():
        values = [each[name] for each in measured]
        cells.append(f"{statistics.mean(values):.3g} ({worst(values):.3g})")
    cells.append(f"{statistics.mean(each['seconds'] for each in measured):.0f}")
    found, wrongly = ([each[f"against {name}"] for each in measured] for name in ("found", "wrongly"))
    if not any(found + wrongly):
        return f"| {' | '.join(cells)} |"
    told = (
        f"against the answer: {min(found):g} or more of {measured[0]['against']:g}, {max(wrongly):g} wrongly"
    )
    return f"| {' | '.join(cells)} | {told}"


if __name__ == "__main__":
    main()
