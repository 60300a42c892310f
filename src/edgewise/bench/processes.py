"""Cells in processes of their own, so many at once: what befalls one - memory, a crash - befalls no other."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Generator, Sequence
from importlib import import_module
from multiprocessing.connection import wait
from pathlib import Path

import torch

from edgewise.bench.attempts import attempt, forget, keep, kept
from edgewise.bench.cell import Cell, row_of


def in_processes(
    cells: Sequence[Cell], folder: Path, jobs: int
) -> Generator[tuple[Cell, str | None], None, None]:
    """Each cell when it is done, with what was wrong, if something was."""
    # A server that has imported everything once begins processes in no time, without memory of other cells.
    server = "forkserver" in multiprocessing.get_all_start_methods()
    if server:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([attempt.__module__, "edgewise.models.load"])
        # Where there is no such server its module cannot be imported.
        begin_deaf(import_module("multiprocessing.forkserver").ensure_running)
    else:
        context = multiprocessing.get_context("spawn")
    # No more than torch would take by itself, as OMP_NUM_THREADS and the like say.
    threads = max(1, min(torch.get_num_threads(), processors() // min(jobs, max(len(cells), 1))))
    waiting, running = deque(cells), {}
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                cell = waiting.popleft()
                forget(cell, folder)
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


def processors() -> int:
    """Those that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _work(cell: Cell, folder: Path, threads: int) -> None:
    # The process that began the others ends them, by its own end at the latest.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    attempt(cell, folder, threads)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _problem(cell: Cell, folder: Path, status: int | None) -> str | None:
    if row_of(folder, cell) is not None:
        return None
    if (problem := kept(cell, folder)) is not None:
        return problem
    killed = f"was killed by signal {-status}" if status and status < 0 else f"ended with status {status}"
    return keep(
        cell, folder, f"its process {killed} before it was done; of memory there may have been too little."
    )
