"""The loop that learns masks: its gradients, what changes nothing, and how it goes on."""

import json

import pytest
import torch

import edgewise as ew
from edgewise import zoo
from edgewise.checkpoint import Checkpoint
from edgewise.errors import BadInput, BadNumbers
from edgewise.graph import Graph
from edgewise.masks import runs
from edgewise.masks.held import Held
from edgewise.masks.log import NO_LOG
from edgewise.masks.penalties import Lagrangian
from edgewise.masks.relaxations import HardConcrete
from edgewise.masks.settings import Settings
from edgewise.masks.subject import Subject
from edgewise.methods.learned import LEARNED
from edgewise.progress import Progress
from edgewise.reports.training import positions_of
from edgewise.tasks.ablations import replacer_for
from edgewise.tasks.metrics import METRICS
from edgewise.tasks.pairs import Pairs
from gradient_cases import with_ablations
from patched_cases import slow_patched_logits
from tiny_models import KINDS, tiny_model, tiny_tokens

QUIET = Progress()
STEPS = 6


def pairs_of(model, examples=4):
    clean, corrupted = tiny_tokens(1)[:examples].tolist(), tiny_tokens(2)[:examples].tolist()
    made = [
        {"clean": mine, "corrupted": other, "correct": place, "wrong": place + 1}
        for place, (mine, other) in enumerate(zip(clean, corrupted, strict=True))
    ]
    return Pairs.from_list(made, model)


def training_of(kind="plain", ablation="corrupted", batch_size=16, folder=None, **settings):
    model = tiny_model(kind)
    pairs = pairs_of(model)
    given = {"rate": 0.1, "examples": 3, "draws": 2, "unit": "own", **settings}
    subject = Subject.of(
        model,
        pairs,
        METRICS["kl"],
        replacer_for(ablation, model, pairs, 4),
        Settings(steps=STEPS, **given),
        None,
        batch_size,
        None,
        Checkpoint(folder, {}),
        NO_LOG,
    )
    relaxation = HardConcrete(1.0, 0.5)
    gates = [subject.gates("edges", relaxation), subject.gates("nodes", relaxation, "sources", place=1)]
    return subject.training(gates, Lagrangian([0.9, None], STEPS, 0.1, None))


def trained(training, steps=STEPS):
    for _ in range(steps):
        training.step()
    return [each.parameters.detach() for each in training.gates]


@with_ablations(KINDS)
def test_a_steps_gradient_is_that_of_the_definition_worked_out_reader_by_reader(kind, ablation):
    training = training_of(kind, ablation)
    graph = Graph.of(training.model.config)
    index = training.stream.at(0)
    batch = training.pairs.batch(index)
    numbers = torch.rand(2, *graph.shape, dtype=torch.float64) * graph.edges
    loss, aimed, gradient = training.gradient(index, numbers.clone())
    assert torch.equal(aimed, loss)
    full = training.model(batch.clean, batch.read)
    replacements = training.masked.replacer.replacements(batch.corrupted)
    slow = numbers.clone().requires_grad_()
    expected = torch.zeros((), dtype=torch.float64)
    for mask in slow:
        logits = slow_patched_logits(training.model, batch.clean, mask, replacements)
        read = logits.gather(1, batch.read[..., None].expand(-1, -1, logits.shape[-1]))
        expected = expected + METRICS["kl"](read, batch, full).mean() / 2
    expected.backward()
    assert loss.mean().item() == pytest.approx(expected.item(), rel=1e-9)
    torch.testing.assert_close(gradient * graph.edges, slow.grad * graph.edges, rtol=1e-6, atol=1e-10)


@pytest.mark.parametrize("changed", [{"batch_size": 1}, {"batch_size": 2}, {"thrifty": True}])
def test_how_examples_are_run_changes_no_result(changed):
    for mine, other in zip(trained(training_of()), trained(training_of(**changed)), strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-6, atol=1e-9)


