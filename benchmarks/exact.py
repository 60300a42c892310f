"""What exact methods cost an edge: ACDC's whole walk, and activation patching, on GPT-2 small's shape.

    python -m benchmarks.exact [--tau 1e-4] [--seconds 600]

One batch of 16 pairs x 15 tokens, random weights, KL to the full model. A walk that time breaks off says so,
and its figure is of the edges up to there: the first are the cheapest, for little lies above them. The peak
memory of every scorer beside a plain forward and backward comes last.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import torch

from benchmarks.measure import peak_bytes
from benchmarks.shapes import gpt2_small
from benchmarks.works import METRIC, Works
from edgewise.circuit import Circuit
from edgewise.graph import Graph
from edgewise.methods import eap_ig_activations, eap_ig_mask, gim, relp
from edgewise.methods.acdc import Walk
from edgewise.methods.activation_patching import activation_patching
from edgewise.methods.eap import batch_gradients
from edgewise.methods.gradients import between_ends
from edgewise.methods.trials import Trials
from edgewise.tasks.metrics import METRICS
from edgewise.tasks.pairs import Pairs

PAIRS, TOKENS = 16, 15
LEFT = {step / 5: 1 / 5 for step in range(5)}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.exact", description=__doc__)
    parser.add_argument("--tau", type=float, default=1e-4)
    parser.add_argument("--seconds", type=float, default=600)
    given = parser.parse_args()
    shape = gpt2_small(PAIRS, TOKENS)
    works = Works(shape, PAIRS)
    rows = zip(shape.clean.tolist(), shape.corrupted.tolist(), range(PAIRS), strict=True)
    pairs = Pairs.from_list(
        [
            {"clean": clean, "corrupted": corrupted, "correct": index, "wrong": PAIRS + index}
            for clean, corrupted, index in rows
        ],
        works.model,
    )
    patching(works, pairs)
    walk(works, pairs, given.tau, given.seconds)
    memory(works)


def forward_seconds(works: Works) -> float:
    taken = []
    for _ in range(5):
        start = time.perf_counter()
        works.forward()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def patching(works: Works, pairs: Pairs) -> None:
    """Of some edges of every reader of layers 0, 3, 6 and 9, and into the logits."""
    graph = Graph.of(works.model.config)
    kept = torch.zeros(graph.shape, dtype=torch.bool)
    for row, seen in enumerate(graph.visible):
        if row // graph.layer_readers % 3 == 0:
            kept[row, : min(seen, 4)] = True
    plain = forward_seconds(works)
    start = time.perf_counter()
    activation_patching(works.model, pairs, METRIC, works.replacing, edges=Circuit(graph, kept))
    each = (time.perf_counter() - start) / int(kept.sum())
    print(f"activation patching: {each * 1e3:.1f} ms an edge, {each / plain:.3f} of a plain forward")


def walk(works: Works, pairs: Pairs, tau: float, seconds: float) -> None:
    graph = Graph.of(works.model.config)
    plain = forward_seconds(works)
    trials = Trials(works.model, pairs, METRICS["kl"], works.replacing, graph.edges, PAIRS)
    going = Walk(trials, tau, "published")
    start, done = time.perf_counter(), 0
    while going.rows_done < len(going.rows) and time.perf_counter() - start < seconds:
        done += going.next_reader()
    each = (time.perf_counter() - start) / done
    kept = int((going.effects > 0).sum())
    whole = "the whole walk" if going.rows_done == len(going.rows) else "broken off"
    after = forward_seconds(works)
    print(
        f"ACDC, tau {tau:g}, {whole}: {done:,} of {graph.edge_count:,} edges, {kept:,} stay; "
        f"{each * 1e3:.1f} ms an edge, {each / statistics.mean((plain, after)):.3f} of a plain forward"
    )


def memory(works: Works) -> None:
    model, batch, replacing = works.model, works.batches[0], works.replacing
    plain = peak_bytes(works.forward_backward)
    scorers: dict[str, Callable[[], object]] = {
        "eap": lambda: batch_gradients(model, batch, METRIC, replacing),
        "eap-ig-inputs": lambda: between_ends(model, batch, METRIC, replacing, LEFT),
        "relp": lambda: batch_gradients(model, batch, METRIC, replacing, relp.RULES),
        "gim": lambda: batch_gradients(model, batch, METRIC, replacing, gim.rules(2.0)),
        "eap-ig-mask": lambda: eap_ig_mask.batch_scores(model, batch, METRIC, replacing, 1),
        "eap-ig-activations": lambda: eap_ig_activations.batch_scores(model, batch, METRIC, replacing, 1),
    }
    for name, work in scorers.items():
        print(f"{name}: peak memory {peak_bytes(work) / plain:.2f} of a plain forward and backward's")


if __name__ == "__main__":
    main()
