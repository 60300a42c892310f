"""What each edge of a drawn circuit is - of it, of a known one, a backup - and how its line looks.

colour   the sign of its score: blue keeps the answer, vermillion works against it; one ink without scores
dashes   what it enters: a query, an MLP or the logits by a solid line, a key by dashes, a value by dots
width    how far its score is from 0
band     a hit: the known circuit has it, too. A false find has none.
pale     what is not of the circuit: a miss by long dashes, a backup by dashes and dots
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

from edgewise.circuit import Circuit, Scores
from edgewise.edges import check_same
from edgewise.evaluation.known import truth_on
from edgewise.pictures.layout import part_of
from edgewise.pictures.paper import COLOURS, INK
from edgewise.zoo.known import KnownCircuit

HIT, FALSE_FIND, MISS, BACKUP, AGAINST = "hit", "false find", "miss", "backup", "against"
HELPS, HINDERS, PALE, BAND = COLOURS[0], COLOURS[1], "#94a3b8", "#cbd5e1"
PART_DASHES: dict[str, Any] = {"q": "-", "k": (0, (4, 1.6)), "v": (0, (1, 1.3)), "": "-"}
PALE_DASHES: dict[str, Any] = {MISS: (0, (8, 3)), BACKUP: (0, (4, 2, 1, 2))}
THINNEST = 0.25
"""The share of the widest line's width that a line without a score, or with the least, has."""


@dataclass(frozen=True)
class Drawn:
    """An edge of the picture."""

    edge: str
    score: float | None
    mark: str
    """One of those above, or empty."""

    @property
    def part(self) -> str:
        return part_of(self.edge)

    @property
    def colour(self) -> str:
        if self.mark in PALE_DASHES:
            return PALE
        if self.score is None:
            return HINDERS if self.mark == AGAINST else INK
        return HELPS if self.score >= 0 else HINDERS

    @property
    def dashes(self) -> Any:
        return PALE_DASHES.get(self.mark, PART_DASHES[self.part])

    @property
    def look(self) -> str:
        """Equal where two lines differ by their width alone."""
        return f"{self.colour}{self.mark}"

    def width(self, largest: float) -> float:
        """As a share of the widest line's. `largest`: how far from 0 a score is at most."""
        if self.mark in PALE_DASHES:
            return THINNEST
        if self.score is None:
            return 0.5
        share = sqrt(abs(self.score) / largest) if largest else 0.0
        return THINNEST + (1 - THINNEST) * share


def drawn_edges(
    circuit: Circuit,
    scores: Scores | None,
    known: KnownCircuit | Circuit | None,
    backups: Circuit | None,
    against: Circuit | None,
) -> list[Drawn]:
    """Those of the circuit, then what it misses of the known one, then backups that are in neither."""
    graph, none = circuit.graph, Circuit.empty(circuit.graph)
    for each in (scores, backups, against):
        if each is not None:
            check_same(graph, each.graph)
    truth = None if known is None else truth_on(known, graph)
    marks: dict[str, str] = {}
    for edge in circuit:
        marks[edge] = AGAINST if against is not None and edge in against else ""
        if truth is not None:
            unjudged = edge in truth.backups
            marks[edge] = HIT if edge in truth.circuit else BACKUP if unjudged else FALSE_FIND
    for edge in none if truth is None else truth.circuit - circuit:
        marks[edge] = MISS
    for edge in none if backups is None else backups:
        marks.setdefault(edge, BACKUP)
    return [Drawn(edge, None if scores is None else scores.of(edge), mark) for edge, mark in marks.items()]


def largest_score(edges: Sequence[Drawn]) -> float:
    """How far from 0 a score is at most, of the edges that are not pale."""
    return max((abs(one.score) for one in edges if one.score is not None and one.colour != PALE), default=0.0)