def test_how_many_masks_fit_at_once_changes_no_result(monkeypatch):
    whole = trained(training_of())
    monkeypatch.setattr(runs, "masks_at_once", lambda *_: 1)
    for mine, other in zip(whole, trained(training_of()), strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("optimiser", ["adam", "adamw", "sgd"])
@pytest.mark.parametrize("done", range(STEPS))
def test_what_was_broken_off_after_any_step_goes_on_to_the_same_numbers(done, optimiser):
    whole = training_of(optimiser=optimiser, schedule="cosine")
    trained(whole)
    first = training_of(optimiser=optimiser, schedule="cosine")
    trained(first, done)
    second = training_of(optimiser=optimiser, schedule="cosine")
    second.restore({name: value.clone() for name, value in first.state().items()})
    trained(second, STEPS - done)
    expected, found = whole.state(), second.state()
    assert expected.keys() == found.keys()
    assert all(torch.equal(value, found[name]) for name, value in expected.items())


def test_the_seed_decides_and_nothing_else():
    same, other = trained(training_of(seed=3)), trained(training_of(seed=4))
    assert torch.equal(trained(training_of(seed=3))[0], same[0])
    assert not torch.equal(other[0], same[0])


def broken_after(calls, whole):
    """`Held.of`, with NaN from some call on."""
    left = iter(range(calls))

    def of(self, logits, batch, full):
        losses = whole(self, logits, batch, full)
        return losses if next(left, None) is not None else losses * torch.nan

    return of


def test_nan_stops_training_and_the_state_before_it_is_kept(tmp_path, monkeypatch):
    good = training_of()
    trained(good, 3)
    training = training_of(batch_size=16)
    monkeypatch.setattr(Held, "of", broken_after(3, Held.of))
    checkpoint = Checkpoint(tmp_path, {})
    with pytest.raises(BadNumbers, match="in step 4"):
        training.run("the mask", QUIET, NO_LOG, checkpoint)
    saved = checkpoint.load()
    assert int(saved["done"]) == 3
    for each in good.gates:
        assert torch.equal(saved[f"parameters {each.name}"], each.parameters)


def test_a_loss_is_a_share_of_the_damage_that_replacing_everything_does():
    model = tiny_model("plain")
    pairs = pairs_of(model)
    replacer = replacer_for("corrupted", model, pairs, 4)
    settings = Settings(steps=1, rate=0.1, loss="kl")
    subject = Subject.of(
        model, pairs, METRICS["kl"], replacer, settings, None, 4, None, Checkpoint(None, {}), NO_LOG
    )
    training = subject.training([subject.gates("edges", HardConcrete())], Lagrangian([1.0], 1, 0.1, None))
    graph = Graph.of(model.config)
    index = list(range(len(pairs)))
    [(_, nothing)] = training.losses(index, torch.zeros(1, *graph.shape, dtype=torch.float64))
    [(_, everything)] = training.losses(index, graph.edges.double()[None])
    assert nothing.mean().item() == pytest.approx(1.0)
    assert everything.mean().item() == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("method", LEARNED)
def test_where_replacing_everything_does_no_harm_nothing_can_be_learned_and_that_is_said(method):
    model = tiny_model("plain")
    lines = [{"clean": [1, 2, 3], "corrupted": [4, 2, 3], "correct": 1, "wrong": 2}]
    pairs = Pairs.from_list(lines, model)
    with torch.no_grad():
        model.unembed_weight.zero_()
    with pytest.raises(BadInput, match="Replacing everything leaves it no worse"):
        ew.discover(model, pairs, method, steps=1, loss="metric")


@pytest.mark.parametrize("method", LEARNED)
def test_edges_that_are_left_out_stay_shut(method):
    model = tiny_model("plain")
    graph = Graph.of(model.config)
    some = torch.rand(graph.shape, generator=torch.Generator().manual_seed(0)) < 0.3
    edges = ew.Circuit(graph, some & graph.edges)
    pairs = pairs_of(model)
    scores = ew.discover(model, pairs, method, edges=edges, steps=3, draws=1)
    assert not scores.values[~edges.kept].any()
    assert scores.values[edges.kept].any()


def test_a_first_method_narrows_what_is_learned():
    model = tiny_model("plain")
    pairs = pairs_of(model)
    share = 0.25
    strongest = ew.discover(model, pairs, "eap").top(round(share * Graph.of(model.config).edge_count))
    scores = ew.discover(model, pairs, "ugs", first="eap", share=share, steps=2)
    assert ew.Circuit(scores.graph, scores.values != 0) <= strongest


def test_where_in_the_prompt_an_edge_is_open_is_told(tmp_path):
    bundle = zoo.open_bundle("induction")
    pairs = ew.task("induction", bundle.model, 32, split="train")
    log = tmp_path / "log.jsonl"
    scores = ew.discover(bundle.model, pairs, "ugs", positions=True, steps=60, draws=4, rate=0.3, log=log)
    told = json.loads(log.read_text().splitlines()[-1])["by position"]
    assert set(told) == set(scores.own()) == set(bundle.known["corrupted"].circuit)
    assert {len(row) for row in told.values()} == {len(pairs[0].clean)}
    # The answer is read at the last position alone; what came before a token is told at the next.
    last = len(pairs[0].clean) - 1
    assert [place for place, number in enumerate(told["a1.h2->logits"]) if number > 0.5] == [last]
    assert told["a0.h1->a1.h2<k>"][0] < 0.5
    shown = positions_of(log.read_text())
    assert shown["a1.h2->logits"] == str(last)


def test_positions_have_gates_of_their_own_and_need_prompts_of_one_length(tmp_path):
    model, log = tiny_model("plain"), tmp_path / "log.jsonl"
    pairs, half_open = pairs_of(model), {"mean": 0.0, "spread": 0.0}
    scores = ew.discover(model, pairs, "ugs", positions=True, steps=8, draws=4, log=log, **half_open)
    told = json.loads(log.read_text().splitlines()[-1])["by position"]
    rows = [told[edge] for edge in scores.own() if edge.endswith("->logits")]
    assert rows
    for *others, last in rows:
        # All began alike, and only the last is read: the others know the price alone.
        assert len(others) == len(pairs[0].clean) - 1
        assert len(set(others)) == 1
        assert last != others[0]
    uneven = Pairs.from_list(
        [
            {"clean": [1, 2, 3], "corrupted": [4, 2, 3], "correct": 1, "wrong": 2},
            {"clean": [1, 2], "corrupted": [4, 2], "correct": 1, "wrong": 2},
        ],
        model,
    )
    with pytest.raises(BadInput, match=r"needs prompts of one length. Got 2 to 3 tokens"):
        ew.discover(model, uneven, "ugs", positions=True, steps=1)
