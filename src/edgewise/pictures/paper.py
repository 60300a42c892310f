"""What every picture is drawn on: one column wide, the same colours everywhere, its numbers beside it.

The colours are those that Okabe and Ito chose for readers who cannot tell all colours apart; curves differ by
their dashes, too. A name that somebody gave - of a model, a task, a run - is text, whatever is in it.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping, Sequence, Sized
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from edgewise.errors import BadInput
from edgewise.files import atomic_write, make_parents

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMN, HEIGHT = 4.2, 3.1
"""Inches."""
TITLE = 52
"""Letters of a title that are as wide as a column."""
INK, PAPER = "#1e293b", "#ffffff"
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000")
DASHES = ("-", "--", "-.", ":", (0, (6, 1, 1, 1, 1, 1)))
GREY = "#64748b"
FORMS = ("svg", "png", "pdf")
NUMBERS = ".numbers.json"
"""How the file of a picture's numbers ends."""
SETTINGS: dict[Any, Any] = {
    "font.size": 8.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 9,
    "legend.frameon": False,
    "legend.fontsize": 7.5,
    "svg.hashsalt": "edgewise",
    "svg.fonttype": "none",
    # A dollar sign in a name begins no formula.
    "text.parse_math": False,
}


@dataclass(frozen=True)
class Picture:
    """A picture and the numbers in it."""

    figure: Figure
    numbers: Mapping[str, Any]
    words: str = ""
    """What it shows, for those who do not see it: the description in the file."""

    def save(self, path: str | Path) -> None:
        """Write it in the form that its name ends in, svg, png or pdf; beside it NAME.numbers.json."""
        from matplotlib import rc_context

        path = Path(path)
        form = path.suffix.removeprefix(".").lower()
        if form not in FORMS:
            raise BadInput(f"a picture's name must end in .{', .'.join(FORMS)}. Got {path.name!r}.")
        written = io.BytesIO()
        # No date, so that the same picture is the same file.
        undated = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(form, {})
        described = {"Subject" if form == "pdf" else "Description": self.words} if self.words else {}
        with rc_context(SETTINGS):
            told = {**undated, **described}
            self.figure.savefig(written, format=form, dpi=200, metadata=told, bbox_inches="tight")
        make_parents(path)
        atomic_write(path, written.getvalue())
        beside = path.with_suffix(NUMBERS)
        atomic_write(beside, json.dumps(self.numbers, indent=1, allow_nan=False) + "\n")


@contextmanager
def sheet(columns: int = 1, rows: int = 1, height: float = HEIGHT) -> Iterator[tuple[Figure, list[Axes]]]:
    """A figure and its axes, row by row, to be drawn on inside the block."""
    with _figure(COLUMN * columns, height * rows, "constrained") as figure:
        every = [figure.add_subplot(rows, columns, place + 1) for place in range(rows * columns)]
        yield figure, every
        for axes in every:
            axes.set_title(broken(axes.get_title()))


@contextmanager
def plain_sheet(width: float, height: float) -> Iterator[tuple[Figure, Axes]]:
    """A figure and axes without ticks that fill it: what is drawn on them inside the block is in inches."""
    with _figure(width, height, None) as figure:
        axes = figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(0, height))
        axes.set_axis_off()
        yield figure, axes


@contextmanager
def _figure(width: float, height: float, layout: Any) -> Iterator[Figure]:
    try:
        from matplotlib import rc_context
        from matplotlib.figure import Figure
        from matplotlib.text import Text
    except ImportError as error:
        raise BadInput("pictures need matplotlib. Install it: pip install 'edgewise[pictures]'.") from error
    with rc_context(SETTINGS):
        figure = Figure(figsize=(width, height), layout=layout)
        yield figure
        for text in figure.findobj(Text):
            text.set_text(printable(text.get_text()))


def check_some(things: Sized) -> None:
    if not len(things):
        raise BadInput("something to draw was needed. Got nothing.")


def label(name: str) -> str:
    """A name that matplotlib leaves out of no legend, and can write."""
    name = printable(name)
    return f" {name}" if name.startswith("_") else name


def printable(name: str) -> str:
    """Without what no file of text can hold, or no eye see."""
    return "".join(
        letter if letter.isprintable() or letter == "\n" else "\N{REPLACEMENT CHARACTER}" for letter in name
    )


def broken(title: str, columns: int = 1) -> str:
    """A title in lines that so many columns are wide enough for."""
    return "\n".join(wrap(title, TITLE * columns))


def styles(count: int) -> Sequence[dict[str, Any]]:
    """For curves that are told apart by colour and by dashes."""
    both = zip(cycle(COLOURS), cycle(DASHES), strict=False)
    return [{"color": colour, "linestyle": dash} for colour, dash in islice(both, count)]
