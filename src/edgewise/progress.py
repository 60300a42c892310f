"""How far long work has come: a bar on a terminal, a plain line now and then elsewhere, nothing when quiet.

Work that takes over a second goes through `Progress`. It writes to standard error, so that what a
command prints stays clean.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Protocol, TypeVar, runtime_checkable

from edgewise import launched

Item = TypeVar("Item")


@runtime_checkable
class Advance(Protocol):
    def __call__(self, more: int, told: str = "") -> None:
        """So much more has been done; `told`: what else there is to say."""
        ...


SECONDS_BEFORE_SHOWING = 1.0
SECONDS_BETWEEN_LINES = 10.0
READING = "reading prompts"
"""What is done before a model is loaded: all checks, of which the prompts take longest."""


class Progress:
    """Shows nothing unless it is made with `shown=True`: a library is silent until asked.

    Of processes that were started together the first shows it.
    """

    def __init__(self, shown: bool = False) -> None:
        self.shown = shown and launched.rank() == 0

    @contextmanager
    def status(self, what: str, on_a_terminal: bool = True) -> Iterator[None]:
        """For work that cannot be counted: what is done, and for how many seconds so far.

        on_a_terminal: False where the work itself tells of it there.
        """
        if not self.shown:
            yield
        elif not sys.stderr.isatty():
            with _line_later(what):
                yield
        elif on_a_terminal:
            with _spinner(what):
                yield
        else:
            yield

    def track(self, items: Iterable[Item], what: str, total: int, unit: str = "batches") -> Iterator[Item]:
        """The items, one by one; `what` says what is being done to them, `unit` what they are."""
        with self.counting(what, total, unit) as advance:
            for item in items:
                yield item
                advance(1)

    @contextmanager
    def counting(self, what: str, total: int, unit: str, done: int = 0) -> Iterator[Advance]:
        """For work that comes in lumps: call what this gives with how much more has been done.

        `unit`: what is counted, to tell how many a second; `done`: how much was there at the beginning.
        """
        if self.shown and done:
            print(f"{what}: going on after {done:,} of {total:,} {unit}", file=sys.stderr)
        if not self.shown:
            yield _silent
        elif sys.stderr.isatty():
            with _bar(what, total, unit, done) as advance:
                yield advance
        else:
            yield _Lines(what, total, unit, done).advance


@contextmanager
def _bar(what: str, total: int, unit: str, done: int) -> Iterator[Advance]:
    """What, how far, how fast and how much longer; in a line below, what else there is to say."""
    from rich.console import Console, RenderableType
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
    from rich.text import Text

    class Bar(Progress):
        told = ""

        def get_renderables(self) -> Iterator[RenderableType]:
            yield from super().get_renderables()
            if self.told:
                yield Text(self.told, style="dim", no_wrap=True, overflow="ellipsis")

    columns = (
        *(TextColumn("{task.description}", markup=False), BarColumn(None), TaskProgressColumn()),
        *(TextColumn("{task.fields[speed]}"), TimeRemainingColumn(), TextColumn("left")),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True, expand=True) as bar:
        task = bar.add_task(what, total=total, completed=done, speed="")
        start, begun = time.monotonic(), done

        def advance(more: int, told: str = "") -> None:
            nonlocal done
            done += more
            bar.told = told
            bar.update(task, advance=more, speed=_speed(done - begun, time.monotonic() - start, unit))

        yield advance


@contextmanager
def _spinner(what: str) -> Iterator[None]:
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as spinner:
        spinner.add_task(what)
        yield


@contextmanager
def _line_later(what: str) -> Iterator[None]:
    """A line once the work has taken so long that one would wonder."""
    timer = threading.Timer(SECONDS_BEFORE_SHOWING, print, [f"{what} ..."], {"file": sys.stderr})
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _silent(more: int, told: str = "") -> None: ...


class _Lines:
    def __init__(self, what: str, total: int, unit: str, done: int) -> None:
        self.what, self.total, self.unit = what, total, unit
        self.begun = self.done = done
        self.start = time.monotonic()
        self.said = self.start + SECONDS_BEFORE_SHOWING - SECONDS_BETWEEN_LINES

    def advance(self, more: int, told: str = "") -> None:
        self.done += more
        now = time.monotonic()
        if now - self.said < SECONDS_BETWEEN_LINES or self.done == self.total:
            return
        self.said = now
        passed = now - self.start
        left = passed / max(self.done - self.begun, 1) * (self.total - self.done)
        speed = _speed(self.done - self.begun, passed, self.unit)
        print(
            f"{self.what}: {self.done:,} of {self.total:,}, {passed:.0f} s, {speed}, about {left:.0f} s left"
            + (f"; {told}" if told else ""),
            file=sys.stderr,
        )


def _speed(done: int, seconds: float, unit: str) -> str:
    speed = done / max(seconds, 1e-9)
    return f"{speed:,.0f} {unit} a second" if speed >= 10 else f"{speed:.2g} {unit} a second"
