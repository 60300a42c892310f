"""Families of circuits by ACDC, HISP and subnetwork probing, by task and loss, and what they are worth."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import torch
from reproductions.cases import Case

import edgewise as ew
from edgewise.circuit import Circuit, Scores
from edgewise.components import ComponentScores
from edgewise.evaluation.known import edge_roc, family_roc
from edgewise.evaluation.roc import Roc
from edgewise.tasks.catalogue import PROGRAMS

Loss = Literal["kl", "metric"]
METHODS = ("ACDC", "HISP", "SP")
PUBLISHED: dict[tuple[str, Loss], tuple[float, float, float]] = {
    ("docstring", "kl"): (0.982, 0.805, 0.937),
    ("greater-than", "kl"): (0.853, 0.693, 0.806),
    ("ioi", "kl"): (0.869, 0.789, 0.823),
    ("docstring", "metric"): (0.972, 0.821, 0.942),
    ("greater-than", "metric"): (0.461, 0.706, 0.812),
    ("ioi", "metric"): (0.589, 0.836, 0.707),
    ("tracr-xproportion", "metric"): (1.0, 0.679, 0.829),
    ("tracr-reverse", "metric"): (1.0, 0.577, 0.801),
}
"""Edge AUC of ACDC, HISP and SP, by task and loss."""
TAUS = tuple(10.0 ** (power / 2) for power in range(-12, 3))
PRICES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
PROBING: dict[str, Any] = {"steps": 200, "draws": 2, "trim": None, "hold": None}
"""Of subnetwork probing, where they are not its own defaults."""


@dataclass(frozen=True)
class Found:
    """What a method found."""

    circuits: Mapping[float, Circuit]
    """By tau, price or importance."""
    ranking: Scores
    seconds: float


@dataclass(frozen=True)
class Judged:
    family: Roc
    ranking: Roc
    circuits: int
    exact: tuple[float, ...]
    """The thresholds at which the circuit is the known one."""
    seconds: float


@dataclass(frozen=True)
class Column:
    """One of the published table's: a task, and what is held small."""

    case: Case
    loss: Loss

    @property
    def name(self) -> str:
        how = {"kl": "KL", "metric": self.case.metric}[self.loss]
        return f"{self.case.name}, {self.case.ablation}, {how}"

    @property
    def key(self) -> str:
        return re.sub(r"[^\w-]+", "-", f"{self.case.name}-{self.loss}")

    @property
    def published(self) -> dict[str, float]:
        return dict(zip(METHODS, PUBLISHED[self.case.task, self.loss], strict=True))

    def found(self, method: str) -> Found | None:
        """None where the method ranks nothing."""
        print(f"{self.name}: {method} ...", file=sys.stderr)
        began = time.monotonic()
        try:
            circuits, ranking = FAMILIES[method](self)
        except ew.BadInput as refused:
            print(f"{self.name}: {method} is refused: {refused}", file=sys.stderr)
            return None
        return Found(circuits, ranking, time.monotonic() - began) if ranking.values.any() else None

    def discover(self, method: str, metric: str, **options: Any) -> Scores:
        case = self.case
        return ew.discover(
            case.model,
            case.found_on,
            method,
            metric=metric,
            ablation=case.ablation,
            batch_size=100,
            **options,
        )

    def judged(self, method: str) -> Judged | None:
        found, known = self.found(method), self.case.known
        if found is None:
            return None
        family = family_roc(list(found.circuits.values()), known)
        exact = tuple(
            least for least, circuit in found.circuits.items() if circuit - known.backups == known.circuit
        )
        return Judged(family, edge_roc(found.ranking, known), len(found.circuits), exact, found.seconds)

    def best_of_nodes(self) -> float:
        """The AUC of the known circuit's nodes with all edges between them."""
        graph, circuit = self.case.graph, self.case.known.circuit
        inside = set(circuit.nodes()) | set(graph.embeddings)
        values = torch.tensor([float(name in inside) for name in graph.sources])
        whole = ComponentScores.of_nodes(graph, values).to_edges().threshold(1)
        return family_roc([whole], self.case.known).pessimistic_auc


Family = tuple[dict[float, Circuit], Scores]


def by_acdc(column: Column) -> Family:
    metric = column.case.metric
    return ranked({tau: column.discover("acdc", metric, loss=column.loss, tau=(tau,)).own() for tau in TAUS})


def by_probing(column: Column) -> Family:
    """Edges of nodes that reach nothing go."""
    metric = column.case.metric
    return ranked(
        {
            price: column.discover("subnetwork-probing", metric, loss=column.loss, price=price, **PROBING)
            .own()
            .prune()
            for price in PRICES
        }
    )


def by_importance(column: Column) -> Family:
    metric = "kl" if column.loss == "kl" else column.case.metric
    scores = column.discover("hisp", metric, against="replacement")
    values = scores.values[scores.graph.edges].abs().unique().tolist()
    return {value: scores.threshold(value) for value in values}, scores


FAMILIES: dict[str, Callable[[Column], Family]] = {
    "ACDC": by_acdc,
    "HISP": by_importance,
    "SP": by_probing,
}


def ranked(circuits: dict[float, Circuit]) -> Family:
    """Edges by the largest threshold at which they stay."""
    stays = torch.stack([circuit.kept.double() * least for least, circuit in circuits.items()])
    return circuits, Scores(next(iter(circuits.values())).graph, stays.amax(0))


Table = dict[str, dict[str, Judged | None]]
"""By column, by method."""


def area(judged: Judged | None) -> float | None:
    return None if judged is None else judged.family.pessimistic_auc


def columns_of(cases: Iterable[Case]) -> list[Column]:
    losses: dict[bool, tuple[Loss, ...]] = {True: ("metric",), False: ("kl", "metric")}
    return [Column(case, loss) for case in cases for loss in losses[case.task in PROGRAMS]]
