"""What each setting of Edge Pruning is worth: one changed at a time, on circuits that are known.

    rounded   edges that rounding leaves
    wrong     edges of the circuit at last, after trimming, that neither belong nor back up, and those missing
    lost      of these, edges that belong and are missing
    KL        of that circuit on held-out prompts, over that of everything replaced; a metric with targets
              is taken in its place

The mean over seeds, and the worst in brackets. Each mask is learned once (tries=1), so that luck shows. The
authors of Edge Pruning name such a study, and that of logit difference beside KL (`loss=metric`), as missing.

    python -m reproductions.mask_settings [--models NAME ...] [--seeds 3] [--first-seed 0] [--only loss hold]
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from reproductions.learned_masks import pairs_of

import edgewise as ew
from edgewise import zoo
from edgewise.tasks.catalogue import PROGRAMS

MODELS = ["tracr-reverse", "greater-than", "induction-saturated", "ioi"]
CHANGES: dict[str, list[Any]] = {
    "mean": [0.0, 2.0, 10.0],
    "spread": [0.0, 1.0],
    "limit": [2.0, None],
    "rate": [0.03, 0.3],
    "multiplier_rate": [0.005, 0.1],
    "rise": [0.4],
    "hold": [0.05, 0.5, None],
    "nodes": [False],
    "memory": [0.999],
    "steps": [300, 1200],
    "unit": ["own"],
    "loss": ["metric"],
    "trim": [None],
}
TOGETHER: list[dict[str, Any]] = [{"draws": 1, "examples": 64}, {"draws": 64, "examples": 1}]
Measured = dict[str, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--models", nargs="+", choices=zoo.names(), default=MODELS)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--only", nargs="+", choices=[*CHANGES, "draws"], help="change these settings alone")
    given = parser.parse_args()
    seeds = range(given.first_seed, given.first_seed + given.seeds)
    for model in given.models:
        print(f"\n| {model} | rounded | wrong | lost | KL |\n|---|---|---|---|---|")
        for change in changes(given.only):
            print(f"{model}: {named(change)} ...", file=sys.stderr)
            measured = [measure(model, change, seed) for seed in seeds]
            print(row(change, measured), flush=True)


def changes(only: list[str] | None) -> list[dict[str, Any]]:
    """What is changed in turn; at first, nothing."""
    single = [{name: value} for name, values in CHANGES.items() for value in values]
    return [{}, *(each for each in (*single, *TOGETHER) if only is None or set(each) & set(only))]


def measure(model: str, change: dict[str, Any], seed: int, examples: int = 100) -> Measured:
    bundle = zoo.open_bundle(model)
    ablation = "zero" if model in PROGRAMS else "corrupted"
    known = bundle.known[ablation]
    found_on, held_out = (pairs_of(bundle, split, examples) for split in ("train", "test"))
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log.jsonl"
        given: dict[str, Any] = {"ablation": ablation, "seed": seed, "tries": 1, "log": log, **change}
        own = ew.discover(bundle.model, found_on, "edge-pruning", **given).own()
        told = [json.loads(line) for line in log.read_text().splitlines()]
    lost = known.circuit - own
    metric = None if found_on.missing("target") == () else "kl"
    alone = ew.evaluate(bundle.model, held_out, own, ablation=ablation, metric=metric)
    return {
        "rounded": told[-1]["edges after rounding"],
        "wrong": float(len((own - known.circuit - known.backups) | lost)),
        "lost": float(len(lost)),
        "KL": alone.circuit / alone.replaced if alone.replaced else float("nan"),
    }


def named(change: dict[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in change.items()) or "defaults"


def row(change: dict[str, Any], measured: list[Measured]) -> str:
    cells = [named(change)]
    for name in measured[0]:
        values = [each[name] for each in measured]
        cells.append(f"{statistics.mean(values):.2g} ({max(values):.2g})")
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
