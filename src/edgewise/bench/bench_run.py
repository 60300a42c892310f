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
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgewise.bench.cell import Cell, row_of
from edgewise.bench.matrix import cells_of
from edgewise.bench.places import check_place, runner_of
from edgewise.bench.table import Row, check_parquet, write_tables
from edgewise.errors import BadInput, Problems, Stopped, gathered
from edgewise.files import atomic_write, make_parents, read_described
from edgewise.progress import READING, Progress
from edgewise.validation import check_can_be_made
from edgewise.verb_requests import BenchRequest

try:
    import fcntl
except ImportError:
    # Windows has none.
    fcntl = None

FORMAT, VERSION, MARK, LOCK = "edgewise bench", 1, "bench.json", ".lock"


@dataclass(frozen=True)
class Bench:
    """A matrix, as far as it is done."""

    rows: Sequence[Row]
    failed: Mapping[str, str]
    """What was wrong, by the cell's name."""
    files: Sequence[Path]

    @property
    def notes(self) -> list[str]:
        """What a reader of the table should know."""
        same = {row["task"] for row in self.rows if row["also_found_on"] == row["examples"]}
        if not same:
            return []
        return [
            f"circuits of {', '.join(sorted(same))} are judged on the prompts that they were found on. "
            "Give others: --evaluate-on."
        ]

    def to_dict(self) -> dict[str, Any]:
        return {
            "notes": self.notes,
            "rows": list(self.rows),
            "failed": dict(self.failed),
            "files": [str(path) for path in self.files],
        }


def bench(request: BenchRequest, progress: Progress | None = None) -> Bench:
    progress = progress or Progress()
    with progress.status(READING):
        cells = checked(request)
    folder = Path(request.out)
    make_parents(folder / MARK)
    with alone_in(folder):
        atomic_write(folder / MARK, json.dumps({"format": FORMAT, "version": VERSION}) + "\n")
        left = [cell for cell in cells if row_of(folder, cell) is None]
        failed: dict[str, str] = {}
        try:
            with (
                progress.counting("cells", len(cells), "cells", len(cells) - len(left)) as advance,
                closing(runner_of(request)(left, folder)) as done,
            ):
                for cell, problem in done:
                    if problem is not None:
                        failed[cell.name] = problem
                    failing = " failed" if problem else ""
                    advance(1, f"{cell.variant.name} on {Path(cell.model).name}{failing}")
        except KeyboardInterrupt:
            done = finished(request, cells, failed)
            told = f"{len(done.rows):,} of {len(cells):,} cells are done, and in {done.files[0]}."
            raise Stopped(f"{told} The same again goes on from there.") from None
        return finished(request, cells, failed)


def finished(request: BenchRequest, cells: Sequence[Cell], failed: Mapping[str, str]) -> Bench:
    """The tables of what is done."""
    folder = Path(request.out)
    rows = [row for cell in cells if (row := row_of(folder, cell)) is not None]
    return Bench(rows, failed, write_tables(rows, failed, folder, request.parquet))


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Two matrices in one folder would run the same cells. However a process ends, it lets go."""
    if fcntl is None:
        yield
        return
    with open(folder / LOCK, "a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise BadInput(
                f"another `edgewise bench` is at work in {folder}. Wait for it, or give another --out."
            ) from error
        yield


def checked(request: BenchRequest) -> list[Cell]:
    """The cells; all problems at once, before any is run."""
    problems, cells = Problems(), []
    with gathered(problems):
        cells = cells_of(request)
    problems.add(*check_place(request))
    if request.parquet:
        problems.add(*check_parquet())
    if request.out:
        problems.add(*check_folder(Path(request.out)))
    problems.raise_any()
    return cells


def check_folder(folder: Path) -> list[str]:
    """Why a matrix cannot be put there."""
    if (folder / MARK).is_file():
        try:
            read_described(folder / MARK, FORMAT, VERSION)
        except BadInput as error:
            return list(error.problems)
        return []
    if folder.exists() and (not folder.is_dir() or any(each.name != LOCK for each in folder.iterdir())):
        what = "holds other files" if folder.is_dir() else "is a file"
        return [f"{folder} {what}, and a matrix needs a folder of its own. Give another --out."]
    return check_can_be_made(folder)
