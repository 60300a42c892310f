"""`make demo`: the circuit of a model whose circuit is known, found by the command that finds any other."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import edgewise as ew
from edgewise import zoo
from edgewise.tasks.ioi import TASK
from edgewise.tasks.pairs import prompt_rules

OUT = Path("runs/demo")
COMMAND = f"edgewise discover --task ioi --edges 16 --out {OUT} --overwrite"


def main() -> None:
    bundle = zoo.open_bundle("ioi")
    [example] = TASK.examples(prompt_rules(bundle.model), 1)
    known = bundle.known["corrupted"].circuit
    print(f"zoo:ioi is a small model, trained to tell who is given something by {len(known)} edges:")
    print(f"  clean      {example.clean} ->{example.correct[0]}")
    print(f"  corrupted  {example.corrupted['abc']}\n")
    print(f"$ {COMMAND}", flush=True)
    subprocess.run([sys.executable, "-m", *shlex.split(COMMAND)], check=True)
    shared = len(ew.load_run(OUT).circuit & known)
    print(f"\nOf the {len(known)} edges it was trained to use, {shared} are in the circuit found:")
    print(known.text())


if __name__ == "__main__":
    main()
