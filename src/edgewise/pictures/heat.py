"""Heat maps: a number a cell, of any table, or of the heads and MLPs of a model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from edgewise.circuit import Scores
from edgewise.pictures.paper import COLOURS, COLUMN, Picture, broken, label, sheet

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LETTER, LETTER_WIDE = 6.5, 0.06
"""Points of a number in a cell, and the inches that a digit of it takes."""
BESIDE, UNDER = 1.2, 0.7
"""Inches beside the cells, for names of rows and the scale, and above and below them."""


def heat_picture(
    values: Sequence[Sequence[float]],
    rows: Sequence[str],
    columns: Sequence[str],
    title: str = "",
    labels: tuple[str, str] = ("", ""),
    ringed: Sequence[tuple[int, int]] = (),
) -> Picture:
    """A number a cell, written in it where there is room; `ringed`: cells to be seen, as (row, column)."""
    cells = np.asarray(values, dtype=np.float64)
    with sheet(height=_height(rows)) as (figure, [axes]):
        _draw(axes, cells, rows, columns, title, labels)
        for row, column in ringed:
            axes.scatter(column, row, s=330, facecolors="none", edgecolors=COLOURS[1], linewidths=1.5)
    numbers = {**_numbers(cells, rows, columns), "ringed": [list(each) for each in ringed]}
    return Picture(figure, numbers)


def heads_picture(scores: Scores, title: str = "") -> Picture:
    """The edges that leave each head, and each layer's MLP in a column of its own: their scores' sum, and how
    far from 0 the strongest is. The last layer is on top."""
    graph, of_node = scores.graph, scores.by_source()
    rows = [str(layer) for layer in reversed(range(graph.layers))]
    columns = [str(head) for head in range(graph.heads)] + ["", "MLP"] * graph.mlps
    nodes = [
        [f"m{layer}" if column == "MLP" else f"a{layer}.h{column}" for column in columns] for layer in rows
    ]
    numbers: dict[str, Any] = {}
    with sheet(columns=2, height=_height(rows)) as (figure, every):
        for axes, what in zip(every, ("total", "strongest"), strict=True):
            cells = np.array(
                [
                    [getattr(of_node[name], what) if name in of_node else np.nan for name in row]
                    for row in nodes
                ]
            )
            _draw(axes, cells, rows, columns, what, ("layer", "head"))
            numbers[what] = _numbers(cells, rows, columns)
        figure.suptitle(broken(title, 2), fontsize=9)
    return Picture(figure, numbers)


def _height(rows: Sequence[str]) -> float:
    return min(4.5, 1.2 + 0.32 * len(rows))


def _draw(
    axes: Axes,
    cells: NDArray[np.float64],
    rows: Sequence[str],
    columns: Sequence[str],
    title: str,
    labels: tuple[str, str],
) -> None:
    most = float(np.nanmax(np.abs(cells))) or 1.0
    signed = bool((cells < 0).any())
    shown = axes.imshow(
        cells, cmap="RdBu" if signed else "Blues", vmin=-most if signed else 0, vmax=most, aspect="auto"
    )
    axes.figure.colorbar(shown, ax=axes)
    wide, high = (COLUMN - BESIDE) / len(columns), (_height(rows) - UNDER) / len(rows)
    upright = max(map(len, columns)) * LETTER_WIDE > wide
    named = [place for place, name in enumerate(columns) if name]
    axes.set_xticks(named, [label(columns[place]) for place in named], rotation=90 if upright else 0)
    axes.set_yticks(range(len(rows)), [label(name) for name in rows])
    axes.tick_params("x", labelsize=min(8.5, 72 * wide) if upright else 8.5)
    axes.tick_params("y", labelsize=min(8.5, 72 * high))
    axes.set(xlabel=labels[1], ylabel=labels[0], title=title)
    written = {
        place: _short(float(cells[place]))
        for place in np.ndindex(*cells.shape)
        if cells[place] == cells[place]
    }
    widest = max(map(len, written.values()), default=0)
    if widest * LETTER_WIDE > wide or 72 * high < LETTER:
        return
    for (row, column), words in written.items():
        colour = "white" if abs(cells[row, column]) > 0.6 * most else "black"
        axes.text(column, row, words, ha="center", va="center", fontsize=LETTER, color=colour)


def _short(value: float) -> str:
    return f"{value:.2g}" if abs(value) < 100 else f"{value:.0f}"


def _numbers(cells: NDArray[np.float64], rows: Sequence[str], columns: Sequence[str]) -> dict[str, Any]:
    return {
        "rows": list(rows),
        "columns": list(columns),
        "values": [[None if np.isnan(one) else float(one) for one in row] for row in cells],
    }
