"""The AUC table of ACDC (Conmy et al. 2023, arXiv:2304.14997): ACDC, HISP and subnetwork probing.

    family of circuits   ACDC: one for each tau; subnetwork probing (SP): one for each price of a node;
                         HISP: the nodes at least so important, for each importance there is
    pessimistic AUC      area under the staircase through the family's points, as ACDC's authors take it
    AUC of the ranking   by trapezoids, ties half; an edge ranks by the largest tau, price or importance at
                         which it stays

Their columns: corrupted prompts as replacement, with KL to the full model and with the task's metric; zeros
in the compiled programs. Models that come with edgewise take the place of theirs; `--gpt2` adds GPT-2 small
on IOI and greater-than, from a folder named gpt2 or from the Hub. The truth is used for judging only.

    python -m reproductions.acdc [--examples 100] [--models NAME ...] [--folder docs/results] [--gpt2 gpt2]
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any, Literal

import torch
from reproductions.cases import Case, bundled, trained
from reproductions.page import RESULTS, Page, number

import edgewise as ew
from edgewise.circuit import Circuit, Scores
from edgewise.components import ComponentScores
from edgewise.evaluation.known import edge_roc, family_roc
from edgewise.evaluation.roc import Roc
from edgewise.methods.subnetwork_probing import SETTINGS
from edgewise.pictures.charts import roc_picture
from edgewise.tasks.catalogue import PROGRAMS

Loss = Literal["kl", "metric"]

MODELS = ("docstring", "greater-than", "ioi", "tracr-xproportion", "tracr-reverse")
OF_GPT2 = ("ioi", "greater-than")
METHODS = ("ACDC", "HISP", "SP")
DRAWN = ("ACDC", "SP", "HISP")
"""HISP, which some pictures lack, last: each keeps its colour."""
PUBLISHED: dict[tuple[str, Loss], tuple[float, float, float]] = {
    ("docstring", "kl"): (0.982, 0.805, 0.937),
    ("greater-than", "kl"): (0.853, 0.693, 0.806),
    ("ioi", "kl"): (0.869, 0.789, 0.823),
    ("docstring", "metric"): (0.972, 0.821, 0.942),
    ("greater-than", "metric"): (0.461, 0.706, 0.812),
    ("ioi", "metric"): (0.589, 0.836, 0.707),
    ("tracr-xproportion", "metric"): (1.0, 0.679, 0.829),
    ("tracr-reverse", "metric"): (1.0, 0.577, 0.801),
}
"""Edge AUC of ACDC, HISP and SP, by task and loss."""
TAUS = tuple(10.0 ** (power / 2) for power in range(-12, 3))
PRICES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
PROBING: dict[str, Any] = {"steps": 200, "draws": 2, "trim": None, "hold": None}
"""Of subnetwork probing, where they are not its own defaults."""


@dataclass(frozen=True)
class Found:
    """What a method found."""

    circuits: Mapping[float, Circuit]
    """By tau, price or importance."""
    ranking: Scores
    seconds: float


@dataclass(frozen=True)
class Judged:
    family: Roc
    ranking: Roc
    circuits: int
    exact: tuple[float, ...]
    """The thresholds at which the circuit is the known one."""
    seconds: float


@dataclass(frozen=True)
class Column:
    """One of the published table's: a task, and what is held small."""

    case: Case
    loss: Loss

    @property
    def name(self) -> str:
        how = {"kl": "KL", "metric": self.case.metric}[self.loss]
        return f"{self.case.name}, {self.case.ablation}, {how}"

    @property
    def key(self) -> str:
        return re.sub(r"[^\w-]+", "-", f"{self.case.name}-{self.loss}")

    @property
    def published(self) -> dict[str, float]:
        return dict(zip(METHODS, PUBLISHED[self.case.task, self.loss], strict=True))

    def found(self, method: str) -> Found | None:
        """None where the method ranks nothing."""
        print(f"{self.name}: {method} ...", file=sys.stderr)
        began = time.monotonic()
        try:
            circuits, ranking = FAMILIES[method](self)
        except ew.BadInput as refused:
            print(f"{self.name}: {method} is refused: {refused}", file=sys.stderr)
            return None
        return Found(circuits, ranking, time.monotonic() - began) if ranking.values.any() else None

    def discover(self, method: str, metric: str, **options: Any) -> Scores:
        case = self.case
        return ew.discover(
            case.model,
            case.found_on,
            method,
            metric=metric,
            ablation=case.ablation,
            batch_size=100,
            **options,
        )

    def judged(self, method: str) -> Judged | None:
        found, known = self.found(method), self.case.known
        if found is None:
            return None
        family = family_roc(list(found.circuits.values()), known)
        exact = tuple(
            least for least, circuit in found.circuits.items() if circuit - known.backups == known.circuit
        )
        return Judged(family, edge_roc(found.ranking, known), len(found.circuits), exact, found.seconds)

    def best_of_nodes(self) -> float:
        """The AUC of the known circuit's nodes with all edges between them."""
        graph, circuit = self.case.graph, self.case.known.circuit
        inside = set(circuit.nodes()) | set(graph.embeddings)
        values = torch.tensor([float(name in inside) for name in graph.sources])
        whole = ComponentScores.of_nodes(graph, values).to_edges().threshold(1)
        return family_roc([whole], self.case.known).pessimistic_auc


Family = tuple[dict[float, Circuit], Scores]


def by_acdc(column: Column) -> Family:
    metric = column.case.metric
    return ranked({tau: column.discover("acdc", metric, loss=column.loss, tau=(tau,)).own() for tau in TAUS})


