"""Scores in groups: of edges in a known circuit and outside, and by what the head they leave is there for.

As in the histograms of Syed et al. 2023 (arXiv:2310.10348). What stands in for other edges is in neither of
the first two groups.
"""

from __future__ import annotations

from edgewise.circuit import Circuit, Scores
from edgewise.errors import BadInput
from edgewise.evaluation.known import truth_on
from edgewise.zoo.known import KnownCircuit

Groups = dict[str, list[float]]


def scores_by_truth(scores: Scores, known: KnownCircuit | Circuit) -> Groups:
    """Of all edges in the known circuit, and of all outside."""
    truth = truth_on(known, scores.graph)
    outside = scores.graph.edges & ~truth.circuit.kept & ~truth.backups.kept
    sides = {"in the known circuit": truth.circuit.kept, "outside": outside}
    return {name: scores.values[side].tolist() for name, side in sides.items()}


def scores_by_role(scores: Scores, known: KnownCircuit, inside: bool = False) -> Groups:
    """Of all edges that leave the heads and MLPs of each role; `inside`: of those in the circuit."""
    truth = truth_on(known, scores.graph)
    if not truth.roles:
        raise BadInput(
            "a known circuit with roles was needed. This one does not tell what its heads are for."
        )
    edges = truth.circuit.kept if inside else scores.graph.edges
    found = {}
    for role, nodes in truth.roles.items():
        places = [scores.graph.source_index[node] for node in nodes]
        found[role] = scores.values[:, places][edges[:, places]].tolist()
    return found
