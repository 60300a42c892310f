"""Ctrl-C at any moment: status 130, no traceback, and what to type to go on, or that nothing is kept."""

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import edgewise as ew
from cli_cases import discover, edgewise
from edgewise import cli
from edgewise.stopping import NOTHING_KEPT
from tiny_runs import entries, write_prompts


@contextmanager
def started(*given: object) -> Iterator[subprocess.Popen[str]]:
    """The command in a process group of its own, as a terminal has it."""
    command = [sys.executable, "-m", "edgewise", *map(str, given)]

    # A shell starts what runs in its background deaf to the signal.
    def hearing() -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        command, **pipes, env=environment, preexec_fn=hearing, start_new_session=True
    ) as process:
        yield process


def stopped(process: subprocess.Popen[str], number: int = signal.SIGINT) -> list[str]:
    """Ctrl-C, which reaches the whole group, or another signal; what the command told after it."""
    os.killpg(process.pid, number)
    out, told = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, ""), told
    assert "Traceback" not in told
    return told.splitlines()


def wait_for(path: Path, process: subprocess.Popen[str]) -> None:
    until = time.monotonic() + 60
    while not path.exists():
        time.sleep(0.05)
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until


def many(home: Path) -> list[object]:
    write_prompts(home / "many.jsonl", entries(4_000))
    return ["--model", home / "model", "--prompts", home / "many.jsonl", "--batch-size", "1"]


def wait_until_importing(process: subprocess.Popen[str]) -> None:
    """Until torch is being loaded: by then the command hears."""
    while "libtorch" not in Path(f"/proc/{process.pid}/maps").read_text():
        time.sleep(0.01)
        assert process.poll() is None, process.communicate()


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="only there it can be seen what is loaded")
@pytest.mark.parametrize("seconds", [0.0, 0.3, 0.8, 1.5])
def test_while_all_is_being_imported_and_read_it_ends_with_130_and_one_line(home, seconds):
    with started("discover", *many(home), "--out", home / "early") as process:
        wait_until_importing(process)
        time.sleep(seconds)
        assert stopped(process)[-1] == NOTHING_KEPT
    assert not (home / "early").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_a_search_that_keeps_nothing_says_so(home, number):
    with started("discover", *many(home), "--out", home / "stopped") as process:
        assert process.stderr is not None
        # The first lines of progress, the last of them of the search.
        while "scoring edges" not in (line := process.stderr.readline()):
            assert line
        assert stopped(process, number) == [NOTHING_KEPT]
    assert not (home / "stopped").exists()


def test_a_search_that_keeps_a_checkpoint_goes_on_by_the_command_that_is_told(home):
    given = ["--method", "edge-pruning", "--set", "steps=300", "--edges", "20", "--out", home / "kept"]
    with started(
        "discover", "--model", home / "model", "--prompts", home / "prompts.jsonl", *given
    ) as process:
        wait_for(home / "kept" / "checkpoint" / "state.safetensors", process)
        *_, told, command = stopped(process)
    assert "the same again goes on from there" in told
    verb, *typed = shlex.split(command)
    assert verb == "edgewise"
    assert edgewise(*typed, "--quiet").exit_code == 0
    assert len(ew.load_run(home / "kept").circuit) <= 20
    assert not (home / "kept" / "checkpoint").exists()


def test_the_cells_of_a_matrix_that_are_done_are_kept_and_no_process_of_it_tells_anything(tmp_path):
    given = ["--model", "zoo:induction", "--method", "eap", "--method", "acdc", "--examples", "30"]
    with started("bench", *given, "--out", tmp_path / "out") as process:
        wait_for(tmp_path / "out" / "bench.json", process)
        # Now the process that begins the others is being made ready.
        time.sleep(0.5)
        *_, told, command = stopped(process)
    assert told.startswith("edgewise: stopped. 0 of 2 cells are done")
    assert edgewise(*shlex.split(command)[1:], "--quiet").exit_code == 0
    assert len(list((tmp_path / "out" / "rows").glob("*.json"))) == 2


@pytest.mark.parametrize("overwrite", [True, False])
def test_draws_that_are_written_are_gone_on_from_and_others_say_how_they_would_be(
    home, monkeypatch, overwrite
):
    def three_draws(*_: object) -> Iterator[ew.Circuit]:
        yield from [ew.load_run(home / "run").circuit] * 3
        raise KeyboardInterrupt

    monkeypatch.setattr("edgewise.stability_run.circuits_of_draws", three_draws)
    out = home / f"draws-{overwrite}.json"
    given = ["stability", home / "run", "--out", out]
    done = edgewise(*given, *(["--overwrite"] if overwrite else []))
    without = "the same without --overwrite" if overwrite else "the same again"
    *_, told, command = done.stderr.splitlines()
    assert done.exit_code == 130
    assert told == f"edgewise: stopped. 3 of 20 draws are done, and in {out}: {without} goes on from there."
    assert command == f"  edgewise {shlex.join(map(str, given))}"
    *_, told = edgewise("stability", home / "run").stderr.splitlines()
    assert told == (
        "edgewise: stopped. 3 of 20 draws are done, and nothing of them is kept. "
        "Give --out FILE.json, and each is written when it is done."
    )


def test_what_is_written_when_it_is_shown_is_not_lost(home, monkeypatch):
    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("edgewise.screens.show_run", interrupted)
    done = discover(home, "--edges", 9, "--out", home / "written")
    assert done.exit_code == 130
    assert done.stderr.splitlines()[-1] == f"edgewise: stopped. What was found is in {home / 'written'}."
    assert len(ew.load_run(home / "written").circuit) <= 9


def test_where_nothing_is_kept_this_is_told_in_one_line(home, monkeypatch):
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("edgewise.evaluate_run.evaluate_circuits", interrupted)
    done = edgewise("evaluate", home / "run")
    assert (done.exit_code, done.stdout, done.stderr) == (130, "", f"{NOTHING_KEPT}\n")


def test_a_verb_leaves_the_signal_as_it_was(home):
    before = signal.getsignal(signal.SIGINT)
    edgewise("list", "formats")
    assert signal.getsignal(signal.SIGINT) is before
    with cli.starting(silent=True):
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before
