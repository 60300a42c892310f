"""A run read back, measured again and exported."""

import json
from pathlib import Path

import pytest

import edgewise as ew
from edgewise.errors import BadInput, BrokenFile
from edgewise.evaluate_run import evaluate_run
from edgewise.export_run import export_run
from edgewise.formats import FORMATS, edge_list, mib, mib_pt, native, taggart
from edgewise.masks import optimal
from edgewise.run import run
from edgewise.verb_requests import EvaluationRequest, ExportRequest
from tiny_runs import EDGES, contents, entries, make_run, request, save_tiny_model, tiny_model, write_prompts


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


def run_beside(path):
    return ew.load_run(Path(path).parent / "run")


READERS = {
    "native": native.read,
    "mib": mib.read,
    "mib-pt": mib_pt.read,
    "csv": lambda path: edge_list.read(path, run_beside(path).circuit.graph),
    # It holds no scores.
    "taggart": lambda path: (run_beside(path).scores, taggart.read(path, run_beside(path).circuit.graph)),
}


@pytest.mark.parametrize("name", READERS)
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
    assert again.notes == done.evaluation.doubts
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


def test_the_strongest_edges_are_taken_in_the_order_that_is_asked_for(home, done):
    asked = EvaluationRequest(run=str(home / "run"), edges=(10,), by="value")
    assert evaluate_run(asked).circuits == [done.scores.top(10, "value").prune()]
    for edges, by, said in (((), "value", "by is the order of which --edges"), ((3,), "size", "'size'")):
        with pytest.raises(BadInput, match=said):
            evaluate_run(EvaluationRequest(run=str(home / "run"), edges=edges, by=by))


def test_constants_are_learned_on_other_prompts_where_some_are_given(home, monkeypatch):
    other = write_prompts(home / "to-learn-on.jsonl", entries(6, seed=11))
    learned = []
    fitted = optimal.fitted
    monkeypatch.setattr(optimal, "fitted", lambda *given: learned.append(given[1]) or fitted(*given, 2))
    for prompts, count in ((None, len(entries())), (other, 6)):
        evaluate_run(EvaluationRequest(run=str(home / "run"), ablation="optimal", learned_on=prompts))
        assert len(learned[-1]) == count
    with pytest.raises(BadInput, match=r"learned_on is of ablation 'optimal'.* Got 'mean'"):
        evaluate_run(EvaluationRequest(run=str(home / "run"), ablation="mean", learned_on=other))


