"""`edgewise bench`: cells of a matrix, each run once, and the table of all."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

import edgewise as ew
from bench_cases import cells, matrix
from cli_cases import edgewise, problems
from edgewise.bench.attempts import in_a_line
from edgewise.bench.bench_run import alone_in
from edgewise.bench.cell import clear_leftovers, row_of, work
from edgewise.bench.processes import in_processes
from tiny_runs import entries, save_tiny_model, write_prompts


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A matrix that was run."""
    folder = tmp_path_factory.mktemp("bench")
    given = [matrix(folder), "--out", folder / "out", "--jobs", 2, "--parquet"]
    found = edgewise("bench", *given, "--json")
    assert found.exit_code == 0, found.stderr
    return folder, given, json.loads(found.stdout)


def test_every_number_of_a_row_is_that_of_the_run_and_the_python_calls(done):
    folder, _, told = done
    assert len(told["rows"]) == 8
    assert told["failed"] == {}
    for row in told["rows"]:
        run = ew.load_run(folder / "out" / "runs" / row["run"])
        assert (row["seed"], row["edges"]) == (run.request.seed, len(run.circuit))
        assert row["edge_auc"] == run.evaluation.edge_auc
        assert row["seconds"] == run.record["seconds"]["discover"]
        model = ew.load(row["model"])
        pairs = ew.task(row["task"], model, 8, seed=row["seed"], split="test")
        by = "absolute" if row["method"] == "eap" else "value"
        curve = ew.curve(model, pairs, run.scores, by=by)
        assert (row["cpr"], row["cmd"]) == (pytest.approx(curve.cpr), pytest.approx(curve.cmd))
        sparse = run.scores.sparsity(0.966, by).prune()
        assert row["kl_at_sparsity"] == pytest.approx(ew.evaluate(model, pairs, sparse).kl, abs=1e-6)
        assert row["edges_at_sparsity"] == len(sparse)
        assert row["peak_bytes"] > 50e6
        assert row["forwards"] > 0


def test_the_table_is_there_in_all_forms(done):
    import pyarrow.parquet

    folder, _, told = done
    read = pyarrow.parquet.read_table(folder / "out" / "table.parquet").to_pylist()
    assert read == told["rows"]
    with open(folder / "out" / "table.csv", newline="") as file:
        as_csv = list(csv.DictReader(file))
    assert [row["run"] for row in as_csv] == [row["run"] for row in read]
    assert [float(row["cpr"]) for row in as_csv] == [row["cpr"] for row in read]
    lines = (folder / "out" / "table.md").read_text().splitlines()
    assert len(lines) == 2 + 4
    assert lines[3].split(" | ")[2:4] == ["few steps \\| &lt;b>", "2"]
    aucs = [row["edge_auc"] for row in told["rows"] if row["method"] == "eap" and row["model"] == "zoo:ioi"]
    assert f"| {sum(aucs) / 2:.3f} ± " in lines[4]


def test_what_is_done_is_not_run_again_and_what_is_lost_is(done):
    folder, given, told = done
    rows = sorted((folder / "out" / "rows").iterdir())
    lost = rows[0]
    before = {path: path.stat().st_mtime_ns for path in (folder / "out" / "runs").rglob("run.json")}
    lost.unlink()
    again = json.loads(edgewise("bench", *given, "--json").stdout)
    assert again == told
    assert before == {path: path.stat().st_mtime_ns for path in (folder / "out" / "runs").rglob("run.json")}


def test_a_cell_that_fails_is_told_and_the_rest_goes_on(tmp_path):
    out = tmp_path / "out"
    # zoo:ioi does not know the words of docstrings.
    given = ["--model", "zoo:ioi", "--task", "docstring", "--task", "ioi", "--method", "eap"]
    found = edgewise("bench", *given, "--examples", 8, "--out", out)
    assert found.exit_code == 1
    assert "ioi in zoo:ioi" in found.stdout
    [told] = [line for line in found.stderr.splitlines() if line.startswith("edgewise: not done: ")]
    [kept] = (out / "problems").iterdir()
    first, *more = kept.read_text().splitlines()
    assert told.endswith(f"{first} (and {len(more)} more lines)" if more else first)
    assert f"all that was wrong is in {out}/problems" in found.stderr
    assert in_a_line("Traceback (most recent call last):\n  somewhere\nValueError: why") == "ValueError: why"
    assert in_a_line("one\ntwo\nthree") == "one (and 2 more lines)"
    assert "Not done, 1:" in (out / "table.md").read_text()
    assert len(list((out / "rows").iterdir())) == 1


def test_a_process_that_is_killed_takes_no_other_cell_with_it(tmp_path):
    model = save_tiny_model(tmp_path / "model")
    prompts = write_prompts(tmp_path / "prompts.jsonl", entries(6))
    both = cells(model=(model,), prompts=(prompts,), method=("eap", "relp"))
    waits = cells(
        model=(model,), prompts=(prompts,), method=("edge-pruning",), options={"edge-pruning.steps": "100000"}
    )
    found = {}
    for cell, problem in in_processes([*waits, *both], tmp_path, 2):
        found[cell.name] = problem
        if len(found) == len(both):
            [child] = processes_of(os.getpid(), "forkserver")
            [killed] = [pid for pid in processes_of(child) if pid]
            os.kill(killed, signal.SIGKILL)
    assert [found[cell.name] for cell in both] == [None, None]
    assert found[waits[0].name].startswith("its process was killed by signal 9")


