"""The table of KL and seconds of Bhaskar et al. 2024: ACDC, EAP and Edge Pruning at 96.6 % sparsity.

On the largest bundled model, found on more and more examples; and whose seconds grow with the examples.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from reproductions.page import Page
from reproductions.pruning.found import TASK, TESTED, Claim

import edgewise as ew
from edgewise.circuit import Circuit
from edgewise.graph import Graph
from edgewise.models.transformer import Transformer
from edgewise.tasks.pairs import Pairs

METHODS = ("ACDC", "EAP", "Edge Pruning")
PUBLISHED = {
    "ACDC": ((0.92, 18_783), (0.88, 40_759), (None, None)),
    "EAP": ((3.47, 21), (3.66, 43), (3.78, 12_260)),
    "Edge Pruning": ((0.25, 2_756), (0.22, 2_931), (0.20, 3_042)),
}
"""KL, and seconds on an H100, of GPT-2 small."""
PUBLISHED_EXAMPLES = (200, 400, 100_000)
SPARSITY = 0.966
LARGEST = "ioi-large"
TAUS, WALKS = (1e-6, 10.0), 16
Cell = tuple[float | None, float | None]
"""KL and seconds."""
Made = TypeVar("Made")


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
        # Where no circuit is small enough, the seconds of a walk are known all the same.
        taken = taken or seconds
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
