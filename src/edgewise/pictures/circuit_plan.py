"""The page of a drawn circuit, in inches: how wide boxes and lanes are, how high rows, and where each stands.

A small circuit fits one column. A larger one is as wide as its widest row needs; its lanes become narrower
before it is wider than two pages side by side, which only the heads of one layer can make it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from edgewise.graph import Graph
from edgewise.pictures.layout import Line, Rows, Stop, edge_lines, is_lane, middles, node_rows
from edgewise.pictures.paper import COLUMN
from edgewise.views import fed_nodes

WIDEST = 16.0
BOX, HEAD, FLAT, SPACE, MARGIN = 0.5, 0.32, 0.2, 0.1, 0.08
"""A box's width, a head's height and that of others, what is free between boxes, and around everything."""
LETTER = 0.066
"""What a letter of a name takes of a box's width."""
LANE, NARROW = 0.1, 0.03
"""A lane's width where there is room, and where a page may become wider instead."""
PORT = 0.155
"""From one port of a head to the next."""


@dataclass(frozen=True)
class Plan:
    """The lines of a picture, and where its stops are."""

    rows: Rows
    lines: Sequence[Line]
    x: Mapping[Stop, float]
    """Of the middle."""
    y: Sequence[float]
    """Of the foot of each row, over that of the first."""
    box: float
    lane: float
    width: float
    height: float

    def tall(self, row: int) -> float:
        return tall(self.rows[row])


def tall(names: Sequence[str]) -> float:
    return HEAD if ".h" in names[0] else FLAT


def plan_of(graph: Graph, looks: Mapping[str, str]) -> Plan:
    """Of edges by name; `looks`: see `edge_lines`."""
    readers = (edge.partition("->")[2] for edge in looks)
    touched = {node for reader in dict.fromkeys(readers) for node in fed_nodes(graph, reader)}
    touched |= {edge.partition("->")[0] for edge in looks}
    rows = node_rows(graph, [name for name in (*graph.sources, "logits") if name in touched])
    lines = edge_lines(graph, looks, rows)
    box = max(BOX, LETTER * max(map(len, touched), default=0))
    lanes = [0] * len(rows)
    for row, _ in {stop for line in lines for stop in line.stops if is_lane(stop)}:
        lanes[row] += 1
    boxes = [len(names) * (box + SPACE) for names in rows]
    lane = _lane(boxes, lanes)
    page = max([COLUMN, *(wide + lane * count for wide, count in zip(boxes, lanes, strict=True))])

    def room(stop: Stop) -> float:
        return lane if is_lane(stop) else box + SPACE

    x = middles(rows, lines, room, PORT, page)
    left = min((middle - room(stop) / 2 for stop, middle in x.items()), default=0.0)
    right = max((middle + room(stop) / 2 for stop, middle in x.items()), default=0.0)
    width = page + 2 * MARGIN
    x = {stop: middle + (width - left - right) / 2 for stop, middle in x.items()}
    gap = 0.2 + 0.025 * page
    steps = (tall(names) + gap for names in rows)
    *y, above = accumulate(steps, initial=0.0)
    return Plan(rows, lines, x, y, box, lane, width, max(above - gap, 0.0))


def _lane(boxes: Sequence[float], lanes: Sequence[int]) -> float:
    """As wide as a column, or else two pages, has room for."""

    def fitting(width: float) -> float:
        rooms = [(width - wide) / count for wide, count in zip(boxes, lanes, strict=True) if count]
        return min([LANE, *rooms])

    lane = max(NARROW, fitting(COLUMN))
    return max(min(lane, fitting(WIDEST - 2 * MARGIN)), NARROW / 10)