def test_a_model_or_prompts_that_changed_since_the_run_are_noted(tmp_path):
    save_tiny_model(tmp_path / "model")
    write_prompts(tmp_path / "prompts.jsonl")
    run(request(tmp_path))
    model = tiny_model()
    model.token_embedding.data[0, 0] += 1
    ew.save_model(model, tmp_path / "model", overwrite=True)
    write_prompts(tmp_path / "prompts.jsonl", entries(3, seed=7))
    again = evaluate_run(EvaluationRequest(run=str(tmp_path / "run")))
    assert again.notes == [
        f"the weights of {tmp_path / 'model'} are not those of the run.",
        f"{tmp_path / 'prompts.jsonl'} has changed since the run.",
        *again.evaluations[0].doubts,
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


def test_an_export_does_not_replace_the_scores_of_another_run(home):
    for name in ("one", "two"):
        run(request(home, out=str(home / name), edges=4 if name == "one" else 9))
    before = (home / "two" / "circuit.json").read_bytes()
    asked = ExportRequest(run=str(home / "one"), format="native", out=str(home / "two"), overwrite=True)
    with pytest.raises(BadInput, match=r"is a file of the run in .*two, and is kept"):
        export_run(asked)
    assert (home / "two" / "circuit.json").read_bytes() == before


def test_a_model_and_prompts_that_are_gone_are_asked_for_by_their_options(tmp_path):
    make_run(tmp_path)
    (tmp_path / "model").rename(tmp_path / "moved")
    (tmp_path / "prompts.jsonl").rename(tmp_path / "renamed.jsonl")
    with pytest.raises(BadInput) as caught:
        evaluate_run(EvaluationRequest(run=str(tmp_path / "run")))
    assert caught.value.problems == (
        f"{tmp_path / 'model'}, the run's model, is not there any more. Say where it is now: --model.",
        f"{tmp_path / 'prompts.jsonl'}, the run's prompts, are not there any more. Give some: --prompts.",
    )
    moved = {"model": str(tmp_path / "moved"), "prompts": str(tmp_path / "renamed.jsonl")}
    again = evaluate_run(EvaluationRequest(run=str(tmp_path / "run"), **moved))
    assert again.evaluations == [ew.load_run(tmp_path / "run").evaluation]


def test_the_folders_above_what_is_written_are_made(home, done):
    for name in FORMATS:
        out = home / "new" / name / "folder" / "file"
        export_run(ExportRequest(run=str(home / "run"), format=name, out=str(out)))
        assert out.exists()
    evaluate_run(EvaluationRequest(run=str(home / "run"), out=str(home / "newer" / "numbers.json")))
    assert (home / "newer" / "numbers.json").is_file()


def test_no_file_of_a_run_a_model_or_the_prompts_is_replaced_by_what_is_written(home):
    (home / "link").symlink_to(home / "run" / "circuit.json")
    (home / "model" / "linked.json").symlink_to(home / "prompts.jsonl")
    own = contents(home / "run"), contents(home / "model"), (home / "prompts.jsonl").read_bytes()
    run_folder = str(home / "run")
    for out, what in (
        *((f"run/{name}", "a file of the run in ") for name in contents(home / "run")),
        ("link", "a file of the run in "),
        ("model/config.json", "a file of the model in "),
        ("model/model.safetensors", "a file of the model in "),
        ("prompts.jsonl", "a file of prompts"),
        ("model/linked.json", "a file of "),
    ):
        path = str(home / out)
        for ask in (
            lambda path: export_run(ExportRequest(run=run_folder, format="csv", out=path, overwrite=True)),
            lambda path: evaluate_run(EvaluationRequest(run=run_folder, out=path, overwrite=True)),
        ):
            with pytest.raises(BadInput) as caught:
                ask(path)
            (problem,) = caught.value.problems
            assert problem.startswith(f"{path} is {what}")
            assert problem.endswith("and is kept even with --overwrite. Give another --out.")
    other = write_prompts(home / "others.jsonl", entries(3, seed=8))
    with pytest.raises(BadInput, match="is a file of prompts"):
        evaluate_run(EvaluationRequest(run=run_folder, prompts=other, out=other, overwrite=True))
    assert own == (contents(home / "run"), contents(home / "model"), (home / "prompts.jsonl").read_bytes())


def test_a_file_in_the_place_of_an_exports_folder_is_told_as_an_exports(home):
    out = write_prompts(home / "in-the-way")
    with pytest.raises(BadInput, match="in-the-way is a file, and an export needs a folder"):
        export_run(ExportRequest(run=str(home / "run"), out=out, overwrite=True))


def test_pairs_that_the_circuit_was_found_on_are_counted_as_long_as_their_file_is_left(tmp_path):
    make_run(tmp_path)
    mixed = write_prompts(tmp_path / "mixed.jsonl", [*entries(10)[:2], *entries(3, seed=5)])
    copy = write_prompts(tmp_path / "copy.jsonl")

    def told(prompts: str) -> tuple[bool | None, int | None]:
        [found] = evaluate_run(EvaluationRequest(run=str(tmp_path / "run"), prompts=prompts)).evaluations
        return found.found_here, found.also_found_on

    assert [told(mixed), told(copy)] == [(False, 2), (True, 10)]
    (tmp_path / "prompts.jsonl").unlink()
    assert [told(mixed), told(copy)] == [(False, None), (True, 10)]


def test_scores_of_another_run_are_told_by_the_two_files_that_disagree(home, tmp_path):
    folder = broken_copy(home, tmp_path / "mixed", "run.json", lambda values: values)
    larger = ew.Graph(layers=3, heads=2, key_readers=2)
    ew.Scores.from_edges(larger, {}).save(folder / "scores.safetensors")
    with pytest.raises(BadInput) as caught:
        evaluate_run(EvaluationRequest(run=str(folder)))
    (problem,) = caught.value.problems
    assert problem.startswith(
        f"{folder / 'scores.safetensors'} and {folder / 'circuit.json'} must be of one graph"
    )
