"""`edgewise bench`: all cells of a matrix that are not done yet, and one table of all.

    FOLDER/bench.json              what makes it the folder of a matrix
    FOLDER/runs/CELL/              a run, as `edgewise discover` leaves it
    FOLDER/rows/CELL.json          its row; a cell that has one is done
    FOLDER/problems/CELL.txt       what was wrong with a cell that failed
    FOLDER/table.md, .csv, .parquet

The same command goes on where it was stopped: cells that are done are not run again, and a method that keeps
a checkpoint goes on from it. Cells that failed are tried again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgewise.bench.cell import row_file
from edgewise.bench.matrix import Cell, cells_of
from edgewise.bench.processes import in_processes
from edgewise.bench.table import Row, check_parquet, write_tables
from edgewise.errors import BadInput, Problems, Stopped, gathered
from edgewise.files import atomic_write, make_parents, read_described, read_json
from edgewise.progress import Progress
from edgewise.request import BenchRequest
from edgewise.validation import check_can_be_made

FORMAT, VERSION, MARK = "edgewise bench", 1, "bench.json"


@dataclass(frozen=True)
class Bench:
    """A matrix, as far as it is done."""

    rows: Sequence[Row]
    failed: Mapping[str, str]
    """What was wrong, by the cell's name."""
    files: Sequence[Path]

    def to_dict(self) -> dict[str, Any]:
        return {
            "rows": list(self.rows),
            "failed": dict(self.failed),
            "files": [str(path) for path in self.files],
        }


def bench(request: BenchRequest, progress: Progress | None = None) -> Bench:
    progress = progress or Progress()
    cells = checked(request)
    folder = Path(request.out)
    make_parents(folder / MARK)
    atomic_write(folder / MARK, json.dumps({"format": FORMAT, "version": VERSION}) + "\n")
    left = [cell for cell in cells if not row_file(folder, cell).is_file()]
    failed: dict[str, str] = {}
    try:
        with progress.counting("cells", len(cells), "cells", len(cells) - len(left)) as advance:
            for cell, problem in in_processes(left, folder, request.jobs):
                if problem is not None:
                    failed[cell.name] = problem
                advance(1, f"{cell.variant.name} on {Path(cell.model).name}{' failed' if problem else ''}")
    except KeyboardInterrupt:
        done = sum(row_file(folder, cell).is_file() for cell in cells)
        raise Stopped(
            f"{done:,} of {len(cells):,} cells are done. The same command goes on from there."
        ) from None
    rows = rows_of(folder, cells)
    return Bench(rows, failed, write_tables(rows, failed, folder, request.parquet))


def rows_of(folder: Path, cells: Sequence[Cell]) -> list[Row]:
    """Of the cells that are done."""
    return [read_json(path) for cell in cells if (path := row_file(folder, cell)).is_file()]


def checked(request: BenchRequest) -> list[Cell]:
    """The cells; all problems at once, before any is run."""
    problems, cells = Problems(), []
    with gathered(problems):
        cells = cells_of(request)
    if request.jobs < 1:
        problems.add(f"jobs must be 1 or more. Got {request.jobs}.")
    if request.parquet:
        problems.add(*check_parquet())
    if request.out:
        problems.add(*check_place(Path(request.out)))
    problems.raise_any()
    return cells


def check_place(folder: Path) -> list[str]:
    """Why a matrix cannot be put there."""
    if (folder / MARK).is_file():
        try:
            read_described(folder / MARK, FORMAT, VERSION)
        except BadInput as error:
            return list(error.problems)
        return []
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        what = "holds other files" if folder.is_dir() else "is a file"
        return [f"{folder} {what}, and a matrix needs a folder of its own. Give another --out."]
    return check_can_be_made(folder)
