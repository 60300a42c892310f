"""What a run tells of how its mask was learned."""

import json

import pytest

import edgewise as ew
from cli_cases import discover
from edgewise.errors import BadInput
from edgewise.export_run import export_run
from edgewise.reports.training import notes_on_training, positions_of, rounding_line
from edgewise.request import ExportRequest
from edgewise.run import run
from edgewise.run_folder import FILES, TRAINING
from learning_cases import STAGES, STEPS, asked, lines_of
from tiny_runs import EDGES, contents


@pytest.mark.parametrize("method", STAGES)
def test_every_stage_is_told_step_by_step_and_what_rounding_comes_to_at_its_end(home, method):
    found = run(asked(home, method, method))
    training = (home / method / TRAINING).read_text()
    assert found.training == training
    told = lines_of(training)
    places = [(each["stage"], each["step"], "rounded loss" in each) for each in told]
    steps = [*((step, False) for step in range(1, STEPS + 1)), (STEPS, True)]
    assert places == [(stage, *place) for stage in STAGES[method] for place in steps]
    for each in told:
        assert all(value == value for value in each.values())
        if "rounded loss" in each:
            assert each["cost of rounding"] == pytest.approx(each["rounded loss"] - each["settled loss"])
        else:
            assert {"loss", "penalty"} <= set(each)
            assert 0 <= each["sparsity"] <= 1
            assert 0 <= each["edges"] <= EDGES
    assert set(contents(home / method)) == {*FILES, TRAINING}
    if len(STAGES[method]) == 1:
        assert told[-1]["edges after trimming"] == found.scores.chosen


def test_other_methods_tell_nothing_and_what_another_run_told_goes_with_it(home):
    run(asked(home, "both"))
    assert (home / "both" / TRAINING).is_file()
    found = run(asked(home, "both", "eap", overwrite=True))
    assert found.training == ""
    assert set(contents(home / "both")) == set(FILES)
    run(asked(home, "both", overwrite=True))
    assert set(contents(home / "both")) == {*FILES, TRAINING}


def test_what_a_run_tells_is_not_replaced_by_an_export(home):
    run(asked(home, "kept"))
    path = home / "kept" / TRAINING
    before = path.read_text()
    with pytest.raises(BadInput, match=r"is a file of the run in .* and is kept even with --overwrite"):
        export_run(ExportRequest(run=str(home / "kept"), format="csv", out=str(path), overwrite=True))
    assert path.read_text() == before


def test_the_screen_tells_what_rounding_came_to_and_names_the_file(home):
    given = ["--method", "subnetwork-probing", "--set", "steps=3", "--out", home / "screen"]
    shown = " ".join(discover(home, *given).stdout.split())
    training = (home / "screen" / TRAINING).read_text()
    assert "Rounding the mask" in shown
    assert rounding_line(training) in shown
    assert TRAINING in shown
    again = json.loads(discover(home, *given, "--overwrite", "--json").stdout)
    assert TRAINING in again["files"]
    plain = discover(home, "--out", home / "plain").stdout
    assert TRAINING not in plain
    assert "Rounding" not in plain


@pytest.mark.parametrize(("target", "noted"), [(0.9, True), (0.01, False), (1.1, False)])
def test_a_target_that_is_missed_is_noted_unless_it_was_meant_to_push(home, target, noted):
    options = ["--set", "steps=10", "--set", f"target={target}"]
    done = discover(
        home, "--method", "edge-pruning", *options, "--edges", 20, "--out", home / f"target-{target}"
    )
    notes = [line for line in done.stderr.splitlines() if "was asked for" in line]
    assert [note.startswith("note: the mask came to a sparsity of ") for note in notes] == [True] * noted
    assert all("90.0% was asked for" in note for note in notes)


def test_a_target_is_missed_by_more_than_a_hundredth_of_all_edges():
    def note(sparsity, target, stage="the mask"):
        told = [
            {"stage": stage, "step": step, "sparsity": sparsity, "target at last": target} for step in (1, 2)
        ]
        return notes_on_training("".join(json.dumps(each) + "\n" for each in told))

    assert [len(note(*each)) for each in ((0.88, 0.9), (0.895, 0.9), (0.95, 0.9), (0.5, 1.02))] == [
        1,
        0,
        0,
        0,
    ]
    assert notes_on_training("") == []


def test_a_circuit_whose_loss_is_above_hold_in_all_tries_is_noted():
    def notes(*losses, hold=0.2):
        told = []
        for each, loss in enumerate(losses):
            stage = f"the mask, try {each}"
            told.append({"stage": stage, "step": 1, "sparsity": 0.5})
            told.append({"stage": stage, "step": 1, "rounded loss": 0.9, "trimmed loss": loss, "hold": hold})
        # What works against the answer is held to something else.
        told.append({"stage": "the adversary", "step": 1, "rounded loss": 0.01, "hold": hold})
        return notes_on_training("".join(json.dumps(each) + "\n" for each in told))

    assert notes(0.3, 0.1) == notes(0.1) == []
    [note] = notes(0.5, 0.3)
    assert note.startswith("the circuit's loss is 0.3, above hold=0.2: it does not do the task.")


def test_positions_are_told_of_the_try_that_was_taken():
    ends = [
        ("the mask", 0.5, "embed->logits"),
        ("the mask, try 2", 0.3, "m0->logits"),
        ("the mask, try 3", 0.9, "a"),
    ]
    told = [
        {"stage": stage, "rounded loss": loss, "by position": {edge: [0.9, 0.2]}}
        for stage, loss, edge in ends
    ]
    assert positions_of("".join(json.dumps(each) + "\n" for each in told)) == {"m0->logits": "0"}


@pytest.mark.parametrize(("sparsity", "target", "noted"), [(0.4, None, 1), (0.6, None, 0), (0.2, 0.2, 0)])
def test_a_mask_that_has_hardly_closed_is_noted_unless_no_more_was_asked_for(sparsity, target, noted):
    told = {"stage": "the mask", "step": 9, "sparsity": sparsity}
    told |= {} if target is None else {"target at last": target}
    notes = notes_on_training(json.dumps(told) + "\n")
    assert len(notes) == noted
    assert all(note.startswith("the mask has hardly closed: 60% of its edges are open.") for note in notes)


def test_a_log_can_be_asked_for_from_python_and_a_method_that_tells_nothing_writes_none(home, tmp_path):
    model = ew.load(home / "model")
    pairs = ew.Pairs.from_jsonl(home / "prompts.jsonl", model)
    ew.discover(model, pairs, "ugs", steps=2, log=tmp_path / "deep" / "log.jsonl")
    assert [each["step"] for each in lines_of((tmp_path / "deep" / "log.jsonl").read_text())] == [1, 2, 2]
    ew.discover(model, pairs, "eap", log=tmp_path / "none.jsonl")
    assert not (tmp_path / "none.jsonl").exists()
