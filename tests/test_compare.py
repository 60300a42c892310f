"""Runs beside each other: on the same prompts, at their own sizes and at one."""

import json

import pytest

import edgewise as ew
from cli_cases import discover, edgewise, problems
from tiny_runs import EDGES, entries, save_tiny_model, write_prompts


@pytest.fixture
def others(home):
    """Runs of other methods and sizes."""
    for name, given in (
        ("small", ["--edges", 9]),
        ("integrated", ["--method", "eap-ig-inputs", "--edges", 20]),
    ):
        if not (home / name).exists():
            assert discover(home, *given, "--quiet", "--out", home / name).exit_code == 0
    return [home / "run", home / "small", home / "integrated"]


def compared(*arguments):
    done = edgewise("compare", *arguments, "--json")
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)


def test_numbers_are_those_of_the_python_calls_at_each_size(home, others):
    told = compared(*others)
    assert told["size"] == 9
    model = ew.load(home / "model")
    pairs = ew.Pairs.from_jsonl(home / "prompts.jsonl", model)
    runs = [ew.load_run(folder) for folder in others]
    circuits = [run.scores.top(9).prune() for run in runs]
    for row, run, circuit in zip(told["runs"], runs, circuits, strict=True):
        own, at_size = (ew.evaluate(model, pairs, each) for each in (run.circuit, circuit))
        for name, evaluation in (("own", own), ("at_size", at_size)):
            assert row[name]["edges"] == evaluation.edges
            assert row[name]["faithfulness"] == pytest.approx(evaluation.faithfulness, abs=1e-6)
            assert row[name]["kl"] == pytest.approx(evaluation.kl, abs=1e-6)
        assert (row["method"], row["chosen"]) == (run.request.method, run.record["edges"]["selected"])
        assert row["seconds"] == run.record["seconds"]["discover"]
    expected = [[one.jaccard(other) for other in circuits] for one in circuits]
    assert told["overlaps"] == expected


def test_all_are_measured_on_what_is_asked_for(home, others):
    other = write_prompts(home / "others.jsonl", entries(5, seed=8))
    out = home / "compared.json"
    given = ["--edges", EDGES, "--prompts", other, "--metric", "kl", "--ablation", "mean", "--out", out]
    told = compared(*others, *given)
    assert (told["size"], told["metric"], told["ablation"], told["examples"]) == (EDGES, "kl", "mean", 5)
    assert [row["at_size"]["edges"] for row in told["runs"]] == [EDGES] * 3
    assert told["overlaps"] == [[1.0] * 3] * 3
    assert json.loads(out.read_text()) == told
    [refused] = problems(edgewise("compare", *others, "--out", out))
    assert "is there already" in refused
    out.unlink()


def test_runs_that_were_not_found_alike_are_noted(home, others):
    discover(home, "--ablation", "zero", "--edges", 9, "--quiet", "--out", home / "by-zero")
    told = compared(others[0], home / "by-zero")
    assert told["notes"][0] == "the runs were found with different ablation: corrupted, zero."
    assert "run, by-zero: found on 10 of these prompt pairs." in told["notes"]


def test_what_cannot_be_compared_is_told_at_once(home, others, tmp_path):
    save_tiny_model(home / "shallow", layers=1)
    discover(home, "--edges", 9, "--quiet", "--out", tmp_path / "shallow", model="shallow")
    told = problems(edgewise("compare", others[0], tmp_path / "shallow", tmp_path / "none", "--edges", 0))
    assert told[0].startswith(f"{tmp_path / 'none'} is no folder")
    assert told[1] == "edges must be 1 or more. Got 0."
    assert told[2].startswith("runs on one graph were needed. ")
    assert problems(edgewise("compare", others[0])) == ["two runs or more were needed. Got 1."]
    together = problems(edgewise("compare", others[0], tmp_path / "none", "--metric", "logits-diff"))
    assert [problem.split(" ")[0] for problem in together] == [f"{tmp_path / 'none'}", "unknown"]
    assert problems(edgewise("compare")) == ["two runs or more were needed. Got 0."]


def test_the_screen_names_runs_by_their_folders_in_80_columns(home, others):
    shown = edgewise("compare", *others, env={"COLUMNS": "80"}).stdout
    for folder in others:
        assert folder.name in shown
    assert not [row for row in shown.splitlines() if row != row.rstrip() or len(row) > 80]
    assert edgewise("compare", *others, "--quiet").output == ""
