"""Two ways to make one faithfulness of many examples.

    ratio-of-means   (mean of circuit - mean of replaced) / (mean of full - mean of replaced)
    mean-of-ratios   mean of [ (circuit - replaced) / (full - replaced) ]

The second gives an example in which replacing everything hardly matters as much weight as any other, and has
no value where it does not matter at all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Numbers: TypeAlias = NDArray[np.float64] | np.float64
"""Of numpy, which makes a scalar of an array that loses its last axis."""
RATIO_OF_MEANS = "ratio-of-means"
MEAN_OF_RATIOS = "mean-of-ratios"
LEAST_DIFFERENCE = 1e-6
"""Of the full model from everything replaced, relative to their size: below it lies only rounding."""


def ratio(circuit: Numbers, full: Numbers, replaced: Numbers) -> Numbers:
    """NaN where full model and everything replaced are the same."""
    whole = full - replaced
    none = np.abs(whole) <= LEAST_DIFFERENCE * np.maximum(np.abs(full), np.abs(replaced))
    with np.errstate(invalid="ignore"):
        return (circuit - replaced) / np.where(none, np.nan, whole)


def ratio_of_means(circuit: Numbers, full: Numbers, replaced: Numbers, axis: int = -1) -> Numbers:
    return ratio(circuit.mean(axis), full.mean(axis), replaced.mean(axis))


def mean_of_ratios(circuit: Numbers, full: Numbers, replaced: Numbers, axis: int = -1) -> Numbers:
    return ratio(circuit, full, replaced).mean(axis)


AVERAGINGS: Mapping[str, Callable[..., Numbers]] = {
    RATIO_OF_MEANS: ratio_of_means,
    MEAN_OF_RATIOS: mean_of_ratios,
}
"""`(circuit, full, replaced, axis)`: of the metric's value for each example."""
