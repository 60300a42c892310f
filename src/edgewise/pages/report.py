"""What the viewer is given: a run as plain values, and reports of one run or of two side by side.

Edges are handed over in the order in which the run chooses them, strongest first, so that a circuit of any
size is the first so many of them, pruned. Of a large model the strongest are handed over, and the page says
so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from math import isfinite
from typing import Any

from torch import Tensor

from edgewise.circuit import Circuit, Scores, strength
from edgewise.edges import check_same
from edgewise.errors import BadInput
from edgewise.evaluation.curve import Curve, counts_of
from edgewise.evaluation.evaluation import Evaluation
from edgewise.evaluation.intervals import interval_of_faithfulness
from edgewise.pages.attention import AttentionExample, AttentionExamples
from edgewise.pages.packing import packed
from edgewise.zoo.known import KnownCircuit

FORMAT, VERSION = "edgewise report", 1
MOST_EDGES = 100_000
Facts = Mapping[str, str]


@dataclass(frozen=True)
class RunPage:
    """A run, or a circuit without one, as it is to be looked at."""

    name: str
    scores: Scores
    chosen: int
    """How many edges the circuit was made of, before pruning."""
    kept: int
    prune: bool = True
    by: str = "absolute"
    able: Circuit | None = None
    """The edges that a size is filled with; None: all."""
    scored: bool = True
    """Whether the scores say more than which edges there are."""
    metric: str = "the metric"
    curve: Curve | None = None
    evaluation: Evaluation | None = None
    known: KnownCircuit | None = None
    measured: Facts = field(default_factory=dict)
    facts: Facts = field(default_factory=dict)
    notes: Sequence[str] = ()
    attention: AttentionExamples | None = None


def report(runs: Sequence[RunPage], title: str = "", most: int = MOST_EDGES) -> dict[str, Any]:
    """Of one run, or of two on one graph."""
    if not 1 <= len(runs) <= 2:
        raise BadInput(f"a page shows one run, or two side by side. Got {len(runs)}.")
    for one, other in pairwise(runs):
        check_same(one.scores.graph, other.scores.graph)
    return {
        "format": FORMAT,
        "version": VERSION,
        "title": title or " and ".join(run.name for run in runs),
        "runs": [run_data(run, most) for run in runs],
    }


def run_data(run: RunPage, most: int = MOST_EDGES) -> dict[str, Any]:
    graph = run.scores.graph
    readers, sources = strongest_places(run, most)
    return {
        "name": run.name,
        "graph": asdict(graph),
        "edges": {
            "all": graph.edge_count,
            "able": graph.edge_count if run.able is None else len(run.able),
            "order": run.by,
            "scored": run.scored,
            "sources": packed(sources, "u16"),
            "readers": packed(readers, "u16"),
            "scores": packed(run.scores.values[readers, sources], "f32"),
        },
        "chosen": {"size": run.chosen, "kept": run.kept, "prune": run.prune},
        "metric": run.metric,
        "curve": points_of(run),
        "known": None if run.known is None else known_data(run.known, run.evaluation),
        "roles": {} if run.known is None else {name: list(nodes) for name, nodes in run.known.roles.items()},
        "facts": list(map(list, run.facts.items())),
        "measured": list(map(list, run.measured.items())),
        "notes": list(run.notes),
        "examples": [] if run.attention is None else list(map(example_data, run.attention.examples)),
        "lacking": "No attention was kept for this page." if run.attention is None else run.attention.lacking,
    }


def strongest_places(run: RunPage, most: int) -> tuple[Tensor, Tensor]:
    """Readers and sources of the edges that can be chosen, strongest first; equals in edge order."""
    graph = run.scores.graph
    able = graph.edges if run.able is None else run.able.kept
    readers, sources = able.nonzero(as_tuple=True)
    order = strength(run.scores.values[readers, sources], run.by).sort(descending=True, stable=True).indices
    return readers[order[:most]], sources[order[:most]]


def points_of(run: RunPage) -> list[dict[str, Any]]:
    """Of the curve, and of the circuit itself, by size."""
    graph = run.scores.graph
    found = {}
    if run.curve is not None:
        # Where fewer can be chosen, larger circuits are these.
        most = graph.edge_count if run.able is None else len(run.able)
        sizes = (min(size, most) for size in counts_of(graph.edge_count, run.curve.shares))
        found = dict(zip(sizes, run.curve.evaluations, strict=True))
    if run.evaluation is not None:
        found[run.chosen] = run.evaluation
    return [
        {
            "size": size,
            "kept": each.edges,
            "faithfulness": each.faithfulness,
            "interval": None if (sure := interval_of_faithfulness(each)) is None else list(sure),
            "value": finite(each.circuit),
            "kl": finite(each.kl),
        }
        for size, each in sorted(found.items())
    ]


def finite(value: float) -> float | None:
    """JSON has no infinity."""
    return value if isfinite(value) else None


def known_data(known: KnownCircuit, evaluation: Evaluation | None) -> dict[str, Any]:
    (readers, sources), (backup_readers, backup_sources) = (
        circuit.kept.nonzero(as_tuple=True) for circuit in (known.circuit, known.backups)
    )
    return {
        "sources": packed(sources, "u16"),
        "readers": packed(readers, "u16"),
        "backupSources": packed(backup_sources, "u16"),
        "backupReaders": packed(backup_readers, "u16"),
        "facts": [] if evaluation is None else list(map(list, judged_facts(evaluation).items())),
    }


JUDGED = {
    "edge_auc": "edge AUC",
    "node_auc": "node AUC",
    "precision_at_known_size": "precision at its size",
    "average_precision": "average precision",
    "pessimistic_auc": "pessimistic AUC",
    "youden_j": "Youden's J",
}


def judged_facts(evaluation: Evaluation) -> dict[str, str]:
    """What scores are told beside the known circuit, in words."""
    told = {words: getattr(evaluation, name) for name, words in JUDGED.items()}
    return {words: f"{value:.3f}" for words, value in told.items() if value is not None}


def example_data(example: AttentionExample) -> dict[str, Any]:
    return {
        "clean": list(example.clean),
        "corrupted": None if example.corrupted is None else list(example.corrupted),
        "correct": example.correct,
        "wrong": example.wrong,
        "reads": list(example.reads),
        "heads": list(example.heads),
        "attention": packed(example.attention, "u8"),
        "effects": None if example.effects is None else packed(example.effects, "f32"),
    }
