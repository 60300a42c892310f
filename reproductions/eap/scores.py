"""Figures 3, 7 and 10 of the EAP paper: EAP's scores, their means and how they are spread.

    role = what the head that an edge leaves is there for

In the known circuit and outside; and by role.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median, pstdev

from reproductions.eap.subject import Claim, Subject, file_name, told
from reproductions.page import Page, number

import edgewise as ew
from edgewise.pictures.charts import histogram_picture

PUBLISHED_SPREAD = {
    "ioi": ((-0.0080, 0.1063), (0.0, 0.0061)),
    "greater-than": ((-0.0061, 0.0237), (0.0, 0.0005)),
    "docstring": ((-0.6777, 0.8054), (0.0170, 0.2127)),
}
"""Figures 3 and 7, with the paper's signs: mean and standard deviation in the circuit, and outside."""
PUBLISHED_ROLES = {
    "previous token": (0.0015, 0.0566),
    "duplicate token": (0.0011, 0.0441),
    "induction": (-0.0094, 0.0739),
    "S-inhibition": (-0.0167, 0.0364),
    "name mover": (-0.0713, 0.2194),
    "negative name mover": (0.2372, 0.2807),
}
"""Figure 10, with the paper's signs."""
OUR_ROLES = {
    "repeats": "duplicate token",
    "moved": "S-inhibition",
    "named": "name mover",
    "opposed": "negative name mover",
}
"""What the paper calls the roles of the bundled models."""
SIGNED = ("S-inhibition", "name mover", "negative name mover")
"""Roles whose mean the paper has away from 0."""


def spread_section(page: Page, subjects: Sequence[Subject]) -> list[Claim]:
    page.heading("Figures 3 and 7: scores in the circuit and outside")
    page.say(
        "EAP's scores, backups left out. A positive one says that keeping the edge helps. The paper's",
        "scores are what corrupting does to the metric; of the published means the sign is turned around.",
    )
    claims, rows, numbers = [], [], {}
    for subject in subjects:
        groups = ew.scores_by_truth(subject.eap, subject.case.known)
        numbers[subject.name] = {name: [fmean(group), pstdev(group)] for name, group in groups.items()}
        for (name, group), published in zip(groups.items(), PUBLISHED_SPREAD[subject.case.task], strict=True):
            cells = [fmean(group), pstdev(group), -published[0], published[1]]
            rows.append([f"{subject.name}, {name}", f"{len(group):,}", *(number(cell, 4) for cell in cells)])
        picture = histogram_picture(groups, subject.name, f"EAP's score, by {subject.case.metric}")
        caption = f"Figure {3 if subject.case.task == 'ioi' else 7}, {subject.name}"
        page.picture(file_name(caption), picture, caption)
        claims += _spread_claims(subject.name, *groups.values())
    head = ["model, edges", "number", "mean", "sd", "mean, published", "sd, published"]
    page.table(head, rows, numbers, "figures 3 and 7")
    mixed = ", ".join(map(_mixed, subjects))
    page.say(f"Outside, so many have a higher absolute score than the circuit's median edge: {mixed}.")
    page.say(told(claims))
    return claims


def _mixed(subject: Subject) -> str:
    groups = ew.scores_by_truth(subject.eap, subject.case.known)
    inside, outside = ([abs(score) for score in group] for group in groups.values())
    over = sum(score > median(inside) for score in outside)
    return f"{over:,} of {len(outside):,} on {subject.name}"


def _spread_claims(where: str, inside: Sequence[float], outside: Sequence[float]) -> list[Claim]:
    mean, spreads = fmean(inside), [pstdev(group) for group in (inside, outside)]
    seen = f"sd {number(spreads[0], 4)} inside, {number(spreads[1], 4)} outside"
    return [
        Claim(where, "scores in the circuit are spread wider than outside", seen, spreads[0] > spreads[1]),
        Claim(where, "edges of the circuit help on average", f"mean {number(mean, 4)}", mean > 0),
    ]


@dataclass(frozen=True)
class Role:
    heads: tuple[str, ...]
    leaving: list[float]
    """EAP's scores of all edges that leave these heads."""
    inside: list[float]
    """Those of the known circuit."""


def roles_of(subject: Subject) -> dict[str, Role]:
    """By the paper's names."""
    scores, known = subject.eap, subject.case.known
    leaving, inside = (ew.scores_by_role(scores, known, only) for only in (False, True))
    return {
        OUR_ROLES.get(role, role): Role(heads, leaving[role], inside[role])
        for role, heads in known.roles.items()
    }


def role_section(page: Page, subjects: Sequence[Subject]) -> list[Claim]:
    page.heading("Figure 10: scores by what a head is there for")
    page.say(
        "Edges by the role of the head that they leave. The bundled models have a duplicate-token head,",
        "which notes that a name comes again (`repeats`), one like an S-inhibition head, which takes that",
        "to the end (`moved`), a name mover (`named`), and `ioi-negative` a negative name mover",
        "(`opposed`); they have no previous-token and no induction heads. Histograms are of all edges that",
        "leave such a head; the paper's are of the circuit's, whose sign is compared. Published means have",
        "their sign turned around.",
    )
    claims, rows, numbers = [], [], {}
    for subject in subjects:
        roles = roles_of(subject)
        for name, role in roles.items():
            published = PUBLISHED_ROLES.get(name)
            rows.append([f"{subject.name}, {name} ({', '.join(role.heads)})", *_role_cells(role, published)])
            if name in SIGNED and role.inside and published is not None:
                claims.append(_role_claim(subject.name, name, role.inside, -published[0]))
        numbers[subject.name] = {name: [role.leaving, role.inside] for name, role in roles.items()}
        groups = {name: role.leaving for name, role in roles.items()}
        picture = histogram_picture(groups, subject.name, f"EAP's score, by {subject.case.metric}")
        page.picture(file_name("figure 10", subject.name), picture, f"Figure 10, {subject.name}")
    head = [
        "model, role",
        "edges",
        "mean",
        "sd",
        "of the circuit",
        "mean",
        "sd",
        "mean, published",
        "sd, published",
    ]
    page.table(head, rows, numbers, "figure 10")
    page.say(told(claims))
    return claims


def _role_cells(role: Role, published: tuple[float, float] | None) -> list[str]:
    ours = [
        cell
        for group in (role.leaving, role.inside)
        for cell in (
            f"{len(group):,}",
            number(fmean(group) if group else None, 4),
            number(pstdev(group) if len(group) > 1 else None, 4),
        )
    ]
    theirs = (None, None) if published is None else (-published[0], published[1])
    return [*ours, *(number(cell, 4) for cell in theirs)]


def _role_claim(where: str, name: str, scores: Sequence[float], published: float) -> Claim:
    mean, does = fmean(scores), "help" if published > 0 else "do harm"
    seen = f"mean of {len(scores):,}: {number(mean)}"
    return Claim(where, f"edges that leave {name} heads {does} on average", seen, mean * published > 0)
