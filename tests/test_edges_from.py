"""`--edges-from`: a method goes through the edges of a run, a circuit or a list, and says what is wrong."""

import shlex

import pytest

import edgewise as ew
from cli_cases import discover, edgewise, problems, refused
from edgewise.circuit import Circuit
from edgewise.formats import taggart
from edgewise.graph import Graph
from edgewise.methods.acdc import Walk
from edgewise.methods.activation_patching import _Trial
from test_acdc import stop_after

GIVE = "Give a run's folder, a circuit.json, an edge list (.csv) or Taggart's text (.txt)."
METHOD = ("--method", "activation-patching")


def edges_scored(home, name, source):
    done = discover(home, *METHOD, "--edges-from", source, "--out", home / name, "--quiet")
    assert done.exit_code == 0, done.stderr
    scores = ew.load_run(home / name).scores
    return {edge for edge, score in scores.ranking() if score}


def test_only_the_edges_of_a_run_a_circuit_or_a_list_are_gone_through(home):
    circuit = ew.load_run(home / "run").circuit
    expected = set(circuit)
    assert edges_scored(home, "from-run", home / "run") == expected
    assert edges_scored(home, "from-circuit", home / "run" / "circuit.json") == expected
    rows = [edge.replace("->", ",") for edge in circuit]
    (home / "few.csv").write_text("\n".join(["source,reader", *rows]) + "\n")
    assert edges_scored(home, "from-list", home / "few.csv") == expected
    (home / "few.txt").write_text(taggart.as_text(circuit))
    assert edges_scored(home, "from-text", home / "few.txt") == expected
    kept = [f"{row},1.5,{int(index < 3)}" for index, row in enumerate(rows)]
    (home / "kept.csv").write_text("\n".join(["source,reader,score,kept", *kept]) + "\n")
    assert edges_scored(home, "from-kept", home / "kept.csv") == set(list(circuit)[:3])


def test_acdc_begins_with_those_edges_and_takes_only_from_them(home):
    done = discover(home, "--method", "acdc", "--set", "tau=1e-6", "--edges-from", home / "run",
                    "--out", home / "walked", "--quiet")  # fmt: skip
    assert done.exit_code == 0, done.stderr
    kept = ew.load_run(home / "walked").circuit
    assert len(kept)
    assert kept <= ew.load_run(home / "run").circuit


def test_what_cannot_be_gone_through_is_told_with_the_option_the_place_and_what_to_give(home):
    graph = ew.load_run(home / "run").circuit.graph
    Circuit.empty(graph).save(home / "empty.json")
    Circuit.full(Graph(1, 2, 2)).save(home / "other.json")
    (home / "lines.csv").write_text("source,reader\nembed,logits,1\nembed,nowhere\n")
    (home / "columns.csv").write_text("from,to\n")
    (home / "lines.txt").write_text("out <- 0.0 | <- 0.1\n0.0\nout <- 9.9\n")
    (home / "empty.txt").write_text("\n")
    (home / "list.txt").write_text("source,reader,score,kept\n")
    (home / "nothing").mkdir()
    told = {
        "none": [f"--edges-from: {home}/none is not there. {GIVE}"],
        "nothing": [f"--edges-from: {home}/nothing holds no circuit.json. {GIVE}"],
        "empty.json": [f"--edges-from: {home}/empty.json must hold edges. Got an empty circuit. {GIVE}"],
        "other.json": [
            f"--edges-from: {home}/other.json must be of the model's graph, {graph.describe()}. Got one of "
            f"{Graph(1, 2, 2).describe()}. Give a circuit that was found in this model."
        ],
        "columns.csv": [
            f"--edges-from: {home}/columns.csv, line 1: the columns source,reader,score,kept or "
            "source,reader were needed. Got 'from,to'."
        ],
    }
    told["empty.txt"] = [problem.replace(".json must", ".txt must") for problem in told["empty.json"]]
    told["lines.txt"] = [
        f"--edges-from: {home}/lines.txt, line 2: a line such as '9.9 <- RS_0 | <- 0.1, 3.0' was needed. "
        "Got '0.0'.",
        f"--edges-from: {home}/lines.txt, line 3: 'out' stands in line 1 already. Give a reader one line.",
        f"--edges-from: {home}/lines.txt, line 3: this graph has no source '9.9'.",
    ]
    told["list.txt"] = [
        f"--edges-from: {home}/list.txt: a circuit as Taggart writes it was needed, '9.9 <- 0.1, 3.0'. "
        "It is an edge list: edgewise.formats.edge_list.read reads it."
    ]
    for name, expected in told.items():
        assert refused(home, *METHOD, "--edges-from", home / name) == expected
    first, second = refused(home, *METHOD, "--edges-from", home / "lines.csv")
    assert first == f"--edges-from: {home}/lines.csv, line 2: 2 fields were needed. Got 3."
    assert second.startswith(f"--edges-from: {home}/lines.csv, line 3: ")


