"""Graphviz's DOT: a circuit as a drawing, the embedding at the foot and `logits` on top.

Heads of a layer lie in one row, its MLP in a row of its own. An edge's colour is the sign of its score, its
width how large that is beside the largest, its dashes the part of a head that reads: q solid, k dashed, v
dotted. Its name is its tooltip; kind, layer, part and score are attributes, for programs that read them.
Equal circuits with equal scores give equal bytes.

An edge spans as many rows as lie between its ends (`minlen`): without that Graphviz would put a head of a
late layer that reads the embedding alone beside those of layer 0. The file is written, and not read back.
"""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

from edgewise.circuit import Circuit, Scores
from edgewise.edges import check_same
from edgewise.files import atomic_write
from edgewise.views import NodeEdge, kind_and_layer, node_edges, node_names

POSITIVE, NEGATIVE, PLAIN = "#0072b2", "#d55e00", "#475569"
"""The first two are told apart by those who see no red or no green, too."""
DASHES = {"k": "dashed", "v": "dotted"}
"""By the part that reads; others are solid."""
THIN, THICK = 0.5, 4.0
HEADING = """\
digraph circuit {
  rankdir="BT";
  node [shape="box", style="rounded", fontname="sans-serif", height="0.3"];
"""


def write(path: str | Path, scores: Scores, circuit: Circuit) -> None:
    atomic_write(path, as_text(circuit, scores))


def as_text(circuit: Circuit, scores: Scores | None = None) -> str:
    """Without scores every edge has the same colour and width."""
    if scores is not None:
        check_same(scores.graph, circuit.graph)
    graph, values = circuit.graph, None if scores is None else scores.values
    places = {name: kind_and_layer(graph, name) for name in node_names(graph, circuit.kept)}
    # Of a layer the heads come before the MLP, and the embedding and the logits are layers of their own.
    rows = [(place, list(names)) for place, names in groupby(places, places.__getitem__)]
    row_of = {name: row for row, (_, names) in enumerate(rows) for name in names}
    lines = [_row(kind, layer, names) for (kind, layer), names in rows]
    edges = list(node_edges(graph, circuit.kept, values))
    largest = max((abs(each.score or 0.0) for each in edges), default=0.0) or 1.0
    for each in edges:
        span = row_of[each.node] - row_of[each.source]
        lines.append(f"  {quoted(each.source)} -> {quoted(each.node)} [{_look(each, span, largest)}];\n")
    return f"{HEADING}{''.join(lines)}}}\n"


def _row(kind: str, layer: int, names: list[str]) -> str:
    nodes = "".join(f" {quoted(name)} [{_attributes(kind=kind, layer=layer)}];" for name in names)
    return f'  {{ rank="same";{nodes} }}\n'


def _look(edge: NodeEdge, span: int, largest: float) -> str:
    look = {"tooltip": edge.edge, "part": edge.part, "style": DASHES.get(edge.part, "solid"), "minlen": span}
    if edge.score is None:
        return _attributes(**look, color=PLAIN)
    width = THIN + (THICK - THIN) * abs(edge.score) / largest
    colour = NEGATIVE if edge.score < 0 else POSITIVE
    return _attributes(**look, score=edge.score, color=colour, penwidth=f"{width:.2f}")


def _attributes(**values: str | float | int) -> str:
    return ", ".join(f"{name}={quoted(str(value))}" for name, value in values.items())


def quoted(text: str) -> str:
    """As DOT writes any text: in quotes, so that it is neither a keyword nor HTML."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
