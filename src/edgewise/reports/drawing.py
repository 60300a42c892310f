"""A circuit as a picture, in SVG: embeddings at the bottom, `logits` on top, every edge upwards.

Only what an edge leaves or enters is drawn. A head has three ports at its foot: its query, its
key and its value. Edges and nodes have their names as tooltips. `layout.py` says where things stand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import floor
from xml.sax.saxutils import escape

from edgewise.circuit import Circuit
from edgewise.graph import PARTS
from edgewise.reports import layout
from edgewise.reports.layout import AGAINST, BACKUP, Line, Rows, Stop, circuit_lines, is_lane
from edgewise.views import node_names

BOX, HEIGHT, SPACE, GAP, MARGIN, LEGEND = 68, 34, 18, 52, 24, 44
"""A box's width and height, what is free beside and above it, around everything, and for the legend."""
LANE, PORT, TAB = 10, 19, 15
"""A lane's width, from one port of a box to the next, and a port's width."""
MANY = 60
"""So many edges are drawn thin, so that others show through."""
FONT = 'font-family="ui-sans-serif, system-ui, Helvetica, Arial, sans-serif" text-anchor="middle"'
INK, PALE, PAPER = "#1e293b", "#f1f5f9", "#ffffff"
KINDS = {
    "q": ("#0072b2", "query"),
    "k": ("#d55e00", "key"),
    "v": ("#00896a", "value"),
    "": ("#475569", "MLP or logits"),
    AGAINST: ("#aa3377", "against the answer"),
    BACKUP: ("#94a3b8", "backup"),
}
"""A line's colour, and what its legend says."""


@dataclass(frozen=True)
class Plan:
    """The lines of a picture, and where its stops are, in whole pixels."""

    rows: Rows
    lines: Sequence[Line]
    x: Mapping[Stop, int]
    """Of the middle."""
    y: Sequence[int]
    """Of the top of each row."""
    width: int
    height: int


def draw(
    circuit: Circuit, backups: Circuit | None = None, title: str = "", against: Circuit | None = None
) -> str:
    """The text of an SVG file. `backups`: edges that are neither in nor out, drawn grey and dashed;
    `against`: those of the circuit that work against the answer, in a colour of their own."""
    empty = Circuit.empty(circuit.graph)
    backups = (empty if backups is None else backups) - circuit
    against = (empty if against is None else against) & circuit
    plan = plan_of(circuit, backups, against, title)
    size = f'width="{plan.width}" height="{plan.height}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="0 0 {plan.width} {plan.height}" '
            f'role="img" font-size="12.5" fill="{INK}" {FONT}>',
            f"<title>{escape(title or 'A circuit')}</title>",
            f"<desc>{escape(described(circuit, backups, against))}</desc>",
            f'<rect {size} rx="12" fill="{PAPER}"/>',
            f'<text x="{plan.width // 2}" y="{MARGIN + 6}" font-weight="600">{escape(title)}</text>',
            *_edges(plan),
            *_nodes(plan),
            _legend(plan),
            "</svg>\n",
        ]
    )


def plan_of(circuit: Circuit, backups: Circuit, against: Circuit, title: str) -> Plan:
    rows = layout.node_rows(circuit.graph, node_names(circuit.graph, (circuit | backups).kept))
    lines = [*circuit_lines(backups, rows, BACKUP), *circuit_lines(circuit - against, rows)]
    lines += circuit_lines(against, rows, AGAINST)
    x = layout.middles(rows, lines, _room, PORT)
    left = min((middle - _room(stop) / 2 for stop, middle in x.items()), default=0)
    right = max((middle + _room(stop) / 2 for stop, middle in x.items()), default=0)
    width = round(max(right - left, 8 * len(title), sum(_entry(kind) for kind in _kinds(lines))) + 2 * MARGIN)
    shift = (width - left - right) / 2
    top = MARGIN + 24 * bool(title)
    y = [top + row * (HEIGHT + GAP) for row in reversed(range(len(rows)))]
    height = top + len(rows) * (HEIGHT + GAP) - GAP * bool(rows) + LEGEND
    return Plan(rows, lines, {stop: floor(middle + shift) for stop, middle in x.items()}, y, width, height)


def described(circuit: Circuit, backups: Circuit, against: Circuit) -> str:
    """What the picture shows, for those who do not see it."""
    shown = f"Edges: {len(circuit):,}" + (f"; against the answer: {len(against):,}" if against else "")
    shown += f"; backups: {len(backups):,}" if backups else ""
    return f"{shown}. From the embeddings, at the bottom, to the logits, on top.\n{circuit.text()}"


def _room(stop: Stop) -> int:
    return LANE if is_lane(stop) else BOX + SPACE


