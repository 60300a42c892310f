"""Runs of a task: which model and prompts are meant, how scores stand beside the known circuit."""

import dataclasses
import json
import shutil

import pytest

import edgewise as ew
from cli_cases import edgewise, problems
from edgewise import zoo
from edgewise.evaluate_run import evaluate_run
from edgewise.evaluation.known import against_known
from edgewise.meaning import truth_of
from edgewise.models.config import ModelConfig
from edgewise.models.native import save_model
from edgewise.models.random import random_model
from edgewise.request import Request
from edgewise.run import run
from edgewise.tasks.programs import program_pairs
from edgewise.verb_requests import EvaluationRequest
from edgewise.zoo.bundle import Bundle
from edgewise.zoo.known import KnownCircuit, save_known
from task_cases import whole_words
from tiny_runs import write_prompts


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """The folder of a program of one's own, and a run of it."""
    folder = tmp_path_factory.mktemp("program")
    dataclasses.replace(zoo.open_bundle("tracr-xproportion"), task="mine").save(folder / "model")
    run(Request(model=str(folder / "model"), out=str(folder / "run"), edges=9))
    return folder


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    """The folder of a model that reads the words of the text tasks."""
    folder = tmp_path_factory.mktemp("reader")
    rules = whole_words(begin=True)
    sizes = {"layers": 2, "heads": 2, "head_width": 4, "width": 8, "mlp_width": 8}
    model = random_model(ModelConfig(**sizes, vocabulary=rules.vocabulary, context=64), seed=0)
    model.tokenizer = rules.tokenizer
    save_model(model, folder / "model")
    return folder


def test_a_task_brings_its_model_and_its_metric(tmp_path):
    done = run(Request(task="tracr-reverse", out=str(tmp_path / "run"), edges=20, examples=10))
    assert (done.request.model, done.request.metric) == ("zoo:tracr-reverse", "mean-squared-error")
    model = ew.load("zoo:tracr-reverse")
    pairs = ew.task("tracr-reverse", model, 10)
    assert done.scores == ew.discover(model, pairs)
    assert ew.load_run(tmp_path / "run").request == done.request


def test_a_model_brings_its_task_and_what_is_known_of_it(program):
    done = ew.load_run(program / "run")
    bundle = Bundle.load(program / "model")
    assert done.request.task == bundle.task == "mine"
    assert done.scores == ew.discover(bundle.model, program_pairs(bundle.compiled))
    told = json.loads((program / "run" / "evaluation.json").read_text())
    known = against_known(done.scores, bundle.known["corrupted"])
    assert {name: told[name] for name in known} == known


def test_a_circuit_is_found_on_one_split_and_measured_on_another(program):
    done = ew.load_run(program / "run")
    assert (done.evaluation.found_here, done.evaluation.also_found_on) == (False, 0)
    asked = EvaluationRequest(run=str(program / "run"))
    [again] = evaluate_run(asked).evaluations
    assert again == done.evaluation
    [elsewhere] = evaluate_run(dataclasses.replace(asked, ablation="zero")).evaluations
    assert (elsewhere.edge_auc, elsewhere.precision_at_known_size) == (None, None)
    [there] = evaluate_run(dataclasses.replace(asked, split="train")).evaluations
    assert (there.found_here, there.also_found_on) == (True, there.examples)


def test_a_truth_is_not_held_against_what_was_found_under_another(program):
    done = ew.load_run(program / "run")
    perfect = ew.Scores(done.scores.graph, Bundle.load(program / "model").known["zero"].circuit.mask())

    def judged(**changes):
        truth = truth_of(dataclasses.replace(done.request, **changes), perfect.graph)
        return None if truth is None else against_known(perfect, truth)

    assert set(judged(ablation="zero").values()) == {1.0}
    assert judged(ablation="corrupted")["edge_auc"] < 1
    assert judged(ablation="mean") is None
    assert judged(task="") is None


