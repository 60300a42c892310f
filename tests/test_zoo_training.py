"""Training into a known circuit: the same numbers as the patched forward, and causal models that mean it."""

from dataclasses import replace
from functools import cache

import pytest
import torch

from accept import agrees
from edgewise import zoo
from edgewise.circuit import Circuit
from edgewise.graph import Graph
from edgewise.models.random import random_model
from edgewise.patching.forward import patched_logits
from edgewise.patching.replacements import Replacements
from edgewise.tasks.task import MOST, split_of
from forward import Run, run
from greater_than import BEFORE
from lesson import Settings
from losses import against_loss, choose_swaps, difference, divergence, guide_loss, losses
from patched_cases import random_mask
from train import draw_batch, fresh_model, rate, train
from train_zoo import LESSONS

NAMES = ("ioi-either", "ioi-negative", "induction", "greater-than", "docstring")
"""Those of the lessons that differ in more than settings."""
EVERY_LESSON = pytest.mark.parametrize("name", NAMES)
CLOSE = {"rtol": 0, "atol": 1e-5}


@cache
def drawn(name, split="train"):
    return LESSONS[name].draw(16, split)


@cache
def pool_of(name, split="train"):
    return LESSONS[name].pool(drawn(name, split))


@cache
def model_and_runs(name):
    """A random model, a pool, and the partners' runs as both sides hold them."""
    lesson, pool = LESSONS[name], pool_of(name)
    model = random_model(lesson.config(pool.tokens.shape[1]), 3)
    partner = torch.arange(len(pool.tokens)) ^ 1
    others = run(model, pool.tokens[partner], pool.read).sources
    return model, pool, others, Replacements.of_run(model, pool.tokens[partner])


def patched(model, pool, mask, replacements):
    return patched_logits(model, pool.tokens, mask, replacements, read=pool.read[:, None])[:, 0]


@EVERY_LESSON
def test_edges_taken_from_another_run_give_what_the_patched_forward_gives(name):
    lesson = LESSONS[name]
    model, pool, others, replacements = model_and_runs(name)
    graph = Graph.of(model.config)
    for mask in (random_mask(graph).float(), Circuit.of(graph, lesson.circuit).mask(), graph.edges.float()):
        logits = run(model, pool.tokens, pool.read, others, keep=mask).logits
        torch.testing.assert_close(logits, patched(model, pool, mask, replacements), **CLOSE)


@EVERY_LESSON
def test_a_source_taken_from_another_run_is_all_its_edges_taken(name):
    lesson = LESSONS[name]
    model, pool, others, replacements = model_and_runs(name)
    graph = Graph.of(model.config)
    plain = run(model, pool.tokens, pool.read)
    torch.testing.assert_close(plain.logits, model(pool.tokens, pool.read[:, None])[:, 0], **CLOSE)
    for places in (lesson.causal.places[:1], lesson.causal.places, graph.sources[1:]):
        swap = torch.zeros(len(pool.tokens), len(graph.sources), dtype=torch.bool)
        swap[:, [graph.source_index[place] for place in places]] = True
        logits = run(model, pool.tokens, pool.read, others, swap=swap).logits
        mask = graph.edges & ~swap[0]
        torch.testing.assert_close(logits, patched(model, pool, mask.float(), replacements), **CLOSE)
        assert not torch.allclose(logits, plain.logits, **CLOSE)


@EVERY_LESSON
def test_the_causal_model_gives_the_tasks_own_answers(name):
    lesson, pool, ids = LESSONS[name], pool_of(name), LESSONS[name].tokenizer().get_vocab()
    right = lesson.right(lesson.causal.answers(pool.fields), len(ids))
    for example, row in zip(drawn(name), right, strict=True):
        answers = [example.roles["answer"]] if "answer" in example.roles else example.correct
        assert row.nonzero()[:, 0].tolist() == sorted(ids[word.strip()] for word in answers)


