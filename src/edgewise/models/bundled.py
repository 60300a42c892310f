"""The models that come with the package: their names, `zoo:` before them, and the folders they lie in."""

from __future__ import annotations

import json
from pathlib import Path

from edgewise.errors import BadInput, unknown

PREFIX = "zoo:"
FOLDER = Path(__file__).parents[1] / "zoo" / "data"
TASK_FILE = "task.json"


def bundled_names() -> list[str]:
    """Without the prefix."""
    return sorted(each.parent.name for each in FOLDER.glob(f"*/{TASK_FILE}"))


def bundled_folder(name: str) -> Path:
    """Where a model lies, its name with the prefix or without."""
    bare = name.removeprefix(PREFIX)
    if bare not in bundled_names():
        raise BadInput(unknown("zoo model", bare, bundled_names()))
    return FOLDER / bare


def tasks_with_a_model() -> list[str]:
    """The tasks that a bundled model of the same name does; other models are variants of one of these."""
    return [
        name
        for name in bundled_names()
        if json.loads((FOLDER / name / TASK_FILE).read_text())["task"] == name
    ]
