"""Which method finds the circuits that are known? Every method that learns no mask, on every bundled model.

    edge AUC                  the chance that an edge of the circuit scores higher than one outside
    precision at known size   of as many strongest edges as the circuit has, the share that belongs to it

Scores are made of 100 pairs of the split `train`, by the task's own metric, and ranked by absolute value; the
truth is used for judging only. ACDC goes through a sweep of taus, so that its edges have an order. Prints a
Markdown table for one ablation.

    python reproductions/zoo_methods.py [--ablation corrupted] [--methods NAME ...] [--models NAME ...]
                                        [--examples 100] [--seed 0] [--out found.json]
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import edgewise as ew
from edgewise import zoo
from edgewise.evaluation.known import against_known
from edgewise.methods import METHODS
from edgewise.methods.learned import LEARNED
from edgewise.tasks.catalogue import PROGRAMS, program_task

QUICK = [name for name in METHODS if name not in LEARNED]
"""`learned_masks.py` has the others."""
TAUS = tuple(10.0**power for power in (-6, -5, -4, -3, -2, -1, 0))
OPTIONS: dict[str, dict[str, Any]] = {"acdc": {"tau": TAUS}, "eap-then-acdc": {"tau": TAUS, "share": 0.5}}
"""Where they are not a method's own defaults."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--ablation", default="corrupted")
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=QUICK)
    parser.add_argument("--models", nargs="+", choices=zoo.names(), default=zoo.names())
    parser.add_argument("--examples", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="write all figures as JSON, too")
    given = parser.parse_args()
    found = {
        model: {
            method: measure(model, method, given.ablation, given.examples, given.seed)
            for method in given.methods
        }
        for model in given.models
    }
    print("\n".join(table(found)))
    if given.out:
        given.out.write_text(json.dumps(found, indent=1) + "\n")


def measure(model: str, method: str, ablation: str, examples: int = 100, seed: int = 0) -> dict[str, float]:
    """AUC, precision and seconds; nothing where the method cannot be used or no truth is known."""
    print(f"{model}: {method} ...", file=sys.stderr)
    bundle = zoo.open_bundle(model)
    known = bundle.known.get(ablation)
    if known is None or not len(known.circuit):
        return {}
    if model in PROGRAMS:
        pairs = program_task(bundle, None, split="train", seed=seed, corruption=None)
    else:
        pairs = ew.task(bundle.task, bundle.model, examples, seed=seed)
    began = time.monotonic()
    try:
        scores = ew.discover(
            bundle.model, pairs, method, ablation=ablation, batch_size=100, **OPTIONS.get(method, {})
        )
    except ew.BadInput as refused:
        print(f"{model}: {method} is refused: {refused}", file=sys.stderr)
        return {}
    return against_known(scores, known) | {"seconds": time.monotonic() - began}


def table(found: dict[str, dict[str, dict[str, float]]]) -> list[str]:
    """A model a column: AUC and precision."""
    methods = list(next(iter(found.values())))
    head = ["method", *found]
    rows = [[f"`{method}`", *(_cell(of[method]) for of in found.values())] for method in methods]
    return [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows)]


def _cell(measured: dict[str, float]) -> str:
    if not measured:
        return "-"
    return f"{measured['edge_auc']:.2f}, {measured['precision_at_known_size']:.2f}"


if __name__ == "__main__":
    main()
