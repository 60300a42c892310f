"""The lines and boxes of a drawn circuit, put where its plan says.

A line leaves the top of its source, curves between rows alone, goes straight through the rows that it passes,
and ends at its reader's port.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from edgewise.graph import PARTS
from edgewise.pictures.circuit_plan import PORT, Plan
from edgewise.pictures.layout import Line, is_lane
from edgewise.pictures.marks import BAND, HIT, PALE, PALE_DASHES, Drawn, largest_score
from edgewise.pictures.paper import INK, PAPER

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NAME, LETTER = 7.0, 5.5
"""Points, of a node's name and a port's."""
TAB, TAB_HEIGHT = 0.135, 0.115
EMPTY = "#f1f5f9"
STRAIGHT = 0.002
"""Inches: what is aside by less is not curved."""
THICKEST, BAND_OVER = 2.6, 2.8
"""Points: the strongest line, and how much wider a hit's band is; less where lanes are narrow."""


def thickest(plan: Plan) -> float:
    """The strongest line's width, in points."""
    return max(1.2, min(THICKEST, 72 * plan.lane))


def draw_lines(axes: Axes, plan: Plan, edges: Sequence[Drawn], foot: float) -> None:
    """The strongest on top."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    lines: dict[str, list[Any]] = {}
    for line in plan.lines:
        lines.setdefault(line.edge, []).append(path_of(plan, line, foot))
    largest, most = largest_score(edges), thickest(plan)
    flat: dict[str, Any] = {"fill": False, "capstyle": "butt", "clip_on": False}
    for one in edges:
        path, share = Path.make_compound_path(*lines[one.edge]), one.width(largest)
        if one.mark == HIT:
            wide = most * share + BAND_OVER * most / THICKEST
            axes.add_patch(PathPatch(path, edgecolor=BAND, linewidth=wide, zorder=1, **flat))
        order = 1.1 if one.mark in PALE_DASHES else 1.2 + 0.5 * share
        look = {"edgecolor": one.colour, "linestyle": one.dashes, "linewidth": most * share}
        axes.add_patch(PathPatch(path, zorder=order, gid=one.edge, **look, **flat))


def path_of(plan: Plan, line: Line, foot: float) -> Any:
    from matplotlib.path import Path

    first = line.stops[0]
    x, y = plan.x[first], foot + plan.y[first[0]] + plan.tall(first[0])
    points, codes = [(x, y)], [Path.MOVETO]
    for stop in line.stops[1:]:
        end, bottom = plan.x[stop] + (0.0 if is_lane(stop) else PORT * line.port), foot + plan.y[stop[0]]
        if abs(end - x) > STRAIGHT:
            middle = (y + bottom) / 2
            points += [(x, middle), (end, middle), (end, bottom)]
            codes += [Path.CURVE4] * 3
            x = end
        y = bottom + (plan.tall(stop[0]) if is_lane(stop) else 0.0)
        if codes[-1] == Path.LINETO:
            points[-1] = (x, y)
        elif points[-1] != (x, y):
            points.append((x, y))
            codes.append(Path.LINETO)
    return Path(points, codes)


def draw_nodes(axes: Axes, plan: Plan, edges: Sequence[Drawn], foot: float) -> None:
    """The ends are dark, heads white and MLPs pale; one that only misses and backups touch is dashed."""
    from matplotlib.patches import FancyBboxPatch

    pale = {one.edge for one in edges if one.mark in PALE_DASHES}
    solid = {stop for line in plan.lines if line.edge not in pale for stop in (line.stops[0], line.stops[-1])}
    entered = {(line.stops[-1], line.port) for line in plan.lines}
    for row, names in enumerate(plan.rows):
        for name in names:
            x, y, tall = plan.x[row, name], foot + plan.y[row], plan.tall(row)
            is_head, is_mlp = ".h" in name, name[1:].isdigit()
            dark = not is_head and not is_mlp
            is_solid = (row, name) in solid
            axes.add_patch(
                FancyBboxPatch(
                    (x - plan.box / 2, y),
                    plan.box,
                    tall,
                    boxstyle=f"round,pad=0,rounding_size={tall / 2 if dark else 0.05}",
                    facecolor=INK if dark else EMPTY if is_mlp else PAPER,
                    edgecolor=INK if is_solid else PALE,
                    linestyle="-" if is_solid else "--",
                    linewidth=0.8,
                    zorder=2,
                    gid=name,
                )
            )
            ink = PAPER if dark else INK
            middle = y + (tall + TAB_HEIGHT * is_head) / 2
            _write(axes, x, middle, name, NAME, ink)
            for place, part in enumerate(PARTS if is_head else ()):
                _draw_port(axes, x + (place - 1) * PORT, y, part, ((row, name), place - 1) in entered)


def _draw_port(axes: Axes, x: float, y: float, part: str, entered: bool) -> None:
    from matplotlib.patches import Rectangle

    colour = INK if entered else EMPTY
    axes.add_patch(Rectangle((x - TAB / 2, y + 0.012), TAB, TAB_HEIGHT, facecolor=colour, zorder=3))
    _write(axes, x, y + 0.012 + TAB_HEIGHT / 2, part, LETTER, PAPER if entered else PALE)


def _write(axes: Axes, x: float, y: float, words: str, size: float, colour: str) -> None:
    axes.text(x, y, words, size=size, color=colour, ha="center", va="center_baseline", zorder=4)
