"""Which of the pairs a circuit is evaluated on it was found on: same token ids, clean and corrupted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from edgewise.evaluation.evaluation import Evaluation
from edgewise.tasks.pairs import Pair, Pairs


def with_overlap(evaluation: Evaluation, evaluated_on: Pairs, found_on: Pairs) -> Evaluation:
    """The evaluation, with how its pairs and those the circuit was found on overlap."""
    here, there = overlap(evaluated_on, found_on), overlap(found_on, evaluated_on)
    whole = (here, there) == (len(evaluated_on), len(found_on))
    return replace(evaluation, found_here=whole, also_found_on=here)


def overlap(some: Iterable[Pair], others: Iterable[Pair]) -> int:
    """How many of some are among the others."""
    known = {(pair.clean, pair.corrupted) for pair in others}
    return sum((pair.clean, pair.corrupted) in known for pair in some)
