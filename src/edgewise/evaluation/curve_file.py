"""A curve from a JSON file: that which `edgewise evaluate RUN --curve --out FILE.json` writes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from edgewise.errors import BrokenFile
from edgewise.evaluation.curve import Curve, check_shares
from edgewise.evaluation.evaluation import Evaluation
from edgewise.files import in_file, read_json

HOW = "`edgewise evaluate RUN --curve --out FILE.json` writes one"


def read_curve(path: str | Path) -> Curve:
    """Of the sizes, beside the evaluations or under `curve`, and of the evaluations of these."""
    told: Any = read_json(path)
    of_sizes = told.get("curve", told) if isinstance(told, dict) else {}
    sizes = of_sizes.get("sizes") if isinstance(of_sizes, dict) else None
    found = told.get("evaluations") if isinstance(told, dict) else None
    whole = isinstance(sizes, list) and isinstance(found, list) and len(sizes) == len(found)
    if not whole or not all(isinstance(size, int | float) for size in sizes):
        raise BrokenFile(f"{path}: a curve was needed, with a size for each of its evaluations. {HOW}.")
    with in_file(path):
        check_shares(sizes)
        return Curve(tuple(float(size) for size in sizes), tuple(map(Evaluation.from_dict, found)))
