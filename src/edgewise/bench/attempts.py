"""A cell is tried, and what was wrong with it is kept: `problems/NAME.txt`, until it is tried again."""

from __future__ import annotations

import traceback
import warnings
from pathlib import Path

import torch

from edgewise.bench.cell import PROBLEMS, Cell, work
from edgewise.errors import EdgewiseError
from edgewise.files import atomic_write, make_parents


def attempt(cell: Cell, folder: Path, threads: int) -> str | None:
    """In a process of its own: runs the cell, and tells what was wrong, if something was."""
    torch.set_num_threads(threads)
    warnings.simplefilter("ignore")
    try:
        work(cell, folder)
    except Exception as error:
        return keep(cell, folder, str(error) if isinstance(error, EdgewiseError) else traceback.format_exc())
    return None


def keep(cell: Cell, folder: Path, problem: str) -> str:
    path = problem_file(cell, folder)
    make_parents(path)
    atomic_write(path, problem.rstrip() + "\n")
    return problem


def in_a_line(problem: str) -> str:
    """Of a traceback what it ends with; of several problems the first."""
    first, *more = problem.splitlines() or ["no reason was told"]
    if first.startswith("Traceback"):
        return more[-1]
    return f"{first} (and {len(more)} more lines)" if more else first


def kept(cell: Cell, folder: Path) -> str | None:
    path = problem_file(cell, folder)
    return path.read_text(encoding="utf-8") if path.is_file() else None


def forget(cell: Cell, folder: Path) -> None:
    """What was wrong the last time is no longer."""
    problem_file(cell, folder).unlink(missing_ok=True)


def problem_file(cell: Cell, folder: Path) -> Path:
    return folder / PROBLEMS / f"{cell.name}.txt"
