"""What `evaluate` and `stability` show when they are done: on the terminal, or as the one JSON object."""

from __future__ import annotations

from typing import Any

from edgewise.bench.bench_run import Bench
from edgewise.bench.table import WHAT, heading, lines
from edgewise.compare_run import Compared, Comparison
from edgewise.evaluate_run import Evaluated, least_first, more_of
from edgewise.evaluation.claims import LEVEL
from edgewise.reports.screen import screen
from edgewise.reports.summary import (
    STRONGEST,
    claims_table,
    curve_line,
    edges_table,
    ends_line,
    evaluation_table,
    facts_table,
    section,
    strongest_edges,
    table_of,
)
from edgewise.resampling import Stability
from edgewise.screens import short


def show_stability(done: Stability) -> None:
    out = screen()
    circuits = done.circuits
    sizes = sorted(len(circuit) for circuit in circuits)
    every = f"{len(done.always):,} of {len(done.ever):,} edges are in all {len(circuits):,} draws"
    facts = {
        "edges": f"{sizes[0]:,} to {sizes[-1]:,} in a circuit; {every}",
        "overlap": f"{done.overlap:.3f} of two circuits, at least {min(done.overlaps):.3f} (Jaccard)",
    }
    out.print(section("Circuits of other draws of the examples", facts_table(facts)))
    out.print(section("How often an edge is in", edges_table(frequent_edges(done), "share")))
    always = len(set.intersection(*(set(circuit.sources()) for circuit in circuits)))
    ever = len(done.ever.sources())
    out.print(f"{always:,} of {ever:,} sources are in all draws")


def show_compared(done: Comparison) -> None:
    out = screen()
    first = done.runs[0].own
    numbers = ("own", "faithful", "kept", "faithful", "KL", "AUC")
    table = table_of(("run", "method"), numbers)
    for each in done.runs:
        auc = each.run.evaluation.edge_auc
        table.add_row(
            *(each.name, each.run.request.method, f"{each.run.record['edges']['selected']:,}"),
            *(each.own.faithfulness_number, f"{len(each.circuit):,}", each.at_size.faithfulness_number),
            *(each.at_size.divergence_text, "-" if auc is None else f"{auc:.3f}"),
        )
    title = f"{first.metric} on {first.examples:,} prompt pairs, ablation {first.ablation}"
    out.print(section(f"{title}; own, then {done.size:,} edges", table))
    overlaps = table_of(("overlap",), tuple(str(place) for place in range(1, len(done.runs) + 1)))
    for place, (each, row) in enumerate(zip(done.runs, done.overlaps, strict=True), 1):
        overlaps.add_row(
            f"{place} {each.name}", *("-" if number is None else f"{number:.2f}" for number in row)
        )
    costs = table_of(("run",), ("seconds", "plain runs", "GB at most"))
    for each in done.runs:
        costs.add_row(each.name, f"{each.seconds:.1f}", plain_runs(each), gigabytes(each))
    out.print(section("What the search cost", costs))
    out.print(section(f"Edges in both, of those in either, at {done.size:,} edges", overlaps))


def show_bench(done: Bench) -> None:
    out = screen()
    tables: dict[str, Any] = {}
    for model, task, method, *numbers in lines(done.rows, spread=False):
        place = f"{task} in {model}"
        if place not in tables:
            tables[place] = table_of(("method",), tuple(heading()[len(WHAT) :]))
        tables[place].add_row(method, *numbers)
    for place, table in tables.items():
        out.print(section(place, table))
    out.print(f"written: {', '.join(str(path) for path in done.files)}")


def plain_runs(compared: Compared) -> str:
    """How many plain runs of the prompts take as long as the search."""
    count = compared.costs["forwards"]
    return "-" if count is None else f"{count:,.0f}" if count >= 10 else f"{count:.1f}"


def gigabytes(compared: Compared) -> str:
    most = compared.costs["peak_bytes"]
    return "-" if most is None else f"{most / 1e9:.2f}"


def frequent_edges(done: Stability) -> list[tuple[str, float]]:
    """Of those that are in some draws and not in all, the most frequent; of all, where there is none such."""
    wavering = done.ever - done.always
    return strongest_edges(done.frequency, wavering if len(wavering) else done.ever, "absolute")


def show_evaluated(done: Evaluated) -> None:
    out = screen()
    first = done.evaluations[0]
    out.print(section(first.heading, evaluation_table(done.circuits, done.evaluations)))
    if done.rest:
        out.print(section("Without the circuit", evaluation_table(done.rest_circuits, done.rest)))
    if done.contributions is not None:
        every = least_first(done.contributions, done.circuits[0])
        told = edges_table(every[:STRONGEST], "contribution")
        out.print(section("What each edge contributes to faithfulness, the least first", told))
        if len(every) > STRONGEST:
            out.print(f"and {len(every) - STRONGEST:,} more, which --json and --out tell")
    if done.claims:
        out.print(section(f"Claims, at a level of {LEVEL}", claims_table(done.claims)))
    out.print(ends_line(first))
    if done.curve is not None:
        out.print(curve_line(done.curve))
    if first.known_text is not None:
        out.print(f"known circuit: {first.known_text}")
    if first.faithfulness is None:
        out.print(f"faithfulness is {first.faithfulness_text}")


def evaluated_as_json(done: Evaluated) -> dict[str, Any]:
    return {
        "run": str(done.run.folder),
        "prompts": done.prompts,
        "notes": done.notes,
        "evaluations": [short(each) for each in done.evaluations],
        **more_of(done, short),
    }
