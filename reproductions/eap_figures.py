"""Section 5 of the EAP paper, figures 4, 5, 8 and 9: what its estimates are worth, and what ACDC adds.

    estimate       EAP's score of an edge, or another method's
    exact effect   activation patching's
    farthest       the edges with the largest |estimate - exact effect|
    bend           how the size of the exact effect grows on the way to the edge's replacement: concave where
                   ever more slowly, convex where ever faster
    Youden's J     true-positive rate - false-positive rate of one circuit, backups left out

Parts of the page that `eap_paper.py` makes, and what they share with its others.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from itertools import groupby
from typing import Any

import numpy as np
from reproductions.cases import Case
from reproductions.page import Page, number

import edgewise as ew
from edgewise.pictures.charts import effects_picture, heat_picture, roc_picture, way_picture
from edgewise.pictures.paper import Picture
from edgewise.zoo.known import KnownCircuit

PUBLISHED_FIT = {"slope": 0.531, "intercept": 0.049, "r_squared": 0.27}
"""Figure 4a: activation patching over EAP, docstring; the intercept with our sign."""
PUBLISHED_FARTHEST = ("a1.h4<k>", "a3.h0<k>", "a3.h6<k>")
"""Figures 4b and 9: what reads the three edges."""
WEAK = 0.5
"""An R² below it is a weak relation, as the paper calls .27."""
TAUS = tuple(10.0 ** (half / 2) for half in range(-8, 3))
GRID_TAUS = TAUS[::2]
SHARES = (0.05, 0.1, 0.2, 0.4, 0.7, 1.0)
"""Of all edges, those that EAP leaves to ACDC."""
LOSSES = {"kl": "KL", "metric": "task metric"}
TURN = 0.02
"""A second difference is a bend from this share of the largest effect on."""


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


# Figure 4a: estimates beside exact effects.


def fit_section(page: Page, subjects: Sequence[Subject], shown: Sequence[Subject]) -> list[Claim]:
    page.heading("Figure 4a: estimates beside exact effects")
    page.say(
        "The line of least squares of exact effects, those of activation patching, over estimated scores.",
        "Where R² is high, a slope below 1 says that estimates are too large, one above 1 that they are too",
        "small. Of the known circuit, the edges are counted whose estimate has the wrong sign. The published",
        "intercept has its sign turned around, as the paper's scores have the other sign than these.",
    )
    found = {subject.name: _fits(subject) for subject in subjects if subject.exact is not None}
    rows = [
        [f"{name}, {method}", *_fit_cells(fit)]
        for name, fits in found.items()
        for method, fit in fits.items()
    ]
    rows.append(["*published: docstring, EAP*", *_fit_cells(PUBLISHED_FIT)])
    head = ["model, method", "slope", "intercept", "R²", "Spearman", "wrong signs"]
    page.table(head, rows, found, "figure 4a")
    for subject in shown:
        exact = subject.exact
        assert exact is not None
        fit = ew.agreement(subject.eap, exact)
        caption = f"Figure 4a, {subject.name}: EAP and activation patching"
        picture = effects_picture(subject.eap, exact, fit, subject.case.known.circuit)
        page.picture(file_name("figure 4a", subject.name), picture, caption)
    better = [name for name, fits in found.items() if fits["EAP-IG"]["r_squared"] > fits["EAP"]["r_squared"]]
    page.say(f"EAP-IG by inputs has the higher R² on {len(better)} of {len(found)}{named(better)}.")
    claims = [claim for subject in shown for claim in _fit_claims(subject.name, found[subject.name]["EAP"])]
    page.say(told(claims))
    return claims


def _fits(subject: Subject) -> dict[str, dict[str, float]]:
    exact, known = subject.exact, subject.case.known.circuit.kept
    assert exact is not None
    return {
        name: {
            **asdict(ew.agreement(scores, exact)),
            "wrong_signs": int((scores.values * exact.values < 0)[known].sum()),
        }
        for name, scores in (("EAP", subject.eap), ("EAP-IG", subject.discover("eap-ig-inputs")))
    }


def _fit_cells(fit: Mapping[str, float]) -> list[str]:
    measured = [number(fit.get(name)) for name in ("slope", "intercept", "r_squared", "spearman")]
    return [*measured, number(fit.get("wrong_signs"), 0)]


def _fit_claims(name: str, fit: Mapping[str, float]) -> list[Claim]:
    slope, r_squared = fit["slope"], fit["r_squared"]
    weak = "EAP's scores tell exact effects weakly"
    return [
        Claim(name, weak, f"R² {number(r_squared)}", r_squared < WEAK),
        Claim(name, "EAP's scores are too large", f"slope {number(slope)}", 0 < slope < 1),
    ]


# Figures 4b and 9: edges on the way to their replacement.


def way_section(page: Page, subjects: Sequence[Subject]) -> list[Claim]:
    page.heading("Figures 4b and 9: where EAP is farthest from the exact effect")
    page.say(
        "The effect of the three edges whose score is farthest from the exact effect, with their source a",
        "share of the way from what it is to its replacement. EAP's straight line begins as the curve does:",
        "it ends too high on a concave curve, the size of its effect growing ever more slowly, and too low",
        "on one that begins flat. The paper shows three edges, into",
        f"{', '.join(f'`{reader}`' for reader in PUBLISHED_FARTHEST)}: all concave, and EAP too large. They",
        "come from the embeddings, it says.",
    )
    claims = []
    for subject in subjects:
        ways = _ways(subject)
        rows = [
            [f"`{edge}`", number(way[1]), number(way[0][-1]), bend(way[0]), missed(way[1], way[0][-1])]
            for edge, way in ways.items()
        ]
        numbers = {
            edge: {"estimate": way[1], "exact": way[0], "bend": bend(way[0])} for edge, way in ways.items()
        }
        page.table(
            [f"edge of {subject.name}", "EAP", "exact", "bend", "EAP's score is"],
            rows,
            numbers,
            f"figures 4b and 9, {subject.name}",
        )
        page.picture(
            file_name("figure 9", subject.name),
            way_picture(ways),
            f"Figures 4b and 9, {subject.name}: edges on the way",
        )
        claims += _way_claims(subject, ways)
    page.say(told(claims))
    return claims


def _ways(subject: Subject) -> dict[str, tuple[list[float], float]]:
    """Of the farthest edges: the exact effects on the way, and EAP's score."""
    exact = subject.exact
    assert exact is not None
    distance = ew.Scores(exact.graph, (subject.eap.values - exact.values).abs())
    edges = [edge for edge, _ in zip(distance.ranking(), range(3), strict=False)]
    names = [name for name, _ in edges]
    case = subject.case
    found = ew.interpolated(
        case.model,
        case.found_on,
        names,
        metric=case.metric,
        ablation=case.ablation,
        batch_size=subject.batch_size,
    )
    return {name: (way, subject.eap.of(name)) for name, way in zip(names, found.tolist(), strict=True)}


