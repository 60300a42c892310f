"""Tests of what is claimed of a circuit (Shi et al. 2024, arXiv:2410.13032), from numbers alone.

    equivalence     H0: |P(circuit scores higher than the full model) - 1/2| <= margin, by the binomial at
                    the edge of that, both tails; examples that score the same are left out
    independence    H0: what the rest of the model scores says nothing of what the full model scores, by HSIC
                    with Gaussian kernels as wide as the median distance (Gretton et al. 2008), permuted;
                    of more than 2,000 examples, so many that are drawn, as it takes their square
    more often      H0: P(this is larger than a random one) <= share, by the binomial
    less often      H0: P(this is larger than a random one) >= share

A p-value is the chance, at most, of what was seen or of more where H0 holds.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

MARGIN = 0.1
SHARE = 0.9
PERMUTATIONS = 999
MOST = 2_000
"""Examples that independence is told of."""


def equivalence(
    circuit: Numbers, full: Numbers, margin: float = MARGIN, rounding: float | int = 0.0
) -> float:
    """`rounding`: a difference of no more is none."""
    from scipy import stats

    differs = np.abs(circuit - full) > rounding
    count, higher = int(differs.sum()), int((differs & (circuit > full)).sum())
    most = max(higher, count - higher)
    if 2 * most == count:
        return 1.0
    chances = stats.binom(count, 0.5 + margin)
    return float(chances.sf(most - 1) + chances.cdf(count - most))


def independence(rest: Numbers, full: Numbers, permutations: int = PERMUTATIONS, seed: int = 0) -> float:
    from scipy import stats

    draw = np.random.default_rng(seed)
    if len(full) > MOST:
        places = draw.choice(len(full), MOST, replace=False)
        rest, full = rest[places], full[places]
    one, other = centred(kernel(rest)), kernel(full)

    def dependence(places: NDArray[np.int64]) -> float:
        return float((one * other[np.ix_(places, places)]).sum())

    found = stats.permutation_test(
        (np.arange(len(full)),),
        dependence,
        permutation_type="pairings",
        vectorized=False,
        n_resamples=permutations,
        alternative="greater",
        rng=draw,
    )
    return float(found.pvalue)


def kernel(values: Numbers) -> Numbers:
    """Gaussian, [examples, examples]; all 1 where no two values differ."""
    distances = np.abs(values[:, None] - values[None, :])
    apart = distances[distances > 0]
    width = float(np.median(apart)) if len(apart) else 1.0
    return np.exp(-0.5 * (distances / width) ** 2)


def centred(matrix: Numbers) -> Numbers:
    rows = matrix - matrix.mean(0, keepdims=True)
    return rows - rows.mean(1, keepdims=True)


def more_often(this: float, random: Numbers, share: float = SHARE) -> float:
    """Small where this is larger than more than `share` of random ones."""
    from scipy import stats

    return float(stats.binom(len(random), share).sf(int((this > random).sum()) - 1))


def less_often(this: float, random: Numbers, share: float = SHARE) -> float:
    """Small where this is larger than less than `share` of random ones."""
    from scipy import stats

    return float(stats.binom(len(random), share).cdf(int((this > random).sum())))
