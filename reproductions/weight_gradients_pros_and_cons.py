"""What the slides on gradients by weights count for and against them: how noisy they are, how dear.

    agreement of two halves    Spearman's correlation between the scores of heads and MLPs that the first and
                               the second half of the examples give

And seconds, beside those of methods that intervene.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
from reproductions.page import Page, listed, number
from reproductions.weight_gradients_cases import (
    CASES,
    Case,
    by_direct_effect,
    by_eap,
    by_gradients,
    strongest_part,
)
from reproductions.weight_gradients_page import DEFINITIONS, SHOWN

import edgewise as ew
from edgewise.methods.weight_gradients import weights_of

Score = Callable[[Case], torch.Tensor]
"""A number for every source."""


def ways() -> dict[str, Score]:
    def gradient(name: str) -> Score:
        return lambda case: strongest_part(by_gradients(case, name))

    return {
        **{name: gradient(name) for name in DEFINITIONS},
        "direct effect": by_direct_effect,
        "eap": by_eap,
    }


def write_halves(page: Page, examples: int, seed: int) -> None:
    """How noisy scores are."""
    agreed: dict[str, dict[str, float | None]] = {way: {} for way in ways()}
    for name, asked in CASES.items():
        case = Case.of(*asked, examples, seed)
        half = len(case.pairs) // 2
        halves = replace(case, pairs=case.pairs[:half]), replace(case, pairs=case.pairs[half:])
        for way, score in ways().items():
            agreed[way][name] = alike(score, halves)
    whole = [case for case in CASES if all(of[case] is not None for of in agreed.values())]
    mean = {way: sum(of[case] or 0.0 for case in whole) / len(whole) for way, of in agreed.items()}
    rows = [
        [way, *(number(of[case], 2) for case in CASES), number(mean[way], 2)] for way, of in agreed.items()
    ]
    page.say(
        "Noisy outputs, say the slides. Scores of heads and MLPs from one half of the examples beside those",
        "from the other, by Spearman's correlation:",
    )
    page.table(["way", *CASES, "mean"], rows, {"by_case": agreed, "mean": mean}, "halves")
    page.say(*how_noisy(mean))


def how_noisy(mean: Mapping[str, float]) -> list[str]:
    gradients, direct = [mean[name] for name in DEFINITIONS], mean["direct effect"]
    least, most = min(gradients), max(gradients)
    compared = "less noisy than" if least > direct else "noisier than" if most < direct else "as noisy as"
    return [
        f"By gradients the mean is {least:.2f} to {most:.2f}, by the direct effect {direct:.2f}: they are",
        f"{compared} it. That tells of the draw of the examples; what is the same on every draw can be wrong",
        "on all of them.",
    ]


def alike(score: Score, halves: Sequence[Case]) -> float | None:
    """None where it is not defined, or all scores of a half are equal."""
    from scipy import stats

    embedded = len(halves[0].known.circuit.graph.embeddings)
    try:
        ranked = [stats.rankdata(score(half)[embedded:].double().numpy()) for half in halves]
    except ew.BadInput:
        return None
    return float(np.corrcoef(np.stack(ranked))[0, 1]) if all(each.std() for each in ranked) else None


def how_dear(case: Case) -> list[str]:
    """No intervention, but gradients have as many dimensions as there are weights."""
    graph, prompt, config = case.known.circuit.graph, case.pairs[0].clean, case.model.config
    took = {
        "gradients by weights": seconds_of(lambda: by_gradients(case, "difference")),
        "EAP": seconds_of(lambda: by_eap(case)),
        "activation patching": seconds_of(
            lambda: ew.discover(case.model, case.pairs, "activation-patching", metric=case.metric)
        ),
    }
    told = listed([f"{name} took {seconds:.2f} s" for name, seconds in took.items()])
    weights = sum(weight.numel() for weight in weights_of(case.model).values())
    written = len(graph.sources) * len(prompt) * config.width
    return [
        f"No causal intervention is needed: on {SHOWN} {told}.",
        f"The gradients have {weights:,} numbers there; what all sources write on a prompt of {len(prompt)}",
        f"tokens has {written:,}.",
    ]


def seconds_of(run: Callable[[], object]) -> float:
    began = time.monotonic()
    run()
    return time.monotonic() - began
