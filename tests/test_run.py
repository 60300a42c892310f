"""One run from a request to a folder and back."""

import dataclasses
import errno
import json
import math
from pathlib import Path

import pytest
import torch

import edgewise as ew
from edgewise.errors import BadInput, BrokenFile, EdgewiseError
from edgewise.evaluate_run import evaluate_run
from edgewise.export_run import export_run
from edgewise.formats import FORMATS, edge_list, mib, mib_pt, native
from edgewise.models.fingerprint import weights_fingerprint
from edgewise.request import DEFAULT_EDGES, EvaluationRequest, ExportRequest
from edgewise.run import run, select
from edgewise.run_folder import FILES
from graphs import SMALL, small_scores
from tiny_runs import EDGES, entries, request, save_tiny_model, tiny_model, write_prompts


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder with a model, prompts and a run of them."""
    folder = tmp_path_factory.mktemp("home")
    save_tiny_model(folder / "model")
    write_prompts(folder / "prompts.jsonl")
    run(request(folder))
    return folder


@pytest.fixture
def done(home):
    return ew.load_run(home / "run")


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_run_is_the_python_calls_in_their_order(home, done):
    model = ew.load(home / "model")
    pairs = ew.Pairs.from_jsonl(home / "prompts.jsonl", model)
    scores = ew.discover(model, pairs)
    assert done.scores == scores
    assert done.circuit == scores.top(40).prune()
    assert done.circuit.selected == 40
    evaluation = ew.evaluate(model, pairs, done.circuit)
    assert done.evaluation == dataclasses.replace(evaluation, found_here=True)


def test_a_run_is_read_back_as_it_was_made(home):
    asked = request(home, out=str(home / "again"), sparsity=0.5, edges=None, prune=False, by="value")
    made = run(asked)
    read = ew.load_run(asked.out)
    assert (read.request, read.scores, read.circuit, read.evaluation) == (
        asked,
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
    assert set(record["seconds"]) == {"validate", "load", "discover", "evaluate"}
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


def broken_copy(home: Path, folder: Path, name: str, change) -> Path:
    folder.mkdir()
    for file, content in contents(home / "run").items():
        (folder / file).write_bytes(content)
    if change is None:
        (folder / name).unlink()
    else:
        (folder / name).write_text(json.dumps(change(json.loads((folder / name).read_text()))))
    return folder


def without(key):
    return lambda values: {name: value for name, value in values.items() if name != key}


@pytest.mark.parametrize(
    ("name", "change", "kind", "said"),
    [
        ("run.json", None, BadInput, "has no run.json: it is not the folder of a run"),
        ("run.json", lambda values: [], BrokenFile, "does not hold an edgewise run"),
        ("run.json", lambda values: {**values, "version": 9}, BrokenFile, "reads up to 1. Update edgewise"),
        ("run.json", without("version"), BrokenFile, "version None"),
        ("run.json", without("request"), BrokenFile, "run.json: a run must hold request"),
        ("run.json", lambda values: {**values, "request": {}}, BrokenFile, "its request cannot be read"),
        ("evaluation.json", without("kl"), BrokenFile, "an evaluation must hold kl"),
        ("evaluation.json", None, BrokenFile, "evaluation.json could not be read"),
        ("circuit.json", None, BrokenFile, "circuit.json could not be read"),
        ("scores.safetensors", None, BrokenFile, "scores.safetensors could not be read"),
    ],
)
def test_a_folder_that_is_not_a_whole_run_is_refused_by_the_file(home, tmp_path, name, change, kind, said):
    folder = broken_copy(home, tmp_path / "broken", name, change)
    with pytest.raises(kind, match=said):
        ew.load_run(folder)


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(BadInput, match="is no folder"):
        ew.load_run(tmp_path / "nowhere")


READERS = {
    "native": native.read,
    "mib": mib.read,
    "mib-pt": mib_pt.read,
    "csv": lambda path: edge_list.read(path, ew.load_run(Path(path).parent / "run").circuit.graph),
}


@pytest.mark.parametrize("name", FORMATS)
def test_an_export_in_each_format_reads_back_equal(home, done, name):
    out = home / f"exported-{name}"
    export_run(ExportRequest(run=str(home / "run"), format=name, out=str(out)))
    assert READERS[name](out) == (done.scores, done.circuit)
    with pytest.raises(BadInput, match="is there already"):
        export_run(ExportRequest(run=str(home / "run"), format=name, out=str(out)))
    export_run(ExportRequest(run=str(home / "run"), format=name, out=str(out), overwrite=True))


def test_evaluating_a_run_again_gives_what_it_found_and_changes_nothing(home, done):
    before = contents(home / "run")
    again = evaluate_run(EvaluationRequest(run=str(home / "run")))
    assert again.evaluations == [done.evaluation]
    assert again.notes == []
    assert contents(home / "run") == before


def test_evaluating_takes_other_sizes_prompts_metrics_and_ablations(home, done):
    other = write_prompts(home / "held-out.jsonl", entries(4, seed=9))
    again = evaluate_run(
        EvaluationRequest(
            run=str(home / "run"),
            prompts=other,
            metric="kl",
            ablation="mean",
            edges=(0, 10, EDGES),
            out=str(home / "again.json"),
        )
    )
    assert again.circuits == [done.scores.top(edges).prune() for edges in (0, 10, EDGES)]
    assert {(each.metric, each.ablation, each.examples, each.found_here) for each in again.evaluations} == {
        ("kl", "mean", 4, False)
    }
    assert [again.evaluations[0].faithfulness, again.evaluations[-1].faithfulness] == pytest.approx(
        [0, 1], abs=1e-5
    )
    written = json.loads((home / "again.json").read_text())
    assert written["evaluations"] == json.loads(json.dumps([each.to_dict() for each in again.evaluations]))


def test_a_model_or_prompts_that_changed_since_the_run_are_noted(tmp_path):
    save_tiny_model(tmp_path / "model")
    write_prompts(tmp_path / "prompts.jsonl")
    run(request(tmp_path))
    model = tiny_model()
    model.token_embedding.data[0, 0] += 1
    ew.save_model(model, tmp_path / "model")
    write_prompts(tmp_path / "prompts.jsonl", entries(3, seed=7))
    notes = evaluate_run(EvaluationRequest(run=str(tmp_path / "run"))).notes
    assert notes == [
        f"the weights of {tmp_path / 'model'} are not those of the run.",
        f"{tmp_path / 'prompts.jsonl'} has changed since the run.",
    ]


def test_everything_wrong_with_an_evaluation_is_told_at_once(home, tmp_path):
    larger = save_tiny_model(tmp_path / "larger", layers=3)
    with pytest.raises(BadInput) as caught:
        evaluate_run(
            EvaluationRequest(
                run=str(home / "run"),
                prompts=str(home / "nowhere.jsonl"),
                metric="logits",
                edges=(EDGES + 1,),
                model=larger,
                out=str(home / "model"),
            )
        )
    for said, problem in zip(
        (
            "nowhere.jsonl does not exist",
            "unknown metric 'logits'",
            "the run needs a model of 2 layers",
            f"edges must be from 0 to {EDGES}",
            "is a folder, and a file is to be written",
        ),
        caught.value.problems,
        strict=True,
    ):
        assert said in problem


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


def test_an_export_does_not_replace_the_scores_of_another_run(home):
    for name in ("one", "two"):
        run(request(home, out=str(home / name), edges=4 if name == "one" else 9))
    before = (home / "two" / "circuit.json").read_bytes()
    asked = ExportRequest(run=str(home / "one"), format="native", out=str(home / "two"), overwrite=True)
    with pytest.raises(BadInput, match="holds a run, whose scores an export would replace"):
        export_run(asked)
    assert (home / "two" / "circuit.json").read_bytes() == before
