"""edgewise's own form: a folder with `scores.safetensors` and `circuit.json`."""

from __future__ import annotations

from pathlib import Path

from edgewise.circuit import Circuit, Scores
from edgewise.edges import check_same
from edgewise.errors import EdgewiseError

SCORES, CIRCUIT = "scores.safetensors", "circuit.json"


def write(path: str | Path, scores: Scores, circuit: Circuit) -> None:
    check_same(scores.graph, circuit.graph)
    folder = Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EdgewiseError(f"{folder} could not be made a folder: {error.strerror}.") from error
    scores.save(folder / SCORES)
    circuit.save(folder / CIRCUIT)


def read(path: str | Path) -> tuple[Scores, Circuit]:
    return Scores.load(Path(path) / SCORES), Circuit.load(Path(path) / CIRCUIT)
