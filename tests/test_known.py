"""Scores beside a known circuit; the task of a compiled program; exact effects find its circuit."""

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import edgewise as ew
from edgewise import zoo
from edgewise.circuit import Circuit, Scores
from edgewise.errors import BadInput
from edgewise.evaluation.known import against_known
from edgewise.graph import Graph
from edgewise.patching.forward import patched_logits
from edgewise.patching.replacements import replacer
from edgewise.tasks.metrics import METRICS
from edgewise.tasks.programs import METRIC, PROGRAMS, program_pairs
from edgewise.tasks.task import SPLITS
from edgewise.zoo.known import KnownCircuit
from tiny_models import tiny_model

GRAPH = Graph.of(tiny_model("plain").config)
PLACES = GRAPH.edges.nonzero()
EVERY_PROGRAM = pytest.mark.parametrize("name", PROGRAMS)


def matrix(values, dtype=torch.float64):
    made = torch.zeros(GRAPH.shape, dtype=dtype)
    made[tuple(PLACES[: len(values)].T)] = torch.tensor(values, dtype=dtype)
    return made


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(-3, 3), st.sampled_from("iob")), min_size=6, max_size=30))
def test_auc_and_precision_are_what_their_words_say(drawn):
    scores, places = zip(*drawn, strict=True)
    # None is against the answer: that has no part in judging.
    known = KnownCircuit(
        *(Circuit(GRAPH, matrix([place == which for place in places], torch.bool)) for which in "ib-")
    )
    # Edges not drawn have score 0 and lie outside.
    every = [*drawn, *[(0, "o")] * (len(PLACES) - len(drawn))]
    inside = [abs(score) for score, place in every if place == "i"]
    outside = [abs(score) for score, place in every if place == "o"]
    if not inside:
        with pytest.raises(BadInput, match="Got none of one of them"):
            against_known(Scores(GRAPH, matrix(scores)), known)
        return
    found = against_known(Scores(GRAPH, matrix(scores)), known)
    pairs = [(one > other) + (one == other) / 2 for one in inside for other in outside]
    assert found["edge_auc"] == pytest.approx(sum(pairs) / len(pairs))
    least = sorted(inside + outside, reverse=True)[len(inside) - 1]
    above = [score > least for score in inside], [score > least for score in outside]
    level = [score == least for score in inside], [score == least for score in outside]
    taken = (len(inside) - sum(map(sum, above))) / sum(map(sum, level))
    assert found["precision_at_known_size"] == pytest.approx(
        (sum(above[0]) + taken * sum(level[0])) / len(inside)
    )


def test_scores_of_another_graph_are_refused():
    known = zoo.open_bundle("tracr-reverse").known["zero"]
    with pytest.raises(BadInput, match="A known circuit belongs to its own model"):
        against_known(Scores(GRAPH, matrix([1.0])), known)


@EVERY_PROGRAM
def test_splits_share_no_prompt_and_pairs_stay_in_theirs(name):
    compiled = zoo.open_bundle(name).compiled
    prompts = {
        split: {
            prompt
            for seed in range(3)
            for pair in program_pairs(compiled, 20, split, seed=seed)
            for prompt in (pair.clean, pair.corrupted)
        }
        for split in SPLITS
    }
    for one, other in itertools.combinations(prompts.values(), 2):
        assert not one & other


@EVERY_PROGRAM
def test_pairs_are_different_have_their_numbers_and_follow_the_seed(name):
    compiled = zoo.open_bundle(name).compiled
    pairs = program_pairs(compiled, 40)
    assert len({pair.clean for pair in pairs}) == 40
    assert all(pair.clean != pair.corrupted for pair in pairs)
    assert list(program_pairs(compiled, 40)) == list(pairs)
    assert list(program_pairs(compiled, 40, seed=1)) != list(pairs)
    full = ew.evaluate(
        compiled.model, pairs, Circuit.full(Graph.of(compiled.model.config)), metric=METRIC, ablation="zero"
    )
    assert full.full == pytest.approx(0, abs=1e-9)


def test_more_pairs_than_there_are_prompts_are_refused_with_their_number():
    compiled = zoo.open_bundle("tracr-reverse").compiled
    with pytest.raises(BadInput, match=r"examples of split 'test': from 1 to \d+ there are. Got 500."):
        program_pairs(compiled, 500, "test")
    with pytest.raises(BadInput, match=r"Did you mean 'train'\?"):
        program_pairs(compiled, 5, "trian")


def exact_effects(model, pairs, ablation):
    """The metric's change when each edge alone is removed."""
    graph = Graph.of(model.config)
    places = graph.edges.nonzero().tolist()
    masks = graph.edges.float().repeat(len(places), 1, 1)
    for index, (reader, source) in enumerate(places):
        masks[index, reader, source] = 0
    scores = torch.zeros(graph.shape)
    replacing = replacer(ablation, model, lambda: [batch.corrupted for batch in pairs.batches(64)])
    for batch in pairs.batches(64):
        logits = patched_logits(
            model, batch.clean, masks, replacing.replacements(batch.corrupted), read=batch.read
        )
        effects = METRICS[METRIC](logits, batch).sum(-1)
        for (reader, source), effect in zip(places, effects, strict=True):
            scores[reader, source] += effect
    return Scores(graph, scores)


@EVERY_PROGRAM
@pytest.mark.parametrize("ablation", ["zero", "corrupted"])
def test_exact_effects_find_the_known_circuit(name, ablation):
    bundle = zoo.open_bundle(name)
    pairs = program_pairs(bundle.compiled, 100)
    found = against_known(exact_effects(bundle.model, pairs, ablation), bundle.known[ablation])
    assert set(found.values()) == {1.0}


def test_an_answer_must_be_one_of_the_models_outputs():
    model = zoo.open_bundle("tracr-reverse").compiled.model
    with pytest.raises(BadInput, match=r"correct must be token ids from 0 to 2. Got 4"):
        ew.Pairs.from_list([{"clean": [3, 0, 1], "correct": 4}], model)
    with pytest.raises(BadInput, match=r"x 3 \(one per output of the model\)"):
        ew.Pairs.from_list([{"clean": [3, 0, 1], "target": [1.0, 2.0]}], model)
