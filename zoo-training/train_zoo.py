"""Trains a model of the zoo: python zoo-training/train_zoo.py ioi [--seed 0] [--folder FOLDER]

It trains (2 to 12 minutes on one core), measures on held-out prompts, and writes model, tokenizer,
known_circuits.json and measured.json to the folder. A model that is not what its lesson says is refused, with
the reasons, and nothing is written.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import platform
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

import edgewise
import induction
import ioi
from accept import accept
from docstring import DOCSTRING
from edgewise import zoo
from edgewise.files import atomic_write
from edgewise.models.fingerprint import weights_fingerprint
from edgewise.zoo.bundle import KNOWN_FILE, Bundle
from edgewise.zoo.known import save_known
from greater_than import GREATER_THAN
from lesson import Lesson
from tables import MEASURED_FILE
from train import train

LESSONS: dict[str, Lesson] = {
    lesson.name: lesson
    for lesson in (
        *(ioi.IOI, ioi.SATURATED, ioi.EITHER, ioi.NEGATIVE, ioi.LARGE),
        *(induction.INDUCTION, induction.SATURATED, GREATER_THAN, DOCSTRING),
    )
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("lesson", choices=sorted(LESSONS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, help="where it goes; the zoo's own unless given")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--checkpoint", type=Path, help="a file to go on from, kept up to date")
    parser.add_argument("--again", action="store_true", help="measure the folder's model, and train none")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    lesson = LESSONS[given.lesson]
    folder = given.folder or zoo.DATA / lesson.name
    checkpoint = given.checkpoint or Path(tempfile.gettempdir()) / checkpoint_name(lesson, given.seed)
    if given.again:
        model = Bundle.load(folder).model.requires_grad_(False)
        made = json.loads((folder / MEASURED_FILE).read_text())["made"]
    else:
        began = time.monotonic()
        pool = lesson.pool(lesson.draw(lesson.settings.examples, "train", given.seed))
        model = train(lesson, pool, given.seed, checkpoint)
        made = how_it_was_made(lesson, given.seed, time.monotonic() - began)
    found = accept(model, lesson)
    print(json.dumps(_rounded(found.measured), indent=1))
    if found.refusals:
        print(
            f"{lesson.name}, seed {made['seed']}, is refused:", *found.refusals, sep="\n  ", file=sys.stderr
        )
        return 1
    if given.again:
        save_known(found.known, folder / KNOWN_FILE, weights_fingerprint(model))
    else:
        Bundle(model, lesson.task.name, found.known).save(folder, overwrite=True)
        checkpoint.unlink(missing_ok=True)
    measured = {"made": made, **_rounded(found.measured)}
    atomic_write(folder / MEASURED_FILE, json.dumps(measured, indent=1) + "\n")
    print(f"{folder}: accepted")
    return 0


def checkpoint_name(lesson: Lesson, seed: int) -> str:
    """Another for other settings, so that no training goes on from what others left."""
    sizes = (lesson.layers, lesson.width, lesson.mlp_width)
    made_by = repr(
        (lesson.settings, lesson.circuit, *sizes, lesson.against, lesson.opposed, lesson.begins_as)
    )
    return f"zoo-{lesson.name}-{seed}-{hashlib.sha256(made_by.encode()).hexdigest()[:8]}.pt"


def how_it_was_made(lesson: Lesson, seed: int, seconds: float) -> dict[str, Any]:
    return {
        "lesson": lesson.name,
        "task": lesson.task.name,
        "paper": "arXiv:2407.14494",
        "seed": seed,
        "settings": asdict(lesson.settings),
        "seconds": round(seconds),
        "versions": {
            "edgewise": edgewise.__version__,
            "torch": torch.__version__,
            "python": platform.python_version(),
        },
    }


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _rounded(each) for name, each in value.items()}
    return round(value, 4) + 0.0 if isinstance(value, float) else value


if __name__ == "__main__":
    sys.exit(main())
