"""The tables and figures of Syed, Rager and Conmy 2023, "Attribution Patching Outperforms Automated Circuit
Discovery" (EAP, arXiv:2310.10348), on models whose circuits are known; writes docs/results/eap_paper.md.

    score = what keeping an edge does for the task's metric; the paper's is what corrupting it does to the
            metric, so that its signs are turned around here
    AUC   = of EAP and activation patching, edges ranked by |score|; of ACDC, a circuit for each tau
    role  = what the head that an edge leaves is there for

Scores are made of pairs of the split `train`. The truth is used for judging, and to say at which size EAP's
circuits are drawn.

    python -m reproductions.eap_paper [--examples 100] [--gpt2 FOLDER_OR_NAME] [--gpt2-taus TAU ...]
                                      [--attn4l FOLDER] [--folder docs/results]

With their weights at hand, GPT-2 small and the attention-only model of four layers are measured, too. On
GPT-2 no edge is patched by itself, and ACDC is run only with taus that are given: one walk takes hours.
"""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean, median, pstdev

from reproductions import cases
from reproductions.eap_figures import (
    GRID_TAUS,
    LOSSES,
    TAUS,
    Claim,
    Subject,
    combined_section,
    file_name,
    fit_section,
    named,
    told,
    way_section,
)
from reproductions.page import RESULTS, Page, number

import edgewise as ew
from edgewise.evaluation.roc import Roc
from edgewise.pictures.charts import histogram_picture, roc_picture
from edgewise.reports.drawing import draw

EXAMPLES = 100
TASKS = ("ioi", "greater-than", "docstring")
VARIANTS = ("ioi-saturated", "ioi-either", "ioi-negative", "ioi-large", "induction", "induction-saturated")
ACDC = {name: f"ACDC by {name}" for name in LOSSES.values()}
EAP, EXACT = "EAP", "activation patching"
EQUAL = "as good as"
PUBLISHED_AUC = {
    "ioi": {EAP: 0.904, ACDC["task metric"]: 0.588, ACDC["KL"]: 0.868},
    "greater-than": {EAP: 0.896, ACDC["task metric"]: 0.458, ACDC["KL"]: 0.849},
    "docstring": {EAP: 0.976, ACDC["task metric"]: 0.972, ACDC["KL"]: 0.982, EXACT: 0.978},
}
"""Figure 2."""
PUBLISHED_SPREAD = {
    "ioi": ((-0.0080, 0.1063), (0.0, 0.0061)),
    "greater-than": ((-0.0061, 0.0237), (0.0, 0.0005)),
    "docstring": ((-0.6777, 0.8054), (0.0170, 0.2127)),
}
"""Figures 3 and 7, with the paper's signs: mean and standard deviation in the circuit, and outside."""
PUBLISHED_THRESHOLD = {"ioi": 0.077, "greater-than": 0.009, "docstring": 0.244}
"""Figure 6."""
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
INTRODUCTION = (
    "Tables and figures of Syed, Rager and Conmy 2023, [Attribution Patching Outperforms Automated Circuit "
    "Discovery](https://arxiv.org/abs/2310.10348), made again on models whose circuits are "
    "[known exactly](../zoo.md). Beside them stands what was published of GPT-2 small (IOI, Greater-Than) "
    "and of an attention-only model of four layers (Docstring), whose circuits people read. Numbers of other "
    "models differ; what can agree is what the paper concludes. Ours are small and trained to have one "
    "circuit: an edge belongs to it where removing it alone breaks the task. ACDC and activation patching "
    "remove edges, too, which makes this truth nearer to them than one that people read."
)


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


def spread_section(page: Page, subjects: Sequence[Subject]) -> list[Claim]:
    page.heading("Figures 3 and 7: scores in the circuit and outside")
    page.say(
        "EAP's scores, backups left out. A positive one says that keeping the edge helps. The paper's",
        "scores are what corrupting does to the metric; of the published means the sign is turned around.",
    )
    claims, rows, numbers = [], [], {}
    for subject in subjects:
        groups = by_truth(subject)
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


def by_truth(subject: Subject) -> dict[str, list[float]]:
    known, scores = subject.case.known, subject.eap
    outside = scores.graph.edges & ~known.circuit.kept & ~known.backups.kept
    sides = {"in the known circuit": known.circuit.kept, "outside": outside}
    return {name: scores.values[side].tolist() for name, side in sides.items()}


def _mixed(subject: Subject) -> str:
    inside, outside = ([abs(score) for score in group] for group in by_truth(subject).values())
    over = sum(score > median(inside) for score in outside)
    return f"{over:,} of {len(outside):,} on {subject.name}"


def _spread_claims(where: str, inside: Sequence[float], outside: Sequence[float]) -> list[Claim]:
    mean, spreads = fmean(inside), [pstdev(group) for group in (inside, outside)]
    seen = f"sd {number(spreads[0], 4)} inside, {number(spreads[1], 4)} outside"
    return [
        Claim(where, "scores in the circuit are spread wider than outside", seen, spreads[0] > spreads[1]),
        Claim(where, "edges of the circuit help on average", f"mean {number(mean, 4)}", mean > 0),
    ]


