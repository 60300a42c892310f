"""Hypothesis tests: how often they are wrong where the hypothesis holds, and right where it does not."""

import numpy as np
import pytest
from scipy import stats

from edgewise.evaluation.claims import minimal
from edgewise.evaluation.hypotheses import (
    MARGIN,
    SHARE,
    centred,
    equivalence,
    independence,
    kernel,
    less_often,
    more_often,
)

REPEATS, LEVEL = 1_000, 0.05
LOW, HIGH = stats.binom(REPEATS, LEVEL).interval(0.999)
"""Of false alarms at the nominal level, in this many repeats."""


def false_alarms(p_value):
    return sum(p_value(np.random.default_rng(seed)) <= LEVEL for seed in range(REPEATS))


def scores(draw, chance, examples=2_000):
    """Of a circuit and a full model, the first higher with this chance."""
    full = draw.normal(size=examples)
    ahead = np.where(draw.random(examples) < chance, 1.0, -1.0)
    return full + ahead * draw.exponential(size=examples), full


@pytest.mark.parametrize("side", [0.5 - MARGIN, 0.5 + MARGIN])
def test_equivalence_at_the_edge_of_its_margin_is_refused_at_the_nominal_level(side):
    alarms = false_alarms(lambda draw: equivalence(*scores(draw, side)))
    assert LOW <= alarms <= HIGH


def test_equivalence_within_its_margin_is_hardly_ever_refused_and_beyond_it_nearly_always():
    assert false_alarms(lambda draw: equivalence(*scores(draw, 0.5))) <= LOW
    assert false_alarms(lambda draw: equivalence(*scores(draw, 0.7))) >= 0.99 * REPEATS


def test_equivalence_by_hand():
    # 9 of 10 are higher; at the edge, P = .6, that is 9 or 10, or 1 or 0, of 10.
    full = np.zeros(12)
    circuit = np.array([1.0] * 9 + [-1.0] + [0.0] * 2)
    chances = stats.binom(10, 0.6).pmf([9, 10, 1, 0])
    assert equivalence(circuit, full) == pytest.approx(chances.sum())
    assert equivalence(full - circuit, full) == equivalence(circuit, full)
    assert equivalence(full, full) == equivalence(np.array([1.0, -1.0]), np.zeros(2)) == 1


def test_independence_of_what_is_independent_is_refused_at_the_nominal_level():
    def p_value(draw):
        return independence(draw.normal(size=25), draw.exponential(size=25), 99, int(draw.integers(1 << 30)))

    assert LOW <= false_alarms(p_value) <= HIGH


def test_dependence_is_found_where_no_correlation_tells_it():
    draw = np.random.default_rng(0)
    one = draw.normal(size=100)
    for other in (one + draw.normal(size=100), one**2 + 0.3 * draw.normal(size=100)):
        assert independence(one, other) <= 0.01
    # What is always the same says nothing.
    assert independence(np.ones(20), one[:20]) == 1


def test_a_centred_kernel_is_a_kernel_of_distances_whose_rows_sum_to_nothing():
    values = np.array([0.0, 1.0, 3.0])
    # The distances are 1, 2 and 3: half of 1 / 2**2 for the first.
    assert kernel(values)[0, 1] == pytest.approx(np.exp(-0.5 / 4))
    assert kernel(np.ones(3)) == pytest.approx(np.ones((3, 3)))
    assert centred(kernel(values)).sum(0) == pytest.approx(np.zeros(3))
    assert centred(kernel(values)).sum(1) == pytest.approx(np.zeros(3))


def test_what_is_larger_in_just_that_share_of_draws_is_told_apart_at_the_nominal_level():
    for p_value in (more_often, less_often):
        alarms = false_alarms(lambda draw, test=p_value: test(SHARE, draw.random(2_000)))
        assert LOW <= alarms <= HIGH


def test_what_is_far_from_the_share_is_told_and_its_opposite_is_not():
    draws = np.linspace(0, 1, 100)
    assert more_often(2.0, draws) == pytest.approx(SHARE**100)
    assert more_often(0.5, draws) == pytest.approx(1)
    assert less_often(-1.0, draws) == pytest.approx((1 - SHARE) ** 100)
    assert less_often(2.0, draws) == pytest.approx(1)
    # A tie is not larger.
    assert more_often(1.0, np.ones(50)) == 1


def test_minimality_of_edges_that_matter_is_refused_no_oftener_than_the_level():
    """Each of eight edges changes more than just the share of chance changes."""
    names = [f"edge {place}" for place in range(8)]

    def p_value(draw):
        return minimal(names, np.full(8, SHARE), draw.random(1_000), SHARE, LEVEL).p

    assert false_alarms(p_value) <= HIGH


def test_minimality_names_the_edges_that_do_nothing():
    draws = np.random.default_rng(0).random(100)
    found = minimal(["one", "two", "three"], np.array([2.0, 0.0, 3.0]), draws, SHARE, LEVEL)
    assert (found.edges, found.verdict) == (("two",), "refuted")
    assert found.told == "1 of 3 edges change as little as chance"


def test_of_many_examples_independence_is_told_of_some():
    draw = np.random.default_rng(0)
    one = draw.normal(size=20_000)
    # The square of 20,000 numbers is 3.2 GB.
    assert independence(one, one + draw.normal(size=20_000), permutations=19) == 0.05
    assert independence(one, draw.normal(size=20_000), permutations=19, seed=1) > 0.05
