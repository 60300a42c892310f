"""Replacements that are learned: where they begin, what they come to, and who they are learned for."""

import pytest
import torch

import edgewise as ew
from edgewise import zoo
from edgewise.errors import BadInput
from edgewise.evaluation.faithfulness import evaluate_circuits
from edgewise.graph import Graph
from edgewise.masks import optimal
from edgewise.masks.constants import OPTIMAL, Constants
from edgewise.masks.optimal import fitted, parted
from edgewise.masks.training import Training
from edgewise.methods import METHODS
from edgewise.patching.forward import patched_logits
from edgewise.tasks.ablations import replacer_for
from edgewise.tasks.metrics import METRICS
from edgewise.tasks.pairs import Pairs
from learning_cases import STAGES
from test_mask_training import pairs_of
from tiny_models import KINDS, tiny_model

KL = METRICS["kl"]


def constants_of(kind="plain"):
    model = tiny_model(kind)
    pairs = pairs_of(model)
    return model, pairs, Constants.of(model, pairs, 4)


def drawn(graph):
    return torch.rand(graph.shape, generator=torch.Generator().manual_seed(2))


def loss_of(model, pairs, circuit, replacer):
    batch = pairs.batch(list(range(len(pairs))))
    with torch.no_grad():
        mask = circuit.mask(model.dtype)
        logits = patched_logits(model, batch.clean, mask, replacer.replacements(None), read=batch.read)
        return KL(logits, batch, model(batch.clean, batch.read)).mean().item()


@pytest.mark.parametrize("kind", KINDS)
def test_constants_begin_at_the_mean(kind):
    model, pairs, constants = constants_of(kind)
    mean = replacer_for("mean", model, pairs, 4)
    ours, its = constants.replacements(None), mean.replacements(None)
    torch.testing.assert_close(ours.final_input, its.final_input)
    for mine, other in zip(ours.sources.heads, its.sources.heads, strict=True):
        torch.testing.assert_close(mine, other)


def test_prompts_of_several_lengths_share_one_constant_and_so_do_they_with_others_that_are_judged():
    model = tiny_model("plain")
    pairs = pairs_of(model)
    entries = [{"clean": list(pair.clean[:3]), "correct": 1, "wrong": 2} for pair in pairs]
    shorter = Pairs.from_list(entries, model)
    assert Constants.of(model, pairs, 4).mean.embeddings[0].shape[1] == len(pairs[0].clean)
    assert Constants.of(model, pairs, 4, others=shorter).mean.embeddings[0].shape[1] == 1


@pytest.mark.parametrize("kind", ["plain", "parallel", "post-norm", "grouped"])
def test_the_gradient_at_the_constants_is_that_of_finite_differences(kind):
    model, pairs, constants = constants_of(kind)
    circuit = ew.Scores(Graph.of(model.config), drawn(Graph.of(model.config))).top(8)
    batch = pairs.batch([0, 1])
    full = model(batch.clean, batch.read)

    def loss():
        replacements = constants.replacements(None)
        mask = circuit.mask(model.dtype)
        logits = patched_logits(model, batch.clean, mask, replacements, read=batch.read, live_only=False)
        return KL(logits, batch, full).sum()

    loss().backward(inputs=constants.learned)
    for each in constants.learned:
        place, step = int(each.grad.abs().argmax()), 1e-5
        ends = []
        for way in (1, -1):
            with torch.no_grad():
                each.view(-1)[place] += way * step
                ends.append(loss().item())
                each.view(-1)[place] -= way * step
        slope = (ends[0] - ends[1]) / (2 * step)
        assert each.grad.view(-1)[place].item() == pytest.approx(slope, rel=1e-4, abs=1e-9)


@pytest.mark.parametrize("edges", [0, 5, 20])
def test_what_was_learned_for_a_circuit_serves_it_better_than_the_mean(edges, monkeypatch):
    model, pairs, constants = constants_of()
    circuit = ew.Scores(Graph.of(model.config), drawn(Graph.of(model.config))).top(edges)
    mean = loss_of(model, pairs, circuit, constants.settled())
    # Here the same pairs are for both, so that there is no luck in it.
    monkeypatch.setattr(optimal, "parted", lambda pairs, seed: (pairs, pairs))
    replacer = fitted(constants, pairs, KL, circuit, steps=60)
    assert replacer.ablation == OPTIMAL
    assert loss_of(model, pairs, circuit, replacer) < 0.95 * mean
    assert not any(each.requires_grad for each in replacer.sources(None).heads)


def test_what_gains_hardly_anything_is_the_mean(monkeypatch):
    _, pairs, constants = constants_of()
    mean = constants.settled().sources(None)
    monkeypatch.setattr(optimal, "LEAST_GAIN", 10.0)
    found = fitted(constants, pairs, KL, None, steps=20).sources(None)
    for mine, other in zip(mean.heads, found.heads, strict=True):
        assert torch.equal(mine, other)


