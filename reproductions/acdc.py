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
from collections.abc import Sequence
from pathlib import Path

from reproductions.acdc_families import METHODS, Column, Table, area, columns_of
from reproductions.acdc_words import differences, in_words, what_is_missing
from reproductions.cases import bundled, trained
from reproductions.page import RESULTS, Page, command, number

from edgewise.pictures.charts import roc_picture
from edgewise.tasks.catalogue import PROGRAMS

MODELS = ("docstring", "greater-than", "ioi", "tracr-xproportion", "tracr-reverse")
OF_GPT2 = ("ioi", "greater-than")
DRAWN = ("ACDC", "SP", "HISP")
"""HISP, which some pictures lack, last: each keeps its colour."""


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--examples", type=int, default=100, help="prompt pairs of a task of text")
    parser.add_argument("--models", nargs="+", choices=MODELS, default=MODELS)
    parser.add_argument("--folder", type=Path, default=RESULTS)
    parser.add_argument("--gpt2", help="a folder of that name, or the Hub's name; takes hours without a GPU")
    given = parser.parse_args(arguments)
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
    page.save(command("acdc", parser, given))


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


if __name__ == "__main__":
    main()
