"""What trimming leaves of a rounded mask, beside a slow oracle and on circuits that are known."""

import json

import pytest
import torch

import edgewise as ew
from edgewise import zoo
from edgewise.checkpoint import NO_CHECKPOINT
from edgewise.masks import learned, trimming
from edgewise.masks.log import NO_LOG
from edgewise.masks.penalties import Price
from edgewise.masks.relaxations import HardConcrete
from edgewise.masks.settings import Settings
from edgewise.masks.subject import Subject
from edgewise.masks.trimming import Trimmed, Trimming
from edgewise.patching.forward import patched_logits
from edgewise.progress import Progress
from edgewise.tasks.ablations import replacer_for
from edgewise.tasks.metrics import METRICS

EXAMPLES = 16


@pytest.fixture(scope="module")
def known():
    """A model whose circuit is known, its pairs, and a training of it that has not begun."""
    return made()


def made(steps=100, **settings):
    bundle = zoo.open_bundle("induction")
    pairs = ew.task(bundle.task, bundle.model, EXAMPLES, split="train")
    subject = Subject.of(
        bundle.model,
        pairs,
        METRICS["kl"],
        replacer_for("corrupted", bundle.model, pairs, 16),
        Settings(steps=steps, rate=0.1, **settings),
        None,
        16,
        None,
        NO_CHECKPOINT,
        NO_LOG,
    )
    training = subject.training([subject.gates("edges", HardConcrete())], Price(0.01, 1))
    return bundle, pairs, training


def strengths_of(training, first, seed=0):
    """Random ones, with some edges in front."""
    coefficients = training.gates[0].coefficients
    drawn = torch.rand(coefficients.count, generator=torch.Generator().manual_seed(seed)).double()
    return drawn / 2 + coefficients.gather(first.mask(torch.float64)) / 2


def trimmed(training, strengths, chosen, trim=0.01, exact=False):
    tries = Trimming(training, strengths, Progress())
    return tries, tries.trimmed(chosen, trim, exact)


def kept_of(training, found):
    values = training.gates[0].coefficients.spread(found.kept.double())
    return ew.Circuit(training.gates[0].coefficients.graph, values > 0)


def slow_loss(bundle, pairs, training, circuit):
    """In shares of the damage, one run of one circuit."""
    batch = pairs.batch(list(range(len(pairs))))
    replacements = training.masked.replacer.replacements(batch.corrupted)
    full = bundle.model(batch.clean, batch.read)
    logits = patched_logits(
        bundle.model, batch.clean, circuit.mask(bundle.model.dtype), replacements, read=batch.read
    )
    badness = METRICS["kl"](logits, batch, full).mean().item()
    return (badness - training.held.intact) / training.held.damage


def test_the_circuit_is_what_is_left_of_any_edges_around_it(known):
    bundle, _, training = known
    truth = bundle.known["corrupted"].circuit
    for seed in range(3):
        _, found = trimmed(training, strengths_of(training, truth, seed), chosen=40)
        assert kept_of(training, found) == truth


def test_an_edge_that_was_shut_by_chance_comes_back(known):
    bundle, _, training = known
    truth = bundle.known["corrupted"].circuit
    for left_out in truth:
        strengths = strengths_of(training, truth - ew.Circuit.of(truth.graph, [left_out]))
        index = training.gates[0].coefficients.gather(ew.Circuit.of(truth.graph, [left_out]).mask())
        strengths[index > 0] = 0.499
        _, found = trimmed(training, strengths, chosen=4)
        assert kept_of(training, found) == truth


