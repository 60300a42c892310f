"""How sure a number is: intervals by resampling examples, the bootstrap (Efron 1987, BCa: scipy's).

    draw as many examples as there are, again and again, with replacement; what the number comes to in the
    middle `level` of the draws, corrected for bias and skewness, is its interval

It tells of other prompts of the same kind, and nothing of other seeds, methods or ablations.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edgewise.errors import BadInput
from edgewise.evaluation.averaging import AVERAGINGS
from edgewise.evaluation.evaluation import Evaluation

LEVEL = 0.95
DRAWS = 2_000
FEW = 2_000
"""Examples, for which BCa's corrections matter; of more, plain percentiles are taken, which cost less."""
AT_ONCE = 4_000_000
"""Numbers of one sample, drawn together."""


class Interval(NamedTuple):
    low: float
    high: float

    def __str__(self) -> str:
        return f"{_plain(self.low)} to {_plain(self.high)}"


def interval(
    statistic: Callable[..., Any],
    samples: Sequence[Sequence[float] | NDArray[np.float64]],
    level: float | int = LEVEL,
    draws: int = DRAWS,
    seed: int = 0,
) -> Interval | None:
    """Of `statistic(*samples, axis=-1)`, the samples being of the same examples; None where it has no value,
    or of a single example."""
    # Slow to import.
    from scipy import stats

    if not 0 < level < 1:
        raise BadInput(f"a level between 0 and 1, both left out, was needed. Got {level}.")
    drawn = [np.asarray(each, dtype=np.float64) for each in samples]
    examples = len(drawn[0])
    if examples < 2 or not np.isfinite(statistic(*drawn, axis=-1)):
        return None
    with warnings.catch_warnings(), np.errstate(invalid="ignore", divide="ignore"):
        # Of draws that are all the same; told below.
        warnings.simplefilter("ignore")
        found = stats.bootstrap(
            drawn,
            statistic,
            paired=True,
            vectorized=True,
            confidence_level=level,
            n_resamples=draws,
            method="BCa" if examples <= FEW else "percentile",
            batch=max(1, AT_ONCE // examples),
            rng=np.random.default_rng(seed),
        )
    ends = np.array(found.confidence_interval)
    if not np.isfinite(ends).all():
        # BCa has no value where nearly all draws are on one side: plain percentiles have.
        of_draws = found.bootstrap_distribution[np.isfinite(found.bootstrap_distribution)]
        ends = np.quantile(of_draws, [(1 - level) / 2, (1 + level) / 2])
    return Interval(*ends.tolist())


def intervals_of(
    evaluation: Evaluation, level: float = LEVEL, draws: int = DRAWS, seed: int = 0
) -> dict[str, Interval | None]:
    """Of the circuit's metric, its faithfulness and its KL."""
    values, how = evaluation.per_example, (level, draws, seed)
    return {
        "circuit": interval(np.mean, [values["circuit"]], *how),
        "faithfulness": interval_of_faithfulness(evaluation, *how),
        "kl": interval(np.mean, [values["kl"]], *how) if "kl" in values else None,
    }


def interval_of_faithfulness(
    evaluation: Evaluation, level: float = LEVEL, draws: int = DRAWS, seed: int = 0
) -> Interval | None:
    samples = [evaluation.per_example[name] for name in ("circuit", "full", "replaced")]
    return interval(AVERAGINGS[evaluation.averaging], samples, level, draws, seed)


def _plain(number: float) -> str:
    # A sum, so that nothing reads as -0.000.
    return f"{round(number, 3) + 0.0:.3f}"
