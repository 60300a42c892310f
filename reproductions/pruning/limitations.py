"""What a talk on Edge Pruning lists as limitations, a small measurement of each.

Masks of weights and of channels, where gates begin, circuits that are known, memory, and KL or the task's
metric as the loss.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from benchmarks.masks import BATCH, TOKENS, trainings
from benchmarks.measure import peak_bytes, seconds_in_turns
from benchmarks.shapes import gpt2_small
from benchmarks.works import Works
from reproductions.cases import Case
from reproductions.iteration_cost import gigabytes_of_step, gigabytes_of_weights
from reproductions.mask_settings import measure as with_setting
from reproductions.mask_settings import named
from reproductions.page import Page, number
from reproductions.pruning.found import TASK, TESTED, Claim, Found

import edgewise as ew
from edgewise.evaluation.evaluation import Evaluation
from edgewise.tasks.catalogue import PROGRAMS

CHANGES: list[dict[str, Any]] = [
    {},
    {"mean": 0.0},
    {"mean": 2.0},
    {"mean": 10.0},
    {"spread": 1.0},
    {"limit": None},
    {"draws": 1, "examples": 64},
]
GRAINS = ("edges", "channels", "stream", "weights")
PRICE = 0.05
"""Of all units together."""


def finer(page: Page, examples: int, steps: int) -> None:
    model = ew.load("zoo:ioi")
    train, test = (
        ew.task(TASK, model, count, split=split) for split, count in (("train", examples), ("test", TESTED))
    )
    alone: dict[str, tuple[Evaluation, Evaluation]] = {}
    for grain in GRAINS:
        if grain == "edges":
            circuit = ew.discover(model, train, "edge-pruning", steps=steps).own()
            held_out, learned_on = (ew.evaluate(model, pairs, circuit) for pairs in (test, train))
        else:
            given: dict[str, Any] = {"price": PRICE, "steps": 5 * steps if grain == "weights" else steps}
            units = ew.learn_units(model, train, grain, **given)
            held_out, learned_on = (ew.evaluate_units(model, pairs, units) for pairs in (test, train))
        alone[grain] = held_out, learned_on
    page.heading("Individual weights and channels")
    page.say(
        '*"Does not prune individual weights"; "little comparison with channel pruning, which is very '
        f'similar".* Masks of four grains, `zoo:ioi`, learned on {examples} pairs, measured on {TESTED} '
        "held-out ones: edges by `edge-pruning`, what is finer by `learn_units`, at a price of "
        f"{PRICE:g} for all units together. `stream` is channel pruning: a dimension of the residual stream "
        "is there for all that read it, or for none. KL in brackets: of the pairs that the mask was learned "
        "on."
    )
    rows = [
        [
            grain,
            f"{each.edges:,} of {each.graph_edges:,}",
            f"{each.edges / each.graph_edges:.1%}",
            f"{each.kl:.2g} ({learned_on.kl:.2g})",
            number(each.faithfulness),
        ]
        for grain, (each, learned_on) in alone.items()
    ]
    numbers = {
        name: {"kept": each.edges, "of": each.graph_edges, "KL": each.kl, "KL learned on": learned_on.kl}
        for name, (each, learned_on) in alone.items()
    }
    page.table(["mask of", "kept", "share", "KL", "faithful"], rows, numbers, "grains")
    weights, stream, edges = (alone[grain][0] for grain in ("weights", "stream", "edges"))
    page.say(
        f"Weights can be pruned: {weights.edges:,} of {weights.graph_edges:,} stay, with a KL of "
        f"{weights.kl:.2g} where {edges.edges} edges have {edges.kl:.2g}. Channel pruning keeps "
        f"{stream.edges / stream.graph_edges:.0%} of the dimensions, where "
        f"{edges.edges / edges.graph_edges:.1%} of the edges are kept. Its KL is "
        f"{'lower' if stream.kl < edges.kl else 'no lower'}, but it does not tell which head reads which."
    )


def settings(page: Page, examples: int, steps: int, seeds: int) -> None:
    page.heading("Settings, and where gates begin")
    page.say(
        '*"Lack of ablation of the hyperparameters e.g. mask initialisation strategy".* One setting changed '
        f"at a time, `zoo:ioi`, {seeds} seeds, {steps} steps, one try. `mean` is where gates begin: 5 by "
        "default, 10 as published. Edges that rounding leaves; wrong or missing edges of the circuit after "
        "trimming; its KL, as a share of that of everything replaced. Means, and the worst seed in brackets."
    )
    found = {
        named(change): [
            with_setting("ioi", change | {"steps": steps}, seed, examples) for seed in range(seeds)
        ]
        for change in CHANGES
    }
    columns = ("rounded", "wrong", "KL")
    rows = [
        [
            f"`{name}`",
            *(f"{average(of, column):.3g} ({max(each[column] for each in of):.3g})" for column in columns),
        ]
        for name, of in found.items()
    ]
    page.table(["changed", "rounded", "wrong", "KL"], rows, found, "settings")
    begun = {
        name: average(of, "wrong") for name, of in found.items() if name.startswith(("mean", "defaults"))
    }
    rounded = {name: average(of, "rounded") for name, of in found.items()}
    most = max(rounded, key=lambda name: abs(rounded[name] - rounded["defaults"]))
    if max(begun.values()) == min(begun.values()):
        said = f"Wherever gates begin, {begun['defaults']:.3g} edges are wrong at last."
    else:
        worst = max(begun, key=lambda name: begun[name])
        said = f"Where gates begin counts: {begun[worst]:.3g} edges are wrong with `{worst}`, "
        said += f"{begun['defaults']:.3g} by default."
    page.say(
        said,
        f"`{most}` changes most what rounding leaves: {rounded[most]:.3g} edges, "
        f"{rounded['defaults']:.3g} by default.",
    )


def average(measured: Sequence[dict[str, float]], column: str) -> float:
    return statistics.mean(each[column] for each in measured)


def known(page: Page, found: Sequence[Found]) -> list[Claim]:
    page.heading("Beside circuits that are known")
    page.say(
        '*"No comparison to manually identified circuits for the same problems."* Of the trained models, all '
        "exact effects were gone through; the programs were compiled from a circuit, and are judged by zero "
        "ablation. Wrong: edges too many, those that stand in for others aside, and edges missing."
    )
    head = ["model", "known", "found", "wrong", "AUC", "precision at known size", "faithful", "KL"]
    rows = [
        [
            each.name,
            *map(str, (each.size, each.edges, each.wrong)),
            *(number(value) for value in (each.auc, each.precision, each.faithful)),
            f"{each.kl:.2g}",
        ]
        for each in found
    ]
    page.table(head, rows, [asdict(each) for each in found], "known")
    exact = [each.name for each in found if not each.wrong]
    page.say(f"To the edge: {len(exact)} of {len(found)} ({', '.join(exact) or 'none'}).")
    programs = [each for each in found if each.name in PROGRAMS]
    wrong = ", ".join(f"{each.wrong} wrong" for each in programs)
    recovered = all(each.name in exact for each in programs)
    return [("recovers both compiled programs exactly", "both", wrong, recovered)]


def memory(page: Page) -> None:
    works = Works(gpt2_small(64, TOKENS), BATCH)
    training = trainings(works, works.pairs)["edge-pruning"]
    peak, weights = gigabytes_of_step(training), gigabytes_of_weights(works.model)
    plain = peak_bytes(works.forward_backward) / 1e9
    seconds = seconds_in_turns({"step": training.step, "plain": works.forward_backward}, 3)
    page.heading("Memory")
    page.say(
        '*"Requires a lot of memory: 32 H100s"* - of CodeLlama-13B. One step here on GPT-2 small\'s shape, '
        f"random weights, {BATCH} pairs x {TOKENS} tokens, one mask, every edge: {peak:.2f} GB at most "
        f"beyond the {weights:.2f} GB of weights, where a plain forward and backward takes {plain:.2f} GB. "
        f"It takes {seconds['step']:.1f} s, {seconds['step'] / seconds['plain']:.1f} times those of the "
        "plain one. No model of CodeLlama's size has been tried here."
    )
    page.keep("memory", {"GB": peak, "plain GB": plain, "weights GB": weights, "seconds": seconds})


def losses(page: Page, cases: Sequence[Case], found: Sequence[Found], steps: int) -> None:
    page.heading("KL or the task's metric as the loss")
    page.say(
        '*"No discussion on why KL divergence loss is used rather than logit difference".* The same masks '
        "held to the full model by KL, as above, and to the task's own metric."
    )
    by_kl = {each.name: each for each in found}
    pairs = [(by_kl[case.name], Found.of(case, steps, loss="metric"), case.metric) for case in cases]
    rows = [
        [
            f"{each.name}, {loss}",
            *map(str, (each.edges, each.wrong)),
            number(each.faithful),
            f"{each.kl:.2g}",
        ]
        for kl, metric, name in pairs
        for each, loss in ((kl, "KL"), (metric, name))
    ]
    numbers = [{"KL": asdict(kl), "metric": asdict(metric)} for kl, metric, _ in pairs]
    page.table(["model, loss", "found", "wrong", "faithful", "KL"], rows, numbers, "losses")
    wrong = sum(kl.wrong for kl, *_ in pairs), sum(metric.wrong for _, metric, _ in pairs)
    better = sum(kl.kl < metric.kl for kl, metric, _ in pairs)
    nearer = sum(off(kl) < off(metric) for kl, metric, _ in pairs)
    page.say(
        f"Held to KL, {wrong[0]} edges are wrong in all; held to the metric, {wrong[1]}. With KL as the "
        f"loss the circuit's KL is the lower in {better} of {len(pairs)}, and its faithfulness nearer to 1 "
        f"in {nearer}."
    )


def off(found: Found) -> float:
    """From a faithfulness of 1."""
    return math.inf if found.faithful is None else abs(found.faithful - 1)
