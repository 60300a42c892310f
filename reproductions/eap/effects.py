"""Figures 4a, 4b and 9 of the EAP paper: EAP's estimates beside exact effects.

    estimate       EAP's score of an edge, or another method's
    exact effect   activation patching's
    farthest       the edges with the largest |estimate - exact effect|
    bend           how the size of the exact effect grows on the way to the edge's replacement: concave where
                   ever more slowly, convex where ever faster

The line of least squares through all edges; and the farthest on the way to their replacement.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import groupby

import numpy as np
from reproductions.eap.subject import Claim, Subject, file_name, named, told
from reproductions.page import Page, number

import edgewise as ew
from edgewise.pictures.charts import effects_picture, way_picture

PUBLISHED_FIT = {"slope": 0.531, "intercept": 0.049, "r_squared": 0.27}
"""Figure 4a: activation patching over EAP, docstring; the intercept with our sign."""
PUBLISHED_FARTHEST = ("a1.h4<k>", "a3.h0<k>", "a3.h6<k>")
"""Figures 4b and 9: what reads the three edges."""
WEAK = 0.5
"""An R² below it is a weak relation, as the paper calls .27."""
TURN = 0.02
"""A second difference is a bend from this share of the largest effect on."""


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
