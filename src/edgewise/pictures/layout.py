"""Where the parts of a drawn circuit stand: rows of boxes, from bottom to top, and lanes for lines between.

A layer is a row of heads and, above it, a row with its MLP. A line that passes rows has a place in each of
them, a lane, which it shares with the lines of its source that look like it. Boxes and lanes are ordered by
the mean place of what they are joined to, row after row, upwards and downwards in turn, and then stand as
near to it as they can without overlapping and without leaving the page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from statistics import fmean

from edgewise.graph import PARTS, Graph
from edgewise.views import fed_nodes

ORDERING, SETTLING = 20, 9
"""Sweeps over all rows: those in which boxes may change places, then those in which none may. The last goes
upwards, so that what has one source stands right above it."""

Stop = tuple[int, str]
"""A row, and a box in it, by its node's name, or a lane, by its source and look with a blank between."""
Rows = Sequence[Sequence[str]]
Joined = dict[Stop, list[tuple[Stop, float]]]
"""Per stop the stops next to it, and how far from their place it would like to be."""


@dataclass(frozen=True)
class Line:
    """An edge, or one line of several where its key/value reader feeds several heads."""

    edge: str
    stops: tuple[Stop, ...]
    port: int
    """Where it enters its last box: at the left, -1, in the middle, 0, or at the right, 1."""


def node_rows(graph: Graph, nodes: Iterable[str]) -> Rows:
    """The nodes, row by row upwards: embeddings, then per layer its heads and its MLP, then `logits`."""
    rows: dict[tuple[int, bool], list[str]] = {}
    for name in nodes:
        layer = -1 if name in graph.embeddings else graph.layers
        if name in graph.source_index and layer >= 0:
            layer = int(name[1:].partition(".")[0])
        rows.setdefault((layer, name.startswith("m")), []).append(name)
    return [rows[height] for height in sorted(rows)]


def edge_lines(graph: Graph, looks: Mapping[str, str], rows: Rows) -> list[Line]:
    """Of each edge, by its name; `looks`: what lines must have in common to share a lane."""
    row_of = {name: row for row, names in enumerate(rows) for name in names}
    found: list[Line] = []
    for edge, look in looks.items():
        source, _, reader = edge.partition("->")
        part = part_of(edge)
        for node in fed_nodes(graph, reader):
            between = range(row_of[source] + 1, row_of[node])
            lanes = [(row, f"{source} {part}{look}") for row in between]
            stops = ((row_of[source], source), *lanes, (row_of[node], node))
            found.append(Line(edge, stops, PARTS.index(part) - 1 if part else 0))
    return found


def part_of(edge: str) -> str:
    """q, k or v; empty into an MLP or `logits`."""
    return edge.partition("<")[2].rstrip(">")


def is_lane(stop: Stop) -> bool:
    return " " in stop[1]


def middles(
    rows: Rows, lines: Sequence[Line], width: Callable[[Stop], float], port: float, page: float
) -> dict[Stop, float]:
    """Where the middle of every box and lane is on a page so wide. `port`: between two ports of a box."""
    ordered = {(row, name): None for row, names in enumerate(rows) for name in names}
    ordered |= {stop: None for line in lines for stop in line.stops}
    in_rows = [[stop for stop in ordered if stop[0] == row] for row in range(len(rows))]
    below, above = _joined(lines, port)
    x: dict[Stop, float] = {}
    for stops in in_rows:
        x |= _apart(stops, [page / 2] * len(stops), width, page)
    last = ORDERING + SETTLING - 1
    for sweep in range(last + 1):
        upwards, settling = sweep % 2 == 0, sweep >= ORDERING
        sides = (below, above) if settling and sweep != last else (below,) if upwards else (above,)
        for stops in in_rows if upwards else reversed(in_rows):
            wished = {stop: _wished(stop, x, sides) for stop in stops}
            if not settling:
                stops.sort(key=wished.__getitem__)
            x |= _apart(stops, [wished[stop] for stop in stops], width, page)
    return x


def _joined(lines: Iterable[Line], port: float) -> tuple[Joined, Joined]:
    """What each stop is joined to below it, and above it."""
    below: Joined = {}
    above: Joined = {}
    for line in lines:
        for low, high in pairwise(line.stops):
            aside = port * line.port if high == line.stops[-1] else 0.0
            below.setdefault(high, []).append((low, -aside))
            above.setdefault(low, []).append((high, aside))
    return below, above


def _wished(stop: Stop, x: dict[Stop, float], sides: Iterable[Joined]) -> float:
    """Beside what it is joined to; where it is, if that is nothing."""
    near = [x[other] + aside for side in sides for other, aside in side.get(stop, ())]
    return fmean(near) if near else x[stop]


def _apart(
    stops: Sequence[Stop], wished: Sequence[float], width: Callable[[Stop], float], page: float
) -> dict[Stop, float]:
    """The places nearest to those wished, by least squares, at which the stops keep their order, their widths
    do not overlap and all are on the page: what would overlap moves together, to the mean of its wishes."""
    widths = [width(stop) for stop in stops]
    starts = list(accumulate(((one + other) / 2 for one, other in pairwise(widths)), initial=0.0))
    blocks: list[list[float]] = []
    for wish, start in zip(wished, starts, strict=True):
        blocks.append([wish - start])
        while len(blocks) > 1 and fmean(blocks[-2]) >= fmean(blocks[-1]):
            last = blocks.pop()
            blocks[-1] += last
    left, right = widths[0] / 2, page - widths[-1] / 2 - starts[-1]
    settled = [max(left, min(right, fmean(block))) for block in blocks for _ in block]
    return {stop: at + start for stop, at, start in zip(stops, settled, starts, strict=True)}