def subnetwork_section(page: Page, subjects: Sequence[Subject]) -> None:
    page.heading("Figure 6: the subnetworks that EAP leaves")
    page.say(
        "In bundled models the strongest edges, as many as the known circuit has; in others those from the",
        "paper's threshold on. They are drawn before pruning, as what lies on no path from an embedding to",
        "the logits would be missing. In the last column stands how many of the strongest edges hold the",
        "whole circuit.",
    )
    rows, numbers = [], {}
    for subject in subjects:
        chosen, known = subnetwork(subject), subject.case.known
        missing, false = known.circuit - chosen, chosen - known.circuit - known.backups
        caption = f"Figure 6, {subject.name}: EAP's {len(chosen):,} strongest edges"
        page.picture(file_name("figure 6", subject.name), draw(chosen, title=caption), caption)
        counts = [len(chosen), len(chosen.prune())]
        cells = [*(f"{count:,}" for count in counts), _edges(missing), _edges(false), f"{room(subject):,}"]
        rows.append([subject.name, *cells])
        numbers[subject.name] = {
            name: list(each) for name, each in (("chosen", chosen), ("missing", missing))
        }
    head = ["model", "chosen", "on a path", "missing", "false", "for the whole circuit"]
    page.table(head, rows, numbers, "figure 6")
    whole = [name for name, _, _, missing, false, _ in rows if missing == false == "none"]
    page.say(
        f"The known circuit itself comes out on {len(whole)} of {len(rows)}{named(whole)}.",
        "The paper shows its subnetworks, and says nothing of their errors.",
    )


def subnetwork(subject: Subject) -> ew.Circuit:
    if subject.name in TASKS:
        return subject.eap.top(subject.case.size)
    return subject.eap.threshold(PUBLISHED_THRESHOLD[subject.case.task])


def room(subject: Subject) -> int:
    """The place of the circuit's weakest edge."""
    known = subject.case.known.circuit
    return max(place for place, (edge, _) in enumerate(subject.eap.ranking(), 1) if edge in known)


def _edges(circuit: ew.Circuit) -> str:
    """By name, where they are few."""
    return f"{len(circuit):,}" if len(circuit) > 12 else ", ".join(f"`{edge}`" for edge in circuit) or "none"


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
    found = {}
    for role, heads in known.roles.items():
        places = [scores.graph.source_index[head] for head in heads]
        leaving, inside = (
            scores.values[:, places][side[:, places]].tolist()
            for side in (scores.graph.edges, known.circuit.kept)
        )
        found[OUR_ROLES.get(role, role)] = Role(heads, leaving, inside)
    return found


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


def summary_section(page: Page, claims: Sequence[Claim]) -> None:
    page.heading("What agrees")
    rows = [[claim.paper, claim.where, claim.here, "yes" if claim.agrees else "**no**"] for claim in claims]
    numbers = [vars(claim) for claim in claims]
    page.table(["the paper", "on", "here", "agrees"], rows, numbers, "what agrees")
    agreeing = sum(claim.agrees for claim in claims)
    page.say(f"{agreeing} of {len(claims)} agree.")


def make(given: argparse.Namespace) -> Page:
    page = Page("eap_paper", "EAP: attribution patching beside ACDC", INTRODUCTION, given.folder)
    bundled = {
        name: Subject(cases.bundled(name, given.examples), taus=TAUS if name in TASKS else GRID_TAUS)
        for name in (*TASKS, *VARIANTS)
    }
    gpt2 = [
        Subject(_trained(given.gpt2, task, given.examples), 16, tuple(given.gpt2_taus), exhaustive=False)
        for task in ("ioi", "greater-than")
        if given.gpt2
    ]
    attention = [Subject(_trained(given.attn4l, "docstring", given.examples), 16)] if given.attn4l else []
    main = [*(bundled[name] for name in TASKS), *gpt2, *attention]
    docstring = [bundled["docstring"], *attention]
    variants = [bundled[name] for name in VARIANTS]
    claims = roc_section(page, main)
    variants_section(page, variants)
    claims += spread_section(page, main)
    claims += fit_section(page, [*main, *variants], docstring)
    claims += way_section(page, docstring)
    claims += combined_section(page, docstring)
    subnetwork_section(page, main)
    claims += role_section(page, [bundled["ioi"], bundled["ioi-negative"], *gpt2[:1]])
    summary_section(page, claims)
    return page


def _trained(source: str, task: str, examples: int) -> cases.Case:
    """Named without the folders that it lies in."""
    return replace(cases.trained(source, task, examples), name=f"{Path(source).name}: {task}")


def main(arguments: Sequence[str] | None = None) -> None:
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    reader.add_argument("--examples", type=int, default=EXAMPLES, help="prompt pairs of each task")
    reader.add_argument("--gpt2", help="GPT-2 small: a folder, or its name on the Hub")
    reader.add_argument(
        "--gpt2-taus", type=float, nargs="+", default=[], help="ACDC's on GPT-2; none unless given"
    )
    reader.add_argument("--attn4l", help="the folder of the attention-only model of four layers")
    reader.add_argument("--folder", type=Path, default=RESULTS, help="where the page goes")
    given = reader.parse_args(arguments)
    page = make(given)
    page.save(command(given))


def command(given: argparse.Namespace) -> str:
    """What makes the page again."""
    words = ["python", "-m", "reproductions.eap_paper"]
    if given.examples != EXAMPLES:
        words += ["--examples", str(given.examples)]
    if given.gpt2:
        words += ["--gpt2", given.gpt2]
    if given.gpt2_taus:
        words += ["--gpt2-taus", *map(str, given.gpt2_taus)]
    if given.attn4l:
        words += ["--attn4l", given.attn4l]
    return shlex.join(words)


if __name__ == "__main__":
    main()
