"""`edgewise plot`: the pictures of a run, what is told of those that cannot be made, and what is refused."""

import json
import math

import pytest

import edgewise as ew
from cli_cases import discover, edgewise, problems
from edgewise.evaluation.curve_file import read_curve
from edgewise.pictures.paper import FORMS
from edgewise.plot_run import MOST, PICTURES, plot_run
from edgewise.verb_requests import PlotRequest
from tiny_runs import EDGES, save_tiny_model

KNOWN = ["embed->a0.h0<v>", "a0.h0->m1", "m1->logits"]


@pytest.fixture(scope="module")
def full(home):
    """The home with all that pictures can be made of: the run that learned a mask, a curve, exact effects."""
    assert discover(home, "--method", "activation-patching", "--out", home / "exact").exit_code == 0
    learned = ["--method", "edge-pruning", "--set", "steps=4", "--edges", 30, "--out", home / "learned"]
    assert discover(home, *learned).exit_code == 0
    done = edgewise("evaluate", home / "learned", "--curve", "--out", home / "curve.json")
    assert done.exit_code == 0
    graph = ew.load_run(home / "run").scores.graph
    ew.Circuit.of(graph, KNOWN).save(home / "known.json")
    return home


def with_all(home):
    return ["--curve", home / "curve.json", "--exact", home / "exact", "--known", home / "known.json"]


def finite(numbers):
    if isinstance(numbers, dict | list):
        return all(map(finite, numbers.values() if isinstance(numbers, dict) else numbers))
    return not isinstance(numbers, float) or math.isfinite(numbers)


@pytest.mark.parametrize("form", FORMS)
def test_all_pictures_are_made_in_each_form_with_finite_numbers_beside(full, form):
    out = full / f"all-{form}"
    done = edgewise("plot", full / "learned", *with_all(full), "--out", out, "--format", form)
    assert (done.exit_code, done.stderr) == (0, "")
    expected = [f"{name}{end}" for name in PICTURES for end in (f".{form}", ".numbers.json")]
    assert {path.name for path in out.iterdir()} == set(expected)
    for name in PICTURES:
        assert f"{name}.{form}" in done.stdout
        assert PICTURES[name].told in done.stdout
        assert (out / f"{name}.{form}").stat().st_size > 1000
        assert finite(json.loads((out / f"{name}.numbers.json").read_text()))


def test_pictures_go_into_the_folder_of_the_run_which_is_read_as_before(home):
    before = ew.load_run(home / "run")
    done = edgewise("plot", home / "run", "--json")
    told = json.loads(done.stdout)
    folder = home / "run" / "pictures"
    assert told["folder"] == str(folder)
    assert told["pictures"] == {
        name: str(folder / f"{name}.svg") for name in ("circuit", "heads", "scores", "faithfulness")
    }
    assert ew.load_run(home / "run").circuit == before.circuit
    circuit = json.loads((folder / "circuit.numbers.json").read_text())
    assert {each["edge"]: each["score"] for each in circuit["edges"]} == {
        edge: before.scores.of(edge) for edge in before.circuit
    }


def test_what_cannot_be_made_is_told_in_a_line_each_and_ends_well(home):
    discover(home, "--no-report", "--out", home / "plain")
    done = edgewise("plot", home / "plain", "--out", home / "few")
    assert done.exit_code == 0
    assert done.stderr.splitlines() == [
        "note: no training: eap learned no mask.",
        "note: no roc: no known circuit. Give one: --known PATH.",
        "note: no faithfulness: no curve. `edgewise evaluate RUN --curve --out FILE.json` writes one; "
        "give it: --curve FILE.json.",
        "note: no effects: no exact effects. Give a run that has them, of activation-patching: --exact RUN.",
    ]
    assert f"edgewise evaluate {home / 'plain'} --curve --out CURVE.json" in done.stdout
    alone = edgewise("plot", home / "run", "--only", "roc", "--out", home / "none")
    assert alone.exit_code == 0
    assert not (home / "none").exists()
    assert edgewise("plot", home / "run", "--out", home / "silent", "--quiet").output == ""


