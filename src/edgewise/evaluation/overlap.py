"""Which of the pairs a circuit is evaluated on it was found on: same token ids, clean and corrupted."""

from __future__ import annotations

from dataclasses import replace

from edgewise.evaluation.evaluation import Evaluation
from edgewise.tasks.pairs import Pairs


def with_overlap(evaluation: Evaluation, evaluated_on: Pairs, found_on: Pairs) -> Evaluation:
    """The evaluation, with how its pairs and those the circuit was found on overlap."""
    here, there = ([(pair.clean, pair.corrupted) for pair in pairs] for pairs in (evaluated_on, found_on))
    shared = set(here) & set(there)
    return replace(
        evaluation,
        found_here=shared == set(here) == set(there),
        also_found_on=sum(prompts in shared for prompts in here),
    )
