"""What torchrun, or whoever starts several processes, tells each of them in its environment.

Nothing is imported, so that a command knows at once which of them it is.
"""

from __future__ import annotations

import os

TOLD = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
"""What `torch.distributed` needs."""


def count() -> int:
    """Processes that are at one run."""
    return int(os.environ["WORLD_SIZE"]) if all(os.environ.get(name) for name in TOLD) else 1


def rank() -> int:
    """Which of them this is."""
    return int(os.environ["RANK"]) if count() > 1 else 0


def place() -> int:
    """Which of those on its machine."""
    return int(os.environ.get("LOCAL_RANK", "0")) if count() > 1 else 0


def beside() -> int:
    """How many are on its machine."""
    return int(os.environ.get("LOCAL_WORLD_SIZE", "1")) if count() > 1 else 1
