"""How well scores, or circuits, find a known circuit: by edges and by nodes.

A node - a head or an MLP - scores as the strongest edge that leaves it, and is in a circuit that an edge
leaves it in. Edges that stand in for each other are not judged, nor nodes that have a part in these alone.
What the numbers are is told in `roc.py`.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Bool
from torch import Tensor

from edgewise.circuit import Circuit, Scores, strength
from edgewise.components import ComponentScores
from edgewise.edges import check_same
from edgewise.errors import BadInput
from edgewise.evaluation.node_circuits import node_strengths
from edgewise.evaluation.roc import Roc, check_both_sides, roc_of_family, roc_of_ranking
from edgewise.graph import Graph
from edgewise.zoo.known import KnownCircuit


def edge_roc(scores: Scores, known: KnownCircuit | Circuit, by: str = "absolute") -> Roc:
    """Of all edges, strongest first."""
    truth = truth_on(known, scores.graph)
    edges = scores.graph.edges
    inside, judged = (side[edges] for side in (truth.circuit.kept, ~truth.backups.kept))
    return roc_of_ranking(strength(scores.values, by)[edges], inside, judged)


def node_roc(scores: Scores | ComponentScores, known: KnownCircuit | Circuit, by: str = "absolute") -> Roc:
    """Of all heads and MLPs, strongest first."""
    truth = truth_on(known, scores.graph)
    strengths = node_strengths(scores, by)
    nodes, inside, judged = _nodes(truth)
    return roc_of_ranking(strengths[nodes], inside, judged)


def family_roc(circuits: Sequence[Circuit], known: KnownCircuit | Circuit, nodes: bool = False) -> Roc:
    """Of circuits that were found apart, e.g. for several thresholds; `nodes`: of the nodes in them."""
    if not circuits:
        raise BadInput("circuits to hold beside the known one were needed. Got none.")
    graph = circuits[0].graph
    truth = truth_on(known, graph)
    for circuit in circuits:
        check_same(graph, circuit.graph)
    if nodes:
        which, inside, judged = _nodes(truth)
        return roc_of_family([circuit.kept.any(0)[which] for circuit in circuits], inside, judged)
    inside, judged = (side[graph.edges] for side in (truth.circuit.kept, ~truth.backups.kept))
    return roc_of_family([circuit.kept[graph.edges] for circuit in circuits], inside, judged)


def youden_j(circuit: Circuit, known: KnownCircuit | Circuit) -> float:
    """True-positive rate - false-positive rate of one circuit; below 0 where it is worse than chance."""
    truth = truth_on(known, circuit.graph)
    inside = truth.circuit.kept[circuit.graph.edges]
    judged = inside | ~truth.backups.kept[circuit.graph.edges]
    chosen = circuit.kept[circuit.graph.edges]
    check_both_sides(inside[judged])
    hits, false_finds = (chosen & inside).sum() / inside.sum(), (chosen & judged & ~inside).sum()
    return (hits - false_finds / (judged & ~inside).sum()).item()


def against_known(scores: Scores, known: KnownCircuit | Circuit, by: str = "absolute") -> dict[str, float]:
    """The numbers of an evaluation."""
    edges, nodes = edge_roc(scores, known, by), node_roc_if_any(scores, known, by)
    return {
        "edge_auc": edges.auc,
        "precision_at_known_size": edges.precision_at_known_size,
        "pessimistic_auc": edges.pessimistic_auc,
        "average_precision": edges.average_precision,
        "youden_j": edges.youden.j,
        **({} if nodes is None else {"node_auc": nodes.auc}),
    }


def node_roc_if_any(scores: Scores, known: KnownCircuit | Circuit, by: str) -> Roc | None:
    """None where all nodes belong, or none does."""
    _, inside, judged = _nodes(truth_on(known, scores.graph))
    inside = inside[judged | inside]
    return None if inside.all() or not inside.any() else node_roc(scores, known, by)


def _nodes(truth: KnownCircuit) -> tuple[Tensor, Bool[Tensor, " nodes"], Bool[Tensor, " nodes"]]:
    """Their places among sources; which belong; which are judged."""
    graph, doubtful = truth.circuit.graph, set(truth.backups.nodes())
    nodes = torch.arange(len(graph.embeddings), len(graph.sources))
    judged = torch.tensor([name not in doubtful for name in graph.sources])
    return nodes, truth.circuit.kept.any(0)[nodes], judged[nodes]


def truth_on(known: KnownCircuit | Circuit, graph: Graph) -> KnownCircuit:
    if isinstance(known, Circuit):
        none = Circuit.empty(known.graph)
        known = KnownCircuit(known, none, none)
    if known.circuit.graph != graph:
        raise BadInput(
            f"scores of {known.circuit.graph.describe()} were needed. Got those of {graph.describe()}. "
            "A known circuit belongs to its own model."
        )
    return known