def test_only_what_is_asked_for_is_made_and_of_the_size_asked_for(full):
    out = full / "only"
    asked = ["--only", "circuit", "--only", "roc", "--edges", 12, "--known", full / "known.json"]
    assert edgewise("plot", full / "run", *asked, "--out", out).exit_code == 0
    assert {path.stem for path in out.glob("*.svg")} == {"circuit", "roc"}
    run, numbers = ew.load_run(full / "run"), json.loads((out / "circuit.numbers.json").read_text())
    chosen = set(run.scores.top(12).prune())
    marks = {each["edge"]: each["mark"] for each in numbers["edges"]}
    assert {edge for edge, mark in marks.items() if mark != "miss"} == chosen
    assert {edge for edge, mark in marks.items() if mark == "hit"} == chosen & set(KNOWN)
    assert {edge for edge, mark in marks.items() if mark == "miss"} == set(KNOWN) - chosen
    roc = json.loads((out / "roc.numbers.json").read_text())
    assert roc["edges"]["auc"] == ew.edge_roc(run.scores, ew.Circuit.of(run.scores.graph, KNOWN)).auc


def test_the_known_circuit_of_a_run_s_task_is_found_by_itself(tmp_path):
    asked = ["--task", "tracr-xproportion", "--examples", 8, "--edges", 4, "--out", tmp_path / "run"]
    assert edgewise("discover", *asked).exit_code == 0
    done = plot_run(PlotRequest(run=str(tmp_path / "run"), only=("circuit", "roc", "scores")))
    assert set(done.made) == {"circuit", "roc", "scores"}
    roc = json.loads((tmp_path / "run" / "pictures" / "roc.numbers.json").read_text())
    assert roc["edges"]["auc"] == ew.load_run(tmp_path / "run").evaluation.edge_auc
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    record["model"]["weights"] = "others"
    (tmp_path / "run" / "run.json").write_text(json.dumps(record))
    again = plot_run(PlotRequest(run=str(tmp_path / "run"), only=("roc",), out=str(tmp_path / "again")))
    assert again.notes == ["no roc: the known circuit is of other weights. Give one of these: --known PATH."]


def test_a_known_circuit_of_a_run_that_is_gone_is_told_and_the_others_are_made(full):
    ew.Circuit.of(ew.load_run(full / "run").scores.graph, KNOWN).save(full / "gone.json")
    discover(full, "--known", full / "gone.json", "--out", full / "knew")
    (full / "gone.json").unlink()
    done = edgewise("plot", full / "knew", "--only", "roc", "--only", "heads")
    assert done.exit_code == 0
    assert done.stderr.startswith("note: no roc: its known circuit cannot be read: ")
    assert (full / "knew" / "pictures" / "heads.svg").is_file()


def test_all_that_is_wrong_is_told_at_once(full):
    save_tiny_model(full / "other", layers=1)
    discover(full, "--out", full / "smaller", model="other")
    (full / "broken.json").write_text('{"sizes": [0.1]}')
    typed = ["--only", "circut", "--format", "gif", "--edges", EDGES + 1, "--exact", full / "smaller"]
    typed += ["--curve", full / "broken.json", "--known", full / "no.json", "--out", full / "prompts.jsonl"]
    found = problems(edgewise("plot", full / "run", *typed))
    assert [problem.split(". ")[0] for problem in found[:3]] == [
        "unknown picture 'circut'",
        "unknown form of a picture 'gif'",
        f"edges must be from 0 to {EDGES}, all of this model's",
    ]
    assert found[3].startswith("--exact: scores of 2 layers x 2 heads")
    assert found[4].startswith(f"{full / 'broken.json'}: a curve was needed, with a size for each")
    assert "no.json" in found[5]
    assert found[6] == (
        f"{full / 'prompts.jsonl'} is a file, and pictures need a folder. Give another --out."
    )
    assert problems(edgewise("plot", full / "nowhere"))[0].startswith(f"{full / 'nowhere'} is no folder")


def test_a_curve_of_another_model_is_refused(full):
    told = json.loads((full / "curve.json").read_text())
    for each in told["evaluations"]:
        each["graph_edges"] = 7
    (full / "seven.json").write_text(json.dumps(told))
    [found] = problems(edgewise("plot", full / "run", "--curve", full / "seven.json", "--out", full / "x"))
    assert found == (
        f"a curve: circuits of {EDGES} edges were needed. Got {full / 'seven.json'}, whose model has 7. "
        "Give a curve of this run."
    )