def processes_of(parent: int, kind: str = "") -> list[int]:
    told = subprocess.run(["ps", "-o", "pid=,args=", "--ppid", str(parent)], capture_output=True, text=True)
    lines = [line.strip().split(" ", 1) for line in told.stdout.splitlines()]
    return [int(pid) for pid, command in lines if kind in command and not command.startswith("ps ")]


def test_a_matrix_that_is_killed_goes_on_where_it_was(tmp_path):
    given = [str(matrix(tmp_path)), "--jobs", "1", "--out", str(tmp_path / "out")]
    with subprocess.Popen(
        [sys.executable, "-m", "edgewise", "bench", *given], stderr=subprocess.DEVNULL
    ) as first:
        rows = tmp_path / "out" / "rows"
        while not rows.is_dir() or len(list(rows.glob("*.json"))) < 2:
            time.sleep(0.05)
            assert first.poll() is None
        first.kill()
    ready = {path.name: path.read_text() for path in rows.glob("*.json")}
    assert 2 <= len(ready) < 8
    again = edgewise("bench", *given)
    assert again.exit_code == 0
    assert len(list(rows.glob("*.json"))) == 8
    assert {path.name: path.read_text() for path in rows.glob("*.json") if path.name in ready} == ready
    assert (
        f"going on after {len(ready)}" in again.stderr or f"going on after {len(ready) + 1}" in again.stderr
    )


def test_what_a_killed_process_left_is_in_nobodys_way(tmp_path):
    [cell] = cells(model=("zoo:induction",), method=("eap",), examples=4)
    out = tmp_path / "runs" / cell.name
    out.mkdir(parents=True)
    # Killed while files were moved in, and while others were made.
    (out / "scores.safetensors").write_bytes(b"half")
    staging = out.parent / f".{out.name}.ab12.tmp"
    staging.mkdir()
    work(cell, tmp_path)
    assert row_of(tmp_path, cell)["edges"] == 81
    assert not staging.exists()


def test_a_checkpoint_is_gone_on_from_beside_half_of_the_files(tmp_path):
    [cell] = cells(model=("zoo:induction",), method=("edge-pruning",), options={"edge-pruning.steps": "3"})
    out = tmp_path / "runs" / cell.name
    (out / "checkpoint").mkdir(parents=True)
    (out / "checkpoint" / "state.safetensors").touch()
    (out / "circuit.txt").touch()
    clear_leftovers(out)
    assert [each.name for each in out.iterdir()] == ["checkpoint"]


def test_a_row_that_is_broken_or_without_its_run_is_made_again(done):
    folder, given, told = done
    first, second = sorted((folder / "out" / "rows").iterdir())[:2]
    first.write_text("{}")
    shutil.rmtree(folder / "out" / "runs" / second.stem)
    again = json.loads(edgewise("bench", *given, "--json").stdout)
    assert [each for each in again["rows"] if each["run"] == second.stem]
    assert len(again["rows"]) == len(told["rows"])
    assert json.loads(first.read_text())["run"] == first.stem
    assert (folder / "out" / "runs" / second.stem / "run.json").is_file()


def test_prompts_of_a_file_are_told_apart_and_noted_where_circuits_were_found_on_them(tmp_path):
    model = save_tiny_model(tmp_path / "model")
    (tmp_path / "x").mkdir()
    files = [write_prompts(tmp_path / place / "p.jsonl", entries(6, seed=2)) for place in (".", "x")]
    given = ["--model", model, "--method", "eap", "--seed", 0, "--seed", 1, "--edges", 20]
    given += [word for path in files for word in ("--prompts", path)]
    found = edgewise("bench", *given, "--out", tmp_path / "out", "--json")
    told = json.loads(found.stdout)
    # EAP draws nothing: of two seeds one is run.
    assert [row["task"] for row in told["rows"]] == files
    assert [(row["also_found_on"], row["examples"]) for row in told["rows"]] == [(6, 6)] * 2
    assert found.stderr == ""
    [note] = told["notes"]
    assert "judged on the prompts that they were found on" in note
    other = write_prompts(tmp_path / "other.jsonl", entries(5, seed=9))
    apart = edgewise("bench", *given, "--evaluate-on", other, "--out", tmp_path / "out", "--json")
    assert json.loads(apart.stdout)["notes"] == []
    assert [row["also_found_on"] for row in json.loads(apart.stdout)["rows"]] == [0, 0]


def test_two_matrices_do_not_work_in_one_folder(tmp_path):
    with alone_in(tmp_path):
        [told] = problems(edgewise("bench", "--model", "zoo:ioi", "--method", "eap", "--out", tmp_path))
    assert told.startswith(f"another `edgewise bench` is at work in {tmp_path}.")
