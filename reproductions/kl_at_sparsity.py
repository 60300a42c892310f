"""The KL of circuits of one size: Edge Pruning, ACDC and EAP, as in the table of Bhaskar et al. 2024.

They tell for GPT-2 small, at a sparsity of 96.6 %, .25, .92 and 3.47. Here ACDC comes to sizes of its own, by
its tau; at each of these, Edge Pruning is given that sparsity as its target, and EAP keeps as many of its
strongest edges. Found on pairs of the split `train`, measured on `test`, all else corrupted;
KL(full model || circuit), summed over the vocabulary, mean over pairs. Edge Pruning: mean over seeds, and the
worst in brackets. A row says so where Edge Pruning <= ACDC <= EAP does not hold.

    python reproductions/kl_at_sparsity.py [--models NAME ...] [--taus 0.1 0.01 0.001] [--seeds 3]
                                           [--examples 100]
"""

from __future__ import annotations

import argparse
import statistics
import sys

import edgewise as ew
from edgewise import zoo
from edgewise.circuit import Circuit
from edgewise.tasks.catalogue import PROGRAMS

TRAINED = [name for name in zoo.names() if name not in PROGRAMS]
ROUNDING = 1e-6
"""KL below which two are the same."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--models", nargs="+", choices=TRAINED, default=TRAINED)
    parser.add_argument("--taus", nargs="+", type=float, default=[0.1, 0.01, 0.001])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--examples", type=int, default=100)
    given = parser.parse_args()
    print("| model | edges | sparsity | Edge Pruning | ACDC | EAP | |\n|---|---|---|---|---|---|---|")
    for model in given.models:
        for row in rows(model, given.taus, given.seeds, given.examples):
            print(row, flush=True)


def rows(name: str, taus: list[float], seeds: int, examples: int) -> list[str]:
    bundle = zoo.open_bundle(name)
    model = bundle.model
    found_on, measured_on = (
        ew.task(bundle.task, model, examples, split=split) for split in ("train", "test")
    )

    def kl(circuit: Circuit) -> float:
        return ew.evaluate(model, measured_on, circuit).kl

    by_gradient = ew.discover(model, found_on, "eap")
    made: list[str] = []
    seen: set[int] = set()
    for tau in taus:
        print(f"{name}: tau {tau:g} ...", file=sys.stderr)
        walked = ew.discover(model, found_on, "acdc", tau=tau, batch_size=100).own()
        size, sparsity = len(walked), 1 - len(walked) / walked.graph.edge_count
        if not size or size in seen:
            continue
        seen.add(size)
        pruned = [
            kl(ew.discover(model, found_on, "edge-pruning", target=sparsity, seed=seed).top(size, "value"))
            for seed in range(seeds)
        ]
        others = kl(walked), kl(by_gradient.top(size))
        made.append(row(name, size, sparsity, pruned, *others))
    return made


def row(name: str, size: int, sparsity: float, pruned: list[float], walked: float, ranked: float) -> str:
    mean = statistics.mean(pruned)
    failed = []
    if mean > walked + ROUNDING:
        failed.append("Edge Pruning > ACDC")
    if walked > ranked + ROUNDING:
        failed.append("ACDC > EAP")
    cells = f"{mean:.3g} ({max(pruned):.3g})", f"{walked:.3g}", f"{ranked:.3g}", "; ".join(failed)
    return f"| {name} | {size} | {sparsity:.1%} | {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
