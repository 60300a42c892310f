"""Cells as tasks of Ray: on this machine, or on all machines of a cluster.

Each is a task that holds processors and GPUs of its own, in a process that ends with it: what befalls one
befalls no other. A cell whose process or machine is lost is tried again, so often; what is wrong with the
cell itself ends it. A machine that sees the folder of the matrix works there, so that a cell that is tried
again goes on from its checkpoint; any other works in a folder of its own and sends back what came of it.
"""

from __future__ import annotations

import logging
import os
import secrets
import warnings
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout, suppress
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from edgewise.bench.attempts import attempt, forget, keep
from edgewise.bench.cell import Cell
from edgewise.bench.parcels import packed, put_in_place
from edgewise.bench.processes import processors
from edgewise.errors import BadInput

HERE = "ray"
"""In the place of an address: Ray on this machine alone, begun and ended with the matrix."""
OBJECT_STORE = 100 * 2**20
"""Bytes of shared memory. What cells give back is small, and some machines have little."""
SECONDS_TO_END, TOLD = 10.0, 500
Attempt = Callable[[Cell, Path, int], str | None]
Outcome = tuple[str | None, Mapping[str, bytes]]
"""What was wrong, if something was; and the files that are still to be put in place."""


def on_ray(
    cells: Sequence[Cell],
    folder: Path,
    address: str = HERE,
    cpus: float | int = 1,
    gpus: float | int = 0,
    retries: int = 2,
    attempt: Attempt = attempt,
) -> Generator[tuple[Cell, str | None], None, None]:
    """Each cell when it is done, with what was wrong, if something was. `cpus`, `gpus`: of each cell."""
    if not cells:
        return
    with connected(address) as ray, marked(folder.absolute()) as mark:
        note_room(ray, cpus, gpus)
        # Lost tasks are counted here: Ray would try without end what needs more memory than there is.
        task = ray.remote(max_calls=1, max_retries=0, num_cpus=cpus, num_gpus=gpus)(do)
        begin = partial(task.remote, mark=mark, here=Path.cwd(), threads=max(1, int(cpus)), attempt=attempt)
        running: dict[Any, tuple[Cell, int]] = {}
        try:
            for cell in cells:
                forget(cell, folder)
                running[begin(cell)] = (cell, 1)
            while running:
                [done], _ = ray.wait(list(running))
                cell, tries = running.pop(done)
                try:
                    problem, files = ray.get(done)
                    put_in_place(files, folder)
                except ray.exceptions.RayTaskError as error:
                    problem = keep(cell, folder, f"where it was run: {_first_line(error.cause)}")
                except ray.exceptions.RayError as error:
                    if tries <= retries:
                        running[begin(cell)] = (cell, tries + 1)
                        continue
                    problem = keep(cell, folder, lost(tries, error))
                yield cell, problem
        finally:
            for each in running:
                ray.cancel(each, force=True)
            if running:
                ray.wait(list(running), num_returns=len(running), timeout=SECONDS_TO_END)


def do(cell: Cell, mark: Path, here: Path, threads: int, attempt: Attempt) -> Outcome:
    """On the machine that Ray has chosen."""
    # Paths of models and prompts are as they were typed.
    with suppress(OSError):
        os.chdir(here)
    if mark.is_file():
        return attempt(cell, mark.parent, threads), {}
    with TemporaryDirectory(prefix="edgewise-") as own:
        problem = attempt(cell, Path(own), threads)
        return problem, packed(Path(own))


@contextmanager
def connected(address: str) -> Iterator[Any]:
    """Ray, silent: what it has to say of lost processes it would print where results belong."""
    if address == HERE:
        # Of a cluster that is there, who began it has chosen.
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    import ray

    begun = {"num_cpus": processors(), "include_dashboard": False, "object_store_memory": OBJECT_STORE}
    given: dict[str, Any] = {"address": "local", **begun} if address == HERE else {"address": address}
    with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere):
        try:
            ray.init(**given, log_to_driver=False, logging_level=logging.ERROR)
        # Ray ends the process where it waits in vain.
        except (OSError, RuntimeError, ValueError, SystemExit) as error:
            told = " ".join(str(error).split())[-TOLD:]
            raise BadInput(
                f"Ray could not be reached at {address}: {told} A cluster that asks for a token needs "
                "RAY_AUTH_MODE=token here, too."
            ) from error
        try:
            yield ray
        finally:
            ray.shutdown()


@contextmanager
def marked(folder: Path) -> Iterator[Path]:
    """A file in the folder that was never there before: who sees it has the same folder."""
    for left in folder.glob(".*.seen"):
        left.unlink()
    mark = folder / f".{secrets.token_hex(8)}.seen"
    mark.touch()
    try:
        yield mark
    finally:
        mark.unlink(missing_ok=True)


def note_room(ray: Any, cpus: float | int, gpus: float | int) -> None:
    """A cluster can grow, so that what has no room now may have it later."""
    machines = [machine["Resources"] for machine in ray.nodes() if machine["Alive"]]
    if not any(each.get("CPU", 0) >= cpus and each.get("GPU", 0) >= gpus for each in machines):
        most = [max((each.get(kind, 0) for each in machines), default=0) for kind in ("CPU", "GPU")]
        warnings.warn(
            f"a cell needs {cpus:g} processors and {gpus:g} GPUs of one machine, and no machine of the "
            f"cluster has as many: at most {most[0]:g} and {most[1]:g}. Cells wait until one comes.",
            stacklevel=1,
        )


def lost(tries: int, error: Exception) -> str:
    times = "once" if tries == 1 else f"{tries} times"
    return (
        f"its process or its machine was lost {times}; of memory there may have been too little. "
        f"Ray: {_first_line(error)}"
    )


def _first_line(error: BaseException) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
