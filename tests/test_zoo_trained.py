"""The trained models that come with the package are what is said of them: every figure from the weights."""

import json
from copy import deepcopy
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
import torch

import edgewise as ew
from accept import COUNT, accept, accuracy, node_swaps, refusals
from edgewise import zoo
from edgewise.circuit import Circuit, Scores
from edgewise.discovery import discover
from edgewise.evaluation.known import against_known
from edgewise.graph import Graph
from edgewise.tasks.catalogue import PROGRAMS, TASKS, task
from faithful import Faithfulness
from known_edges import AGAINST, IN, replacements_of, task_pairs
from tables import MEASURED_FILE, PAGES, acceptance, cards, eap, known_of
from tokenizer import word_tokenizer
from train_zoo import LESSONS

NAMES = [name for name in zoo.names() if name not in PROGRAMS]
OFTEN = ("induction", "ioi", "ioi-negative")
"""The others are among the longest tests."""
EVERY_MODEL = pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.long] * (name not in OFTEN)) for name in NAMES]
)
PAIRS, PROMPTS, SEED = 16, 768, 7
"""Other prompts than those the shipped figures were measured on, and fewer."""
SAME = {"abs": 0.002}
FAITHFULNESS = [
    *("faithfulness of the lesson's circuit", "faithfulness of the known circuit"),
    "faithfulness with backups",
]
ZOO_TRAINING = Path(__file__).parents[1] / "zoo-training"


@cache
def opened(name):
    return zoo.open_bundle(name)


def shipped(name):
    return json.loads((zoo.DATA / name / MEASURED_FILE).read_text())


def pairs_of(name):
    """Where heads work against each other, faithfulness moves from prompt to prompt: there are more."""
    return 8 * PAIRS if LESSONS[name].against else PAIRS


@cache
def without_each(name):
    """The faithfulness of all edges but one, for each."""
    pairs = task_pairs(opened(name).model, LESSONS[name], pairs_of(name), SEED)
    return Faithfulness(opened(name).model, pairs, LESSONS[name].metric, "corrupted").without_each()


def test_the_standard_tasks_have_a_model_and_all_models_are_small():
    assert {"ioi", "greater-than", "docstring", "induction", *PROGRAMS} <= set(zoo.names())
    assert {opened(name).task for name in NAMES} <= set(TASKS)
    assert sum(file.stat().st_size for file in zoo.DATA.rglob("*") if file.is_file()) < 6e6


@EVERY_MODEL
def test_a_trained_model_is_accepted_on_other_prompts(name):
    model, lesson = opened(name).model, LESSONS[name]
    asked = {"truths": ["corrupted"], "split": "validation", "prompts": PROMPTS}
    found = accept(model, lesson, pairs_of(name), SEED, **asked)
    assert found.refusals == []
    measured = found.measured
    assert measured["accuracy"] >= 0.99
    assert min(measured["interchange"].values()) >= 0.99
    assert max(measured["strictness"].values()) <= 0.01
    assert measured["corrupted"]["faithfulness of the lesson's circuit"] >= 0.95
    known = opened(name).known["corrupted"]
    assert set(found.known["corrupted"].circuit) == set(known.circuit)
    assert set(found.known["corrupted"].against) == set(known.against)


def test_a_model_that_is_not_what_its_lesson_says_is_refused_and_so_is_what_is_no_number():
    lesson, known = LESSONS["ioi"], opened("ioi").known["corrupted"]
    passing = {
        "accuracy": 1.0,
        "interchange": {"repeats": 1.0},
        "strictness": {"a0.h0": 0.0},
        "corrupted": {"faithfulness of the lesson's circuit": 1.0},
    }
    assert refusals(passing, lesson, known) == []
    nan = float("nan")
    for failing in (
        {"accuracy": 0.98},
        {"accuracy": nan},
        {"interchange": {"repeats": 0.98}},
        {"interchange": {"repeats": nan}},
        {"strictness": {"a0.h0": 0.02}},
        {"strictness": {"a0.h0": nan}},
        {"corrupted": {"faithfulness of the lesson's circuit": 0.94}},
        {"corrupted": {"faithfulness of the lesson's circuit": 1.06}},
        {"corrupted": {"faithfulness of the lesson's circuit": nan}},
    ):
        assert len(refusals({**passing, **failing}, lesson, known)) == 1
    graph = known.circuit.graph
    for circuit in (Circuit.empty(graph), known.circuit | Circuit.of(graph, ["embed->logits"])):
        assert len(refusals(passing, lesson, replace(known, circuit=circuit))) == 1


def test_a_model_is_refused_whose_harmful_head_does_no_harm_or_in_which_another_edge_does():
    lesson, known = LESSONS["ioi-negative"], opened("ioi-negative").known["corrupted"]
    passing = shipped("ioi-negative")
    assert refusals(passing, lesson, known) == []
    for faithful in (1.4, float("nan")):
        measured = deepcopy(passing)
        measured["corrupted"]["edges removed alone"]["a2.h3->logits"] = faithful
        [refusal] = refusals(measured, lesson, known)
        assert "a2.h3->logits" in refusal
    [refusal] = refusals(passing, replace(lesson, against=lesson.against[:2]), known)
    assert refusal == "work against the answer, but are not to: a2.h3->logits"