def bend(way: Sequence[float]) -> str:
    """How the size of an effect grows, in words."""
    turns = np.diff(way, 2) * np.sign(way[-1])
    least = TURN * np.abs(way).max()
    kinds = ["convex" if turn > 0 else "concave" for turn in turns if abs(turn) > least]
    return ", then ".join(kind for kind, _ in groupby(kinds)) or "straight"


def missed(estimate: float, exact: float) -> str:
    """What is wrong with an estimate."""
    if estimate * exact < 0:
        return "of the wrong sign"
    return "too small" if abs(estimate) < abs(exact) else "too large"


def _way_claims(subject: Subject, ways: dict[str, tuple[list[float], float]]) -> list[Claim]:
    concave = sum(bend(way) == "concave" for way, _ in ways.values())
    large = sum(missed(estimate, way[-1]) == "too large" for way, estimate in ways.values())
    graph = subject.case.graph
    embedded = sum(edge.partition("->")[0] in graph.embeddings for edge in ways)
    told_of = f"of {len(ways)}"
    return [
        Claim(
            subject.name,
            "the edges where EAP is farthest off are concave",
            f"{concave} {told_of}",
            concave == len(ways),
        ),
        Claim(
            subject.name,
            "EAP is too large where it is farthest off",
            f"{large} {told_of}",
            large == len(ways),
        ),
        Claim(
            subject.name,
            "the edges where EAP is farthest off come from the embeddings",
            f"{embedded} {told_of}",
            embedded == len(ways),
        ),
    ]


# Figures 5 and 8: EAP first, then ACDC.


def refined(
    scores: ew.Scores,
    sizes: Sequence[int],
    taus: Sequence[float],
    refine: Callable[[ew.Circuit, float], ew.Circuit],
) -> list[list[ew.Circuit]]:
    """A row a size, a column a tau: what `refine` leaves of the strongest edges."""
    return [[refine(scores.top(size), tau) for tau in taus] for size in sizes]


def youden_matrix(circuits: Sequence[Sequence[ew.Circuit]], known: KnownCircuit) -> list[list[float]]:
    """Youden's J of each; below 0 where a circuit is worse than chance."""
    inside = known.circuit.kept
    outside = known.circuit.graph.edges & ~inside & ~known.backups.kept

    def ahead(circuit: ew.Circuit) -> float:
        hits, false_finds = ((circuit.kept & side).sum() / side.sum() for side in (inside, outside))
        return (hits - false_finds).item()

    return [[ahead(circuit) for circuit in row] for row in circuits]


