"""What is known of a model's circuit for a task, wherever it lies: beside the model, or in a paper.

Only evaluation asks. No method that looks for circuits is ever given the answer.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from edgewise.graph import Graph
from edgewise.models.bundled import PREFIX, bundled_folder
from edgewise.zoo.bundle import KNOWN_FILE, task_of
from edgewise.zoo.known import KnownCircuit, load_known
from edgewise.zoo.published import published_circuits


def model_folder(model: str) -> Path | None:
    """The folder that a model is read from: a bundled one's, or its own; None on the Hub."""
    if model.startswith(PREFIX):
        return bundled_folder(model)
    folder = Path(os.path.expanduser(model))
    return folder if model and folder.is_dir() else None


def own_task(model: str) -> str | None:
    """The task that a model comes with."""
    folder = model_folder(model)
    return None if folder is None else task_of(folder)


def known_circuits(model: str, task: str, graph: Graph) -> Mapping[str, KnownCircuit]:
    """By `known.truth_name`. `model`: `zoo:ioi`, a folder, or a name on the Hub."""
    folder = model_folder(model)
    if folder is not None and (folder / KNOWN_FILE).is_file() and task_of(folder) == task:
        return load_known(folder / KNOWN_FILE, graph)
    return published_circuits(task, model, graph)
