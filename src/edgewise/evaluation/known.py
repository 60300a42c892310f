"""How well scores find a known circuit.

    edge_auc                   the chance that an edge inside scores higher than one outside, ties half
    precision_at_known_size    of as many strongest edges as the circuit has, the share that belongs to it

Edges that stand in for each other are left out of both. An AUC saturates on graphs with many edges that do
nothing, which any method ranks low: read the two together.
"""

from __future__ import annotations

from edgewise.circuit import Scores, strength
from edgewise.errors import BadInput
from edgewise.zoo.known import KnownCircuit


def against_known(scores: Scores, known: KnownCircuit, by: str = "absolute") -> dict[str, float]:
    graph = known.circuit.graph
    if scores.graph != graph:
        raise BadInput(
            f"scores of {graph.describe()} were needed. Got those of {scores.graph.describe()}. "
            "A known circuit belongs to its own model."
        )
    judged = graph.edges & ~known.backups.kept
    values = strength(scores.values, by)
    inside, outside = values[known.circuit.kept], values[judged & ~known.circuit.kept]
    if not len(inside) or not len(outside):
        raise BadInput("edges inside and outside the known circuit were needed. Got none of one of them.")
    higher = (inside[:, None] > outside).double().mean() + (inside[:, None] == outside).double().mean() / 2
    # Among edges of one score, the share that chance would give.
    least = values[judged].topk(len(inside)).values[-1]
    above, level = judged & (values > least), judged & (values == least)
    share = (len(inside) - int(above.sum())) / int(level.sum())
    hits = int((above & known.circuit.kept).sum()) + share * int((level & known.circuit.kept).sum())
    return {"edge_auc": float(higher), "precision_at_known_size": hits / len(inside)}
