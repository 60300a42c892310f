"""Faithfulness over size, the areas of MIB, two averagings, and intervals by resampling."""

import math
from dataclasses import replace

import numpy as np
import pytest

import edgewise as ew
from edgewise.errors import BadInput
from edgewise.evaluation.averaging import AVERAGINGS, MEAN_OF_RATIOS, RATIO_OF_MEANS
from edgewise.evaluation.curve import MIB_SIZES, Curve, circuits_of_sizes, curve
from edgewise.evaluation.faithfulness import evaluate_all
from edgewise.evaluation.intervals import Interval, interval, intervals_of
from tiny_runs import entries, tiny_model

SIZES = (0.1, 0.3, 0.6, 1.0)


@pytest.fixture(scope="module")
def model():
    return tiny_model().double()


@pytest.fixture(scope="module")
def pairs(model):
    # A pair whose prompts are the same has no faithfulness of its own.
    return ew.Pairs.from_list([each for each in entries(12) if each["clean"] != each["corrupted"]], model)


@pytest.fixture(scope="module")
def scores(model, pairs):
    return ew.discover(model, pairs)


@pytest.fixture(scope="module")
def found(model, pairs, scores):
    return curve(model, pairs, scores, sizes=SIZES)


def test_each_point_is_the_evaluation_of_its_circuit(model, pairs, scores, found):
    assert found.shares == SIZES
    for share, point in zip(SIZES, found.evaluations, strict=True):
        circuit = scores.top(int(share * scores.graph.edge_count)).prune()
        assert point == ew.evaluate(model, pairs, circuit)


def test_areas_are_sums_of_trapezoids(found):
    heights = [each.faithfulness for each in found.evaluations]
    cpr = cmd = 0.0
    for index in range(3):
        width = SIZES[index + 1] - SIZES[index]
        cpr += width * (heights[index] + heights[index + 1]) / 2
        cmd += width * (abs(1 - heights[index]) + abs(1 - heights[index + 1])) / 2
    assert (found.cpr, found.cmd) == (pytest.approx(cpr), pytest.approx(cmd))


def test_sizes_are_those_of_mib_unless_others_are_given(model, pairs, scores):
    found = curve(model, pairs, scores)
    assert found.shares == MIB_SIZES
    expected = circuits_of_sizes(scores)
    assert [each.edges for each in found.evaluations] == [len(circuit) for circuit in expected]
    assert [circuit.selected for circuit in expected] == [
        int(share * scores.graph.edge_count) for share in MIB_SIZES
    ]
    assert found.evaluations[-1].faithfulness == pytest.approx(1)


def test_circuits_make_a_curve_of_their_own_sizes(model, pairs, scores, found):
    circuits = circuits_of_sizes(scores, SIZES)
    again = curve(model, pairs, circuits)
    assert again.evaluations == found.evaluations
    every = scores.graph.edge_count
    assert again.shares == tuple(int(share * every) / every for share in SIZES)
    with pytest.raises(BadInput, match="sizes are of scores"):
        curve(model, pairs, circuits, sizes=SIZES)


@pytest.mark.parametrize(
    "sizes", [(), (0.5,), (0.5, 0.1), (0.1, 0.1), (-0.1, 0.5), (0.5, 1.1), (0.1, math.nan)]
)
def test_sizes_that_make_no_curve_are_refused(model, pairs, scores, sizes):
    with pytest.raises(BadInput, match="two sizes or more were needed"):
        curve(model, pairs, scores, sizes=sizes)


def test_order_ablation_and_metric_are_as_in_evaluate(model, pairs, scores):
    how = {"metric": "neg-log-prob", "ablation": "mean"}
    found = curve(model, pairs, scores, sizes=SIZES, by="value", prune=False, **how)
    circuits = circuits_of_sizes(scores, SIZES, "value", prune=False)
    assert list(found.evaluations) == evaluate_all(model, pairs, circuits, **how)
    assert all(circuit.selected is None for circuit in circuits)


def test_the_perfect_curve_has_a_cmd_of_0_and_its_width_as_cpr(found):
    perfect = Curve(SIZES, tuple(replace(each, faithfulness=1.0) for each in found.evaluations))
    assert (perfect.cpr, perfect.cmd) == (pytest.approx(0.9), 0)
    none = Curve(SIZES, tuple(replace(each, faithfulness=None) for each in found.evaluations))
    assert (none.cpr, none.cmd, none.faithfulness) == (None, None, None)


