"""The charts that circuits are judged by: ROC, curves, histograms, estimates beside effects.

Each takes values that the library makes, and gives a `Picture`: `picture.save("roc.svg")`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from edgewise.circuit import Circuit, Scores
from edgewise.evaluation.agreement import Agreement
from edgewise.evaluation.curve import Curve
from edgewise.evaluation.roc import Roc
from edgewise.pictures.paper import COLOURS, GREY, Picture, check_some, label, sheet, styles

BINS = 41
MANY = 5000
"""More points than that are dots of ink in an SVG or PDF, too: each by itself would make megabytes."""


def roc_picture(rocs: Mapping[str, Roc], title: str = "") -> Picture:
    """Of rankings, a line each; of families of circuits, ACDC's staircase with its points."""
    check_some(rocs)
    with sheet() as (figure, [axes]):
        axes.plot([0, 1], [0, 1], color=GREY, linewidth=0.7)
        for (name, roc), style in zip(rocs.items(), styles(len(rocs)), strict=True):
            family = roc.thresholds is None
            area = roc.pessimistic_auc if family else roc.auc
            how: dict[str, Any] = (
                {"drawstyle": "steps-post", "marker": ".", "markersize": 4} if family else {}
            )
            axes.plot(roc.false_rate, roc.true_rate, label=label(f"{name} ({area:.3f})"), **style, **how)
        axes.set(xlabel="false-positive rate", ylabel="true-positive rate", title=title)
        axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
        axes.legend(loc="lower right", title="area under the curve", title_fontsize=7.5)
    numbers = {
        name: {
            "false_rate": roc.false_rate.tolist(),
            "true_rate": roc.true_rate.tolist(),
            "auc": roc.auc,
            "pessimistic_auc": roc.pessimistic_auc,
        }
        for name, roc in rocs.items()
    }
    return Picture(figure, numbers)


def curves_picture(curves: Mapping[str, Curve], title: str = "") -> Picture:
    """Faithfulness over the share of edges, or of nodes."""
    check_some(curves)
    made_of = dict.fromkeys(curve.evaluations[0].granularity for curve in curves.values())
    with sheet() as (figure, [axes]):
        axes.axhline(1, color=GREY, linewidth=0.7)
        for (name, curve), style in zip(curves.items(), styles(len(curves)), strict=True):
            if curve.faithfulness is not None:
                axes.plot(
                    curve.shares, curve.faithfulness, label=label(name), marker=".", markersize=4, **style
                )
        # What is 0 has no place on such an axis, but for a part of it that is not logarithmic.
        axes.set_xscale("symlog", linthresh=1e-3, linscale=0.4)
        axes.xaxis.set_major_formatter("{x:g}")
        axes.set(xlabel=f"share of the {' or '.join(made_of)}", ylabel="faithfulness", title=title)
        axes.legend(loc="lower right")
    numbers = {
        name: {
            "sizes": list(curve.shares),
            "granularity": curve.evaluations[0].granularity,
            "kept": [each.edges for each in curve.evaluations],
            "faithfulness": [each.faithfulness for each in curve.evaluations],
            "cpr": curve.cpr,
            "cmd": curve.cmd,
        }
        for name, curve in curves.items()
    }
    return Picture(figure, numbers)


def histogram_picture(
    groups: Mapping[str, Sequence[float]], title: str = "", score: str = "score"
) -> Picture:
    """Of scores by what their edges are; counts on a logarithmic axis. A group of none is left out."""
    groups = {name: scores for name, scores in groups.items() if len(scores)}
    check_some(groups)
    every = np.concatenate([np.asarray(each) for each in groups.values()])
    bins: list[float] = np.histogram_bin_edges(every, BINS).tolist()
    with sheet() as (figure, [axes]):
        for (name, scores), style in zip(groups.items(), styles(len(groups)), strict=True):
            told = label(
                f"{name}: {len(scores):,} of them, mean {np.mean(scores):.3g}, sd {np.std(scores):.3g}"
            )
            filled = {"facecolor": style["color"], "alpha": 0.25}
            axes.hist(scores, bins, histtype="stepfilled", log=True, **filled)
            axes.hist(scores, bins, histtype="step", log=True, label=told, **style)
        axes.set(xlabel=score, ylabel="edges", title=title)
        axes.set_ylim(bottom=0.7)
        axes.yaxis.set_major_formatter("{x:g}")
        figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center")
    numbers = {
        "bins": bins,
        "groups": {
            name: {
                "counts": np.histogram(scores, bins)[0].tolist(),
                "mean": float(np.mean(scores)),
                "sd": float(np.std(scores)),
            }
            for name, scores in groups.items()
        },
    }
    return Picture(figure, numbers)


def effects_picture(
    estimated: Scores, exact: Scores, found: Agreement, circuit: Circuit | None = None, title: str = ""
) -> Picture:
    """Estimated scores beside exact effects, and the line of least squares; `circuit`: the known one."""
    edges = estimated.graph.edges
    one, other = (scores.values[edges].double().numpy() for scores in (estimated, exact))
    inside = (Circuit.empty(estimated.graph) if circuit is None else circuit).kept[edges].numpy()
    with sheet() as (figure, [axes]):
        for which, name, colour, mark in (
            (~inside, "edges" if circuit is None else "edges outside", GREY, "."),
            (inside, "edges of the known circuit", COLOURS[1], "^"),
        ):
            if which.any():
                look = {"s": 14, "color": colour, "marker": mark, "alpha": 0.7, "rasterized": len(one) > MANY}
                axes.scatter(one[which], other[which], label=name, **look)
        ends = np.array([one.min(), one.max()])
        line = f"{found.slope:.3g} x {found.intercept:+.3g}, R² {found.r_squared:.2f}"
        axes.plot(ends, found.slope * ends + found.intercept, color=COLOURS[0], label=line)
        axes.set(xlabel="estimated", ylabel="exact effect", title=title)
        figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center")
    numbers = {
        **asdict(found),
        "edges": list(Circuit.full(estimated.graph)),
        "estimated": one.tolist(),
        "exact": other.tolist(),
        "in_circuit": inside.tolist(),
    }
    return Picture(figure, numbers)


def way_picture(ways: Mapping[str, tuple[Sequence[float], float]], title: str = "") -> Picture:
    """The exact effect of edges on the way to their replacement, beside the straight line of an estimate."""
    check_some(ways)
    with sheet(len(ways)) as (figure, every):
        for axes, (name, (exact, estimate)) in zip(every, ways.items(), strict=True):
            shares = np.linspace(0, 1, len(exact))
            axes.plot(shares, exact, color=COLOURS[0], marker=".", label="exact")
            axes.plot([0, 1], [0, estimate], color=COLOURS[1], linestyle="--", label="estimate")
            axes.set(
                xlabel="share of the way to the replacement", ylabel="effect", title=f"{title} {name}".strip()
            )
            axes.legend()
    return Picture(
        figure,
        {name: {"exact": list(exact), "estimate": estimate} for name, (exact, estimate) in ways.items()},
    )