def test_published_circuits_are_those_of_the_model_meant():
    def known(graph=GPT2, **changes):
        asked = Request(model="gpt2", task="ioi", out="", metric="logit-diff")
        truth = truth_of(dataclasses.replace(asked, **changes), graph)
        return None if truth is None else truth.circuit

    assert len(known()) == 963
    assert "a9.h9->logits" in known()
    assert len(known(task="greater-than")) == 235
    assert known(model="openai-community/gpt2", corruption="abc") == known() == known(ablation="mean")
    for changes in (
        {"corruption": "swapped"},
        {"model": "gpt2-medium"},
        {"task": "induction"},
        {"task": "greater-than", "ablation": "mean"},
        {"graph": ew.Graph(layers=12, heads=12, key_readers=12, mlps=False)},
    ):
        assert known(**changes) is None
    docstring = ew.Graph(layers=4, heads=8, key_readers=8, mlps=False)
    assert len(known(docstring, model="attn-only-4l", task="docstring")) == 24


GPT2 = ew.Graph(layers=12, heads=12, key_readers=12)


def test_a_text_task_runs_on_any_model_that_knows_its_words(reader):
    given = ("--model", reader / "model", "--task", "ioi", "--examples", 8, "--out", reader / "run")
    done = edgewise("discover", *given, "--corruption", "swapped", "--json")
    assert done.exit_code == 0, done.stderr
    told = json.loads(done.stdout)["evaluation"]
    assert (told["examples"], told["also_found_on"], told["edge_auc"]) == (8, 0, None)
    again = edgewise("evaluate", reader / "run", "--split", "validation", "--examples", 5, "--json")
    [told] = json.loads(again.stdout)["evaluations"]
    assert (told["examples"], told["also_found_on"]) == (5, 0)
    other = edgewise("evaluate", reader / "run", "--task", "gendered-pronoun", "--json")
    assert json.loads(other.stdout)["prompts"] == "task gendered-pronoun, split test"


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ((), "a model was needed. Got none. Give --model, or a --task that has one: "),
        (("--task", "gendered-pronoun"), "task 'gendered-pronoun' has no model of its own. Give --model."),
        (("--task", "ioi-saturated"), "is a model and no task. Give --model zoo:ioi-saturated."),
        (("--task", "iio"), "unknown task 'iio'. Did you mean 'ioi'?"),
        (("--model", "zoo:tracr-revers"), "unknown zoo model 'tracr-revers'. Did you mean 'tracr-reverse'?"),
        (("--task", "tracr-reverse", "--examples", 1_000), "from 1 to"),
        (("--task", "ioi", "--model", "~nobody/x"), "does not exist"),
        (("--task", "tracr-reverse", "--corruption", "anther"), "Did you mean 'another'?"),
        (
            ("--task", "tracr-reverse", "--prompts", "mine.jsonl"),
            "one of prompts and task was needed. Got both.",
        ),
        (
            ("--task", "tracr-reverse", "--model", "zoo:tracr-xproportion"),
            "task 'tracr-reverse' belongs to zoo:tracr-reverse. Got zoo:tracr-xproportion.",
        ),
    ],
)
def test_what_is_not_there_or_does_not_go_together_is_told(given, problem, tmp_path):
    assert problem in problems(edgewise("discover", *given, "--out", tmp_path / "run"))[0]


def test_a_model_without_a_task_needs_prompts_and_all_problems_are_told(home):
    found = problems(edgewise("discover", "--model", home / "model", "--metric", "eccuracy", "--out", home))
    assert found[0].endswith("comes with no task. Give --prompts or --task.")
    assert "Did you mean 'accuracy'?" in found[1]
    assert "is there already" in found[2]


def test_options_of_a_task_are_not_passed_over_where_prompts_come_from_a_file(home):
    given = ("--model", home / "model", "--prompts", home / "prompts.jsonl", "--out", home / "idle")
    (problem,) = problems(edgewise("discover", *given, "--corruption", "abc", "--examples", 4))
    assert problem.startswith("examples and corruption choose among a task's prompts.")
    (problem,) = problems(edgewise("evaluate", home / "run", "--split", "train"))
    assert problem.startswith("split chooses among a task's prompts.")
    (problem,) = problems(edgewise("evaluate", home / "run", "--task", "iio"))
    assert "Did you mean 'ioi'?" in problem


