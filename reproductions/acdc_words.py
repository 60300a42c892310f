"""Sentences of the page of ACDC, HISP and subnetwork probing: what agrees, is missing, differs."""

from __future__ import annotations

from itertools import combinations

from reproductions.acdc_families import METHODS, PRICES, PROBING, TAUS, Column, Table, area
from reproductions.page import listed

from edgewise.methods.subnetwork_probing import SETTINGS
from edgewise.tasks.catalogue import PROGRAMS


def in_words(columns: list[Column], found: Table) -> list[str]:
    """Whose order agrees with the published one, and whether KL serves ACDC better than the metric."""
    same, other = [], []
    for column in columns:
        ours = {method: area(each) for method, each in found[column.name].items()}
        for one, two in combinations(METHODS, 2):
            a, b = ours[one], ours[two]
            if a is None or b is None:
                continue
            ahead = column.published[one] > column.published[two]
            said = f"{one} and {two} on {column.name} ({a:.3f} and {b:.3f})"
            (same if round(a, 3) != round(b, 3) and (a > b) == ahead else other).append(said)
    compared = len(same) + len(other)
    sentences = [
        f"Of {compared} pairs of methods that have an area on the same row, {len(same)} stand in the "
        "published order."
    ]
    if other:
        sentences.append(f"Not so: {'; '.join(other)}.")
    told = (first_places, exactly, kl_or_metric)
    return [*sentences, *(sentence for tell in told for sentence in tell(columns, found))]


def first_places(columns: list[Column], found: Table) -> list[str]:
    first = 0
    for column in columns:
        areas = {method: a for method, each in found[column.name].items() if (a := area(each)) is not None}
        first += areas.get("ACDC", 0.0) == max(areas.values(), default=1.0)
    published = sum(column.published["ACDC"] == max(column.published.values()) for column in columns)
    return [f"ACDC is first on {first} of {len(columns)} rows, as published on {published}."]


def exactly(columns: list[Column], found: Table) -> list[str]:
    """Of ACDC."""
    told = []
    for column in columns:
        each = found[column.name]["ACDC"]
        if each is not None and each.exact:
            told.append(f"{column.name} (tau {min(each.exact):.2g} to {max(each.exact):.2g})")
    where = f": {'; '.join(told)}" if told else ""
    return [f"On {len(told)} of {len(columns)} rows ACDC has a circuit that is the known one{where}."]


def kl_or_metric(columns: list[Column], found: Table) -> list[str]:
    """Of ACDC, which in the paper falls off with the task's metric."""
    areas = {(column.case.name, column.loss): area(found[column.name]["ACDC"]) for column in columns}
    told: dict[str, list[str]] = {"better than": [], "as good as": [], "worse than": []}
    for case, loss in areas:
        kl, metric = areas.get((case, "kl")), areas[case, "metric"]
        if loss == "metric" and kl is not None and metric is not None:
            apart = round(kl - metric, 3)
            how = "better than" if apart > 0 else "worse than" if apart else "as good as"
            told[how].append(f"{case} ({kl:.3f} and {metric:.3f})")
    parts = [f"{how} with the metric on {listed(cases)}" for how, cases in told.items() if cases]
    if not parts:
        return []
    return [f"The paper finds ACDC better with KL on each of its tasks; here it is {'; '.join(parts)}."]


def what_is_missing(columns: list[Column], found: Table) -> list[str]:
    """Why HISP has no number."""
    without = [column for column in columns if found[column.name]["HISP"] is None]
    sentences = []
    if any(column.loss == "kl" for column in without):
        sentences.append(
            "HISP takes its gradient at the full model's own run. KL to the full model is least there, so "
            "that each importance is 0: edgewise refuses it, and has no number beside the published one."
        )
    if programs := [column.case.name for column in without if column.case.task in PROGRAMS]:
        sentences.append(
            f"On {listed(programs)} the targets are the program's own outputs. The error is 0 and so is its "
            "gradient: every importance that was measured is 0, and HISP ranks nothing."
        )
    return sentences


def differences(columns: list[Column]) -> list[str]:
    chosen, default = (
        f"{steps} steps of {draws} draws"
        for steps, draws in ((PROBING["steps"], PROBING["draws"]), (SETTINGS.steps, SETTINGS.draws))
    )
    sentences = [
        "The models that come with edgewise are small, and were trained or compiled to have their circuit;",
        "the paper's tasks of text are run on GPT-2 small and a four-layer model of Python code, and its",
        "truth there is what people read off. Compare the order, not the size. The [truth](../zoo.md) of the",
        "small ones is made by leaving out one edge at a time, which is near to what ACDC asks, and suits",
        "it.",
        f"ACDC: {len(TAUS)} taus from {TAUS[0]:g} to {TAUS[-1]:g}.",
        "HISP: of heads and MLPs, against the replacement.",
        f"SP: {len(PRICES)} prices of a node from {PRICES[0]:g} to {PRICES[-1]:g}, in shares of the damage",
        f"that replacing everything does; {chosen}, which is less training than edgewise's default,",
        f"{default}; edges are not trimmed one by one, so that nodes are chosen, as in the paper.",
    ]
    if any(len(column.case.known.backups) for column in columns):
        sentences.append("What is known to be a backup is not judged.")
    return sentences
