"""One run from a request to a folder."""

import dataclasses
import errno
import json
import math
from pathlib import Path

import pytest
import torch

import edgewise as ew
from edgewise.errors import BadInput, EdgewiseError
from edgewise.models.fingerprint import weights_fingerprint
from edgewise.request import DEFAULT_EDGES
from edgewise.run import run
from edgewise.run_folder import FILES
from edgewise.selection import select
from graphs import SMALL, small_scores
from tiny_runs import EDGES, contents, entries, request, tiny_model, write_prompts


def test_a_run_is_the_python_calls_in_their_order(home, done):
    model = ew.load(home / "model")
    pairs = ew.Pairs.from_jsonl(home / "prompts.jsonl", model)
    scores = ew.discover(model, pairs)
    assert done.scores == scores
    assert done.circuit == scores.top(40).prune()
    assert done.circuit.selected == 40
    evaluation = ew.evaluate(model, pairs, done.circuit)
    assert done.evaluation == dataclasses.replace(evaluation, found_here=True, also_found_on=10)


def test_a_run_is_read_back_as_it_was_made(home):
    asked = request(home, out=str(home / "again"), sparsity=0.5, edges=None, prune=False, by="value")
    made = run(asked)
    read = ew.load_run(asked.out)
    assert made.request == dataclasses.replace(asked, metric="logit-diff")
    assert (read.request, read.scores, read.circuit, read.evaluation) == (
        made.request,
        made.scores,
        made.circuit,
        made.evaluation,
    )
    assert read.record == json.loads(json.dumps(made.record))


def test_a_run_leaves_its_files_and_nothing_else(home, done):
    assert set(contents(home / "run")) == set(FILES)
    assert {path.name for path in home.iterdir()} >= {"model", "prompts.jsonl", "run"}
    assert not [path for path in home.iterdir() if path.name.startswith(".")]
    record = done.record
    assert set(record["costs"]) == {"forwards", "peak_bytes"}
    assert record["costs"]["forwards"] > 1
    assert record["costs"]["peak_bytes"] > 50e6, "python and torch alone take more"
    assert set(record["seconds"]) == {"validate", "load", "discover", "evaluate", "attention"}
    assert set(record["versions"]) == {"edgewise", "torch", "transformers", "python"}
    assert record["edges"] == {"graph": EDGES, "selected": 40, "kept": len(done.circuit)}
    assert record["model"]["weights"] == weights_fingerprint(ew.load(home / "model"))
    text = (home / "run" / "circuit.txt").read_text()
    assert done.circuit.text() in text
    assert "10 prompt pairs the circuit was found on" in text


@pytest.mark.parametrize(
    ("choice", "edges"),
    [
        ({"edges": 2}, 2),
        ({"threshold": 1.0}, 4),
        ({"threshold": 1.0, "by": "value"}, 2),
        ({"sparsity": 0.75}, 2),
        ({}, min(DEFAULT_EDGES, SMALL.edge_count)),
    ],
)
def test_edges_threshold_or_sparsity_choose_the_circuit(home, choice, edges):
    asked = request(home, prune=False, **{"edges": None, **choice})
    assert len(select(small_scores(), asked)) == edges


def test_a_circuit_is_pruned_unless_it_shall_not_be(home):
    pruned = select(small_scores(), request(home, edges=2))
    assert (len(pruned), pruned.selected) == (0, 2)
    assert select(small_scores(), request(home, edges=2, prune=False)).selected is None


def test_other_prompts_to_evaluate_on_are_named_as_such(home):
    other = write_prompts(home / "other.jsonl", entries(6, seed=5))
    found = run(request(home, out=str(home / "on-other"), evaluate_on=other))
    assert (found.evaluation.examples, found.evaluation.found_here) == (6, False)
    assert found.evaluation.also_found_on == 0
    same = write_prompts(home / "copy.jsonl")
    assert run(request(home, out=str(home / "on-copy"), evaluate_on=same)).evaluation.found_here


def test_overwriting_replaces_the_files_of_the_run_and_leaves_others(home):
    asked = request(home, out=str(home / "twice"))
    run(asked)
    (home / "twice" / "notes.md").write_text("mine")
    with pytest.raises(BadInput, match="is there already and was left as it is"):
        run(asked)
    second = run(dataclasses.replace(asked, edges=5, overwrite=True))
    assert ew.load_run(asked.out).circuit == second.circuit
    assert (home / "twice" / "notes.md").read_text() == "mine"


@pytest.mark.parametrize("whole_files", range(len(FILES)))
def test_a_disk_that_fills_leaves_the_old_run_as_it_was(home, whole_files, monkeypatch):
    asked = request(home, out=str(home / f"full-{whole_files}"), overwrite=True)
    run(asked)
    before = contents(Path(asked.out))
    writes = iter(range(len(FILES)))

    def fill(descriptor: int) -> None:
        if next(writes) == whole_files:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("edgewise.files.os.fsync", fill)
    with pytest.raises(EdgewiseError) as caught:
        run(dataclasses.replace(asked, edges=20))
    assert str(caught.value) == (
        f"{asked.out} could not be written: No space left on device. What was there is unchanged."
    )
    assert contents(Path(asked.out)) == before
    assert not [path for path in home.iterdir() if path.name.startswith(".")]