@dataclass(frozen=True)
class Grid:
    """EAP, then ACDC with one loss."""

    name: str
    circuits: list[list[ew.Circuit]]
    """The last row is of all edges: ACDC alone."""
    j: np.ndarray

    @property
    def best(self) -> float:
        """Where EAP has a part in it."""
        return float(self.j[:-1].max())

    @property
    def alone(self) -> float:
        return float(self.j[-1].max())


def combined_section(page: Page, subjects: Sequence[Subject]) -> list[Claim]:
    page.heading("Figures 5 and 8: EAP first, then ACDC")
    page.say(
        "EAP leaves a share of the edges, ACDC goes through them with one tau. In a cell stands Youden's J",
        "of the circuit that stays, true-positive rate - false-positive rate; the row of all edges is ACDC",
        "alone. Rings are around the best. What EAP does not leave is lost.",
    )
    claims = [claim for subject in subjects for claim in _combined(page, subject)]
    page.say(told(claims))
    return claims


def _combined(page: Page, subject: Subject) -> list[Claim]:
    case, eap = subject.case, ew.edge_roc(subject.eap, subject.case.known)
    sizes = [max(1, round(share * case.graph.edge_count)) for share in SHARES]
    grids = [_grid(subject, sizes, loss) for loss in LOSSES]
    rocs = {"EAP": eap}
    for grid in grids:
        caption = f"Figure 8, {subject.name}: Youden's J of EAP, then ACDC by {grid.name}"
        page.picture(file_name("figure 8", subject.name, grid.name), _heat(grid, sizes), caption)
        numbers = {"sizes": sizes, "taus": GRID_TAUS, "j": grid.j.tolist()}
        page.keep(f"figure 8, {subject.name}, {grid.name}", numbers)
        circuits = [circuit for row in grid.circuits[:-1] for circuit in row]
        rocs[f"EAP, then ACDC by {grid.name}"] = ew.family_roc(circuits, case.known)
    caption = f"Figure 5, {subject.name}: EAP, and the best of all circuits of ACDC after it"
    page.picture(file_name("figure 5", subject.name), roc_picture(rocs), caption)
    own = eap.youden
    page.say(
        f"On {subject.name} EAP alone has at best a J of {number(own.j)}, with {own.chosen} edges.",
        *(_grid_told(grid, own.j) for grid in grids),
        _lost(subject, sizes),
    )
    return [
        Claim(
            subject.name,
            f"EAP, then ACDC by {grid.name}, is better than EAP alone",
            f"J {number(grid.best)} against {number(own.j)}",
            grid.best > own.j,
        )
        for grid in grids
    ]


def _grid(subject: Subject, sizes: Sequence[int], loss: str) -> Grid:
    def by_acdc(left: ew.Circuit, tau: float) -> ew.Circuit:
        return subject.acdc(tau, loss, edges=left)

    circuits = refined(subject.eap, sizes, GRID_TAUS, by_acdc)
    return Grid(LOSSES[loss], circuits, np.array(youden_matrix(circuits, subject.case.known)))


def _heat(grid: Grid, sizes: Sequence[int]) -> Picture:
    best = [(row, column) for row, column in np.argwhere(grid.j == grid.j.max()).tolist()]
    rows = [f"{share:.0%} ({size:,})" for share, size in zip(SHARES, sizes, strict=True)]
    columns = [f"{tau:g}" for tau in GRID_TAUS]
    labels = ("edges that EAP leaves", "ACDC's tau")
    return heat_picture(grid.j.tolist(), rows, columns, labels=labels, ringed=best)


def _grid_told(grid: Grid, own: float) -> str:
    above = f"{(grid.j[:-1] > own).sum()} of {grid.j[:-1].size} circuits that EAP has a part in are better"
    beside = "better than" if grid.best > grid.alone else "no better than"
    best = f"the best has {number(grid.best)}, {beside} ACDC alone, {number(grid.alone)}"
    return f"By {grid.name}, {above}; {best}."


def _lost(subject: Subject, sizes: Sequence[int]) -> str:
    known = subject.case.known.circuit
    missing = {size: len(known - subject.eap.top(size)) for size in sizes}
    some = [f"the first {size:,} lack {count}" for size, count in missing.items() if count]
    return f"Of the {len(known)} known edges {', '.join(some) or 'none is lost to ACDC'}."
