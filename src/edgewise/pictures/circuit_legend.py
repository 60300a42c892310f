"""The legend of a drawn circuit: an entry for each way of drawing a line that it has, and no other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edgewise.pictures.marks import (
    AGAINST,
    BACKUP,
    BAND,
    FALSE_FIND,
    HELPS,
    HINDERS,
    HIT,
    MISS,
    PALE,
    PALE_DASHES,
    PART_DASHES,
    Drawn,
    largest_score,
)
from edgewise.pictures.paper import INK

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDE, HIGH, SAMPLE = 2.05, 0.165, 0.3
"""Inches of an entry, and of the line that it shows."""
LETTER, THICK = 6.5, 1.4
"""Points."""
MARKS_SAID = {
    HIT: "band: a hit, in the known one, too",
    FALSE_FIND: "no band: a false find",
    MISS: "miss: only in the known circuit",
    BACKUP: "backup: neither in nor out",
}


@dataclass(frozen=True)
class Entry:
    words: str
    colour: str = INK
    dashes: Any = "-"
    thick: float = THICK
    band: bool = False


def entries_of(edges: Sequence[Drawn], thickest: float) -> list[Entry]:
    """`thickest`: the widest line, in points."""
    inked = [one for one in edges if one.colour != PALE]
    found: list[Entry] = []
    parts = {one.part for one in inked}
    solid = ", ".join(["a query"] * ("q" in parts) + ["an MLP, the logits"] * ("" in parts))
    for said, part in ((solid, "q"), ("a key" * ("k" in parts), "k"), ("a value" * ("v" in parts), "v")):
        found += [Entry(f"into {said}", dashes=PART_DASHES[part])] * bool(said)
    if any(one.score is not None for one in inked):
        largest = largest_score(inked)
        colours = {one.colour for one in inked}
        found += [Entry("score of 0 or more", HELPS)] * (HELPS in colours)
        found += [Entry("score below 0", HINDERS)] * (HINDERS in colours)
        found.append(Entry(f"strongest: {largest:.3g} from 0", thick=thickest))
    elif any(one.mark == AGAINST for one in inked):
        found.append(Entry("against the answer", HINDERS))
    marks = {one.mark for one in edges}
    for mark, said in MARKS_SAID.items():
        if mark in marks:
            pale = mark in PALE_DASHES
            found.append(
                Entry(
                    said,
                    PALE if pale else INK,
                    PALE_DASHES.get(mark, "-"),
                    0.9 if pale else THICK,
                    mark == HIT,
                )
            )
    return found


def rows_of(entries: Sequence[Entry], width: float) -> int:
    return -(-len(entries) // columns_at(width))


def columns_at(width: float) -> int:
    return max(1, int(width / WIDE))


def draw_legend(axes: Axes, entries: Sequence[Entry], width: float, top: float) -> None:
    """Row by row from the top, in the middle of a page so wide."""
    columns = min(columns_at(width), len(entries))
    left = (width - columns * WIDE) / 2
    for place, entry in enumerate(entries):
        row, column = divmod(place, columns)
        x, y = left + column * WIDE + 0.05, top - (row + 0.5) * HIGH
        ends = ([x, x + SAMPLE], [y, y])
        if entry.band:
            axes.plot(*ends, color=BAND, linewidth=entry.thick + 3, solid_capstyle="butt")
        axes.plot(*ends, color=entry.colour, linestyle=entry.dashes, linewidth=entry.thick)
        axes.text(x + SAMPLE + 0.06, y, entry.words, size=LETTER, va="center", color=INK)
