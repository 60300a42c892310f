"""edgewise's own form: a folder with `scores.safetensors` and `circuit.json`."""

from __future__ import annotations

from pathlib import Path

from edgewise.circuit import Circuit, Scores
from edgewise.edges import check_same
from edgewise.errors import BadInput, BrokenFile
from edgewise.files import make_parents
from edgewise.recognised import recognised

SCORES, CIRCUIT = "scores.safetensors", "circuit.json"


def write(path: str | Path, scores: Scores, circuit: Circuit) -> None:
    check_same(scores.graph, circuit.graph)
    folder = Path(path)
    make_parents(folder / SCORES)
    scores.save(folder / SCORES)
    circuit.save(folder / CIRCUIT)


def read(path: str | Path) -> tuple[Scores, Circuit]:
    folder = Path(path)
    if folder.is_file():
        raise BadInput(
            f"a folder with {SCORES} and {CIRCUIT} was needed. {folder} is a file.{recognised(folder)}"
        )
    scores, circuit = Scores.load(folder / SCORES), Circuit.load(folder / CIRCUIT)
    if scores.graph != circuit.graph:
        raise BrokenFile(
            f"{folder / SCORES} and {folder / CIRCUIT} must be of one graph. Got one of "
            f"{scores.graph.describe()}; and one of {circuit.graph.describe()}. Put back the one that is not "
            "of this folder."
        )
    return scores, circuit
