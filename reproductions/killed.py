"""Learning a mask is killed at random moments and started again: does it come to the very same mask?

    python reproductions/killed.py [--times 20] [--method edge-pruning] [--task induction] [--steps 600]

One run goes through. The other is a process of its own, that SIGKILL ends at random moments, from before it
has begun to its last steps, as often as asked; then it goes on to its end. Their `scores.safetensors` must be
the same to the last bit, and their `training.jsonl` tell the same steps. It saves after every step, so that
kills fall into saves, too.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SAVES_EVERY_STEP = (
    "import edgewise.masks.training as loop; loop.SECONDS_BETWEEN_SAVES = 0.0; "
    "from edgewise.__main__ import main; main()"
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--method", default="edge-pruning")
    parser.add_argument("--task", default="induction")
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        told = compare(Path(folder), given.method, given.task, given.steps, given.times, given.seed)
    print(told)


def compare(folder: Path, method: str, task: str, steps: int, times: int, seed: int = 0) -> str:
    """What happened; AssertionError where the two runs differ."""
    asked = ["discover", "--task", task, "--method", method, "--quiet"]
    assert run(asked, steps, folder / "whole").wait() == 0
    draw, done = random.Random(seed), [0]
    while len(done) <= times:
        process = run(asked, steps, folder / "broken")
        # One of five falls into the start. So that all kills together take less than one whole run:
        until = 0 if draw.random() < 0.2 else done[-1] + draw.randint(1, max(1, steps // (times + 1)))
        wait(process, folder / "broken", until, draw.uniform(0, 3.0 if until == 0 else 0.1))
        if process.poll() is not None:
            raise SystemExit(f"it came to its end after {len(done) - 1} kills. Ask for more steps.")
        process.send_signal(signal.SIGKILL)
        process.wait()
        done.append(steps_done(folder / "broken"))
    assert run(asked, steps, folder / "broken").wait() == 0
    for name in ("scores.safetensors", "circuit.json"):
        assert (folder / "whole" / name).read_bytes() == (folder / "broken" / name).read_bytes(), name
    told = [stripped(folder / each / "training.jsonl") for each in ("whole", "broken")]
    assert told[0] == told[1]
    return f"{method} on {task}: killed {times} times, after {done[1:]} steps; the same to the last bit."


def run(asked: list[str], steps: int, out: Path) -> subprocess.Popen[bytes]:
    arguments = [*asked, "--set", f"steps={steps}", "--out", str(out)]
    return subprocess.Popen([sys.executable, "-c", SAVES_EVERY_STEP, *arguments])


def wait(process: subprocess.Popen[bytes], folder: Path, steps: int, seconds: float) -> None:
    """Until so many steps are done, and so many seconds more; or until it ends."""
    while steps_done(folder) < steps and process.poll() is None:
        time.sleep(0.005)
    time.sleep(seconds)


def steps_done(folder: Path) -> int:
    """By the log, of a run that was killed."""
    log = folder / "checkpoint" / "training.jsonl"
    lines = log.read_text().splitlines() if log.is_file() else []
    return max((json.loads(line)["step"] for line in lines if line.endswith("}")), default=0)


def stripped(log: Path) -> list[dict[str, object]]:
    """Without how long each step took."""
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    return [{name: value for name, value in line.items() if name != "seconds a step"} for line in lines]


if __name__ == "__main__":
    main()