def test_worth_and_loss_are_those_of_single_runs(known):
    bundle, pairs, training = known
    _, found = trimmed(training, strengths_of(training, bundle.known["corrupted"].circuit), chosen=20)
    circuit = kept_of(training, found)
    loss = slow_loss(bundle, pairs, training, circuit)
    assert found.loss == pytest.approx(loss, rel=1e-4, abs=1e-7)
    worth = training.gates[0].coefficients.spread(found.worth.nan_to_num(0.0))
    for edge in circuit:
        alone = ew.Circuit.of(circuit.graph, [edge])
        without = slow_loss(bundle, pairs, training, circuit - alone)
        assert worth[alone.kept].item() == pytest.approx(without - loss, rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("trim", [0.0, 0.01, 0.5])
@pytest.mark.parametrize("seed", range(3))
def test_the_loss_grows_by_no_more_than_was_allowed(known, trim, seed):
    _, _, training = known
    strengths = strengths_of(training, ew.Circuit.empty(training.gates[0].coefficients.graph), seed)
    tries, found = trimmed(training, strengths, chosen=30, trim=trim)
    began = torch.zeros(len(strengths), dtype=torch.bool)
    began[strengths.sort(descending=True, stable=True).indices[: 30 + trimming.LEAST_MORE]] = True
    before, after = (tries.losses(kept, [[]]).item() for kept in (began, found.kept))
    assert after <= before + trim + 1e-6
    assert after == pytest.approx(found.loss, abs=1e-6)
    assert (found.kept <= began).all()
    gone = sorted(found.gone)
    assert gone == (began & ~found.kept).nonzero().flatten().tolist()


@pytest.mark.parametrize("chosen", [1, 5, 17])
def test_exactly_as_many_are_left_where_a_sparsity_was_asked_for(known, chosen):
    bundle, _, training = known
    _, found = trimmed(
        training, strengths_of(training, bundle.known["corrupted"].circuit), chosen, exact=True
    )
    assert int(found.kept.sum()) == chosen


@pytest.mark.parametrize("steps", [1, 2, 5])
def test_tries_keep_to_what_is_allowed_and_only_the_weakest_are_tried(steps):
    _, _, training = made(steps=steps, examples=8, draws=2)
    allowed = steps * 8 * 2 // EXAMPLES
    strengths = torch.linspace(0, 1, training.gates[0].coefficients.count).double()
    tries, found = trimmed(training, strengths, chosen=30)
    assert tries.allowed == allowed
    # A last round measures what is left, when all tries are spent.
    assert tries.spent <= allowed + 1 + 8 + max(1, allowed // trimming.ROUNDS)
    at_once = max(1, allowed // trimming.ROUNDS)
    began = strengths.sort(descending=True, stable=True).indices[: 30 + allowed // trimming.ROUNDS // 2]
    assert set(found.gone) <= set(began[-(len(found.gone) + at_once) :].tolist())
    # What was not measured at last is the strongest.
    assert set(began[found.worth[began].isnan()].tolist()) >= set(
        began[: -len(found.gone) - at_once].tolist()
    )


def test_edges_that_share_a_coefficient_come_and_go_together():
    bundle = zoo.open_bundle("induction")
    pairs = ew.task(bundle.task, bundle.model, EXAMPLES, split="train")
    scores = ew.discover(bundle.model, pairs, "ugs", grain="sources", steps=60)
    for source in scores.graph.sources:
        column = scores.graph.sources.index(source)
        values = scores.values[:, column][scores.graph.edges[:, column]]
        assert values.unique().numel() == 1
    assert (scores.own().kept == (scores.values >= 1)).all()


def test_scores_put_what_is_kept_above_1_in_order_of_worth_and_what_went_last_just_below():
    strengths = torch.tensor([0.9, 0.8, 0.7, 0.95, 0.3, 0.2], dtype=torch.float64)
    kept = torch.tensor([True, True, False, True, False, False])
    nan = torch.nan
    worth = torch.tensor([0.5, 0.1, nan, nan, nan, nan], dtype=torch.float64)
    scores = learned.placed(strengths, Trimmed(kept, worth, [4, 2], 0.0))
    # Not tried, kept: above all that was.
    assert scores.argsort(descending=True).tolist() == [3, 0, 1, 2, 4, 5]
    assert scores[:2].tolist() == [1.5, 1.1]
    assert scores[5].item() == 0.2
    assert 0.2 < scores[4] < scores[2] < 1


def test_without_trimming_the_rounded_mask_is_the_circuit():
    bundle = zoo.open_bundle("induction")
    pairs = ew.task(bundle.task, bundle.model, EXAMPLES, split="train")
    given = {"steps": 60, "seed": 2}
    rounded = ew.discover(bundle.model, pairs, "ugs", trim=None, **given)
    trimmed = ew.discover(bundle.model, pairs, "ugs", **given)
    assert rounded.values.max() <= 1
    assert trimmed.own() == bundle.known["corrupted"].circuit
    assert trimmed.values.max() > 1


def test_a_mask_whose_circuit_loses_more_than_hold_is_learned_anew_and_the_best_is_kept(tmp_path):
    bundle = zoo.open_bundle("induction")
    pairs = ew.task(bundle.task, bundle.model, EXAMPLES, split="train")

    def stages(name, **given):
        log = tmp_path / f"{name}.jsonl"
        scores = ew.discover(bundle.model, pairs, "edge-pruning", steps=4, trim=None, log=log, **given)
        told = [json.loads(line) for line in log.read_text().splitlines()]
        ends = {each["stage"]: each["rounded loss"] for each in told if "rounded loss" in each}
        return scores, ends

    hopeless = {"mean": -4.0, "hold": 1e-6}
    scores, ends = stages("three", **hopeless, tries=3)
    assert list(ends) == ["the mask", "the mask, try 2", "the mask, try 3"]
    once, end = stages("once", **hopeless, tries=1)
    assert end == {"the mask": ends["the mask"]}
    assert (once == scores) == (min(ends.values()) == ends["the mask"])
    assert list(stages("good", hold=2.0, tries=3)[1]) == ["the mask"]
    assert list(stages("unheld", mean=-4.0, hold=None, tries=3)[1]) == ["the mask"]


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("chosen", [1, 20, 64])
@pytest.mark.parametrize("allowed", [0, 1, 5, 12, 40])
def test_however_few_tries_there_are_no_more_is_kept_than_was_chosen_of_edges_worth_nothing(
    known, chosen, allowed, exact, monkeypatch
):
    """And exactly as many where a sparsity was asked for."""
    _, _, training = known
    monkeypatch.setattr(Trimming, "losses", lambda tries, kept, without: counted(tries, without))

    def counted(tries, without):
        tries.spent += len(without)
        return torch.zeros(len(without), dtype=torch.float64)

    strengths = torch.rand(training.gates[0].coefficients.count, generator=torch.Generator().manual_seed(1))
    tries = Trimming(training, strengths.double(), Progress())
    tries.allowed = allowed
    found = tries.trimmed(chosen, 0.01, exact)
    assert int(found.kept.sum()) == chosen if exact else int(found.kept.sum()) <= chosen
    # A last round measures what is left, when all tries are spent.
    assert tries.spent <= 2 * allowed + chosen + 16


def test_what_an_edge_is_worth_is_measured_in_the_circuit_as_it_is_at_last(known):
    bundle, pairs, training = known
    tries = Trimming(training, strengths_of(training, bundle.known["corrupted"].circuit), Progress())
    tries.allowed = 60
    found = tries.trimmed(20, 0.01, exact=False)
    circuit = kept_of(training, found)
    loss = slow_loss(bundle, pairs, training, circuit)
    worth = training.gates[0].coefficients.spread(found.worth)
    for edge in circuit:
        alone = ew.Circuit.of(circuit.graph, [edge])
        if not worth[alone.kept].isnan():
            without = slow_loss(bundle, pairs, training, circuit - alone)
            assert worth[alone.kept].item() == pytest.approx(without - loss, rel=1e-4, abs=1e-6)
