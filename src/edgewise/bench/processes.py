"""Cells in processes of their own, so many at once: what befalls one - memory, a crash - befalls no other.

A cell that fails leaves what was wrong in `problems/NAME.txt`, and is tried again when the matrix is.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import traceback
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from multiprocessing.connection import wait
from pathlib import Path

import torch

from edgewise.bench.cell import PROBLEMS, Cell, row_of, work
from edgewise.errors import EdgewiseError
from edgewise.files import atomic_write, make_parents


def problem_file(folder: Path, cell: Cell) -> Path:
    return folder / PROBLEMS / f"{cell.name}.txt"


def in_processes(cells: Sequence[Cell], folder: Path, jobs: int) -> Iterator[tuple[Cell, str | None]]:
    """Each cell when it is done, with what was wrong, if something was."""
    # A server that has imported everything once begins processes in no time, without memory of other cells.
    server = "forkserver" in multiprocessing.get_all_start_methods()
    if server:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([work.__module__, "edgewise.models.load"])
        # Where there is no such server its module cannot be imported.
        begin_deaf(import_module("multiprocessing.forkserver").ensure_running)
    else:
        context = multiprocessing.get_context("spawn")
    # No more than torch would take by itself, as OMP_NUM_THREADS and the like say.
    threads = max(1, min(torch.get_num_threads(), _processors() // min(jobs, max(len(cells), 1))))
    waiting, running = deque(cells), {}
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                cell = waiting.popleft()
                # What was wrong the last time is no longer.
                problem_file(folder, cell).unlink(missing_ok=True)
                process = context.Process(target=_work, args=(cell, folder, threads), daemon=True)
                process.start()
                running[process.sentinel] = (cell, process)
            for sentinel in wait(list(running)):
                cell, process = running.pop(sentinel)
                process.join()
                yield cell, _problem(cell, folder, process.exitcode)
    finally:
        for _, process in running.values():
            process.terminate()
            process.join()


def begin_deaf(begin: Callable[[], None]) -> None:
    """Begins a process that does not hear Ctrl-C, nor do those it begins: who waits for them ends them."""
    if threading.current_thread() is not threading.main_thread():
        begin()
        return
    heard = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        begin()
    finally:
        signal.signal(signal.SIGINT, heard)


def _processors() -> int:
    """Those that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _work(cell: Cell, folder: Path, threads: int) -> None:
    # The process that began the others ends them, by its own end at the latest.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    torch.set_num_threads(threads)
    warnings.simplefilter("ignore")
    try:
        work(cell, folder)
    except Exception as error:
        told = str(error) if isinstance(error, EdgewiseError) else traceback.format_exc()
        path = problem_file(folder, cell)
        make_parents(path)
        atomic_write(path, told.rstrip() + "\n")


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _problem(cell: Cell, folder: Path, status: int | None) -> str | None:
    if row_of(folder, cell) is not None:
        return None
    path = problem_file(folder, cell)
    if path.is_file():
        return path.read_text(encoding="utf-8")
    killed = f"was killed by signal {-status}" if status and status < 0 else f"ended with status {status}"
    told = f"its process {killed} before it was done; of memory there may have been too little.\n"
    make_parents(path)
    atomic_write(path, told)
    return told
