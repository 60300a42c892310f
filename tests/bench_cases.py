"""What the tests of `edgewise bench` share: a matrix as a file, and the cells of a request."""

from pathlib import Path

from edgewise.bench.matrix import cells_of
from edgewise.verb_requests import BenchRequest

MATRIX = """
model = ["zoo:induction", "zoo:ioi"]
seed = [3, 4]
examples = 8
sparsity = 0.9
method = [
    "eap",
    {name = "few steps | <b>", method = "edge-pruning", options = {steps = 3, tries = 1}, sparsity = 0.8},
]
"""


def cells(**given):
    return cells_of(BenchRequest(out="", **given))


def matrix(folder: Path, text: str = MATRIX) -> Path:
    (folder / "matrix.toml").write_text(text)
    return folder / "matrix.toml"
