"""The command in a process of its own: how it ends, whatever stops it."""

import os
import subprocess
import sys

from cli_cases import discover


def python(*arguments, **settings):
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    given = [sys.executable, *map(str, arguments)]
    return subprocess.run(given, capture_output=True, text=True, env=environment, check=False, **settings)


def test_python_m_edgewise_ends_with_2_and_no_traceback(home):
    done = python(
        "-m", "edgewise", "discover", "--model", home / "model", "--prompts", "none", "--out", home / "run"
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("edgewise: 2 problems\n  • prompts file none does not exist")


def test_a_full_disk_ends_with_2_and_the_old_run_stays(home):
    discover(home, "--out", home / "full", "--quiet")
    before = {path.name: path.read_bytes() for path in (home / "full").iterdir()}
    code = (
        "import resource, sys; from edgewise.__main__ import main\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1500, 1500))\n"
        "sys.argv[0] = 'edgewise'; main()"
    )
    given = ["--model", home / "model", "--prompts", home / "prompts.jsonl", "--edges", 9, "--quiet"]
    done = python("-c", code, "discover", *given, "--out", home / "full", "--overwrite")
    assert (done.returncode, done.stdout) == (2, "")
    assert (
        f"{home / 'full'} could not be written: File too large. What was there is unchanged." in done.stderr
    )
    assert {path.name: path.read_bytes() for path in (home / "full").iterdir()} == before
