"""`edgewise evaluate` with a curve, completeness, minimality and another averaging."""

import json

import pytest

import edgewise as ew
from cli_cases import discover, edgewise, problems
from edgewise.evaluation.curve import MIB_SIZES, circuits_of_sizes, curve
from edgewise.evaluation.intervals import intervals_of
from edgewise.evaluation.minimality import contributions
from edgewise.export_run import export_run
from edgewise.formats import mib
from edgewise.request import ExportRequest
from tiny_runs import EDGES


@pytest.fixture
def loaded(home):
    """The model, prompts and scores of the run in the folder."""
    model = ew.load(home / "model")
    return model, ew.Pairs.from_jsonl(home / "prompts.jsonl", model), ew.load_run(home / "run").scores


def evaluated(home, *arguments):
    done = edgewise("evaluate", home / "run", *arguments, "--json")
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)


def without_examples(evaluation):
    return {name: value for name, value in evaluation.to_dict().items() if name != "per_example"}


def test_a_curve_has_the_sizes_of_mib_and_the_areas_of_the_python_call(home, loaded):
    told = evaluated(home, "--curve", "--out", home / "curve.json")
    expected = curve(*loaded)
    assert told["curve"]["sizes"] == list(MIB_SIZES)
    assert (told["curve"]["cpr"], told["curve"]["cmd"]) == (
        pytest.approx(expected.cpr),
        pytest.approx(expected.cmd),
    )
    assert [each["faithfulness"] for each in told["evaluations"]] == pytest.approx(expected.faithfulness)
    written = json.loads((home / "curve.json").read_text())
    assert written["curve"] == told["curve"]
    assert [len(each["per_example"]["kl"]) for each in written["evaluations"]] == [10] * 10
    (home / "curve.json").unlink()


def test_a_curve_of_other_sizes_and_another_order(home, loaded):
    told = evaluated(home, "--curve", "--edges", 5, "--edges", 20, "--edges", EDGES, "--by", "value")
    assert told["curve"]["sizes"] == [5 / EDGES, 20 / EDGES, 1]
    model, pairs, scores = loaded
    expected = curve(model, pairs, [scores.top(size, "value").prune() for size in (5, 20, EDGES)])
    assert told["curve"]["cpr"] == pytest.approx(expected.cpr)


def test_the_curve_of_an_exported_mib_file_is_the_runs(home, loaded):
    model, pairs, scores = loaded
    export_run(ExportRequest(run=str(home / "run"), format="mib", out=str(home / "scores.json")))
    again, circuit = mib.read(home / "scores.json")
    for by in ("absolute", "value"):
        before, after = curve(model, pairs, scores, by=by), curve(model, pairs, again, by=by)
        assert after.cpr == pytest.approx(before.cpr, abs=1e-6)
        assert after.cmd == pytest.approx(before.cmd, abs=1e-6)
        assert after.faithfulness == pytest.approx(before.faithfulness, abs=1e-6)
    run = ew.load_run(home / "run")
    read = ew.evaluate(model, pairs, circuit)
    for name in ("faithfulness", "kl", "circuit", "full", "replaced"):
        assert getattr(read, name) == pytest.approx(getattr(run.evaluation, name), abs=1e-6)
    (home / "scores.json").unlink()


def test_the_other_averaging_is_named_wherever_a_number_is(home):
    told = evaluated(home, "--averaging", "mean-of-ratios")
    assert told["evaluations"][0]["averaging"] == "mean-of-ratios"
    shown = edgewise("evaluate", home / "run", "--averaging", "mean-of-ratios").stdout
    assert "faithfulness by mean-of-ratios" in shown


def test_json_has_the_intervals_of_the_python_call(home):
    told = evaluated(home)["evaluations"][0]["intervals"]
    assert told == {
        name: list(each) for name, each in intervals_of(ew.load_run(home / "run").evaluation).items()
    }


def test_completeness_and_minimality_are_those_of_the_python_calls(home, loaded):
    model, pairs, scores = loaded
    told = evaluated(home, "--completeness", "--minimality", "--edges", 20)
    circuit = scores.top(20).prune()
    rest = ew.evaluate(model, pairs, ~circuit)
    assert told["without_the_circuit"][0]["faithfulness"] == pytest.approx(rest.faithfulness)
    assert told["without_the_circuit"][0]["edges"] == EDGES - len(circuit)
    found = contributions(model, pairs, circuit)
    assert list(told["contributions"].values()) == sorted(told["contributions"].values())
    assert told["contributions"] == pytest.approx({edge: found.of(edge) for edge in circuit})


def test_the_screen_tells_all_that_was_asked_for_in_80_columns(home):
    asked = ["--completeness", "--minimality"]
    shown = edgewise("evaluate", home / "run", *asked, env={"COLUMNS": "80"}).stdout
    for words in ("Without the circuit", "What each edge contributes", "95% interval", "; faithfulness by "):
        assert words in shown
    shown += edgewise("evaluate", home / "run", "--curve", env={"COLUMNS": "80"}).stdout
    assert "CPR " in shown
    assert not [row for row in shown.splitlines() if row != row.rstrip() or len(row) > 80]


def test_what_cannot_be_asked_for_together_is_told_at_once(home):
    given = ["--curve", "--edges", 20, "--edges", 5, "--minimality", "--averaging", "mean"]
    assert problems(edgewise("evaluate", home / "run", *given)) == [
        "--minimality is of one circuit. Got several sizes. Give one, or leave them out.",
        "unknown averaging 'mean'. Did you mean 'ratio-of-means'? Known: mean-of-ratios, ratio-of-means.",
        "--curve needs two sizes or more, the smallest first. Got --edges 20, 5. "
        "Leave them out for ten sizes.",
    ]
    told = problems(edgewise("evaluate", home / "run", "--curve", "--edges", 20))
    assert told[0].startswith("--curve needs two sizes or more")


def test_a_run_whose_circuit_was_not_pruned_has_a_curve_that_is_not_either(home):
    done = discover(home, "--no-prune", "--edges", 9, "--out", home / "whole")
    assert done.exit_code == 0, done.stderr
    told = json.loads(edgewise("evaluate", home / "whole", "--curve", "--json").stdout)
    scores = ew.load_run(home / "whole").scores
    sizes = [len(circuit) for circuit in circuits_of_sizes(scores, prune=False)]
    assert [each["edges"] for each in told["evaluations"]] == sizes
