"""What a step of learning a mask costs beside our plain forward and backward, on GPT-2 small's shape.

    python -m benchmarks.masks [--rounds 12]

One batch of 16 pairs x 15 tokens and one mask a step, random weights. Edge Pruning holds the run to the full
model by KL, and so makes both reference runs; the others to the logit difference, and make the corrupted one,
or none with optimal ablation, where constants are learned, too.
Memory is what is alive beyond the weights. And what a step takes as examples become more: 200, 400, 100,000.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

from benchmarks.measure import operations, peak_bytes, seconds_in_turns
from benchmarks.shapes import gpt2_small
from benchmarks.works import Works
from edgewise.checkpoint import NO_CHECKPOINT
from edgewise.graph import Graph
from edgewise.masks.constants import Constants
from edgewise.masks.log import NO_LOG
from edgewise.masks.penalties import Lagrangian, Lengths, Penalty, Price
from edgewise.masks.relaxations import Clamp, HardConcrete, Uniform
from edgewise.masks.runs import EdgesRun
from edgewise.masks.settings import Settings
from edgewise.masks.subject import Subject
from edgewise.masks.training import Training
from edgewise.patching.replacements import Replacer
from edgewise.tasks.metrics import METRICS
from edgewise.tasks.pairs import Pairs

BATCH, TOKENS = 16, 15
EXAMPLES = (200, 400, 100_000)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.masks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=12)
    rounds = parser.parse_args().rounds
    works = Works(gpt2_small(64, TOKENS), BATCH)
    for what, (figure, limit) in (step_costs(works, rounds) | growth(works, rounds)).items():
        print(f"{figure:8.2f}  (at most {limit:g})  {what}")


def step_costs(works: Works, rounds: int) -> dict[str, tuple[float, float]]:
    """Each figure, and what it must not pass."""
    steps = trainings(works, works.pairs)
    pieces: dict[str, Callable[[], object]] = {name: each.step for name, each in steps.items()}
    pieces["plain"] = works.forward_backward
    seconds = seconds_in_turns(pieces, rounds)
    counted = {name: operations(work) for name, work in pieces.items()}
    found: dict[str, tuple[float, float]] = {}
    for name, each in steps.items():
        limit = 4.0 if name == "edge-pruning" else 3.2
        found[f"{name}, seconds of a step"] = seconds[name] / seconds["plain"], limit
        found[f"{name}, operations of a step"] = counted[name] / counted["plain"], limit
        assert isinstance(each.masked, EdgesRun)
        gigabytes = (peak_bytes(each.step) + each.masked.workspace.bytes) / 1e9
        found[f"{name}, GB of a step, outbox and its gradient counted"] = gigabytes, 1.2
    return found


def growth(works: Works, rounds: int) -> dict[str, tuple[float, float]]:
    """Seconds of Edge Pruning's step with many examples, over those with the fewest."""
    pieces: dict[str, Callable[[], object]] = {}
    for count in EXAMPLES:
        pairs = Pairs(tuple(works.pairs[index % len(works.pairs)] for index in range(count)))
        pieces[str(count)] = trainings(works, pairs)["edge-pruning"].step
    seconds = seconds_in_turns(pieces, rounds)
    fewest = str(EXAMPLES[0])
    return {
        f"seconds of a step of {count:,} examples / of {fewest}": (seconds[str(count)] / seconds[fewest], 1.1)
        for count in EXAMPLES[1:]
    }


def edge_pruning(works: Works, pairs: Pairs, examples: int = BATCH) -> Training:
    concrete = HardConcrete(mean=0.0)
    penalty = Lagrangian([1.1, None], 1000, 0.02, None, works.model.device)
    return _training(works, pairs, "kl", [concrete, concrete], penalty, examples=examples)


def trainings(works: Works, pairs: Pairs) -> dict[str, Training]:
    graph = Graph.of(works.model.config)
    return {
        "edge-pruning": edge_pruning(works, pairs),
        "ugs": _training(works, pairs, "logit-diff", [Uniform(mean=0.0)], Price(0.01, 1000)),
        "ugs, optimal ablation": _training(
            works,
            pairs,
            "logit-diff",
            [Uniform(mean=0.0)],
            Price(0.01, 1000),
            Constants.of(works.model, works.pairs, BATCH),
        ),
        "interpolation-descent": _training(
            works, pairs, "logit-diff", [Clamp()], Lengths(graph, (0.001, 0.002, 0.001), 0.05, 0.1)
        ),
    }


def _training(
    works: Works,
    pairs: Pairs,
    metric: str,
    relaxations: list[HardConcrete | Uniform | Clamp],
    penalty: Penalty,
    replacing: Replacer | None = None,
    examples: int = BATCH,
) -> Training:
    settings = Settings(steps=1_000_000, rate=0.01, examples=examples, draws=1, loss="metric", unit="own")
    every = None
    subject = Subject.of(
        works.model,
        pairs,
        METRICS[metric],
        replacing or works.replacing,
        settings,
        every,
        examples,
        None,
        NO_CHECKPOINT,
        NO_LOG,
    )
    grains = ("edges", "sources")
    gates = [
        subject.gates(grain, relaxation, grain, place)
        for place, (grain, relaxation) in enumerate(zip(grains, relaxations, strict=False))
    ]
    return subject.training(gates, penalty)


if __name__ == "__main__":
    main()
