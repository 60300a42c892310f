"""`edgewise evaluate` with a curve, completeness, minimality and another averaging."""

import dataclasses
import json

import pytest
import torch

import edgewise as ew
from cli_cases import discover, edgewise, problems
from edgewise.evaluation.curve import MIB_SIZES, circuits_of_sizes, curve
from edgewise.evaluation.intervals import intervals_of
from edgewise.evaluation.minimality import contributions
from edgewise.export_run import export_run
from edgewise.formats import mib
from edgewise.selection import select
from edgewise.verb_requests import ExportRequest
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
        "--minimality is of one circuit. Got --curve, too. Leave one of them out.",
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


def test_where_some_edges_have_no_score_larger_circuits_are_those_that_have_one(home):
    found = discover(home, "--method", "acdc", "--set", "tau=1e-3", "--quiet", "--out", home / "walked")
    assert found.exit_code == 0, found.stderr
    run = ew.load_run(home / "walked")
    able = ew.Circuit(run.scores.graph, run.scores.values != 0)
    assert 0 < len(able) < EDGES
    done = edgewise("evaluate", home / "walked", "--curve", "--json")
    assert any(
        f"{len(able)} edges have a score to be chosen by" in note for note in json.loads(done.stdout)["notes"]
    )
    told = json.loads(done.stdout)
    sizes = [evaluation["edges"] for evaluation in told["evaluations"]]
    assert sizes[-1] == len(able.prune())
    one = edgewise("evaluate", home / "walked", "--edges", EDGES, "--json")
    assert json.loads(one.stdout)["evaluations"][0]["edges"] == sizes[-1]
    assert "have a score" not in edgewise("evaluate", home / "walked", "--edges", len(able)).stderr
    beside = edgewise("compare", home / "walked", home / "run", "--edges", EDGES, "--json")
    [note] = [note for note in json.loads(beside.stdout)["notes"] if "have a score" in note]
    assert note.startswith("walked: ")


def test_a_mask_that_chose_by_value_is_cut_by_value_unless_another_order_is_asked_for(home):
    run = ew.load_run(home / "run")
    values = torch.where(
        run.scores.graph.edges, torch.linspace(-2, 1, run.scores.values.numel()).view_as(run.scores.values), 0
    )
    chosen = ew.Scores(run.scores.graph, values, chosen=7)
    plain = dataclasses.replace(run.request, edges=None, prune=False)
    assert select(chosen, plain, 7) == select(chosen, plain) == chosen.own()
    by_size = dataclasses.replace(plain, by="absolute")
    assert select(chosen, by_size, 7) == chosen.top(7, "absolute") != chosen.own()
    ranked = ew.Scores(run.scores.graph, values)
    assert select(ranked, plain, 7) == ranked.top(7, "absolute")
