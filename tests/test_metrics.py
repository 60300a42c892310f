"""Metrics: against a slow oracle written plainly, and the laws each must keep."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewise.errors import BadInput
from edgewise.tasks.checks import check_task
from edgewise.tasks.metrics import METRICS, check_metric
from edgewise.tasks.pairs import Pairs
from edgewise.tasks.prompt_rules import PromptRules

VOCABULARY = 7
RULES = PromptRules(vocabulary=VOCABULARY)

every_metric = pytest.mark.parametrize("metric", METRICS.values(), ids=list(METRICS))
every_differentiable_metric = pytest.mark.parametrize(
    "metric", [metric for metric in METRICS.values() if metric.differentiable], ids=lambda metric: metric.name
)

RAGGED = [
    {"clean": [1, 2, 3], "correct": 0, "wrong": [1, 2, 3]},
    {"clean": [1, 2, 4], "correct": [4, 6], "wrong": 5},
    {"clean": [1, 2, 5], "correct": [2, 3, 1], "wrong": [0, 6]},
]
WITH_TARGETS = [
    {"clean": [1, 2, 3], "correct": [4, 1], "position": [0, 2], "target": [[0.5, 1], [-2, 0.25]]},
    {"clean": [1, 2, 4], "correct": [0, 6], "position": [0, 2], "target": [[1, 1], [3, -1]]},
]


def numbers(*shape, seed=0, dtype=torch.float64, scale=3.0):
    return scale * torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def batch_of(entries):
    (batch,) = Pairs.from_list(entries, RULES).batches(len(entries))
    return batch


def read_at(entries, position):
    return [{**entry, "position": position} for entry in entries]


def plainly(name, logits, full, pair):
    """One example of a metric, word by word: logits and full are lists [reads][vocabulary]."""
    total = 0.0
    for read, row in enumerate(logits):
        probability = [math.exp(x) / sum(map(math.exp, row)) for x in row]
        correct, wrong = pair.correct, pair.wrong
        if name == "logit-diff":
            value = sum(row[i] for i in correct) / len(correct) - sum(row[i] for i in wrong) / len(wrong)
        elif name == "prob-diff":
            value = sum(probability[i] for i in correct) - sum(probability[i] for i in wrong)
        elif name == "kl":
            expected = [math.exp(x) / sum(map(math.exp, full[read])) for x in full[read]]
            value = sum(p * math.log(p / q) for p, q in zip(expected, probability, strict=True))
        elif name == "neg-log-prob":
            value = -math.log(sum(probability[i] for i in correct))
        elif name == "accuracy":
            value = float(row.index(max(row)) in correct)
        elif pair.target is None:
            value = sum((x - y) ** 2 for x, y in zip(row, full[read], strict=True)) / len(row)
        else:
            outputs = [row[i] for i in correct] if correct else row
            value = sum((x - y) ** 2 for x, y in zip(outputs, pair.target[read], strict=True)) / len(outputs)
        total += value
    return total / len(logits)


@every_metric
@pytest.mark.parametrize("position", [-1, [0, 1, 2]])
@pytest.mark.parametrize("seed", range(3))
def test_each_metric_is_what_its_formula_says_with_ragged_answers_and_several_reads(metric, position, seed):
    pairs = Pairs.from_list(read_at(RAGGED, position), RULES)
    (batch,) = pairs.batches(3)
    logits, full = (numbers(*batch.read.shape, VOCABULARY, seed=part + seed) for part in (0, 100))
    examples = zip(logits.tolist(), full.tolist(), pairs, strict=True)
    expected = [plainly(metric.name, run, whole, pair) for run, whole, pair in examples]
    torch.testing.assert_close(metric(logits, batch, full), torch.tensor(expected, dtype=torch.float64))


@pytest.mark.parametrize(
    "entries",
    [
        WITH_TARGETS,
        [{"clean": [1], "target": [0.5, 1, 2, 3, 4, 5, 6]}],
        [{"clean": [1], "correct": 3, "target": 9}],
    ],
)
def test_mean_squared_error_is_taken_against_the_target_where_there_is_one(entries):
    metric, pairs = METRICS["mean-squared-error"], Pairs.from_list(entries, RULES)
    (batch,) = pairs.batches(2)
    logits = numbers(*batch.read.shape, VOCABULARY)
    expected = [
        plainly(metric.name, row, None, pair) for row, pair in zip(logits.tolist(), pairs, strict=True)
    ]
    torch.testing.assert_close(metric(logits, batch), torch.tensor(expected, dtype=torch.float64))


@every_metric
def test_leading_axes_are_the_same_as_one_at_a_time(metric):
    batch = batch_of(read_at(RAGGED, [0, 2]))
    logits, full = numbers(2, 4, 3, 2, VOCABULARY), numbers(3, 2, VOCABULARY, seed=1)
    together = metric(logits, batch, full)
    assert together.shape == (2, 4, 3)
    for i in range(2):
        for j in range(4):
            torch.testing.assert_close(together[i, j], metric(logits[i, j], batch, full))


@every_metric
def test_an_example_is_worth_the_same_whatever_stands_beside_it(metric):
    entries = read_at(RAGGED, [0, 2])
    logits, full = numbers(3, 2, VOCABULARY), numbers(3, 2, VOCABULARY, seed=1)
    together = metric(logits, batch_of(entries), full)
    for order in ([2, 0, 1], [1], [2, 1]):
        some = metric(logits[order], batch_of([entries[i] for i in order]), full[order])
        torch.testing.assert_close(some, together[order])


@every_differentiable_metric
@pytest.mark.parametrize("entries", [read_at(RAGGED, [0, 2]), [{**e, "wrong": 5} for e in WITH_TARGETS]])
def test_gradients_equal_finite_differences(metric, entries):
    batch = batch_of(entries)
    logits = numbers(len(entries), 2, VOCABULARY, scale=1.0).requires_grad_()
    full = numbers(len(entries), 2, VOCABULARY, seed=1)
    assert torch.autograd.gradcheck(lambda x: metric(x, batch, full), (logits,))


@every_metric
def test_the_full_models_logits_get_no_gradient(metric):
    logits = numbers(3, 1, VOCABULARY).requires_grad_()
    values = metric(logits, batch_of(RAGGED), logits)
    assert values.requires_grad == metric.differentiable
    if metric.differentiable:
        gradient = torch.autograd.grad(values.sum(), logits)[0]
        flat = metric.flat_at_clean(Pairs.from_list(RAGGED, RULES)) is not None
        assert (gradient.abs().max() < 1e-12) == flat


@every_metric
@pytest.mark.parametrize(
    ("dtype", "expected"),
    [(torch.float64, torch.float64), (torch.float32, torch.float32), (torch.bfloat16, torch.float32)],
)
def test_values_are_float32_or_better(metric, dtype, expected):
    logits, full = (numbers(3, 1, VOCABULARY, seed=seed).to(torch.bfloat16).to(dtype) for seed in (0, 1))
    values = metric(logits, batch_of(RAGGED), full)
    assert values.dtype == expected
    exact = metric(logits.double(), batch_of(RAGGED), full.double())
    torch.testing.assert_close(values.double(), exact, rtol=1e-5, atol=1e-5)


@every_metric
def test_values_and_gradients_of_very_large_logits_are_finite(metric):
    logits = torch.tensor([[[1e4, -1e4, 0, 3, 5e3, -9e3, 1]]] * 3).requires_grad_()
    values = metric(logits, batch_of(RAGGED), -logits)
    assert values.isfinite().all()
    if metric.differentiable:
        assert torch.autograd.grad(values.sum(), logits)[0].isfinite().all()


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 2**32), st.floats(0.01, 30))
def test_kl_is_never_negative_and_zero_only_between_equals(seed, scale):
    batch = batch_of(RAGGED)
    full, logits = (numbers(3, 1, VOCABULARY, seed=seed + part, scale=scale) for part in (0, 1))
    kl = METRICS["kl"]
    assert (kl(logits, batch, full) > 0).all()
    torch.testing.assert_close(kl(full + 5, batch, full), torch.zeros(3, dtype=torch.float64))


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 2**32), st.floats(0.01, 100))
def test_probabilities_keep_to_their_bounds_and_agree_with_each_other(seed, scale):
    batch = batch_of(RAGGED)
    logits = numbers(3, 1, VOCABULARY, seed=seed, scale=scale)
    difference = METRICS["prob-diff"](logits, batch)
    assert (difference.abs() <= 1 + 1e-12).all()
    hits = METRICS["accuracy"](logits, batch)
    assert set(hits.tolist()) <= {0.0, 1.0}
    # With several answers the largest logit may be none's, though together they have most of the probability.
    single = torch.tensor([isinstance(entry["correct"], int) for entry in RAGGED])
    assert (hits[(difference > 0.5) & single] == 1).all()
    surprise = METRICS["neg-log-prob"](logits, batch)
    probability = logits.softmax(-1)[:, 0]
    pairs = Pairs.from_list(RAGGED, RULES)
    summed = [probability[row, list(pair.correct)].sum() for row, pair in enumerate(pairs)]
    torch.testing.assert_close((-surprise).exp(), torch.stack(summed))


@every_metric
def test_each_metric_says_its_direction_and_larger_goodness_is_better(metric):
    direction = "higher is better" if metric.higher_is_better else "lower is better"
    assert direction in metric.what
    entries = [{"clean": [1], "correct": 0, "wrong": 1, "target": 4}]
    good, bad = torch.zeros(2, 1, 1, VOCABULARY)
    good[..., 0], bad[..., 1] = 4, 4
    better, worse = (metric.goodness(metric(logits, batch_of(entries), good)) for logits in (good, bad))
    assert (better > worse).all()


def test_only_accuracy_has_no_gradient():
    assert [metric.name for metric in METRICS.values() if not metric.differentiable] == ["accuracy"]


def test_an_unknown_metric_is_refused_with_the_nearest_name():
    with pytest.raises(
        BadInput, match=r"unknown metric 'logit_diff'. Did you mean 'logit-diff'\? Known: accuracy, kl,"
    ):
        raise BadInput(*check_task("logit_diff", "zero", 1, None))


def test_a_metric_says_which_pairs_lack_what_it_needs():
    pairs = Pairs.from_list([{"clean": [1], "correct": 2}, *[{"clean": [1]}] * 5], RULES)
    assert check_metric(METRICS["logit-diff"], pairs) == [
        "metric 'logit-diff' needs 'correct' answers in every pair. "
        "Got none in pair 1, pair 2, pair 3 and 2 more. Add 'correct', or choose another metric.",
        "metric 'logit-diff' needs 'wrong' answers in every pair. "
        "Got none in pair 0, pair 1, pair 2 and 3 more. Add 'wrong', or choose another metric.",
    ]
    [told, _] = check_metric(METRICS["logit-diff"], pairs.judged_by("kl"))
    assert told.endswith("and 2 more. This task is made for kl: choose that.")
    assert check_metric(METRICS["neg-log-prob"], pairs[:1]) == []
    assert check_metric(METRICS["kl"], pairs) == check_metric(METRICS["mean-squared-error"], pairs) == []


def test_a_metric_says_why_it_is_flat_at_the_clean_run():
    pairs = Pairs.from_list([{"clean": [1]}, {"clean": [1], "correct": 2, "target": 0.5}], RULES)
    why = "the clean run is its minimum, so every gradient there is zero"
    kl, error = METRICS["kl"], METRICS["mean-squared-error"]
    assert kl.flat_at_clean(pairs) == f"metric 'kl' compares the run with the full model: {why}"
    needs = "metric 'mean-squared-error' compares the run with the full model in pair 0, without a target"
    assert error.flat_at_clean(pairs) == f"{needs}: {why}"
    assert error.flat_at_clean(pairs[1:]) is None
    assert METRICS["logit-diff"].flat_at_clean(pairs) is None


def test_a_metric_that_compares_with_the_full_model_asks_for_its_logits():
    logits = numbers(1, 1, VOCABULARY)
    with pytest.raises(
        BadInput, match=r"'kl' needs full_logits: the full model's on the clean prompts\. Got None\."
    ):
        METRICS["kl"](logits, batch_of([{"clean": [1]}]))
    with pytest.raises(BadInput, match="metric 'mean-squared-error' needs full_logits"):
        METRICS["mean-squared-error"](logits, batch_of([{"clean": [1]}]))
