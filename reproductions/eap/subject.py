"""What the figures are made of: a case and how methods are run on it, and what of the paper's holds there."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from reproductions.cases import Case

import edgewise as ew

TASKS = ("ioi", "greater-than", "docstring")
TAUS = tuple(10.0 ** (half / 2) for half in range(-8, 3))
GRID_TAUS = TAUS[::2]
LOSSES = {"kl": "KL", "metric": "task metric"}


@dataclass(frozen=True)
class Claim:
    """What the paper says, and what is seen here."""

    where: str
    paper: str
    here: str
    agrees: bool


@dataclass(frozen=True)
class Subject:
    """A case and how to run methods on it."""

    case: Case
    batch_size: int = 100
    taus: tuple[float, ...] = TAUS
    """ACDC's; none where it takes too long."""
    exhaustive: bool = True
    """Whether every edge is patched by itself."""

    @property
    def name(self) -> str:
        return self.case.name

    def discover(self, method: str, **options: Any) -> ew.Scores:
        settings = {"metric": self.case.metric, "ablation": self.case.ablation, "batch_size": self.batch_size}
        return ew.discover(self.case.model, self.case.found_on, method, **settings, **options)

    def acdc(self, tau: float, loss: str, **options: Any) -> ew.Circuit:
        return self.discover("acdc", tau=tau, loss=loss, **options).own()

    @cached_property
    def eap(self) -> ew.Scores:
        return self.discover("eap")

    @cached_property
    def exact(self) -> ew.Scores | None:
        return self.discover("activation-patching") if self.exhaustive else None

    @cached_property
    def families(self) -> dict[str, list[ew.Circuit]]:
        """ACDC's circuits, by what they were found with."""
        return {
            name: [self.acdc(tau, loss) for tau in self.taus] for loss, name in LOSSES.items() if self.taus
        }


def file_name(*words: str) -> str:
    """Of a picture."""
    return re.sub(r"[^a-z0-9]+", "-", " ".join(words).lower()).strip("-")


def told(claims: Sequence[Claim]) -> str:
    """Which of the claims hold, and where."""
    where: dict[bool, dict[str, list[str]]] = {True: {}, False: {}}
    for claim in claims:
        where[claim.agrees].setdefault(claim.paper, []).append(claim.where)
    sides = {
        side: "; ".join(f"{paper} ({', '.join(places)})" for paper, places in found.items()) or "nothing"
        for side, found in where.items()
    }
    return f"**As in the paper:** {sides[True]}. **Not as in the paper:** {sides[False]}."


def named(names: Sequence[str]) -> str:
    return f": {', '.join(names)}" if names else ""
