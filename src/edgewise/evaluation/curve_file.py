"""`curve.json`: faithfulness over size, as a file.

    {"format": "edgewise curve", "version": 1, "sizes": [shares], "chosen": [edges before pruning],
     "areas": {...}, "full": [...], "replaced": [...], "evaluations": [...]}

The full model and the replaced run are the same at every size, so that their numbers of each example stand
there once.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from edgewise.errors import BadInput, BrokenFile
from edgewise.evaluation.curve import Curve
from edgewise.evaluation.evaluation import Evaluation
from edgewise.files import atomic_write, in_file, read_described

FORMAT, VERSION = "edgewise curve", 1
SHARED = ("full", "replaced")


def save_curve(curve: Curve, path: str | Path) -> None:
    """Write a file that `load_curve` reads."""
    first = curve.evaluations[0]
    content = {
        "format": FORMAT,
        "version": VERSION,
        "sizes": list(curve.shares),
        "areas": curve.to_dict(),
        **{name: list(first.per_example[name]) for name in SHARED},
        "evaluations": [_without_shared(each) for each in curve.evaluations],
    }
    atomic_write(path, json.dumps(content, indent=1) + "\n")


def load_curve(path: str | Path) -> Curve:
    described = read_described(path, FORMAT, VERSION)
    try:
        shared = {name: described[name] for name in SHARED}
        with in_file(path):
            found = [
                Evaluation.from_dict({**each, "per_example": {**each["per_example"], **shared}})
                for each in described["evaluations"]
            ]
        sizes = tuple(float(share) for share in described["sizes"])
    except (BadInput, KeyError, TypeError, ValueError) as error:
        if isinstance(error, BrokenFile):
            raise
        raise BrokenFile(f"{path} does not hold a curve: sizes and their evaluations were needed.") from error
    if len(sizes) != len(found) or len(sizes) < 2:
        raise BrokenFile(f"{path}: as many sizes as evaluations were needed, two or more.")
    return Curve(sizes, tuple(found))


def _without_shared(evaluation: Evaluation) -> dict[str, Any]:
    told = evaluation.to_dict()
    own = {name: each for name, each in told["per_example"].items() if name not in SHARED}
    return {**told, "per_example": own}
