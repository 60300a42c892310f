"""What exact methods cost an edge, and what any method takes in memory, on GPT-2 small's shape.

    python -m benchmarks.exact [--tau 1e-4] [--seconds 3600]     ACDC's whole walk; `make bench` has the rest

One batch of 16 pairs x 15 tokens, random weights, KL to the full model. Plain forwards are timed in between,
so that what slows the machine slows both. A walk that time breaks off says so: its first edges are the
cheapest, for little lies above them.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import torch

import edgewise as ew
from benchmarks.measure import peak_bytes, seconds_in_turns
from benchmarks.shapes import gpt2_small
from benchmarks.works import METRIC, Works
from edgewise.circuit import Circuit
from edgewise.graph import Graph
from edgewise.methods import METHODS
from edgewise.methods.acdc import MOST, Walk
from edgewise.methods.activation_patching import activation_patching
from edgewise.methods.learned import LEARNED
from edgewise.methods.trials import Trials
from edgewise.tasks.metrics import METRICS

BATCH, TOKENS = 16, 15
SECONDS_BETWEEN = 10
STAYS, STAYS_AT_LOGITS = 0.015, 0.1
"""The shares of edges that stay above a layer that is sampled, about what does in published circuits."""
OPTIONS: dict[str, dict[str, Any]] = {
    "eap-ig-activations": {"steps": 1},
    "eap-then-acdc": {"share": 0.01},
    **{name: {"steps": 2, "unit": "own"} for name in LEARNED},
}
"""Of methods whose memory does not depend on them, to have it sooner."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.exact", description=__doc__)
    parser.add_argument("--tau", type=float, default=1e-4)
    parser.add_argument("--seconds", type=float, default=3600)
    given = parser.parse_args()
    works = Works(gpt2_small(BATCH, TOKENS), BATCH)
    walk = _walk(works, given.tau)
    ratio = walked(walk, works, given.seconds)
    kept, graph = int((walk.effects > 0).sum()), walk.graph
    done = sum(graph.visible[row] for row in walk.rows[: walk.rows_done])
    whole = "the whole walk" if walk.rows_done == len(walk.rows) else "broken off"
    print(
        f"ACDC, tau {given.tau:g}, {whole}: {done:,} of {graph.edge_count:,} edges, {kept:,} stay; "
        f"{ratio:.3f} of a plain forward an edge"
    )


def _walk(works: Works, tau: float = 1e-4) -> Walk:
    every = Graph.of(works.model.config).edges
    trials = Trials(works.model, works.pairs, METRICS["kl"], works.replacing, every, BATCH)
    return Walk(trials, tau, "published")


def walked(walk: Walk, works: Works, seconds: float, last: int = 0) -> float:
    """Goes on with a walk for so long, or to the end of the layer `last`: seconds an edge beside a plain
    forward's."""
    plain, taken, edges = [forward_seconds(works)], 0.0, 0
    least = last * walk.graph.layer_readers

    def is_going() -> bool:
        return walk.rows_done < len(walk.rows) and walk.rows[walk.rows_done] >= least

    while is_going() and taken < seconds:
        start = time.perf_counter()
        while is_going() and time.perf_counter() - start < SECONDS_BETWEEN:
            edges += walk.next_reader()
        taken += time.perf_counter() - start
        plain.append(forward_seconds(works))
    return taken / edges / statistics.mean(plain)


def forward_seconds(works: Works) -> float:
    return seconds_in_turns({"forward": works.forward}, 3)["forward"]


def at_every_third_layer(walk: Walk) -> Iterator[int]:
    """The walk stands before the layer; above it, edges that are used stay by chance, as if it had come so
    far."""
    draw, layers = torch.Generator().manual_seed(0), walk.graph.layers
    for layer in range(layers - 2, -1, -3):
        while walk.rows[walk.rows_done] >= (layer + 1) * walk.graph.layer_readers:
            row = walk.rows[walk.rows_done]
            share = STAYS if walk.rows_done else STAYS_AT_LOGITS
            stays = torch.rand(len(walk.graph.sources), generator=draw) < share
            walk.kept[row] &= stays if walk.is_used(row) else False
            walk.rows_done += 1
        walk.loss, walk.together = None, 1
        yield layer


def acdc_cost(works: Works, seconds: float = 20) -> float:
    """Seconds an edge beside a plain forward's: of every third layer, for it and its neighbours."""
    walk = _walk(works)
    graph, found, edges = walk.graph, 0.0, 0
    for layer in at_every_third_layer(walk):
        here = sum(graph.visible[(layer - 1) * graph.layer_readers : (layer + 2) * graph.layer_readers])
        found += walked(walk, works, seconds, layer) * here
        edges += here
    return found / edges


def try_some(works: Works) -> None:
    """As many edges at once as ever, of the first reader of every third layer."""
    walk = _walk(works)
    for _ in at_every_third_layer(walk):
        row = walk.rows[walk.rows_done]
        [walk.loss] = walk.trials.losses(walk.kept[None].float(), row)
        walk.decide(row, [source for source in walk.sources if walk.kept[row, source]][:MOST])


def acdc_reader(works: Works) -> None:
    """Decides on the edges of one reader, of the last layer but one, as if the walk had come so far."""
    walk = _walk(works)
    next(at_every_third_layer(walk))
    walk.next_reader()


def patching_cost(works: Works) -> float:
    """Seconds an edge beside a plain forward's: into a query, a value and the MLP of every third layer."""
    graph = Graph.of(works.model.config)
    kept = torch.zeros(graph.shape, dtype=torch.bool)
    for layer in range(1, graph.layers, 3):
        readers = graph.part_readers(layer, "q").start, graph.part_readers(layer, "v").start
        for row in (*readers, graph.mlp_reader(layer)):
            kept[row, : min(graph.visible[row], 16)] = True
    plain = forward_seconds(works)
    start = time.perf_counter()
    activation_patching(works.model, works.pairs, METRIC, works.replacing, edges=Circuit(graph, kept))
    each = (time.perf_counter() - start) / int(kept.sum())
    return each / statistics.mean((plain, forward_seconds(works)))


def methods_memory(works: Works) -> dict[str, int]:
    """The peak bytes of each method beyond the model's weights; of activation patching, for some edges into
    the logits, the last MLP and one of the last layer's queries, and of ACDC, for some of many layers."""
    graph = Graph.of(works.model.config)
    kept = torch.zeros(graph.shape, dtype=torch.bool)
    kept[[-graph.layer_readers - 1, -2, -1], :32] = True
    found: dict[str, int] = {}
    for name in METHODS:
        given = {**OPTIONS.get(name, {})}
        if name == "activation-patching":
            given["edges"] = Circuit(graph, kept)
        work = partial(ew.discover, works.model, works.pairs, name, **given)
        found[name] = peak_bytes(partial(try_some, works) if name == "acdc" else work, warm=True)
    star = partial(ew.discover, works.model, works.pairs, "eap", qk_fix=True)
    return found | {"eap with the QK fix": peak_bytes(star, warm=True)}


if __name__ == "__main__":
    main()