def test_a_method_that_scores_all_edges_at_once_takes_none(home):
    [told] = refused(home, "--edges-from", home / "run")
    assert told.startswith("eap scores all edges at once. Got some to go through. Leave them out, or choose ")


@pytest.mark.parametrize("method", ["activation-patching", "acdc", "eap-then-acdc"])
def test_what_is_stopped_says_where_it_is_kept_and_the_same_again_says_that_it_goes_on(
    home, method, monkeypatch
):
    given = ["--method", method, "--batch-size", "2"]
    given += [] if method == "activation-patching" else ["--set", "tau=1e-6"]
    whole = discover(home, *given, "--out", home / f"whole-{method}")
    works = (_Trial, "lost") if method == "activation-patching" else (Walk, "next_reader")
    with monkeypatch.context() as patch:
        patch.setattr(*works, stop_after(getattr(*works), 5))
        done = discover(home, *given, "--out", home / f"kept-{method}")
    assert done.exit_code == 130
    kept = home / f"kept-{method}" / "checkpoint"
    *_, stopped, command = done.stderr.splitlines()
    assert stopped == (
        f"edgewise: stopped. What is done so far is in {kept}: the same again goes on from there."
    )
    verb, *typed = shlex.split(command)
    assert verb == "edgewise"
    again = edgewise(*typed)
    assert again.exit_code == 0
    what = "removing edges" if method == "activation-patching" else "trying edges"
    assert f"{what}: going on after " in again.stderr
    assert not kept.exists()
    assert ew.load_run(home / f"kept-{method}").scores == ew.load_run(home / f"whole-{method}").scores
    assert whole.exit_code == 0


def test_a_checkpoint_of_another_run_is_refused_by_the_command_too(home, monkeypatch):
    given = ["--method", "acdc", "--out", home / "half"]
    with monkeypatch.context() as patch:
        patch.setattr(Walk, "next_reader", stop_after(Walk.next_reader, 2))
        assert discover(home, *given).exit_code == 130
    [told] = problems(discover(home, *given, "--set", "tau=0.5"))
    assert "other option tau ([0.01] there, [0.5] here). Give another folder (--out)" in told
    [told] = problems(discover(home, "--method", "eap", "--out", home / "half"))
    assert "other method (acdc there, eap here). Give another folder (--out)" in told
    [told] = problems(discover(home, "--method", "weight-gradients", "--out", home / "half"))
    assert told.startswith(f"{home / 'half'} holds the unfinished work of another run")
    assert discover(home, "--method", "eap", "--out", home / "half", "--overwrite", "--quiet").exit_code == 0
    assert not (home / "half" / "checkpoint").exists()


def test_what_is_scored_is_kept_when_the_evaluation_is_stopped(home, monkeypatch):
    given = [*METHOD, "--out", home / "scored"]
    with monkeypatch.context() as patch:
        patch.setattr("edgewise.run.evaluate_circuits", stop_after(None, 0))
        done = discover(home, *given)
    assert done.exit_code == 130
    assert "the same again goes on from there" in done.stderr
    again = discover(home, *given)
    assert "removing edges: going on after " in again.stderr
    assert again.exit_code == 0


def test_an_option_given_twice_or_without_a_value_is_refused(home):
    [twice] = refused(home, "--method", "acdc", "--set", "tau=1", "--set", "tau=2")
    assert twice.startswith("--set tau was given more than once. Give it once; where it takes several values")
    [bare] = refused(home, "--method", "acdc", "--set", "tau")
    assert bare == "--set needs a name and a value. Got 'tau'. Write tau=VALUE."


def test_edges_that_went_or_were_never_tried_are_in_no_circuit(home):
    done = discover(
        home, *METHOD, "--edges-from", home / "run", "--edges", 45, "--no-prune", "--out", home / "few"
    )
    tried = ew.load_run(home / "run").circuit
    assert ew.load_run(home / "few").circuit <= tried
    assert f"45 edges were asked for, and {len(tried)} have a score" in done.stderr
    several = ["--method", "acdc", "--set", "tau=1e-6,1e-4", "--no-prune", "--out", home / "swept"]
    assert discover(home, *several).exit_code == 0
    swept = ew.load_run(home / "swept")
    assert swept.circuit == swept.scores.threshold(1e-300)
