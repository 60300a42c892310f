"""Where the cells of a matrix are run: in processes of this machine, or by Ray, on it or on a cluster."""

from __future__ import annotations

import socket
from collections.abc import Callable, Generator, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import torch

from edgewise.bench.cell import Cell
from edgewise.bench.on_ray import HERE, on_ray
from edgewise.bench.processes import in_processes, processors
from edgewise.verb_requests import BenchRequest

Runner = Callable[[Sequence[Cell], Path], Generator[tuple[Cell, str | None], None, None]]
"""Each cell when it is done, with what was wrong, if something was."""
AUTO, CLIENT = "auto", "ray://"
OF_RAY = ("cpus", "gpus", "retries")
SECONDS_TO_ANSWER = 5.0


def runner_of(request: BenchRequest) -> Runner:
    if not request.on:
        return partial(in_processes, jobs=request.jobs)
    asked = {name: value for name in OF_RAY if (value := getattr(request, name)) is not None}
    return partial(on_ray, address=request.on, **asked)


def check_place(request: BenchRequest) -> list[str]:
    """Why cells cannot be run there."""
    problems = [f"jobs must be 1 or more. Got {request.jobs}."] if request.jobs < 1 else []
    if not request.on:
        given = [f"--{name}" for name in OF_RAY if getattr(request, name) is not None]
        return problems + [f"{name} is of cells on Ray. Give --on, or leave {name} out." for name in given]
    if request.jobs > 1:
        problems.append(
            "--jobs is of processes of this machine; Ray runs as many cells at once as there is room for by "
            "--cpus and --gpus. Leave --jobs out, or --on."
        )
    return problems + check_shares(request) + check_address(request.on)


def check_shares(request: BenchRequest) -> list[str]:
    """Why no cell can have as much."""
    cpus, gpus = request.cpus, request.gpus or 0
    problems: list[str] = []
    if cpus is not None and cpus <= 0:
        problems.append(f"cpus must be above 0. Got {cpus:g}.")
    if gpus < 0 or (gpus > 1 and gpus != int(gpus)):
        problems.append(f"gpus must be from 0 to 1, or a whole number. Got {gpus:g}.")
    if request.retries is not None and request.retries < 0:
        problems.append(f"retries must be 0 or more. Got {request.retries}.")
    if request.on == HERE:
        there = {"cpus": processors(), "gpus": torch.cuda.device_count()}
        problems += [
            f"{name} must be at most those of this machine, {there[name]}. Got {asked:g}."
            for name, asked in (("cpus", cpus or 0), ("gpus", gpus))
            if asked > there[name]
        ]
    return problems


def check_address(address: str) -> list[str]:
    """Why Ray cannot be had there."""
    host, _, port = address.removeprefix(CLIENT).rpartition(":")
    of_a_cluster = bool(host) and port.isdecimal()
    if address not in (HERE, AUTO) and not of_a_cluster:
        return [
            f"--on must be {HERE} (on this machine), {AUTO} (the cluster that this machine is of), HOST:6379 "
            f"or {CLIENT}HOST:10001. Got {address!r}."
        ]
    if find_spec("ray") is None:
        return [
            "--on needs Ray. Install it: pip install 'edgewise[ray]', or leave --on out: cells are then run "
            "in processes of this machine."
        ]
    if address.startswith(CLIENT) and find_spec("grpc") is None:
        return [f"{CLIENT} needs Ray's client. Install it: pip install 'ray[client]'."]
    return unanswered(address, host, int(port)) if of_a_cluster else []


def unanswered(address: str, host: str, port: int) -> list[str]:
    """Ray itself would wait for minutes."""
    try:
        socket.create_connection((host.strip("[]"), port), SECONDS_TO_ANSWER).close()
    except OSError as error:
        return [
            f"nothing answers at {address}: {error.strerror or error}. Begin a cluster there: "
            f"ray start --head, or give --on {HERE}."
        ]
    return []
