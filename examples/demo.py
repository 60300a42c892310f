"""`make demo`: the circuit of a model whose circuit is known, found by the command that finds any other."""

from __future__ import annotations

import shlex
import subprocess
import sys
from itertools import islice
from pathlib import Path

import edgewise as ew
from induction import CIRCUIT, save

HOME = Path("runs/demo")
COMMAND = (
    f"edgewise discover --model {HOME / 'model'} --prompts {HOME / 'prompts.jsonl'} "
    f"--edges 8 --out {HOME / 'found'} --overwrite"
)


def main() -> None:
    save(HOME)
    first_pair = (HOME / "prompts.jsonl").read_text().partition("\n")[0]
    print(f"{HOME / 'model'} is a small model whose circuit was written by hand. A prompt pair for it:")
    print(f"  {first_pair}\n")
    print(f"$ {COMMAND}", flush=True)
    subprocess.run([sys.executable, "-m", *shlex.split(COMMAND)], check=True)
    scores = ew.load_run(HOME / "found").scores
    strongest = {edge for edge, _ in islice(scores.ranking(), len(CIRCUIT))}
    found = len(strongest.intersection(CIRCUIT))
    print(f"\nOf the {len(CIRCUIT)} edges written by hand, {found} are among the {len(CIRCUIT)} strongest.")
    print(f"Other prompts to try it on are in {HOME / 'other-prompts.jsonl'}.")


if __name__ == "__main__":
    main()
