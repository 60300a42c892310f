"""Runs of a task: which model and prompts are meant, how scores stand beside the known circuit."""

import dataclasses
import json

import pytest

import edgewise as ew
from cli_cases import edgewise, problems
from edgewise import zoo
from edgewise.evaluate_run import evaluate_run
from edgewise.evaluation.known import against_known
from edgewise.models.config import ModelConfig
from edgewise.models.native import save_model
from edgewise.models.random import random_model
from edgewise.request import EvaluationRequest, Request
from edgewise.run import beside_the_truth, run
from edgewise.tasks.programs import program_pairs
from edgewise.zoo.bundle import Bundle
from task_cases import whole_words


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
    assert dataclasses.replace(again, edge_auc=None) == dataclasses.replace(
        done.evaluation, edge_auc=None, precision_at_known_size=None
    )
    [there] = evaluate_run(dataclasses.replace(asked, split="train")).evaluations
    assert (there.found_here, there.also_found_on) == (True, there.examples)


def test_a_truth_is_not_held_against_what_was_found_under_another(program):
    done = ew.load_run(program / "run")
    perfect = ew.Scores(done.scores.graph, Bundle.load(program / "model").known["zero"].circuit.mask())

    def judged(**changes):
        return beside_the_truth(perfect, dataclasses.replace(done.request, **changes))

    assert judged(ablation="zero") == {"edge_auc": 1.0, "precision_at_known_size": 1.0}
    assert judged(ablation="corrupted")["edge_auc"] < 1
    assert judged(ablation="mean") == {}
    assert judged(task="") == {}


def test_published_circuits_are_those_of_the_model_meant():
    scores = ew.Scores(GPT2, ew.Circuit.full(GPT2).mask())

    def judged(**changes):
        asked = Request(model="gpt2", task="ioi", out="", metric="logit-diff")
        return beside_the_truth(scores, dataclasses.replace(asked, **changes))

    assert judged()["edge_auc"] == 0.5
    assert judged()["precision_at_known_size"] == pytest.approx(963 / 32_491)
    assert judged(task="greater-than")["precision_at_known_size"] == pytest.approx(235 / 32_491)
    assert judged(model="openai-community/gpt2", corruption="abc") == judged()
    assert judged(corruption="swapped") == judged(model="gpt2-medium") == judged(task="induction") == {}
    docstring = ew.Graph(layers=4, heads=8, key_readers=8, mlps=False)
    full = ew.Scores(docstring, ew.Circuit.full(docstring).mask())
    asked = Request(model="attn-only-4l", task="docstring", out="", metric="logit-diff")
    assert beside_the_truth(full, asked)["precision_at_known_size"] == pytest.approx(24 / 1_281)


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
