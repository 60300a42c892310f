"""`ew.view` and `edgewise view`: pages of runs, scores and circuits, and what cannot be shown."""

import json
import sys

import pytest

import edgewise as ew
from cli_cases import discover, edgewise, problems
from edgewise.circuit import Circuit
from edgewise.evaluation.curve import counts_of
from edgewise.evaluation.known import against_known
from edgewise.models.native import save_model
from edgewise.pages.report import report
from edgewise.run_files import EVALUATION
from edgewise.run_folder import ATTENTION, CURVE, FILES, REPORT
from edgewise.view_run import OTHER_WEIGHTS, view
from graphs import SMALL, small_scores
from tiny_runs import EDGES, save_tiny_model, tiny_model


def report_in(path):
    _, _, rest = path.read_text().partition('id="edgewise-report">')
    return json.loads(rest.partition("</script>")[0])


def test_a_run_measures_the_sizes_of_its_page_as_evaluate_does(home, done):
    curve = json.loads(edgewise("evaluate", home / "run", "--curve", "--json").stdout)
    assert [each["faithfulness"] for each in curve["evaluations"]] == pytest.approx(
        [each.faithfulness for each in done.curve.evaluations]
    )
    points = report_in(home / "run" / REPORT)["runs"][0]["curve"]
    sizes = sorted({*counts_of(EDGES), 40})
    assert [point["size"] for point in points] == sizes
    assert points[sizes.index(40)]["faithfulness"] == done.evaluation.faithfulness


def test_the_page_can_be_made_again_from_the_folder_and_is_the_same(home):
    before = (home / "run" / REPORT).read_text()
    done = edgewise("view", home / "run", "--no-open")
    assert done.stdout == f"wrote {home / 'run' / REPORT}\n"
    assert (home / "run" / REPORT).read_text() == before


def test_a_run_of_before_there_were_pages_has_one_without_what_was_not_measured(home):
    discover(home, "--no-report", "--out", home / "old")
    assert {path.name for path in (home / "old").iterdir()} == set(FILES) - {CURVE, ATTENTION, REPORT}
    done = edgewise("view", home / "old", "--no-open", "--json")
    told = report_in(home / "old" / REPORT)["runs"][0]
    assert json.loads(done.stdout) == {"page": str(home / "old" / REPORT), "opened": False, "notes": []}
    assert [point["size"] for point in told["curve"]] == [told["chosen"]["size"]]
    assert told["examples"] == []


def test_a_run_over_another_leaves_none_of_its_files(home):
    out = home / "twice"
    discover(home, "--out", out)
    assert discover(home, "--no-report", "--overwrite", "--out", out).exit_code == 0
    assert {path.name for path in out.iterdir()} == set(FILES) - {CURVE, ATTENTION, REPORT}


def test_two_runs_have_a_page_beside_the_first(home, monkeypatch):
    opened = []
    monkeypatch.setattr("webbrowser.open", lambda url: opened.append(url) or True)
    discover(home, "--method", "acdc", "--set", "tau=1e-3", "--out", home / "walked")
    done = edgewise("view", home / "run", home / "walked")
    path = home / "run" / "report-beside-walked.html"
    assert done.stdout == f"wrote {path}\n"
    assert opened == [path.as_uri()]
    told = report_in(path)
    assert [run["name"] for run in told["runs"]] == ["run", "walked"]
    walked = ew.load_run(home / "walked")
    assert told["runs"][1]["edges"]["able"] == int((walked.scores.values != 0).sum())


def test_what_is_told_of_a_known_circuit_is_of_the_one_that_is_shown(done):
    circuit = done.scores.top(10)
    told = view(done, known=circuit).report["runs"][0]
    facts = dict(told["known"]["facts"])
    expected = against_known(done.scores, circuit)
    assert facts["edge AUC"] == f"{expected['edge_auc']:.3f}" == "1.000"
    assert facts["precision at its size"] == "1.000"
    assert view(done).report["runs"][0]["known"] is None


def test_sizes_beyond_what_can_be_chosen_are_one_point_of_the_curve(home):
    discover(home, "--method", "acdc", "--set", "tau=1e-3", "--edges", 3, "--out", home / "few")
    run = ew.load_run(home / "few")
    able = int((run.scores.values != 0).sum())
    points = view(run).report["runs"][0]["curve"]
    assert points[-1]["size"] == able
    assert points[-1]["faithfulness"] == run.curve.evaluations[-1].faithfulness
    assert len({point["size"] for point in points}) == len(points)


