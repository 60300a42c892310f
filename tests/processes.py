"""Processes that are started together, as torchrun would, and what they tell."""

import os
import socket
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parent
PATIENCE = 120


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def begin(count: int, *command: object) -> list[subprocess.Popen[str]]:
    """`python COMMAND`, so many times, each told which it is."""
    told = {"WORLD_SIZE": count, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": free_port(), "OMP_NUM_THREADS": 1}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    begun = []
    for rank in range(count):
        mine = {name: str(value) for name, value in {**told, "RANK": rank, "LOCAL_RANK": rank}.items()}
        environment = {**os.environ, **mine, "PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])}
        arguments = [sys.executable, *map(str, command)]
        begun.append(subprocess.Popen(arguments, env=environment, **pipes))
    return begun


def ended(processes: list[subprocess.Popen[str]]) -> list[tuple[int, str, str]]:
    """Status, output and errors of each."""
    told = []
    try:
        for process in processes:
            output, errors = process.communicate(timeout=PATIENCE)
            told.append((process.returncode, output, errors))
    finally:
        for process in processes:
            process.kill()
    return told
