"""Faithfulness over size, as a file: a run's `curve.json`, or what `edgewise evaluate --curve --out` writes.

    {"format": "edgewise curve", "version": 1, "sizes": [shares], "areas": {...}, "full": [...],
     "replaced": [...], "evaluations": [...]}

The full model and the replaced run are the same at every size, so that their numbers of each example stand
there once.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from edgewise.errors import BrokenFile
from edgewise.evaluation.curve import Curve, check_shares
from edgewise.evaluation.evaluation import Evaluation
from edgewise.files import atomic_write, in_file, read_json

FORMAT, VERSION = "edgewise curve", 1
SHARED = ("full", "replaced")
HOW = "`edgewise evaluate RUN --curve --out FILE.json` writes one"


def save_curve(curve: Curve, path: str | Path) -> None:
    """Write a file that `read_curve` reads."""
    first = curve.evaluations[0]
    content = {
        "format": FORMAT,
        "version": VERSION,
        "sizes": list(curve.shares),
        "areas": {"cpr": curve.cpr, "cmd": curve.cmd},
        **{name: list(first.per_example[name]) for name in SHARED},
        "evaluations": [_without_shared(each) for each in curve.evaluations],
    }
    atomic_write(path, json.dumps(content, indent=1) + "\n")


def read_curve(path: str | Path) -> Curve:
    """Of the sizes, beside the evaluations or under `curve`, and of the evaluations of these."""
    told: Any = read_json(path)
    version = told.get("version", 1) if isinstance(told, dict) else 1
    if isinstance(version, int) and version > VERSION:
        raise BrokenFile(f"{path} is version {version} of an {FORMAT}. Update edgewise.")
    of_sizes: Any = told.get("curve", told) if isinstance(told, dict) else {}
    sizes: Any = of_sizes.get("sizes") if isinstance(of_sizes, dict) else None
    found: Any = told.get("evaluations") if isinstance(told, dict) else None
    whole = isinstance(sizes, list) and isinstance(found, list) and len(sizes) == len(found)
    if not whole or not all(isinstance(size, int | float) for size in sizes):
        raise BrokenFile(f"{path}: a curve was needed, with a size for each of its evaluations. {HOW}.")
    shared = {name: told[name] for name in SHARED if name in told}
    with in_file(path):
        check_shares(sizes)
        evaluations = [Evaluation.from_dict(_with_shared(each, shared)) for each in found]
        return Curve(tuple(float(size) for size in sizes), tuple(evaluations))


def _without_shared(evaluation: Evaluation) -> dict[str, Any]:
    told = evaluation.to_dict()
    own = {name: each for name, each in told["per_example"].items() if name not in SHARED}
    return {**told, "per_example": own}


def _with_shared(told: Any, shared: dict[str, Any]) -> Any:
    if not isinstance(told, dict) or not isinstance(told.get("per_example"), dict):
        return told
    return {**told, "per_example": {**told["per_example"], **shared}}