def by_probing(column: Column) -> Family:
    """Edges of nodes that reach nothing go."""
    metric = column.case.metric
    return ranked(
        {
            price: column.discover("subnetwork-probing", metric, loss=column.loss, price=price, **PROBING)
            .own()
            .prune()
            for price in PRICES
        }
    )


def by_importance(column: Column) -> Family:
    metric = "kl" if column.loss == "kl" else column.case.metric
    scores = column.discover("hisp", metric, against="replacement")
    values = scores.values[scores.graph.edges].abs().unique().tolist()
    return {value: scores.threshold(value) for value in values}, scores


FAMILIES: dict[str, Callable[[Column], Family]] = {
    "ACDC": by_acdc,
    "HISP": by_importance,
    "SP": by_probing,
}


def ranked(circuits: dict[float, Circuit]) -> Family:
    """Edges by the largest threshold at which they stay."""
    stays = torch.stack([circuit.kept.double() * least for least, circuit in circuits.items()])
    return circuits, Scores(next(iter(circuits.values())).graph, stays.amax(0))


Table = dict[str, dict[str, Judged | None]]
"""By column, by method."""


def area(judged: Judged | None) -> float | None:
    return None if judged is None else judged.family.pessimistic_auc


def columns_of(cases: Iterable[Case]) -> list[Column]:
    losses: dict[bool, tuple[Loss, ...]] = {True: ("metric",), False: ("kl", "metric")}
    return [Column(case, loss) for case in cases for loss in losses[case.task in PROGRAMS]]


def write(columns: list[Column], found: Table, page: Page) -> None:
    page.heading("Area under the pessimistic staircase")
    page.say("In brackets what was published. `-`: the method ranks nothing there, as told below.")
    write_areas(page, columns, found)
    page.say(*in_words(columns, found))
    page.say(*what_is_missing(columns, found))
    page.heading("The rankings")
    page.say(
        "Each edge ranks by the largest tau, price or importance at which it stays: AUC by trapezoids, ties",
        "half, and the precision of as many edges as are known. Of a family also the number of circuits, and",
        "the seconds it took.",
    )
    write_rankings(page, columns, found)
    page.heading("The staircases")
    for column in columns:
        judged = ((method, found[column.name][method]) for method in DRAWN)
        rocs = {method: each.family for method, each in judged if each is not None}
        caption = f"{column.name}: circuits of each family, and their Pareto front."
        page.picture(column.key, roc_picture(rocs, column.name), caption)
    page.heading("What differs from the paper")
    page.say(*differences(columns))


def write_areas(page: Page, columns: list[Column], found: Table) -> None:
    head = [
        "task, ablation, loss",
        "edges known, of all",
        *(f"{method} (published)" for method in METHODS),
        "all of the circuit's nodes",
    ]
    rows, numbers = [], {}
    for column in columns:
        ours = {method: area(each) for method, each in found[column.name].items()}
        best, sizes = column.best_of_nodes(), (column.case.size, column.case.graph.edge_count)
        cells = [f"{number(ours[method])} ({column.published[method]:.3f})" for method in METHODS]
        rows.append([column.name, f"{sizes[0]:,} of {sizes[1]:,}", *cells, number(best)])
        numbers[column.name] = {
            "edges": sizes,
            "ours": ours,
            "published": column.published,
            "nodes": best,
        }
    page.table(head, rows, numbers, "pessimistic_auc")
    page.say(
        "The last column is for methods that choose nodes, as HISP and SP do here: the area that the known",
        "circuit's own nodes come to, with every edge between them.",
    )


def write_rankings(page: Page, columns: list[Column], found: Table) -> None:
    rows, numbers = [], {}
    for name, of in ((column.name, found[column.name]) for column in columns):
        cells, numbers[name] = [], {}
        for method, each in of.items():
            if each is None:
                cells.append("-")
                continue
            auc, precision = each.ranking.auc, each.ranking.precision_at_known_size
            cells.append(f"{auc:.3f}, {precision:.2f}; {each.circuits} in {each.seconds:.1f} s")
            numbers[name][method] = {
                "auc": auc,
                "precision_at_known_size": precision,
                "circuits": each.circuits,
                "exact_at": each.exact,
                "seconds": each.seconds,
            }
        rows.append([name, *cells])
    page.table(["task, ablation, loss", *METHODS], rows, numbers, "rankings")


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
    parts = [f"{how} with the metric on {_and(cases)}" for how, cases in told.items() if cases]
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
            f"On {_and(programs)} the targets are the program's own outputs. The error is 0 and so is its "
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


def _and(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--examples", type=int, default=100, help="prompt pairs of a task of text")
    parser.add_argument("--models", nargs="+", choices=MODELS, default=MODELS)
    parser.add_argument("--folder", type=Path, default=RESULTS)
    parser.add_argument("--gpt2", help="a folder of that name, or the Hub's name; takes hours without a GPU")
    given = parser.parse_args()
    page = Page(
        "acdc",
        "ACDC, HISP and subnetwork probing",
        "The table of edge AUCs of Conmy et al. 2023 ([arXiv:2304.14997](https://arxiv.org/abs/2304.14997)) "
        "and its ROC curves, on models whose circuits are [known](../zoo.md).",
        given.folder,
    )
    cases = [
        bundled(model, given.examples, "zero" if model in PROGRAMS else "corrupted") for model in given.models
    ]
    cases += [trained(given.gpt2, task, given.examples) for task in OF_GPT2] if given.gpt2 else []
    columns = columns_of(cases)
    found = {column.name: {method: column.judged(method) for method in METHODS} for column in columns}
    write(columns, found, page)
    page.save("python -m reproductions.acdc" + (f" --gpt2 {given.gpt2}" if given.gpt2 else ""))


if __name__ == "__main__":
    main()