def test_a_curve_in_the_run_s_folder_is_drawn_unasked(full):
    done = plot_run(PlotRequest(run=str(full / "run"), only=("faithfulness",), out=str(full / "own-curve")))
    assert list(done.made) == ["faithfulness"]
    assert ew.load_run(full / "run").curve == read_curve(full / "run" / "curve.json")
    told = json.loads((full / "own-curve" / "faithfulness.numbers.json").read_text())
    assert told["eap"]["cpr"] == pytest.approx(ew.load_run(full / "run").curve.cpr)


def test_a_curve_is_read_as_it_was_measured_and_without_its_areas_too(full, tmp_path):
    told = json.loads((full / "curve.json").read_text())
    found = read_curve(full / "curve.json")
    assert found.cpr == pytest.approx(told["curve"]["cpr"])
    plain = {"sizes": told["curve"]["sizes"], "evaluations": told["evaluations"]}
    (tmp_path / "plain.json").write_text(json.dumps(plain))
    assert read_curve(tmp_path / "plain.json") == found
    for odd in ([], {"curve": 3}, {"sizes": [0.1, 0.2], "evaluations": []}, {**plain, "sizes": ["a"] * 10}):
        (tmp_path / "odd.json").write_text(json.dumps(odd))
        with pytest.raises(ew.BadInput, match="a curve was needed"):
            read_curve(tmp_path / "odd.json")


def test_effects_that_are_no_exact_ones_are_drawn_with_a_note(full):
    asked = ["--only", "effects", "--exact", full / "run", "--out", full / "no-exact"]
    done = edgewise("plot", full / "run", *asked)
    assert done.stderr == (
        "note: the effects of eap are estimates, or of other edges: activation-patching's are exact.\n"
    )


def test_pictures_that_are_there_are_left_unless_they_shall_be_replaced(home):
    out = home / "twice"
    assert edgewise("plot", home / "run", "--only", "heads", "--out", out).exit_code == 0
    (out / "heads.svg").write_text("mine")
    assert problems(edgewise("plot", home / "run", "--only", "heads", "--out", out)) == [
        f"{out} has heads.svg already, left as they are. Give another --out, or --overwrite to replace them."
    ]
    assert (out / "heads.svg").read_text() == "mine"
    assert edgewise("plot", home / "run", "--only", "heads", "--out", out, "--overwrite").exit_code == 0
    assert (out / "heads.svg").read_text() != "mine"


def test_names_that_people_give_are_text_in_every_picture(full):
    record = json.loads((full / "learned" / "run.json").read_text())
    record["request"] |= {"task": "<script>alert(1)</script>", "model": "$\\frac$ & <b>", "prompts": ""}
    hostile = full / "hostile"
    hostile.mkdir()
    for path in (full / "learned").iterdir():
        if path.is_file():
            (hostile / path.name).write_bytes(path.read_bytes())
    (hostile / "run.json").write_text(json.dumps(record))
    for form in FORMS:
        done = edgewise("plot", hostile, *with_all(full), "--out", full / f"hostile-{form}", "--format", form)
        assert done.exit_code == 0
        assert done.stderr == "note: the two runs are not of the same prompts and ablation.\n"
    for name in PICTURES:
        text = (full / "hostile-svg" / f"{name}.svg").read_text()
        assert "&lt;script&gt;alert(1)&lt;/script&gt; in $\\frac$ &amp; &lt;b&gt;" in text
        assert "<script" not in text


def test_a_log_that_is_no_log_is_told(full):
    (full / "learned" / "training.jsonl").write_text("not json\n")
    [found] = problems(edgewise("plot", full / "learned", "--only", "training", "--out", full / "odd-log"))
    assert "training.jsonl: a JSON object a line was needed, with stage and step of a training." in found


def test_more_edges_than_can_be_told_apart_are_not_drawn(home, monkeypatch):
    monkeypatch.setattr("edgewise.plot_run.MOST", 10)
    done = edgewise("plot", home / "run", "--only", "circuit", "--out", home / "many")
    assert "note: no circuit: no one could tell" in done.stderr
    assert MOST > 1000


def test_the_pictures_are_named_in_the_help():
    shown = edgewise("plot", "--help", env={"COLUMNS": "200", "TERMINAL_WIDTH": "200"}).stdout
    assert f"repeat it for more: {', '.join(PICTURES)}." in " ".join(shown.replace("│", "").split())


def test_without_matplotlib_it_is_told_what_to_install(home, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
    assert problems(edgewise("plot", home / "run", "--out", home / "without")) == [
        "pictures need matplotlib. Install it: pip install 'edgewise[pictures]'."
    ]