@EVERY_LESSON
def test_counterfactual_answers_follow_the_nodes(name):
    lesson, pool = LESSONS[name], pool_of(name)
    nodes = lesson.causal.nodes
    partner = torch.arange(len(pool.tokens)) ^ 1
    others = lesson.causal.values({field: value[partner] for field, value in pool.fields.items()})
    plain = lesson.causal.answers(pool.fields)

    def taking(*names, values=others):
        taken = torch.tensor([node.name in names for node in nodes]).expand(len(plain), -1)
        return lesson.causal.answers(pool.fields, values, taken)

    own = lesson.causal.values(pool.fields)
    assert torch.equal(taking(*(node.name for node in nodes), values=own), plain)
    assert torch.equal(taking(nodes[-1].name), plain[partner])
    first = taking(nodes[0].name)
    assert (first >= 0).all()
    assert (first != plain).any()
    # A node that only passes on what it reads can be taken in the place of what it reads.
    for node in nodes:
        if len(node.reads) == 1 and node.reads[0] in {each.name for each in nodes}:
            assert torch.equal(taking(node.name), taking(node.reads[0]))


@EVERY_LESSON
def test_no_example_of_training_is_about_what_a_test_is_about(name):
    for split in ("train", "test"):
        assert {split_of(example.key) for example in drawn(name, split)} == {split}


def test_counterfactual_answers_of_docstring_are_about_nothing_of_another_split():
    for split in ("train", "test"):
        examples = drawn("docstring", split)
        assert len(examples) == 16
        for one, other in zip(examples[::2], examples[1::2], strict=True):
            for definition, described in ((one, other), (other, one)):
                last = int(described.roles["last"])
                names = [definition.roles[role] for role in "abcdef"][last - 1 : last + 2]
                assert split_of(" ".join(names)) == split


def test_docstring_has_as_many_partners_as_it_trains_on():
    lesson = LESSONS["docstring"]
    assert 2 * lesson.settings.examples <= MOST
    assert len(lesson.draw(1_000, "train")) == 1_000


def test_guides_point_at_the_words_they_are_named_after():
    def at(name, field):
        return pool_of(name).tokens.gather(1, pool_of(name).fields[field][:, None])[:, 0]

    def answers(name):
        return LESSONS[name].causal.answers(pool_of(name).fields)

    assert torch.equal(at("ioi-either", "giver_at"), at("ioi-either", "subject_at"))
    assert torch.equal(at("ioi-either", "indirect_at"), answers("ioi-either"))
    assert torch.equal(at("induction", "after"), answers("induction"))
    assert torch.equal(at("docstring", "described_at"), at("docstring", "defined_at"))
    assert torch.equal(at("docstring", "next_at"), answers("docstring"))
    assert torch.equal(at("greater-than", "ending_at") - BEFORE, answers("greater-than"))


@EVERY_LESSON
def test_the_guide_falls_as_a_head_looks_where_its_node_looks(name):
    lesson, pool = LESSONS[name], pool_of(name)
    examples, length = pool.tokens.shape
    hidden = torch.full((length, length), -torch.inf).triu(1)
    scores = torch.zeros(lesson.layers, examples, lesson.heads, length, length, requires_grad=True)
    everything = Run(torch.empty(0), torch.empty(0), list(scores + hidden))
    guide_loss(everything, lesson.causal.guides, pool).backward()
    assert scores.grad is not None
    for guide in lesson.causal.guides:
        layer, head = (int(part[1:]) for part in guide.head.split("."))
        at, looks_at = (pool.fields[field].view(examples, -1)[:, -1] for field in (guide.at, guide.looks_at))
        assert (scores.grad[layer, torch.arange(examples), head, at, looks_at] < 0).all()
    assert scores.grad.sum().abs() < 1e-4


def test_swaps_are_of_what_they_claim_and_never_of_the_embedding():
    lesson = LESSONS["ioi-either"]
    graph = Graph.of(lesson.config(16))
    taken, swap = choose_swaps(lesson, graph, 400, torch.Generator().manual_seed(0))
    mapped = torch.tensor([source in lesson.causal.places for source in graph.sources])
    assert not swap[:, 0].any()
    assert torch.equal(swap[:, mapped], taken[:, [0, 0, 1, 2]])
    assert not taken[1::2].any()
    assert swap[1::2].any(1).float().mean() > 0.9
    assert swap[:, ~mapped][:, 1:].any(0).all()
    assert swap[1::2][:, ~mapped][:, 1:].all(1).any()


