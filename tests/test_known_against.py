"""Edges that work against the answer: in the file of known circuits and in lists."""

import json

import pytest

from edgewise import zoo
from edgewise.circuit import Circuit
from edgewise.errors import BrokenFile
from edgewise.reports.lists import models
from edgewise.zoo.known import FORMAT, VERSION, KnownCircuit, load_known, save_known
from graphs import SMALL

CIRCUIT = Circuit.of(SMALL, ["embed->a0.h0<v>", "a0.h0->logits"])
AGAINST_IT = Circuit.of(SMALL, ["a0.h0->logits"])
NONE = Circuit.empty(SMALL)


def written(path, **truth):
    circuits = {"corrupted": {"edges": list(CIRCUIT), "backups": [], **truth}}
    path.write_text(json.dumps({"format": FORMAT, "version": VERSION, "circuits": circuits}))
    return path


def test_what_works_against_the_answer_comes_back_as_it_was_saved(tmp_path):
    known = {"corrupted": KnownCircuit(CIRCUIT, NONE, AGAINST_IT), "zero": KnownCircuit(CIRCUIT, NONE, NONE)}
    save_known(known, tmp_path / "known.json")
    again = load_known(tmp_path / "known.json", SMALL)
    assert again == known
    assert {name: list(each.against) for name, each in again.items()} == {
        "corrupted": ["a0.h0->logits"],
        "zero": [],
    }


def test_a_file_that_does_not_say_what_works_against_the_answer_has_nothing_that_does(tmp_path):
    known = load_known(written(tmp_path / "old.json"), SMALL)
    assert known == {"corrupted": KnownCircuit(CIRCUIT, NONE, NONE)}


@pytest.mark.parametrize(
    ("against", "problem"),
    [
        (["embed->logits"], r"edges of the circuit were needed .* Got embed->logits, which .* in neither"),
        (["a7.h0->logits"], "a7.h0->logits"),
        (3, "'edges', 'backups' and, if need be, 'against'"),
        (None, "'edges', 'backups' and, if need be, 'against'"),
    ],
)
def test_a_file_of_known_circuits_is_refused_when_what_works_against_is_not_of_the_circuit(
    against, problem, tmp_path
):
    path = written(tmp_path / "known.json", against=against)
    with pytest.raises(BrokenFile, match=problem) as refused:
        load_known(path, SMALL)
    assert str(path) in str(refused.value)


def test_the_list_of_models_tells_how_many_edges_are_against_the_answer():
    listed = models()
    for name in zoo.names():
        known = zoo.open_bundle(name).known
        told = listed[f"zoo:{name}"]["known circuits"]
        assert {truth for truth, each in known.items() if each.against} == {
            truth for truth, what in told.items() if "against the answer" in what
        }
    assert (
        listed["zoo:ioi-negative"]["known circuits"]["corrupted"]
        == "9 edges, 3 against the answer, and 1 backup"
    )
