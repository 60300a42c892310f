"""Figures 5 and 8 of the EAP paper: EAP first, then ACDC.

    Youden's J = true-positive rate - false-positive rate of one circuit, backups left out

EAP leaves a share of the edges, ACDC goes through them with one tau: a J for every share and tau.
"""

from __future__ import annotations

from collections.abc import Sequence

from reproductions.eap.subject import GRID_TAUS, LOSSES, Claim, Subject, file_name, told
from reproductions.page import Page, number

import edgewise as ew
from edgewise.evaluation.grid import YoudenGrid
from edgewise.pictures.charts import roc_picture
from edgewise.pictures.heat import heat_picture
from edgewise.pictures.paper import Picture

SHARES = (0.05, 0.1, 0.2, 0.4, 0.7, 1.0)
"""Of all edges, those that EAP leaves to ACDC."""


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
    grids = {name: _grid(subject, sizes, loss) for loss, name in LOSSES.items()}
    rocs = {"EAP": eap}
    for name, grid in grids.items():
        caption = f"Figure 8, {subject.name}: Youden's J of EAP, then ACDC by {name}"
        page.picture(file_name("figure 8", subject.name, name), _heat(grid), caption)
        numbers = {"sizes": grid.sizes, "taus": grid.taus, "j": grid.j.tolist()}
        page.keep(f"figure 8, {subject.name}, {name}", numbers)
        circuits = [circuit for row in grid.circuits[:-1] for circuit in row]
        rocs[f"EAP, then ACDC by {name}"] = ew.family_roc(circuits, case.known)
    caption = f"Figure 5, {subject.name}: EAP, and the best of all circuits of ACDC after it"
    page.picture(file_name("figure 5", subject.name), roc_picture(rocs), caption)
    own = eap.youden
    page.say(
        f"On {subject.name} EAP alone has at best a J of {number(own.j)}, with {own.chosen} edges.",
        *(_grid_told(name, grid, own.j) for name, grid in grids.items()),
        _lost(subject, sizes),
    )
    return [
        Claim(
            subject.name,
            f"EAP, then ACDC by {name}, is better than EAP alone",
            f"J {number(best(grid))} against {number(own.j)}",
            best(grid) > own.j,
        )
        for name, grid in grids.items()
    ]


def _grid(subject: Subject, sizes: Sequence[int], loss: str) -> YoudenGrid:
    """The last row is of all edges: ACDC alone."""

    def by_acdc(left: ew.Circuit, tau: float) -> ew.Circuit:
        return subject.acdc(tau, loss, edges=left)

    return ew.youden_grid(subject.eap, subject.case.known, sizes, GRID_TAUS, by_acdc)


def best(grid: YoudenGrid) -> float:
    """Where EAP has a part in it."""
    return grid.j[:-1].max().item()


def _heat(grid: YoudenGrid) -> Picture:
    ringed = [(row, column) for row, column in (grid.j == grid.j.max()).nonzero().tolist()]
    rows = [f"{share:.0%} ({size:,})" for share, size in zip(SHARES, grid.sizes, strict=True)]
    columns = [f"{tau:g}" for tau in grid.taus]
    labels = ("edges that EAP leaves", "ACDC's tau")
    return heat_picture(grid.j.tolist(), rows, columns, labels=labels, ringed=ringed)


def _grid_told(name: str, grid: YoudenGrid, own: float) -> str:
    parts, alone = grid.j[:-1], grid.j[-1].max().item()
    above = f"{(parts > own).sum()} of {parts.numel()} circuits that EAP has a part in are better"
    beside = "better than" if best(grid) > alone else "no better than"
    return f"By {name}, {above}; the best has {number(best(grid))}, {beside} ACDC alone, {number(alone)}."


def _lost(subject: Subject, sizes: Sequence[int]) -> str:
    known = subject.case.known.circuit
    missing = {size: len(known - subject.eap.top(size)) for size in sizes}
    some = [f"the first {size:,} lack {count}" for size, count in missing.items() if count]
    return f"Of the {len(known)} known edges {', '.join(some) or 'none is lost to ACDC'}."
