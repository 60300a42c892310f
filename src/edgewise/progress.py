"""How far long work has come: a bar on a terminal, a plain line now and then elsewhere, nothing when quiet.

Work that takes over a second goes through `Progress.track`. It writes to standard error, so that what a
command prints stays clean.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")

SECONDS_BEFORE_SHOWING = 1.0
SECONDS_BETWEEN_LINES = 10.0


class Progress:
    """Shows nothing unless it is made with `shown=True`: a library is silent until asked."""

    def __init__(self, shown: bool = False) -> None:
        self.shown = shown

    def track(self, items: Iterable[Item], what: str, total: int) -> Iterator[Item]:
        """The items, one by one; `what` says what is being done to them."""
        if not self.shown:
            yield from items
        elif sys.stderr.isatty():
            yield from _bar(items, what, total)
        else:
            yield from _lines(items, what, total)


def _bar(items: Iterable[Item], what: str, total: int) -> Iterator[Item]:
    from rich.console import Console
    from rich.progress import track

    yield from track(items, what, total=total, console=Console(stderr=True), transient=True)


def _lines(items: Iterable[Item], what: str, total: int) -> Iterator[Item]:
    start = time.monotonic()
    said = start + SECONDS_BEFORE_SHOWING - SECONDS_BETWEEN_LINES
    for done, item in enumerate(items):
        now = time.monotonic()
        if done and now - said >= SECONDS_BETWEEN_LINES:
            left = (now - start) / done * (total - done)
            print(f"{what}: {done} of {total}, {now - start:.0f} s, about {left:.0f} s left", file=sys.stderr)
            said = now
        yield item