@EVERY_MODEL
def test_the_figures_shipped_with_a_model_come_out_of_its_weights_again(name):
    model, lesson, before = opened(name).model, LESSONS[name], shipped(name)
    pool = lesson.pool(lesson.draw(2 * COUNT, "test", 1))
    swaps = node_swaps(model, lesson, pool)
    assert accuracy(model, lesson, pool) == pytest.approx(before["accuracy"], **SAME)
    assert swaps["interchange"] == pytest.approx(before["interchange"], **SAME)
    assert swaps["strictness"] == pytest.approx(before["strictness"], **SAME)
    for truth, (ablation, corruption) in replacements_of(lesson).items():
        pairs = task_pairs(model, lesson, COUNT, 1, corruption=corruption)
        faithful, graph = Faithfulness(model, pairs, lesson.metric, ablation), Graph.of(model.config)
        circuit, known, told = Circuit.of(graph, lesson.circuit), opened(name).known[truth], before[truth]
        # The truth's own edges, and others of those that were listed; of one truth.
        first = truth == "corrupted"
        listed = [*known.circuit, *told["lowest outside the lesson's circuit"]] if first else []
        masks = [circuit, known.circuit, known.circuit | known.backups]
        masks += [~Circuit.of(graph, [edge]) for edge in listed]
        values = faithful(torch.stack([each.mask() for each in masks])).tolist()
        alone = told["lowest outside the lesson's circuit"] | told["edges removed alone"]
        assert values[:3] == pytest.approx([told[each] for each in FAITHFULNESS], **SAME)
        assert values[3:] == pytest.approx([alone[edge] for edge in listed], **SAME)


def test_the_tables_of_the_pages_are_what_was_measured():
    folders = {name: zoo.DATA / name for name in NAMES}
    known = {name: known_of(folder) for name, folder in folders.items()}
    measured = {name: shipped(name) for name in NAMES}
    pages = {ZOO_TRAINING / "README.md": [acceptance(measured, known), eap(measured, known)]}
    for task_name in {opened(name).task for name in NAMES}:
        models = {name: folders[name] for name in NAMES if opened(name).task == task_name}
        pages[PAGES / f"{task_name}.md"] = [cards(models)]
    for page, found in pages.items():
        for lines in found:
            assert "\n".join(lines) in page.read_text(), page


@EVERY_MODEL
def test_each_edge_of_the_known_circuit_is_missed_and_its_effect_is_listed(name):
    known, against = opened(name).known["corrupted"].circuit, opened(name).known["corrupted"].against
    listed, again = shipped(name)["corrupted"]["edges removed alone"], without_each(name)
    assert set(known - against) == {edge for edge, faithful in listed.items() if faithful <= IN}
    assert set(against) == {edge for edge, faithful in listed.items() if faithful >= AGAINST}
    assert again[(known - against).kept].max() <= IN
    assert torch.equal(again >= AGAINST, against.kept)
    assert known <= Circuit.of(known.graph, LESSONS[name].circuit)


def test_one_model_has_a_head_that_works_against_the_answer():
    """As GPT-2's negative name movers do: without it the logits are half as far apart again, and more."""
    assert {name for name in NAMES if opened(name).known["corrupted"].against} == {"ioi-negative"}
    model, known = opened("ioi-negative").model, opened("ioi-negative").known["corrupted"]
    assert set(known.against) == {"a1.h2->a2.h3<q>", "embed->a2.h3<v>", "a2.h3->logits"}
    pairs, everything = ew.task("ioi", model, 100, split="validation"), Circuit.full(known.circuit.graph)
    for gone in (["a2.h3->logits"], known.against):
        found = ew.evaluate(model, pairs, everything - Circuit.of(everything.graph, gone))
        assert found.full > 4
        assert found.circuit >= 1.5 * found.full


@EVERY_MODEL
def test_trying_every_edge_finds_the_known_circuit(name):
    known, alone = opened(name).known["corrupted"], without_each(name)
    found = against_known(Scores(known.circuit.graph, 1 - alone), known)
    assert found["edge_auc"] >= 0.99
    assert found["precision_at_known_size"] == 1


def test_the_zoo_tells_methods_apart():
    """Plain EAP misses on at least three models what trying every edge finds."""
    missed = []
    for name in NAMES:
        bundle = opened(name)
        pairs = task(bundle.task, bundle.model, 100)
        found = against_known(discover(bundle.model, pairs, "eap"), bundle.known["corrupted"])
        if found["edge_auc"] < 0.9 or found["precision_at_known_size"] < 0.7:
            missed.append(name)
    assert len(missed) >= 3, missed


def test_one_model_has_a_backup_head_that_takes_over_what_the_other_does():
    known = opened("ioi-either").known["corrupted"]
    both = {edge.split("->")[0] for edge in known.backups if edge.endswith("a1.h2<v>")}
    assert both == {"a0.h1", "a0.h3"}
    pairs = task_pairs(opened("ioi-either").model, LESSONS["ioi-either"], PAIRS, SEED)
    faithful = Faithfulness(opened("ioi-either").model, pairs, "logit-diff", "corrupted")
    graph = known.circuit.graph
    gone = [
        Circuit.of(graph, [f"{head}->a1.h2<v>" for head in heads]) for heads in (("a0.h1",), ("a0.h3",), both)
    ]
    one, other, neither = faithful(torch.stack([(~each).mask() for each in gone])).tolist()
    assert min(one, other) > IN
    assert neither < 0.2


def test_the_tokenizer_keeps_words_pairs_of_digits_and_marks_and_begins_each_prompt():
    tokenizer = word_tokenizer(["The", "war", "17", "32", ",", '"""', "):"])
    ids = tokenizer('The war, 1732): """peace')["input_ids"]
    assert tokenizer.convert_ids_to_tokens(ids) == [
        *("<bos>", "The", "war", ",", "17", "32", "):", '"""', "<unk>"),
    ]
    assert tokenizer("war", add_special_tokens=False)["input_ids"] == ids[2:3]