def _edges(plan: Plan) -> list[str]:
    curves: dict[tuple[str, str], list[str]] = {}
    for line in plan.lines:
        curves.setdefault((line.edge, line.kind), []).append(_curve(plan, line))
    look = 'stroke-width="0.8" opacity="0.5"' if len(curves) > MANY else 'stroke-width="1.8"'
    return [
        f'<g class="edges" fill="none" {look}>',
        *(
            f'<path d="{"".join(parts)}" stroke="{KINDS[kind][0]}"{_dashes(kind)}>'
            f"<title>{escape(edge)}</title></path>"
            for (edge, kind), parts in curves.items()
        ),
        "</g>",
    ]


def _curve(plan: Plan, line: Line) -> str:
    """From the top of the first box, straight through the rows between, to a port of the last."""
    row, _ = line.stops[0]
    start, top = plan.x[line.stops[0]], plan.y[row]
    path = f"M{start},{top}"
    for stop in line.stops[1:]:
        end = plan.x[stop] + (0 if is_lane(stop) else PORT * line.port)
        right, up = end - start, plan.y[stop[0]] + HEIGHT - top
        path += f"c0,{up // 2} {right},{up // 2} {right},{up}"
        path += f"v{-HEIGHT}" if is_lane(stop) else ""
        start, top = end, plan.y[stop[0]]
    return path


def _nodes(plan: Plan) -> list[str]:
    solid = {stop for line in plan.lines if line.kind != BACKUP for stop in line.stops}
    entered = {(line.stops[-1], line.port): line.kind for line in plan.lines}
    return [
        '<g class="nodes">',
        *(
            _node(name, plan.x[row, name], plan.y[row], (row, name) in solid, _ports(entered, (row, name)))
            for row, names in enumerate(plan.rows)
            for name in names
        ),
        "</g>",
    ]


def _node(name: str, x: int, y: int, solid: bool, ports: str) -> str:
    """The ends are dark, heads white and MLPs pale; one that only backups touch is dashed."""
    is_head = ".h" in name
    ends = not is_head and not name[1:].isdigit()
    fill, ink = (INK, PAPER) if ends else (PAPER if is_head else PALE, INK)
    corner = HEIGHT // 2 if ends else 6
    look = f'stroke="{INK}"' if solid else f'stroke="{KINDS[BACKUP][0]}"{_dashes(BACKUP)}'
    return (
        f'<g transform="translate({x} {y})"><title>{escape(name)}</title>'
        f'<rect x="{-BOX // 2}" width="{BOX}" height="{HEIGHT}" rx="{corner}" fill="{fill}" '
        f'stroke-width="1.2" {look}/>'
        f'<text y="{14 if is_head else 21}" fill="{ink}">{escape(name)}</text>{ports}</g>'
    )


def _ports(entered: Mapping[tuple[Stop, int], str], stop: Stop) -> str:
    """Three for a head, in the colour of what enters, pale where nothing does."""
    if ".h" not in stop[1]:
        return ""
    return "".join(
        f'<rect x="{(place - 1) * PORT - TAB // 2}" y="{HEIGHT - 14}" width="{TAB}" height="12" rx="3" '
        f'fill="{KINDS[entered[stop, place - 1]][0] if (stop, place - 1) in entered else PALE}"/>'
        f'<text x="{(place - 1) * PORT}" y="{HEIGHT - 5}" font-size="9" '
        f'fill="{PAPER if (stop, place - 1) in entered else KINDS[BACKUP][0]}">{part}</text>'
        for place, part in enumerate(PARTS)
    )


def _legend(plan: Plan) -> str:
    kinds = _kinds(plan.lines)
    starts = accumulate(map(_entry, kinds), initial=(plan.width - sum(map(_entry, kinds))) // 2)
    y = plan.height - MARGIN + 4
    entries = (
        f'<path d="M{start + 8},{y - 4}h18" stroke="{KINDS[kind][0]}" stroke-width="2.4"{_dashes(kind)}/>'
        f'<text x="{start + 31}" y="{y}" text-anchor="start">{KINDS[kind][1]}</text>'
        for kind, start in zip(kinds, starts, strict=False)
    )
    return f'<g class="legend" font-size="11">{"".join(entries)}</g>'


def _kinds(lines: Sequence[Line]) -> list[str]:
    return [kind for kind in KINDS if any(line.kind == kind for line in lines)]


def _entry(kind: str) -> int:
    """How wide a kind is in the legend."""
    return 40 + 6 * len(KINDS[kind][1])


def _dashes(kind: str) -> str:
    return ' stroke-dasharray="4 4"' if kind == BACKUP else ""
