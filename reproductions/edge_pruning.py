"""Edge Pruning (Bhaskar et al. 2024, arXiv:2406.16778): its table of KL and seconds, and its limitations.

The table, on the largest bundled model: ACDC, EAP and Edge Pruning at 96.6 % sparsity, found on more and more
examples of the split `train`, measured on 200 of `test`; and whose seconds grow with the examples. Then, of
each limitation that a talk on the paper lists, a small measurement: masks of weights, where gates begin,
masks of channels, circuits that are known, memory, KL or the task's metric as the loss. The truth judges and
does nothing else. Edges, channels and the stream are learned in `--steps` steps, weights in five times as
many.

    python -m reproductions.edge_pruning [--folder docs/results] [--sizes 200 400 5000] [--examples 100]
                                         [--steps 300] [--seeds 3] [--gpt2 FOLDER_OR_NAME]

`--gpt2` adds GPT-2 small on IOI where circuits are known; on a processor that takes hours.
"""

from __future__ import annotations

import argparse
import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.masks import BATCH, TOKENS, trainings
from benchmarks.measure import peak_bytes, seconds_in_turns
from benchmarks.shapes import gpt2_small
from benchmarks.works import Works
from reproductions.cases import Case, bundled, trained
from reproductions.mask_settings import measure as with_setting
from reproductions.mask_settings import named
from reproductions.page import RESULTS, Page, number

import edgewise as ew
from edgewise.circuit import Circuit
from edgewise.evaluation.evaluation import Evaluation
from edgewise.evaluation.known import against_known
from edgewise.graph import Graph
from edgewise.masks.runs import EdgesRun
from edgewise.models.transformer import Transformer
from edgewise.tasks.catalogue import PROGRAMS
from edgewise.tasks.pairs import Pairs

METHODS = ("ACDC", "EAP", "Edge Pruning")
PUBLISHED = {
    "ACDC": ((0.92, 18_783), (0.88, 40_759), (None, None)),
    "EAP": ((3.47, 21), (3.66, 43), (3.78, 12_260)),
    "Edge Pruning": ((0.25, 2_756), (0.22, 2_931), (0.20, 3_042)),
}
"""KL, and seconds on an H100, of GPT-2 small."""
PUBLISHED_EXAMPLES = (200, 400, 100_000)
SOURCE = (
    "A. Bhaskar, A. Wettig, D. Friedman and D. Chen, *Finding Transformer Circuits with Edge Pruning*, 2024 "
    "(arXiv:2406.16778), and the limitations that a talk on it lists (L193 Explainable Artificial "
    "Intelligence)."
)
SPARSITY = 0.966
LARGEST, TASK = "ioi-large", "ioi"
CASES = {"ioi": "corrupted", "docstring": "corrupted", "greater-than": "corrupted"} | dict.fromkeys(
    PROGRAMS, "zero"
)
TESTED = 200
TAUS, WALKS = (1e-6, 10.0), 16
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
Cell = tuple[float | None, float | None]
"""KL and seconds."""
Claim = tuple[str, str, str, bool]
"""What is claimed, as published, as it is here, and whether they agree."""
Made = TypeVar("Made")