def test_both_averagings_are_what_their_names_say(found):
    point = found.evaluations[1]
    circuit, full, replaced = (np.array(point.per_example[name]) for name in ("circuit", "full", "replaced"))
    assert point.averaging == RATIO_OF_MEANS
    assert point.faithfulness == pytest.approx(
        (circuit.mean() - replaced.mean()) / (full.mean() - replaced.mean())
    )
    other = point.averaged(MEAN_OF_RATIOS)
    assert other.faithfulness == pytest.approx(((circuit - replaced) / (full - replaced)).mean())
    assert other.averaging in other.faithfulness_text
    assert other.averaged(RATIO_OF_MEANS) == point
    assert [each.averaging for each in found.averaged(MEAN_OF_RATIOS).evaluations] == [MEAN_OF_RATIOS] * 4
    with pytest.raises(BadInput, match=r"Did you mean 'mean-of-ratios'"):
        point.averaged("mean-of-ratio")


def test_a_mean_of_ratios_has_no_value_where_one_example_has_none(found):
    point = found.evaluations[1]
    values = {**point.per_example, "full": (point.per_example["replaced"][0], *point.per_example["full"][1:])}
    other = replace(point, per_example=values)
    assert other.averaged(RATIO_OF_MEANS).faithfulness is not None
    assert other.averaged(MEAN_OF_RATIOS).faithfulness is None
    assert other.averaged(MEAN_OF_RATIOS).faithfulness_text.endswith("for some examples")


def test_an_interval_holds_what_it_is_of_and_follows_the_seed(found):
    for point in found.evaluations[:3]:
        told = intervals_of(point)
        for name, value in (
            ("faithfulness", point.faithfulness),
            ("circuit", point.circuit),
            ("kl", point.kl),
        ):
            assert told[name].low < value < told[name].high
        assert intervals_of(point) == told
        assert intervals_of(point, seed=1) != told
        narrow, wide = (intervals_of(point, level=level)["circuit"] for level in (0.5, 0.99))
        assert wide.low < told["circuit"].low < narrow.low < narrow.high < told["circuit"].high < wide.high
    areas = found.intervals()
    assert areas["cpr"].low < found.cpr < areas["cpr"].high
    assert areas["cmd"].low < found.cmd < areas["cmd"].high
    assert found.to_dict()["intervals"]["cpr"] == list(areas["cpr"])


def test_where_nothing_varies_the_interval_is_the_number_and_one_example_has_none():
    assert interval(AVERAGINGS[RATIO_OF_MEANS], [[2.0] * 9, [3.0] * 9, [1.0] * 9]) == Interval(0.5, 0.5)
    assert interval(np.mean, [[1.0]]) is None
    assert interval(AVERAGINGS[RATIO_OF_MEANS], [[2.0, 1.0], [1.0, 1.0], [1.0, 1.0]]) is None
    for level in (0, 1, 95, math.nan):
        with pytest.raises(BadInput, match="a level between 0 and 1"):
            interval(np.mean, [[1.0, 2.0]], level=level)


@pytest.mark.parametrize("averaging", AVERAGINGS)
def test_95_in_100_intervals_hold_the_true_faithfulness(averaging):
    """Of examples whose full, replaced and circuit's metrics go together, as those of prompts do."""
    draw, repeats, examples = np.random.default_rng(0), 300, 100
    size = draw.normal(4, 1, (repeats, examples))
    share = draw.gamma(9, 0.1, (repeats, examples))
    replaced = draw.normal(0, 1, (repeats, examples))
    full = replaced + np.abs(size) + 0.5
    circuits = replaced + share * (full - replaced)
    truth = 0.9
    held = 0
    for one in range(repeats):
        low, high = interval(AVERAGINGS[averaging], [circuits[one], full[one], replaced[one]], draws=500)
        held += low <= truth <= high
    # Binomial: .95 give or take three standard deviations, .038; BCa of 100 examples is a little short of it.
    assert 0.90 <= held / repeats <= 0.99