def test_each_source_alone_is_served_better_than_by_the_mean(monkeypatch):
    model, pairs, constants = constants_of()
    graph = Graph.of(model.config)
    every = ew.Circuit.full(graph)
    mean = constants.settled()
    monkeypatch.setattr(optimal, "parted", lambda pairs, seed: (pairs, pairs))
    learned = fitted(constants, pairs, KL, None, steps=80)

    def total(replacer):
        columns = range(len(graph.sources))
        kept = [every.kept & (torch.arange(len(graph.sources)) != column) for column in columns]
        return sum(loss_of(model, pairs, ew.Circuit(graph, each), replacer) for each in kept)

    assert total(learned) < total(mean)


def test_pairs_to_learn_on_and_to_judge_on_are_apart():
    pairs = pairs_of(tiny_model("plain"))
    learned, judged = parted(pairs, 0)
    assert len(learned) + len(judged) == len(pairs)
    assert not set(learned) & set(judged)
    assert parted(pairs[:1], 0) == (Pairs(pairs.pairs[:1]), Pairs(pairs.pairs[:1]))


@pytest.mark.parametrize("method", STAGES)
def test_constants_are_learned_with_every_mask_and_resumed_to_the_same_numbers(method, tmp_path):
    model = tiny_model("plain")
    pairs = pairs_of(model)
    own = {"adversary": False} if method == "interpolation-descent" else {}
    given = {"steps": 4, "metric": "logit-diff", "ablation": OPTIMAL, **own}
    still = ew.discover(model, pairs, method, **given, constant_rate=1e-12)
    moved = ew.discover(model, pairs, method, **given)
    assert still != moved
    step, left = Training.step, 2

    def broken(training):
        nonlocal left
        if not left:
            raise KeyboardInterrupt
        left -= 1
        return step(training)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Training, "step", broken)
        patched.setattr("edgewise.masks.training.SECONDS_BETWEEN_SAVES", 0.0)
        with pytest.raises(KeyboardInterrupt):
            ew.discover(model, pairs, method, **given, checkpoint=tmp_path / "kept")
    assert ew.discover(model, pairs, method, **given, checkpoint=tmp_path / "kept") == moved


@pytest.mark.parametrize("method", ["eap", "acdc", "activation-patching"])
def test_methods_that_learn_no_mask_take_constants_that_were_learned_before(method, monkeypatch):
    model, pairs, constants = constants_of()
    metric, learned = "kl" if method == "acdc" else "logit-diff", []

    def in_few_steps(*given):
        learned.append(fitted(*given, steps=8))
        return learned[-1]

    monkeypatch.setattr(optimal, "LOOK", 8)
    monkeypatch.setattr(optimal, "parted", lambda pairs, seed: (pairs, pairs))
    monkeypatch.setattr(optimal, "fitted", in_few_steps)
    found = ew.discover(model, pairs, method, metric=metric, ablation=OPTIMAL)
    [replacer] = learned

    def by(replacer):
        return METHODS[method].discover(model, pairs, METRICS[metric], replacer, batch_size=16).values

    torch.testing.assert_close(found.values, by(replacer))
    assert not torch.allclose(found.values, by(constants.settled()), rtol=0.01, atol=1e-6)


def test_a_circuit_is_judged_with_constants_that_were_learned_on_other_pairs(monkeypatch):
    monkeypatch.setattr(optimal, "STEPS", 60)
    bundle = zoo.open_bundle("induction")
    train, test = (ew.task("induction", bundle.model, 40, split=split) for split in ("train", "test"))
    circuit = bundle.known["corrupted"].circuit
    found = ew.evaluate(bundle.model, test, circuit, ablation=OPTIMAL, learned_on=train)
    mean = Constants.of(bundle.model, train, 16).settled()
    [by_mean] = evaluate_circuits(bundle.model, test, [circuit], METRICS["neg-log-prob"], lambda _: mean)
    assert found.ablation == OPTIMAL
    assert found.kl < by_mean.kl


def test_pairs_to_learn_on_are_asked_for_where_they_are_needed_and_refused_elsewhere():
    model = tiny_model("plain")
    pairs = pairs_of(model)
    circuit = ew.Circuit.empty(Graph.of(model.config))
    for given, said in (
        ({"ablation": OPTIMAL}, "needs pairs to learn it on. Got none. Give learned_on=pairs"),
        ({"ablation": "zero", "learned_on": pairs}, "learned_on is for the ablation 'optimal'"),
        ({"ablation": OPTIMAL, "learned_on": pairs[:1]}, "at least two pairs"),
    ):
        with pytest.raises(BadInput, match=said):
            ew.evaluate(model, pairs, circuit, **given)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_constants_of_a_model_in_half_precision_are_learned_in_float32(dtype, monkeypatch):
    monkeypatch.setattr(optimal, "STEPS", 60)
    bundle = zoo.open_bundle("induction")
    train, test = (ew.task("induction", bundle.model, 16, split=split) for split in ("train", "test"))
    exact = Constants.of(bundle.model, train, 16)
    half = Constants.of(bundle.model.to(dtype), train, 2)
    for mine, its in zip(half.spread.heads, exact.spread.heads, strict=True):
        torch.testing.assert_close(mine, its, rtol=0.05, atol=1e-3)
    assert {each.dtype for each in half.learned} == {torch.float32}
    found = ew.evaluate(
        bundle.model, test, bundle.known["corrupted"].circuit, ablation=OPTIMAL, learned_on=train
    )
    assert found.kl == found.kl
