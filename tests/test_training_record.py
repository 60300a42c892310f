"""What a run tells of how its mask was learned."""

import json

import pytest

import edgewise as ew
from cli_cases import discover
from edgewise.errors import BadInput
from edgewise.export_run import export_run
from edgewise.reports.training import notes_on_training, positions_of, rounding_line
from edgewise.run import run
from edgewise.run_folder import FILES, TRAINING
from edgewise.verb_requests import ExportRequest
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
    assert [note.startswith("note: the circuit has ") for note in notes] == [True] * noted
    assert all("90.0% was asked for" in note for note in notes)


def ends(*losses, **told):
    """Of the tries of a mask that has 20 of 100 edges."""
    end = {"rounded loss": 0.9, "edges after rounding": 20.0, "edges learned": 100.0, **told}
    return [
        {"stage": f"the mask, try {each}", **end, "trimmed loss": loss} for each, loss in enumerate(losses)
    ]


def notes_of(lines, edges=100):
    return notes_on_training("".join(json.dumps(each) + "\n" for each in lines), edges)


def test_a_target_is_missed_where_the_circuit_has_a_hundredth_of_all_edges_more():
    def notes(left, target):
        step = {"stage": "the mask, try 0", "sparsity": 0.99, "target at last": target}
        return notes_of([step, *ends(0.1, **{"edges after trimming": float(left)})])

    assert [len(notes(*each)) for each in ((12, 0.9), (11, 0.9), (5, 0.9), (50, 1.02))] == [1, 0, 0, 0]
    [note] = notes(12, 0.9)
    assert "has 12 of the 100 edges learned, a sparsity of 88.0%, and 90.0% was asked for" in note
    assert notes_on_training("", 100) == []


def test_a_circuit_whose_loss_is_above_hold_in_all_tries_is_noted():
    # What works against the answer is held to something else.
    adversary = {"stage": "the adversary", "rounded loss": 0.01, "edges after rounding": 3.0, "hold": 0.2}
    for losses in ((0.3, 0.1), (0.1,)):
        assert notes_of([*ends(*losses, hold=0.2), adversary]) == []
    [note] = notes_of([*ends(0.5, 0.3, hold=0.2), adversary])
    assert note.startswith("the circuit's loss is 0.3, above hold=0.2: it does not do the task.")
    assert "share" not in note
    [note] = notes_of(ends(0.3, hold=0.2), edges=200)
    assert "more edges to learn (share, --edges-from)" in note


def test_positions_are_told_of_the_try_that_was_taken():
    three = ends(0.5, 0.3, 0.9)
    for told, edge in zip(three, ("embed->logits", "m0->logits", "a0.h0->logits"), strict=True):
        told["by position"] = {edge: [0.9, 0.2]}
    assert positions_of("".join(json.dumps(each) + "\n" for each in three)) == {"m0->logits": "0"}


@pytest.mark.parametrize(("left", "edges", "noted"), [(60, 100, 1), (40, 100, 0), (6, 100, 0)])
def test_a_mask_that_leaves_most_edges_of_the_model_has_hardly_closed(left, edges, noted):
    notes = notes_of(ends(0.1, **{"edges after trimming": float(left), "edges learned": float(left)}), edges)
    assert len(notes) == noted
    assert all(note.startswith("the mask has hardly closed: 60 of 100 edges are left.") for note in notes)


def test_a_log_can_be_asked_for_from_python_and_a_method_that_tells_nothing_writes_none(home, tmp_path):
    model = ew.load(home / "model")
    pairs = ew.Pairs.from_jsonl(home / "prompts.jsonl", model)
    ew.discover(model, pairs, "ugs", steps=2, log=tmp_path / "deep" / "log.jsonl")
    assert [each["step"] for each in lines_of((tmp_path / "deep" / "log.jsonl").read_text())] == [1, 2, 2]
    ew.discover(model, pairs, "eap", log=tmp_path / "none.jsonl")
    assert not (tmp_path / "none.jsonl").exists()
