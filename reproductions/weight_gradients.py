"""Which wrong answer is maximally wrong? P. Talavante, Gradient Based Circuits Discovery (slides), asks it.

Where the circuit is known, the question has an answer in numbers. In models that come with edgewise, the
gradients by weights are taken with each of four definitions of a maximally wrong answer, those of
methods/wrongness.py, and with each way to make up for the sizes of weights. What is measured is the

    node AUC = the chance that a head or MLP of the known circuit scores higher than one outside, ties half.

Beside stand

    difference, clean    without the mirrored prompt
    difference, each     the mean of each example's norm, in the place of the norm of the mean gradient
    ... / x weight-norm  multiplied by the norm of the weights, in the place of divided
    weight norm alone    no gradient at all
    direct effect        on the logit difference, which the slides compare with
    eap                  the sum of its absolute scores of the edges that leave a node, by the task's metric

The truth is used for judging only.

    python -m reproductions.weight_gradients [--examples 100] [--seed 0] [--out found.json]
                                             [--folder docs/results]

Prints a Markdown table, and writes it into a page with the slides' tasks and heat maps, and with what they
count for gradients by weights and against them, `--folder` saying where.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from reproductions.page import RESULTS, Page, command
from reproductions.weight_gradients_cases import CASES, Case, means, measure, rows_of
from reproductions.weight_gradients_page import (
    SHOWN,
    does_it_hold,
    which_is_best,
    write_definitions,
    write_heads,
    write_tasks,
)
from reproductions.weight_gradients_pros_and_cons import how_dear, write_halves


def main(arguments: Sequence[str] | None = None) -> None:
    reader = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    reader.add_argument("--examples", type=int, default=100, help="prompt pairs of a task of text")
    reader.add_argument("--seed", type=int, default=0, help="which are drawn")
    reader.add_argument("--out", type=Path, help="a JSON file to write")
    reader.add_argument("--folder", type=Path, help="where the page is written; docs/results unless given")
    given = reader.parse_args(arguments)
    page = new_page(given.folder)
    found, sizes = {}, {}
    for name, (model, corruption, truth) in CASES.items():
        case = Case.of(model, corruption, truth, given.examples, given.seed)
        found[name], sizes[name] = measure(case), case.sizes()
    print(table(found, sizes))
    if given.out:
        asked = {"examples": given.examples, "seed": given.seed}
        described = {**asked, "nodes": sizes, "node_auc": found, "mean": means(found)}
        given.out.write_text(json.dumps(described, indent=1) + "\n")
    write(page, found, sizes, given.examples, given.seed)
    page.save(command("weight_gradients", reader, given))


def table(found: dict[str, dict[str, float | None]], sizes: dict[str, tuple[int, int]]) -> str:
    """Markdown: a row for every way, a column for every case, and the means."""
    head, rows = rows_of(found, sizes)
    under = ["---"] + ["---:"] * (len(found) + 1)
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, under, *rows))


def new_page(folder: Path | None) -> Page:
    return Page(
        "weight_gradients",
        "Gradients by weights",
        "P. Talavante, Gradient Based Circuits Discovery (slides): its tasks, its hypothesis and its heat "
        "maps, on models whose circuits are [known](../zoo.md).",
        folder or RESULTS,
    )


def write(
    page: Page,
    found: dict[str, dict[str, float | None]],
    sizes: dict[str, tuple[int, int]],
    examples: int,
    seed: int,
) -> None:
    """found, sizes: what `measure` and `Case.sizes` gave for every case."""
    page.heading("Tasks")
    write_tasks(page)
    page.heading("What is maximally wrong")
    page.say(
        "The hypothesis: where an answer is compared with a maximally wrong one, the weights of the circuit",
        "have the largest gradients. What maximally wrong means is an open question of the slides. Four",
        "readings of it, and the chance that a head or MLP of the known circuit scores higher than one",
        f"outside: 1 is what the hypothesis says, .5 is chance. {examples} prompt pairs of a task of text,",
        f"seed {seed}. Formulas are in [gradients by weights](../weight-gradients.md).",
    )
    write_definitions(page, found, sizes)
    page.say(*which_is_best(found))
    page.say(*does_it_hold(found))
    page.heading("Heads")
    write_heads(page, Case.of(*CASES[SHOWN], examples, seed))
    page.heading("For and against")
    write_halves(page, examples, seed)
    page.say(*how_dear(Case.of(*CASES[SHOWN], examples, seed)))
    page.heading("Every way that was measured")
    page.say(
        "Divided by nothing, by the norm of the weights, by the root of their number, or by both; multiplied",
        "by the norm. `clean`: without the mirrored prompt. `each`: the mean of each example's norm.",
    )
    page.table(*rows_of(found, sizes), {"node_auc": found, "mean": means(found), "nodes": sizes}, "all")


if __name__ == "__main__":
    main()
