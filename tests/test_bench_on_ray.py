"""`edgewise bench --on`: the cells of a matrix as tasks of Ray, on a small cluster.

Functions that take the place of `attempt` travel to a machine as they are, so that all they use is inside.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import nullcontext
from pathlib import Path
from threading import Thread
from types import SimpleNamespace

import pytest

import edgewise as ew
from bench_cases import cells
from cli_cases import edgewise, problems
from edgewise.bench import on_ray as of_ray
from edgewise.bench.attempts import keep
from edgewise.bench.cell import row_of, work
from edgewise.bench.on_ray import note_room, on_ray

MEASURED = ("seconds", "forwards", "peak_bytes")
MACHINE = {"num_cpus": 2, "object_store_memory": 80 * 2**20}
FEW_STEPS = {"edge-pruning.steps": "6", "edge-pruning.tries": "1"}


@pytest.fixture(scope="module")
def cluster():
    """Of one machine."""
    from ray.cluster_utils import Cluster

    with pytest.MonkeyPatch.context() as changed:
        changed.setenv("RAY_USAGE_STATS_ENABLED", "0")
        made = Cluster(initialize_head=True, head_node_args={**MACHINE, "include_dashboard": False})
        yield made
        made.shutdown()


def two():
    return cells(model=("zoo:induction",), method=("eap",), seed=(0, 1), examples=8)


@pytest.fixture(scope="module")
def table(cluster, tmp_path_factory):
    """The words of a matrix that was run there, and what was told of it."""
    out = tmp_path_factory.mktemp("table") / "out"
    given = ["--model", "zoo:induction", "--method", "eap", "--seed", 0, "--seed", 1, "--examples", 8]
    given += ["--on", cluster.address, "--out", out, "--json"]
    found = edgewise("bench", *given)
    assert (found.exit_code, found.stderr) == (0, "")
    assert not list(out.glob(".*.seen"))
    return given, json.loads(found.stdout)


def test_the_rows_are_those_of_this_process(table, tmp_path):
    for cell in two():
        [row] = [row for row in table[1]["rows"] if row["run"] == cell.name]
        work(cell, tmp_path)
        beside = row_of(tmp_path, cell)
        assert all(row[name] > 0 for name in MEASURED)
        assert {name: row[name] for name in row if name not in MEASURED} == pytest.approx(
            {name: beside[name] for name in beside if name not in MEASURED}, abs=1e-6
        )


def test_nothing_that_is_done_is_run_again(table, monkeypatch):
    given, told = table
    monkeypatch.setattr(of_ray, "connected", None)
    assert json.loads(edgewise("bench", *given).stdout) == told


def test_a_lost_process_is_tried_again_and_what_is_wrong_with_a_cell_is_not(cluster, tmp_path):
    killed, wrong = two()

    def attempt(cell, folder, threads):
        import os
        import signal

        with open(folder / f"tries-{cell.seed}", "a") as told:
            told.write("x")
        if cell.seed == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return "the words are not known."

    found = [*on_ray([killed, wrong], tmp_path, cluster.address, retries=1, attempt=attempt)]
    (_, lost), (_, told) = sorted(found, key=lambda each: each[0].seed)
    assert told == "the words are not known."
    assert lost.startswith("its process or its machine was lost 2 times; of memory there may have been too ")
    assert [(tmp_path / f"tries-{cell.seed}").read_text() for cell in (killed, wrong)] == ["xx", "x"]
    [kept] = (tmp_path / "problems").iterdir()
    assert (kept.stem, kept.read_text()) == (killed.name, f"{lost}\n")


@pytest.mark.long
def test_a_method_goes_on_from_its_checkpoint_when_its_process_is_lost(cluster, tmp_path):
    [cell] = cells(model=("zoo:induction",), method=("edge-pruning",), examples=8, options=FEW_STEPS)

    def attempt(cell, folder, threads):
        import os
        import signal

        from edgewise.bench import attempts
        from edgewise.checkpoint import Checkpoint
        from edgewise.masks import training

        save, mark = Checkpoint.save, folder / "killed"

        def save_and_end(self, tensors):
            save(self, tensors)
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)

        if not mark.exists():
            training.SECONDS_BETWEEN_SAVES = 0.0
            Checkpoint.save = save_and_end
        return attempts.attempt(cell, folder, threads)

    assert list(on_ray([cell], tmp_path, cluster.address, attempt=attempt)) == [(cell, None)]
    assert (tmp_path / "killed").exists()
    # What came before is not known of a search that went on.
    assert row_of(tmp_path, cell)["forwards"] is None


def test_what_a_machine_without_the_folder_sends_back_is_what_would_be_there(cluster, tmp_path, monkeypatch):
    cell, lacking = two()
    here, away = tmp_path / "here", tmp_path / "away"
    work(cell, here)
    monkeypatch.setattr(of_ray, "marked", lambda folder: nullcontext(folder / "not there"))
    assert [*on_ray([cell], away, cluster.address)] == [(cell, None)]
    assert files(away) == files(here)
    assert ew.load_run(away / "runs" / cell.name).folder == (away / "runs" / cell.name).resolve()
    assert row_of(away, cell)["cpr"] == pytest.approx(row_of(here, cell)["cpr"])

    def fails(cell, folder, threads):
        return keep(cell, folder, "no.")

    problem, sent = of_ray.do(lacking, away / "not there", tmp_path, 1, fails)
    assert (problem, sent) == ("no.", {f"problems/{lacking.name}.txt": b"no.\n"})


def files(folder):
    return {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}


@pytest.mark.long
def test_whoever_stops_leaves_no_process_at_work(cluster, tmp_path):
    def attempt(cell, folder, threads):
        import os
        import time

        (folder / "process.tmp").write_text(str(os.getpid()))
        (folder / "process.tmp").rename(folder / "process")
        time.sleep(600)

    def stop():
        wait_until(lambda: (tmp_path / "process").exists())
        signal.raise_signal(signal.SIGINT)

    def is_gone():
        try:
            os.kill(int((tmp_path / "process").read_text()), 0)
        except ProcessLookupError:
            return True
        return False

    stopping = Thread(target=stop)
    stopping.start()
    with pytest.raises(KeyboardInterrupt):
        list(on_ray(two()[:1], tmp_path, cluster.address, attempt=attempt))
    stopping.join()
    wait_until(is_gone)
    assert files(tmp_path) == {Path("process")}


def wait_until(is_so):
    for _ in range(1200):
        if is_so():
            return
        time.sleep(0.05)
    raise AssertionError("it did not come about in a minute")


@pytest.mark.long
def test_the_cell_of_a_lost_machine_is_done_on_another(cluster, tmp_path):
    lost = cluster.add_node(**MACHINE)

    def attempt(cell, folder, threads):
        import time

        import ray

        with open(folder / f"on-{cell.seed}", "a") as told:
            told.write(f"{ray.get_runtime_context().get_node_id()}\n")
        # Each holds its machine until one is lost.
        while not (folder / "lost").exists():
            time.sleep(0.05)

    def lose():
        wait_until(lambda: len([*tmp_path.glob("on-*")]) == 2)
        cluster.remove_node(lost, allow_graceful=False)
        (tmp_path / "lost").touch()

    losing = Thread(target=lose)
    losing.start()
    found = [*on_ray(two(), tmp_path, cluster.address, cpus=2, attempt=attempt)]
    losing.join()
    assert [problem for _, problem in found] == [None, None]
    other = cluster.head_node.node_id
    tried = sorted((tmp_path / f"on-{seed}").read_text().split() for seed in (0, 1))
    assert tried == sorted([[other], [lost.node_id, other]])


@pytest.mark.long
def test_ray_on_this_machine_is_begun_and_ended_with_the_matrix(tmp_path):
    # zoo:ioi does not know the words of docstrings.
    given = ["--model", "zoo:ioi", "--task", "docstring", "--method", "eap", "--examples", "8", "--json"]
    command = [sys.executable, "-m", "edgewise", "bench", *given, "--on", "ray", "--out", tmp_path / "out"]
    # Ray keeps a token there, and tells other processes by the environment that it needs one.
    at_home = {**os.environ, "HOME": str(tmp_path)}
    found = subprocess.run(command, capture_output=True, text=True, env=at_home)
    assert found.returncode == 1
    [(name, problem)] = json.loads(found.stdout)["failed"].items()
    assert found.stderr == f"edgewise: not done: {name}: {problem.splitlines()[-1]}\n"
    assert "was lost" not in problem


def test_what_ray_cannot_do_is_told_before_anything_is_run(tmp_path, monkeypatch):
    def told(*given):
        every = ["--model", "zoo:ioi", "--method", "eap", "--out", tmp_path / "no"]
        return problems(edgewise("bench", *every, *given))

    assert told("--on", "slurm") == [
        "--on must be ray (on this machine), auto (the cluster that this machine is of), HOST:6379 or "
        "ray://HOST:10001. Got 'slurm'."
    ]
    assert told("--on", "ray", "--cpus", 10_000, "--gpus", 1.5, "--retries", -1, "--jobs", 2)[:3] == [
        "--jobs is of processes of this machine; Ray runs as many cells at once as there is room for by "
        "--cpus and --gpus. Leave --jobs out, or --on.",
        "gpus must be from 0 to 1, or a whole number. Got 1.5.",
        "retries must be 0 or more. Got -1.",
    ]
    assert told("--cpus", 0, "--retries", 1) == [
        "--cpus is of cells on Ray. Give --on, or leave --cpus out.",
        "--retries is of cells on Ray. Give --on, or leave --retries out.",
    ]
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
    [silent] = told("--on", address)
    assert silent == (
        f"nothing answers at {address}: Connection refused. Begin a cluster there: ray start --head, or give "
        "--on ray."
    )
    monkeypatch.setattr("edgewise.bench.places.find_spec", lambda name: None)
    assert told("--on", "auto", "--device", "cuda", "--examples", 0) == [
        "on Ray a cell on the device cuda needs a GPU. Give --gpus 1, or a share of one.",
        "examples must be 1 or more. Got 0.",
        "--on needs Ray. Install it: pip install 'edgewise[ray]', or leave --on out: cells are then run in "
        "processes of this machine.",
    ]
    assert not (tmp_path / "no").exists()


def test_a_cell_with_a_gpu_runs_there_unless_another_device_is_given(tmp_path):
    for device, becomes in ((None, "cuda"), ("cpu", "cpu")):
        [cell] = cells(model=("zoo:ioi",), method=("eap",), on="host:6379", gpus=0.5, device=device)
        assert cell.request(tmp_path).device == becomes


def test_a_cluster_without_room_for_a_cell_may_grow():
    machines = [{"Alive": True, "Resources": {"CPU": 4.0}}, {"Alive": False, "Resources": {"CPU": 64.0}}]
    ray = SimpleNamespace(nodes=lambda: machines)
    note_room(ray, 4, 0)
    with pytest.warns(UserWarning, match=r"needs 8 processors and 0 GPUs .* at most 4 and 0\. Cells wait"):
        note_room(ray, 8, 0)