def test_a_run_measured_on_a_file_goes_back_to_its_task_where_a_split_is_asked_for(reader):
    line = {
        "clean": "When John and Mary met",
        "corrupted": "When Tom and Mary met",
        "correct": "to",
        "wrong": "a",
    }
    path = write_prompts(reader / "own.jsonl", [line])
    given = ("--model", reader / "model", "--task", "ioi", "--examples", 4, "--evaluate-on", path)
    assert edgewise("discover", *given, "--out", reader / "both").exit_code == 0
    for options, prompts in (((), path), (("--split", "validation"), "task ioi, split validation")):
        assert (
            json.loads(edgewise("evaluate", reader / "both", *options, "--json").stdout)["prompts"] == prompts
        )


def copy_of(name, folder, **changes):
    """A bundled model's folder, with some of its task.json or known circuits changed."""
    shutil.copytree(zoo.DATA / name, folder)
    for file, content in changes.items():
        (folder / f"{file}.json").write_text(content)
    return folder


def test_a_truth_without_edges_judges_nothing_and_loses_no_run(tmp_path):
    model = copy_of("tracr-xproportion", tmp_path / "model")
    empty = ew.Circuit.empty(ew.Graph.of(ew.load(model).config))
    save_known({"corrupted": KnownCircuit(empty, empty, empty)}, model / "known_circuits.json")
    done = run(Request(model=str(model), out=str(tmp_path / "run"), edges=9))
    assert done.evaluation.edge_auc is None
    assert (tmp_path / "run" / "run.json").is_file()


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"known_circuits": "{}"}, "edgewise known circuits, version 1, was needed"),
        ({"task": '{"format": "edgewise task", "version": 1, "task": "mine"}'}, "unknown task 'mine'"),
        (
            {
                "task": '{"format": "edgewise task", "version": 1, "task": "mine", "program": '
                '{"words": ["a"], "values": null, "longest": 3}}'
            },
            "words and values, one for each of the model's tokens and outputs, were needed",
        ),
        ({"task": '{"task_id": 3}'}, "comes with no task. Give --prompts or --task."),
    ],
)
def test_what_is_wrong_with_what_lies_beside_a_model_is_told_before_any_work(changes, problem, tmp_path):
    model = copy_of("tracr-xproportion", tmp_path / "model", **changes)
    found = problems(edgewise("discover", "--model", model, "--out", tmp_path / "run"))
    assert problem in found[0]
    assert len(found) == 1


def test_the_task_file_of_another_program_is_in_nobodys_way(home, tmp_path):
    shutil.copytree(home / "model", tmp_path / "model")
    (tmp_path / "model" / "task.json").write_text('["something else"]')
    given = ("--model", tmp_path / "model", "--prompts", home / "prompts.jsonl", "--out", tmp_path / "run")
    assert edgewise("discover", *given).exit_code == 0


def test_the_targets_of_a_program_are_those_of_the_model_given():
    model = ew.load("zoo:tracr-reverse")
    model.unembed_weight.mul_(2)
    pairs = ew.task("tracr-reverse", model, 10)
    assert ew.evaluate(model, pairs, ew.Circuit.full(ew.Graph.of(model.config))).full == pytest.approx(
        0, abs=1e-9
    )


def test_an_edge_that_is_known_is_no_backup():
    both = ew.Circuit.of(GPT2, ["embed->logits"])
    with pytest.raises(ew.BadInput, match="an edge belongs or is a backup"):
        KnownCircuit(both, both, both - both)


def test_a_truth_is_not_held_against_other_weights(tmp_path):
    model = ew.load("zoo:ioi")
    model.token_embedding.mul_(1.01)
    save_model(model, tmp_path / "tuned")
    for file in ("task.json", "known_circuits.json"):
        shutil.copy(zoo.DATA / "ioi" / file, tmp_path / "tuned")
    asked = {"edges": 9, "examples": 6}
    tuned = run(Request(model=str(tmp_path / "tuned"), out=str(tmp_path / "one"), **asked))
    own = run(Request(model="zoo:ioi", out=str(tmp_path / "other"), **asked))
    assert tuned.evaluation.edge_auc is None
    assert own.evaluation.edge_auc > 0.5
