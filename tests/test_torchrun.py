"""The command under torchrun: one voice, one folder; what was killed goes on to the same result."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

import edgewise as ew
from cli_cases import edgewise
from edgewise.models.load import check_placement
from processes import PATIENCE, begin, ended, free_port

STEPS = 80
LEARNING = ["--method", "edge-pruning", "--set", f"steps={STEPS}", "--set", "tries=1", "--set", "trim=none"]


def asked(home: Path, name: str, *more: object) -> list[str]:
    """Of a search that keeps a checkpoint; in float64, in which sums in another order are the same sums."""
    given = [
        "--model",
        home / "model",
        "--prompts",
        home / "prompts.jsonl",
        "--dtype",
        "float64",
        "--edges",
        20,
    ]
    return [*map(str, ["discover", *given, *LEARNING, *more, "--out", home / name])]


def torchrun(count: int, *typed: str) -> subprocess.Popen[str]:
    launcher = ["-m", "torch.distributed.run", "--nproc-per-node", count, "--master-port", free_port()]
    command = [sys.executable, *map(str, launcher), "-m", "edgewise", *typed]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, env={**os.environ, "OMP_NUM_THREADS": "1"}, **pipes)


def children_of(process: subprocess.Popen[str]) -> list[int]:
    return [
        int(child)
        for task in Path(f"/proc/{process.pid}/task").iterdir()
        for child in (task / "children").read_text().split()
    ]


def rank_of(process: int) -> str:
    told = Path(f"/proc/{process}/environ").read_bytes().split(b"\0")
    return next((each[5:].decode() for each in told if each.startswith(b"RANK=")), "")


@pytest.mark.skipif(
    not Path("/proc/self/environ").exists(), reason="only there it can be seen which is which"
)
def test_a_run_whose_process_is_killed_fails_and_goes_on_to_the_same_result(home):
    alone = edgewise(*asked(home, "alone"), "--json")
    assert alone.exit_code == 0
    with torchrun(2, *asked(home, "killed", "--quiet")) as launcher:
        until = time.monotonic() + PATIENCE
        while not (home / "killed" / "checkpoint" / "state.safetensors").exists():
            assert launcher.poll() is None, launcher.communicate()
            assert time.monotonic() < until
            time.sleep(0.05)
        [second] = [child for child in children_of(launcher) if rank_of(child) == "1"]
        os.kill(second, signal.SIGKILL)
        output, _ = launcher.communicate(timeout=PATIENCE)
    assert (launcher.returncode, output) == (1, "")
    assert [path.name for path in (home / "killed").iterdir()] == ["checkpoint"]

    told = ended(begin(2, "-m", "edgewise", *asked(home, "killed", "--json")))
    assert [status for status, *_ in told] == [0, 0], told
    # The first process alone tells, and writes.
    assert told[0][1].startswith("{")
    assert told[1][1:] == ("", "")
    found, wanted = ew.load_run(home / "killed"), ew.load_run(home / "alone")
    assert found.circuit == wanted.circuit
    torch.testing.assert_close(found.scores.values, wanted.scores.values, rtol=1e-6, atol=1e-9)
    assert found.evaluation.faithfulness == pytest.approx(wanted.evaluation.faithfulness)
    assert len(found.training.splitlines()) == len(wanted.training.splitlines())
    assert not (home / "killed" / "checkpoint").exists()


def test_what_is_wrong_is_told_once_whichever_process_finds_it(home):
    typed = ["discover", "--model", home / "model", "--prompts", home / "nowhere.jsonl", "--out", home / "no"]
    (first, output, told), (second, *others) = ended(begin(2, "-m", "edgewise", *typed))
    assert (first, second, output, others) == (2, 2, "", ["", ""])
    assert told.count("nowhere.jsonl") == 1
    assert not (home / "no").exists()


def test_each_of_several_processes_needs_a_gpu_of_its_own(monkeypatch):
    told = {"RANK": 0, "WORLD_SIZE": 4, "LOCAL_WORLD_SIZE": 4, "MASTER_ADDR": "here", "MASTER_PORT": 1}
    for name, value in told.items():
        monkeypatch.setenv(name, str(value))
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    [problem] = check_placement(None, "cuda")
    assert problem.startswith("a GPU for each of 4 processes on this machine was needed. It has 2.")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 4)
    assert check_placement(None, "cuda:1") == [
        "of several processes each has its own GPU. Got cuda:1 for all. Give cuda."
    ]


def test_where_another_process_has_ended_the_rest_say_so_and_where_the_work_is(home):
    processes = begin(2, "-m", "edgewise", *asked(home, "left", "--quiet"))
    until = time.monotonic() + PATIENCE
    while not (home / "left" / "checkpoint" / "state.safetensors").exists():
        assert time.monotonic() < until
        time.sleep(0.05)
    processes[1].kill()
    (status, output, told), _ = ended(processes)
    assert (status, output) == (2, "")
    assert "another process of this run has ended" in told
    assert f"What is done so far is in {home / 'left' / 'checkpoint'}" in told
    assert "Traceback" not in told