@dataclass(frozen=True)
class Found:
    """What Edge Pruning's own circuit is worth."""

    name: str
    size: int
    edges: int
    auc: float
    precision: float
    wrong: int
    faithful: float | None
    kl: float

    @classmethod
    def of(cls, case: Case, steps: int, **options: Any) -> Found:
        given = {"ablation": case.ablation, "steps": steps, **options}
        scores = ew.discover(case.model, case.found_on, "edge-pruning", metric=case.metric, **given)
        own, truth = scores.own(), case.known
        alone = ew.evaluate(case.model, case.measured_on, own, metric=case.metric, ablation=case.ablation)
        wrong = (own - truth.circuit - truth.backups) | (truth.circuit - own)
        judged = against_known(scores, truth, "value")
        return cls(
            case.name,
            case.size,
            len(own),
            judged["edge_auc"],
            judged["precision_at_known_size"],
            len(wrong),
            alone.faithfulness,
            alone.kl,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--folder", type=Path, default=RESULTS)
    parser.add_argument("--sizes", nargs="+", type=int, default=[200, 400, 5000], help="of the table")
    parser.add_argument("--examples", type=int, default=100, help="prompt pairs of all else")
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--seeds", type=int, default=3, help="of each setting")
    parser.add_argument("--gpt2", help="a folder or a name, where its weights are at hand")
    given = parser.parse_args()
    cases = [bundled(name, given.examples, ablation) for name, ablation in CASES.items()]
    if given.gpt2:
        cases.append(trained(given.gpt2, TASK, given.examples))
    page = Page("edge_pruning", "Edge Pruning: KL, seconds and limitations", SOURCE, given.folder)
    claims = efficiency(page, given.sizes, given.steps)
    finer(page, given.examples, given.steps)
    settings(page, given.examples, given.steps, given.seeds)
    found = [Found.of(case, given.steps) for case in cases]
    claims += known(page, found)
    memory(page)
    losses(page, [case for case in cases if case.task not in PROGRAMS], found, given.steps)
    agreement(page, claims)
    sizes = " ".join(map(str, given.sizes))
    page.save(
        f"python -m reproductions.edge_pruning --sizes {sizes} --examples {given.examples} "
        f"--steps {given.steps} --seeds {given.seeds}" + (f" --gpt2 {given.gpt2}" if given.gpt2 else "")
    )


def timed(work: Callable[[], Made]) -> tuple[Made, float]:
    """And the processor's seconds, which other work on the machine hardly lengthens."""
    began = time.process_time()
    made = work()
    return made, time.process_time() - began


def efficiency(page: Page, sizes: Sequence[int], steps: int) -> list[Claim]:
    model = ew.load(f"zoo:{LARGEST}")
    edges = Graph.of(model.config).edge_count
    size = round((1 - SPARSITY) * edges)
    test = ew.task(TASK, model, TESTED, split="test")
    page.heading("KL and seconds at one sparsity")
    page.say(
        f"`zoo:{LARGEST}`, {size} of {edges} edges ({1 - size / edges:.1%} sparsity), all else corrupted. "
        f"KL(full model || circuit) on {TESTED} held-out prompts. EAP and Edge Pruning rank edges, and the "
        f"{size} strongest are taken; of Edge Pruning by how far gates are open, as published, without "
        f"trimming, learned in {steps} steps with a target of that sparsity. ACDC's tau is halved in, on "
        f"a logarithmic scale, until {size} edges stay, or else the largest circuit below is taken; its "
        "seconds are those of that walk alone. EAP's are the median of three runs. Seconds are the "
        "processor's; those of Edge Pruning are proportional to its steps, 3,000 as published."
    )
    measured: dict[str, list[Cell]] = {method: [] for method in METHODS}
    kept: dict[int, int] = {}
    for count in sizes:
        pairs = ew.task(TASK, model, count)
        for method in METHODS:
            if method == "ACDC" and count not in sizes[:2]:
                measured[method].append((None, None))
                continue
            circuit, seconds = at_size(method, model, pairs, size, steps)
            measured[method].append((ew.evaluate(model, test, circuit).kl, seconds))
            if method == "ACDC":
                kept[count] = len(circuit)
    head = ["", *(f"{what}, {count:,}" for count in sizes for what in ("KL", "seconds"))]
    rows = [[method, *cells(of_method, 1)] for method, of_method in measured.items()]
    page.table(
        head, rows, {"size": size, "examples": list(sizes), "ACDC edges": kept, **measured}, "efficiency"
    )
    if any(count != size for count in kept.values()):
        page.say(f"No tau left {size} edges to ACDC: it has {', '.join(map(str, kept.values()))}.")
    page.say("As published, of GPT-2 small on an H100:")
    head = ["", *(f"{what}, {count:,}" for count in PUBLISHED_EXAMPLES for what in ("KL", "seconds"))]
    page.table(head, [[name, *cells(row, 0)] for name, row in PUBLISHED.items()], PUBLISHED, "published")
    growths = growth(page, sizes, measured)
    return orders(sizes, measured) + growths


def at_size(method: str, model: Transformer, pairs: Pairs, size: int, steps: int) -> tuple[Circuit, float]:
    """A circuit of so many edges, and the seconds that it took."""
    if method == "ACDC":
        return walked(model, pairs, size)
    if method == "EAP":
        runs = [timed(lambda: ew.discover(model, pairs, "eap")) for _ in range(3)]
        return runs[0][0].top(size), statistics.median(seconds for _, seconds in runs)
    target = 1 - size / Graph.of(model.config).edge_count
    given: dict[str, Any] = {"target": target, "steps": steps, "trim": None}
    scores, seconds = timed(lambda: ew.discover(model, pairs, "edge-pruning", **given))
    return scores.top(size, "value"), seconds


def walked(model: Transformer, pairs: Pairs, size: int) -> tuple[Circuit, float]:
    """The largest circuit of at most so many edges that ACDC came to, and the seconds of that walk."""
    low, high = TAUS
    best, taken = Circuit.empty(Graph.of(model.config)), 0.0
    for _ in range(WALKS):
        tau = math.sqrt(low * high)
        scores, seconds = timed(lambda tau=tau: ew.discover(model, pairs, "acdc", tau=tau, batch_size=100))
        circuit = scores.own()
        if len(best) < len(circuit) <= size:
            best, taken = circuit, seconds
        if len(circuit) == size:
            break
        low, high = (tau, high) if len(circuit) > size else (low, tau)
    return best, taken


def cells(of_method: Sequence[Cell], digits: int) -> list[str]:
    return [
        told
        for kl, seconds in of_method
        for told in (f"{kl:.2g}" if kl is not None else "-", f"{seconds:,.{digits}f}" if seconds else "-")
    ]


def growth(page: Page, sizes: Sequence[int], measured: dict[str, list[Cell]]) -> list[Claim]:
    """Whose seconds grow with the examples."""
    claims: list[Claim] = []
    for method in METHODS:
        (here, more), (theirs, theirs_more) = (
            of_method_growth(counts, of[method])
            for counts, of in ((sizes, measured), (PUBLISHED_EXAMPLES, PUBLISHED))
        )
        claim = (
            f"seconds of {method} {'grow' if grow(theirs, theirs_more) else 'hardly grow'} with the examples"
        )
        told = [
            f"x {ratio:,.2f} for x {count:,.4g}" for ratio, count in ((theirs, theirs_more), (here, more))
        ]
        claims.append((claim, told[0], told[1], grow(theirs, theirs_more) == grow(here, more)))
    page.say(
        "By how much seconds grow, as a graph this small on a processor has no seconds of an H100: from the "
        "fewest examples to the most that a method was run on, "
        + "; ".join(
            f"{method} {claim[2]} (published {claim[1]})"
            for method, claim in zip(METHODS, claims, strict=True)
        )
        + ". Edge Pruning's number of steps is fixed, and so are the examples of each."
    )
    return claims


def grow(seconds: float, examples: float) -> bool:
    """By at least a quarter as much, of what was added."""
    return seconds - 1 > (examples - 1) / 4


def of_method_growth(counts: Sequence[int], of_method: Sequence[Cell]) -> tuple[float, float]:
    """Seconds with the most examples over those with the fewest, and the examples alike."""
    run = [(count, seconds) for count, (_, seconds) in zip(counts, of_method, strict=False) if seconds]
    (fewest, least), (most, longest) = run[0], run[-1]
    return longest / least, most / fewest


def orders(sizes: Sequence[int], measured: dict[str, list[Cell]]) -> list[Claim]:
    """Of KL and of seconds, at the fewest examples and at the most."""
    claims: list[Claim] = []
    for place, count in enumerate(sizes[:2]):
        acdc, eap, pruned = (measured[method][place][0] or 0.0 for method in METHODS)
        theirs = " < ".join(f"{PUBLISHED[name][place][0]}" for name in ("Edge Pruning", "ACDC", "EAP"))
        claim = f"KL of Edge Pruning < ACDC < EAP, {count:,} examples"
        claims.append((claim, theirs, f"{pruned:.2g}, {acdc:.2g}, {eap:.2g}", pruned < acdc < eap))
    pruned, eap, acdc = (measured[method] for method in ("Edge Pruning", "EAP", "ACDC"))
    for claim, place, other, name in (
        ("Edge Pruning is faster than ACDC, fewest examples", 0, acdc, "ACDC"),
        ("Edge Pruning is slower than EAP, fewest examples", 0, eap, "EAP"),
        ("Edge Pruning is faster than EAP, most examples", -1, eap, "EAP"),
    ):
        ours = pruned[place][1] or 0.0, other[place][1] or 0.0
        theirs = PUBLISHED["Edge Pruning"][place][1] or 0, PUBLISHED[name][place][1] or 0
        agrees = (ours[0] < ours[1]) == (theirs[0] < theirs[1])
        claims.append(
            (claim, f"{theirs[0]:,} and {theirs[1]:,} s", f"{ours[0]:.1f} and {ours[1]:.1f} s", agrees)
        )
    return claims


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
    assert isinstance(training.masked, EdgesRun)
    peak = (peak_bytes(training.step) + training.masked.workspace.bytes) / 1e9
    plain = peak_bytes(works.forward_backward) / 1e9
    # The embedding is the unembedding, too.
    matrices = {each.data_ptr(): each.numel() * each.element_size() for each in works.model.parameters()}
    weights = sum(matrices.values()) / 1e9
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


def agreement(page: Page, claims: Sequence[Claim]) -> None:
    page.heading("What agrees, and what does not")
    rows = [[claim, theirs, ours, "yes" if agrees else "no"] for claim, theirs, ours, agrees in claims]
    page.table(["claim", "published", "here", "agrees"], rows, claims, "agreement")
    page.say(f"{sum(agrees for *_, agrees in claims)} of {len(claims)} agree.")


if __name__ == "__main__":
    main()
