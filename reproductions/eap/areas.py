"""Figure 2 of the EAP paper: areas under the curves of EAP, ACDC and activation patching.

    AUC = of EAP and activation patching, edges ranked by |score|; of ACDC, a circuit for each tau

Of the paper's tasks, and of models that make it harder.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from reproductions.eap.subject import LOSSES, Claim, Subject, file_name, told
from reproductions.page import Page, number

import edgewise as ew
from edgewise.evaluation.roc import Roc
from edgewise.pictures.charts import roc_picture

ACDC = {name: f"ACDC by {name}" for name in LOSSES.values()}
EAP, EXACT = "EAP", "activation patching"
EQUAL = "as good as"
PUBLISHED_AUC = {
    "ioi": {EAP: 0.904, ACDC["task metric"]: 0.588, ACDC["KL"]: 0.868},
    "greater-than": {EAP: 0.896, ACDC["task metric"]: 0.458, ACDC["KL"]: 0.849},
    "docstring": {EAP: 0.976, ACDC["task metric"]: 0.972, ACDC["KL"]: 0.982, EXACT: 0.978},
}
"""Figure 2."""


def roc_section(page: Page, subjects: Sequence[Subject]) -> list[Claim]:
    page.heading("Figure 2: which method finds the circuit")
    page.say(
        "EAP and activation patching rank the edges; ACDC finds a circuit for each tau. The pessimistic",
        "AUC, under the staircase, is what ACDC's authors take, and what is compared here.",
    )
    claims, rows, numbers = [], [], {}
    for subject in subjects:
        rocs, published = rocs_of(subject), PUBLISHED_AUC[subject.case.task]
        numbers[subject.name] = {method: _areas(roc) for method, roc in rocs.items()}
        rows += [
            [
                f"{subject.name}, {method}",
                number(roc.auc),
                number(roc.pessimistic_auc),
                number(published.get(method)),
            ]
            for method, roc in rocs.items()
        ]
        page.picture(
            file_name("figure 2", subject.name), roc_picture(rocs, subject.name), f"Figure 2, {subject.name}"
        )
        claims += _order_claims(
            subject.name, {name: roc.pessimistic_auc for name, roc in rocs.items()}, published
        )
    page.table(
        ["model, method", "AUC, trapezoids", "AUC, pessimistic", "published"], rows, numbers, "figure 2"
    )
    claims += _mean_claims("mean", list(numbers.values()))
    page.say(told(claims))
    return claims


def rocs_of(subject: Subject) -> dict[str, Roc]:
    known = subject.case.known
    found = {EAP: ew.edge_roc(subject.eap, known)}
    found |= {ACDC[name]: ew.family_roc(family, known) for name, family in subject.families.items()}
    return found if subject.exact is None else {**found, EXACT: ew.edge_roc(subject.exact, known)}


def _areas(roc: Roc) -> dict[str, float]:
    return {"auc": roc.auc, "pessimistic": roc.pessimistic_auc}


def _order_claims(where: str, ours: dict[str, float], published: dict[str, float]) -> list[Claim]:
    """EAP beside each other method that both have."""
    claims = []
    for rival in (method for method in ours if method != EAP and method in published):
        theirs, here = (order(found[EAP], found[rival]) for found in (published, ours))
        seen = f"{number(ours[EAP])}, {here} {number(ours[rival])}"
        claims.append(Claim(where, f"EAP is {theirs} {rival}", seen, theirs == here))
    return claims


def _mean_claims(where: str, numbers: Sequence[dict[str, dict[str, float]]]) -> list[Claim]:
    """The abstract's: over all tasks EAP's AUC is greater."""
    claims = []
    for rival in ACDC.values():
        both = [found for found in numbers if rival in found]
        ours, other = (fmean(found[method]["pessimistic"] for found in both) for method in (EAP, rival))
        seen = f"{number(ours)}, {order(ours, other)} {number(other)}"
        claims.append(Claim(where, f"EAP is above {rival}", seen, order(ours, other) == "above"))
    return claims


def order(one: float, other: float) -> str:
    """As far as three digits tell."""
    one, other = round(one, 3), round(other, 3)
    return EQUAL if one == other else "above" if one > other else "below"


def variants_section(page: Page, subjects: Sequence[Subject]) -> None:
    page.heading("The same on models that make it harder")
    page.say(
        "Not in the paper. The heads of saturated models look at one word only, `ioi-either` has a backup",
        "head, `ioi-negative` one that works against the answer, `ioi-large` has MLPs. Pessimistic AUC.",
    )
    methods = (EAP, *ACDC.values(), EXACT)
    found = {subject.name: rocs_of(subject) for subject in subjects}
    areas = {name: [rocs[method].pessimistic_auc for method in methods] for name, rocs in found.items()}
    means = [fmean(column) for column in zip(*areas.values(), strict=True)]
    rows = [[name, *map(number, row)] for name, row in (*areas.items(), ("mean", means))]
    numbers = {name: {method: _areas(roc) for method, roc in rocs.items()} for name, rocs in found.items()}
    page.table(["model", *methods], rows, numbers, "variants")
    worst = min(areas, key=lambda name: areas[name][0])
    best = [method for method, mean in zip(methods, means, strict=True) if order(mean, max(means)) == EQUAL]
    page.say(
        f"EAP is worst on `{worst}`, with {number(areas[worst][0])}.",
        f"The best mean, {number(max(means))}, is that of {' and '.join(best)}.",
        *filter(None, map(_against, subjects)),
    )


def _against(subject: Subject) -> str:
    """What ACDC makes of the edges that work against the answer."""
    against = subject.case.known.against
    if not len(against):
        return ""
    most = {name: max(len(each & against) for each in family) for name, family in subject.families.items()}
    kept = ", ".join(f"{count} by {name}" for name, count in most.items())
    edges = f"{len(against)} edges of `{subject.name}` that work against the answer"
    return f"Of the {edges} ACDC keeps at most {kept}."
