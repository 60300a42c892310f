"""A circuit as a picture: embeddings at the bottom, `logits` on top, every edge upwards.

Only what an edge leaves or enters is drawn: a head with three ports at its foot, its query, key and value; an
MLP in a row of its own. `marks.py` says how lines look, `circuit_plan.py` where everything stands.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from textwrap import wrap
from typing import Any

from edgewise.circuit import Circuit, Scores
from edgewise.pictures.circuit_drawing import draw_lines, draw_nodes, thickest
from edgewise.pictures.circuit_legend import HIGH, draw_legend, entries_of, rows_of
from edgewise.pictures.circuit_plan import MARGIN, Plan, plan_of
from edgewise.pictures.marks import Drawn, drawn_edges
from edgewise.pictures.paper import INK, Picture, plain_sheet, printable
from edgewise.zoo.known import KnownCircuit

TITLE, TITLE_HIGH, TITLE_LETTER, APART = 9.0, 0.17, 0.095, 0.1
"""Points of the title; inches of its lines, of a letter, and of what is free over and under the circuit."""


def circuit_picture(
    circuit: Circuit,
    scores: Scores | None = None,
    known: KnownCircuit | Circuit | None = None,
    title: str = "",
    backups: Circuit | None = None,
    against: Circuit | None = None,
) -> Picture:
    """`scores`: lines are coloured by sign, and as wide as a score is far from 0. `known`: hits, misses and
    false finds are told apart, and misses drawn, too. Where the circuit is itself a known one, `backups` are
    drawn pale, and of its edges those `against` the answer as scores below 0 are."""
    edges = drawn_edges(circuit, scores, known, backups, against)
    plan = plan_of(circuit.graph, {one.edge: one.look for one in edges})
    entries = entries_of(edges, thickest(plan))
    lines = wrap(printable(title), int(plan.width / TITLE_LETTER))
    foot = MARGIN + HIGH * rows_of(entries, plan.width) + APART
    top = foot + plan.height + APART
    height = top + TITLE_HIGH * len(lines) + MARGIN
    with plain_sheet(plan.width, height) as (figure, axes):
        draw_lines(axes, plan, edges, foot)
        draw_nodes(axes, plan, edges, foot)
        draw_legend(axes, entries, plan.width, foot - APART)
        for place, line in enumerate(reversed(lines)):
            axes.text(
                plan.width / 2,
                top + place * TITLE_HIGH,
                line,
                size=TITLE,
                weight="bold",
                ha="center",
                color=INK,
            )
    return Picture(figure, numbers_of(edges, plan, foot, height), described(edges, circuit))


def numbers_of(edges: Sequence[Drawn], plan: Plan, foot: float, height: float) -> dict[str, Any]:
    """Places are in inches from the left lower corner, of the middle of a node's foot."""
    return {
        "width": plan.width,
        "height": height,
        "nodes": {
            name: {"row": row, "x": plan.x[row, name], "y": foot + plan.y[row]}
            for row, names in enumerate(plan.rows)
            for name in names
        },
        "edges": [
            {"edge": one.edge, "part": one.part or None, "score": one.score, "mark": one.mark or None}
            for one in edges
        ],
    }


def described(edges: Sequence[Drawn], circuit: Circuit) -> str:
    """What the picture shows, for those who do not see it."""
    counts = Counter(one.mark for one in edges if one.mark)
    marked = "".join(f"; {mark}: {count:,}" for mark, count in counts.items())
    shown = f"Edges: {len(circuit):,}{marked}. From the embeddings, at the bottom, to the logits, on top."
    return f"{shown}\n{circuit.text()}"