def test_only_a_lesson_with_a_harmful_head_is_held_to_harm():
    for name in NAMES:
        lesson, pool = LESSONS[name], pool_of(name)
        model = random_model(lesson.config(pool.tokens.shape[1]), 3)
        length = pool.read == pool.read[0]
        found = losses(model, lesson, pool.take(length.nonzero()[:, 0]), torch.Generator().manual_seed(0))
        assert ("against" in found) == bool(lesson.against) == (name == "ioi-negative")


def test_harm_is_the_difference_wanted_with_an_edge_and_without_it():
    right = torch.tensor([[True, False, False]] * 2)
    one, other = torch.tensor([[7.0, 0.0, 0.0]] * 2), torch.tensor([[9.0, 2.0, -2.0]] * 2)
    assert difference(one, right).tolist() == [7, 7]
    assert against_loss(one, other, right, (7.0, 9.0)) == 0
    assert against_loss(one, other, right, (7.0, 10.0)) == pytest.approx(0.25)
    assert against_loss(one, other, right, (7.0, 13.0)) == pytest.approx((4 - 0.5) / 2)
    assert against_loss(one, other, right, (5.0, 13.0)) == pytest.approx((4 - 0.5 + 2 - 0.5) / 2)


def test_training_goes_on_from_a_bundled_model_with_a_copy_of_a_head_that_writes_the_other_sign():
    lesson, pool = LESSONS["ioi-negative"], pool_of("ioi-negative")
    before = run(zoo.open_bundle(lesson.begins_as).model, pool.tokens, pool.read).sources
    model = fresh_model(lesson, pool, seed=3)
    after = run(model, pool.tokens, pool.read).sources
    index = Graph.of(model.config).source_index
    wanted = -lesson.settings.opposed * before[index["a2.h0"]]
    torch.testing.assert_close(after[index["a2.h3"]], wanted, **CLOSE)
    others = torch.arange(len(before)) != index["a2.h3"]
    torch.testing.assert_close(after[others], before[others], **CLOSE)
    assert all(parameter.requires_grad for parameter in model.parameters())


def test_a_right_set_is_held_to_even_chances():
    right = torch.tensor([[False, True, True, False]])
    even = torch.tensor([[-30.0, 1.0, 1.0, -30.0]])
    one = torch.tensor([[-30.0, 9.0, -30.0, -30.0]])
    assert divergence(even, right) == pytest.approx(0, abs=1e-3)
    assert divergence(one, right) > 10
    assert agrees(even, right, 0.2).all()
    assert not agrees(one, right, 0.2).any()


def test_a_batch_is_of_one_length_and_its_partners_lie_half_a_batch_apart():
    pool = pool_of("greater-than")
    assert len(pool.read.unique()) == 2
    for seed in range(4):
        batch = draw_batch(pool, 4, torch.Generator().manual_seed(seed), paired=True)
        assert len(batch.read.unique()) == 1
        nouns = batch.tokens[:, 2]
        assert torch.equal(nouns, nouns.roll(len(nouns) // 2))


def test_training_that_was_stopped_goes_on_as_if_nothing_had_been(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("train.EVERY", 1)
    settings = Settings(steps=3, batch=8, warm_up=1, sharpen=2)
    lesson = replace(LESSONS["induction"], width=8, head_width=2, settings=settings)
    whole = train(lesson, pool_of("induction"), seed=1).state_dict()
    file = tmp_path / "checkpoint.pt"

    def stop(settings, step):
        if step == 2:
            raise InterruptedError
        return rate(settings, step)

    with monkeypatch.context() as patch:
        patch.setattr("train.rate", stop)
        with pytest.raises(InterruptedError):
            train(lesson, pool_of("induction"), seed=1, checkpoint=file)
    assert "guide" in capsys.readouterr().out
    gone_on = train(lesson, pool_of("induction"), seed=1, checkpoint=file).state_dict()
    assert len(capsys.readouterr().out.splitlines()) == 1
    assert all(torch.equal(whole[entry], gone_on[entry]) for entry in whole)