def test_a_broken_picture_of_a_run_stops_no_measuring(home):
    discover(home, "--out", home / "damaged")
    (home / "damaged" / ATTENTION).write_bytes(b"no")
    assert edgewise("evaluate", home / "damaged", "--json").exit_code == 0
    done = edgewise("view", home / "damaged", "--no-open")
    assert done.exit_code == 0
    assert done.stderr.startswith(f"note: {home / 'damaged' / ATTENTION} could not be read as attention: ")
    assert done.stderr.endswith(" The page does without curve and attention.\n")
    assert report_in(home / "damaged" / REPORT)["runs"][0]["examples"] == []
    (home / "damaged" / CURVE).write_text("{}")
    drawn = edgewise("plot", home / "damaged", "--only", "faithfulness", "--only", "heads")
    assert f"no faithfulness: {home / 'damaged' / CURVE}: a curve was needed" in drawn.stderr
    assert (home / "damaged" / "pictures" / "heads.svg").is_file()
    (home / "damaged" / EVALUATION).unlink()
    [gone] = problems(edgewise("view", home / "damaged", "--no-open"))
    assert gone.count(EVALUATION) == 1


def test_a_folder_of_any_name_can_have_a_page(home):
    out = home / "q\udcff"
    assert discover(home, "--quiet", "--out", out).exit_code == 0
    assert (out / REPORT).is_file()


def test_files_of_another_run_are_not_taken_for_this_ones(home):
    discover(home, "--out", home / "mixed")
    save_tiny_model(home / "large", layers=3)
    discover(home, "--out", home / "larger", model="large")
    for name in (CURVE, ATTENTION):
        (home / "mixed" / name).write_bytes((home / "larger" / name).read_bytes())
        told = edgewise("view", home / "mixed", "--no-open").stderr
        assert told.startswith(f"note: {home / 'mixed' / name} is of another model.")
        (home / "mixed" / name).unlink()
    assert edgewise("view", home / "mixed", "--no-open").exit_code == 0


def test_runs_of_other_weights_are_held_side_by_side_with_a_note(home):
    save_model(tiny_model(width=24), home / "wider")
    discover(home, "--out", home / "others", model="wider")
    done = edgewise("view", home / "run", home / "others", "--no-open")
    assert done.stderr == f"note: {OTHER_WEIGHTS}\n"
    told = report_in(home / "run" / "report-beside-others.html")
    assert told["runs"][1]["notes"][-1] == OTHER_WEIGHTS


def test_a_page_tells_no_folder_of_the_machine_that_made_it(home):
    text = (home / "run" / REPORT).read_text()
    assert str(home) not in text
    assert report_in(home / "run" / REPORT)["title"] == "eap on model, prompts.jsonl"


def test_what_cannot_be_shown_is_told_at_once(home):
    save_tiny_model(home / "other", layers=1)
    discover(home, "--out", home / "smaller", model="other")
    assert problems(edgewise("view", home / "run", home / "smaller", "--no-open")) == [
        "scores and circuits of one graph were needed. Got one of 2 layers x 2 heads: 7 sources, 15 readers, "
        f"{EDGES} edges; and one of 1 layers x 2 heads: 4 sources, 8 readers, 13 edges."
    ]
    found = problems(
        edgewise("view", home / "nowhere", home / "prompts.jsonl", "--out", home / "prompts.jsonl")
    )
    assert [problem.split(".")[0] for problem in found] == [
        f"{home / 'nowhere'} is no folder",
        f"{home / 'prompts'}",
        f"{home / 'prompts'}",
    ]
    [none] = problems(edgewise("view", "--no-open"))
    assert none == "the folder of a run was needed, or of two. Got 0."
    [gone] = problems(edgewise("view", home / "run", "--known", home / "gone.json", "--no-open"))
    assert "gone.json" in gone


def test_scores_and_circuits_have_pages_too():
    scores = small_scores()
    circuit = scores.top(3)
    assert repr(view(scores)) == f"Page(circuit: {len(scores.top(8).prune())} edges)"
    told = view(circuit, scores=scores, known=circuit, title="mine").report
    assert told["title"] == "mine"
    assert told["runs"][0]["edges"]["able"] == 3
    assert told["runs"][0]["chosen"] == {"size": 3, "kept": 3, "prune": False}
    assert not view(circuit).report["runs"][0]["edges"]["scored"]
    assert len(view(scores, circuit).report["runs"]) == 2
    assert view(Circuit.empty(SMALL)).report["runs"][0]["chosen"]["size"] == 0
    with pytest.raises(ew.BadInput, match="scores are given beside a circuit"):
        view(scores, scores=scores)
    with pytest.raises(ew.BadInput, match=r"one run, or two side by side\. Got 0"):
        report([])


def test_a_notebook_shows_the_widget_or_without_anywidget_the_page_in_a_frame(monkeypatch):
    page = view(small_scores(), title="<b>")
    shown = page._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in shown
    assert shown["text/plain"] == repr(page)
    assert page.widget(height=300).height == 300
    monkeypatch.setitem(sys.modules, "anywidget", None)
    framed = page._repr_mimebundle_()
    assert framed["text/html"].startswith("<iframe srcdoc=")
    assert 'title="&lt;b&gt;"' in framed["text/html"]
    assert "<b>" not in framed["text/html"]
