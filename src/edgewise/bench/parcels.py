"""What came of a cell on a machine that does not see the folder of the matrix, on its way into it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from edgewise.bench.cell import PROBLEMS, ROWS, RUNS
from edgewise.files import atomic_write, make_parents


def packed(folder: Path) -> dict[str, bytes]:
    """What the folder is to hold of a cell, by its places there; the row last: with it the cell is done."""
    paths = [path for name in (PROBLEMS, RUNS, ROWS) for path in (folder / name).rglob("*")]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths if path.is_file()}


def put_in_place(files: Mapping[str, bytes], folder: Path) -> None:
    for name, content in files.items():
        make_parents(folder / name)
        atomic_write(folder / name, content)
