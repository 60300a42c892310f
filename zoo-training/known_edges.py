"""The truth for one replacement of the sources: which edges belong, and which no one can say of.

    removed alone  for each edge: the faithfulness of all edges but this one

An edge belongs when the faithfulness without it is .5 or less, or 1.5 or more: then it works against the
answer. It does not when that is within .05 of 1; and otherwise it is left out of judgement, as a backup.
Where the edges that belong are not enough by themselves, what greedy pruning in either order keeps besides
them is left out, too. The truth is another for another ablation or corruption, so that each is worked out by
itself. All runs are edgewise's own.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor

from edgewise.circuit import Circuit
from edgewise.discovery import discover
from edgewise.evaluation.known import against_known
from edgewise.graph import Graph
from edgewise.models.transformer import Transformer
from edgewise.tasks.pairs import Pairs
from edgewise.zoo.known import KnownCircuit, truth_name
from faithful import STAYS, Faithfulness
from lesson import Lesson

IN, OUT, AGAINST = 0.5, 0.95, 1.5
"""Of the faithfulness without an edge: at most, when it belongs; as near to 1, when it does not; at least,
when it belongs and works against the answer."""
ABLATIONS_KNOWN = ("corrupted", "zero", "mean")
"""Those that a truth is worked out for."""
FOR_EAP = 128
"""Pairs that plain EAP is given."""


def replacements_of(lesson: Lesson) -> dict[str, tuple[str, str]]:
    """Ablation and corruption by the truth's name: the lesson's own corruption, then the task's others."""
    corruptions = [None, *(each for each in lesson.task.corruptions if each != lesson.corruption)]
    return {
        truth_name(ablation, corruption): (ablation, corruption or lesson.corruption)
        for corruption in corruptions
        for ablation in ABLATIONS_KNOWN
    }


def task_pairs(
    model: Transformer,
    lesson: Lesson,
    count: int,
    seed: int,
    split: str = "test",
    corruption: str | None = None,
) -> Pairs:
    """The task's own prompt pairs; `corruption`: the lesson's unless given."""
    corruption = corruption or lesson.corruption
    return Pairs.from_list(lesson.task.entries(lesson.rules(), count, split, seed, corruption), model)


def known_edges(
    model: Transformer, lesson: Lesson, pairs: Pairs, ablation: str
) -> tuple[KnownCircuit, dict[str, Any]]:
    """The truth, and what was measured on the way."""
    graph = Graph.of(model.config)
    circuit = Circuit.of(graph, lesson.circuit)
    faithfulness = Faithfulness(model, pairs, lesson.metric, ablation)
    alone = faithfulness.without_each()
    against = (alone >= AGAINST) & graph.edges
    needed = ((alone <= IN) & graph.edges) | against
    between = ~needed & ((1 - alone).abs() > 1 - OUT) & graph.edges
    pruned = faithfulness.prune(alone)
    enough = faithfulness(needed.float()[None]).item()
    backups = between
    if abs(enough - 1) > STAYS:
        backups = between | ((pruned | faithfulness.prune(alone, most_missed_first=True)) & ~needed)
    roles = {node.name: node.places for node in lesson.causal.nodes}
    known = KnownCircuit(
        Circuit(graph, needed), Circuit(graph, backups), Circuit(graph, against), roles=roles
    )
    outside = graph.edges & ~circuit.kept
    lowest = alone[outside].topk(3, largest=False).values.max()
    measured: dict[str, Any] = {
        "full": faithfulness.full,
        "replaced": faithfulness.replaced,
        "faithfulness of the lesson's circuit": faithfulness(circuit.mask()[None]).item(),
        "faithfulness of the known circuit": enough,
        "faithfulness with backups": faithfulness((needed | backups).float()[None]).item(),
        "edges removed alone": _named(graph, alone, between | needed | circuit.kept),
        "lowest outside the lesson's circuit": _named(graph, alone, outside & (alone <= lowest)),
        "largest": alone[graph.edges].max().item(),
        "pruned from the full graph": list(Circuit(graph, pruned)),
    }
    if needed.any():
        measured["eap"] = eap(model, lesson, pairs, ablation, known)
    return known, measured


def eap(
    model: Transformer, lesson: Lesson, pairs: Pairs, ablation: str, known: KnownCircuit
) -> dict[str, float]:
    """How well plain EAP finds the known circuit (Syed et al. 2023, arXiv:2310.10348)."""
    scores = discover(model, pairs[:FOR_EAP], "eap", metric=lesson.metric, ablation=ablation)
    by_value = against_known(scores, known, by="value")
    return against_known(scores, known) | {f"{name} by value": value for name, value in by_value.items()}


def _named(graph: Graph, values: Tensor, wanted: Tensor) -> dict[str, float]:
    found = {graph.edge_name(*place): values[tuple(place)].item() for place in wanted.nonzero().tolist()}
    return dict(sorted(found.items(), key=lambda item: item[1]))