def test_a_folder_that_cannot_be_made_is_told_before_anything_is_run(home):
    with pytest.raises(BadInput, match=r"cannot be made: .*prompts.jsonl is a file"):
        run(request(home, out=str(home / "prompts.jsonl" / "run")))
    with pytest.raises(BadInput, match="is a file, and a run needs a folder"):
        run(request(home, out=str(home / "prompts.jsonl"), overwrite=True))


def test_a_fingerprint_is_of_the_numbers_whatever_their_layout_and_tells_one_that_changed():
    model, other = tiny_model(), tiny_model()
    other.token_embedding.data = other.token_embedding.data.T.contiguous().T
    assert weights_fingerprint(model) == weights_fingerprint(other)
    other.layers[1].mlp_norm.weight.data[3] += 1
    assert weights_fingerprint(model) != weights_fingerprint(other)
    assert weights_fingerprint(model) != weights_fingerprint(tiny_model().to(torch.bfloat16))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"threshold": math.nan, "edges": None}, "threshold must be a number. Got nan"),
        ({"sparsity": 1.5, "edges": None}, "sparsity must be from 0"),
        ({"edges": -1}, f"edges must be from 0 to {EDGES}, all of this model's. Got -1"),
        ({"edges": EDGES + 1}, f"Got {EDGES + 1}"),
        ({"edges": 3, "sparsity": 0.5}, "Got edges and sparsity"),
        ({"by": "size"}, "unknown order of edges 'size'"),
    ],
)
def test_a_choice_of_edges_that_cannot_be_made_is_refused(home, changes, said):
    with pytest.raises(EdgewiseError, match=said):
        run(request(home, out=str(home / "never"), **changes))
    assert not (home / "never").exists()


def test_overwriting_touches_only_the_folder_of_a_run(home):
    foreign = home / "not a run"
    foreign.mkdir()
    (foreign / "notes.txt").write_text("mine")
    with pytest.raises(BadInput, match=r"holds other files and no run\.json: nothing to overwrite"):
        run(request(home, out=str(foreign), overwrite=True))
    assert [each.name for each in foreign.iterdir()] == ["notes.txt"]
    link = home / "link"
    link.symlink_to(home / "nowhere")
    with pytest.raises(BadInput, match="is a link to nothing"):
        run(request(home, out=str(link), overwrite=True))


def test_a_run_can_be_left_in_the_folder_one_stands_in(home, monkeypatch):
    here = home / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    run(request(home, out=".", overwrite=True))
    assert ew.load_run(here).circuit == ew.load_run(".").circuit


def test_how_many_of_the_pairs_evaluated_on_were_found_on_is_told(home):
    own, others = entries(10), entries(3, seed=5)
    for name, lines, found_here, also, told in (
        ("reversed", own[::-1], True, 10, "on the 10 prompt pairs the circuit was found on"),
        ("some", own[:4], False, 4, "on 4 of the prompt pairs the circuit was found on"),
        ("mixed", [*own[:2], *others], False, 2, "on 5 prompt pairs, 2 of which the circuit was found on"),
        ("none", others, False, 0, "on 3 other prompt pairs"),
    ):
        path = write_prompts(home / f"{name}.jsonl", lines)
        found = run(request(home, out=str(home / f"on-{name}"), evaluate_on=path)).evaluation
        assert (found.found_here, found.also_found_on, found.where) == (found_here, also, told)
        assert ew.load_run(home / f"on-{name}").evaluation == found


def test_prompts_whose_two_sides_are_all_the_same_are_refused_and_one_of_many_is_not(home):
    lines = [{**entry, "corrupted": entry["clean"]} for entry in entries(3)]
    asked = request(home, out=str(home / "same"), prompts=write_prompts(home / "same.jsonl", lines))
    with pytest.raises(BadInput, match=r"Got the same two in every pair\. Change 'corrupted'"):
        run(asked)
    assert len(run(dataclasses.replace(asked, ablation="zero")).circuit)
    write_prompts(home / "same.jsonl", [*lines, *entries(1, seed=5)])
    assert len(run(dataclasses.replace(asked, out=str(home / "nearly"))).circuit)


def test_a_folder_that_cannot_be_made_after_all_is_not_said_to_be_unchanged(home, monkeypatch):
    def fail(*_, **__) -> None:
        raise OSError(errno.ENOENT, "No such file or directory")

    monkeypatch.setattr(Path, "mkdir", fail)
    with pytest.raises(EdgewiseError) as caught:
        run(request(home, out=str(home / "not-made")))
    assert str(caught.value) == f"{home / 'not-made'} could not be written: No such file or directory."
