"""What a verb shows when it is done: on the terminal, or as the one JSON object of --json."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

from rich.console import Group
from rich.text import Text

from edgewise.circuit import Circuit
from edgewise.evaluation.evaluation import Evaluation
from edgewise.evaluation.intervals import intervals_of
from edgewise.masks.constants import OPTIMAL
from edgewise.methods import METHODS
from edgewise.methods.options import own_options
from edgewise.plot_run import PICTURES, Plotted
from edgewise.reports.screen import screen
from edgewise.reports.summary import (
    edges_table,
    evaluation_facts,
    facts_table,
    section,
    sizes_line,
    strongest_edges,
)
from edgewise.reports.training import notes_on_training, positions_of, rounding_line
from edgewise.reports.units import notes_on_units, parts, parts_table, rounding_units_line, units_line
from edgewise.run_folder import Run
from edgewise.selection import leaves_some_out, order_of
from edgewise.tasks.catalogue import other_corruption
from edgewise.units_folder import UNITS, UNITS_FILES, UnitsRun
from edgewise.zoo.known import truth_name
from edgewise.zoo.truth import known_circuits


def measured_on(run: Run | UnitsRun) -> str:
    """On which prompts; and in what, where it is not what one would think."""
    dtype = run.record["model"]["dtype"]
    return run.evaluation.where + ("" if dtype == "float32" else f", in {dtype}")


def show_run(run: Run) -> None:
    out = screen()
    # An empty circuit has none to show, but what was scored was asked for.
    shown, of = (run.circuit, " of the circuit") if len(run.circuit) else (Circuit.full(run.scores.graph), "")
    edges = strongest_edges(run.scores, shown, order_of(run.scores, run.request))
    out.print()
    out.print(section(f"Strongest edges{of}, by {run.request.method}", edges_table(edges)))
    out.print(section("Circuit", Text(sizes_line(run.circuit))))
    facts = {"measured": measured_on(run), **evaluation_facts(run.evaluation)}
    out.print(section(f"What it does alone, ablation {run.evaluation.ablation}", facts_table(facts)))
    if against := against_edges(run):
        out.print(section("Works against the answer", edges_table(against)))
    if positions := positions_of(run.training):
        shown = {edge: positions[edge] for edge, _ in edges if edge in positions}
        out.print(section("Open at these positions of the prompt, counted from 0", facts_table(shown)))
    if run.training:
        out.print(section(f"Rounding the mask, loss {loss_unit(run)}", Text(rounding_line(run.training))))
    out.print(section(f"Files in {run.request.out}", facts_table(run.files)))
    if run.request.report:
        out.print(Text("Next, look at it:", style="bold"))
        out.print(f"  {shlex.join(['edgewise', 'view', run.request.out])}", soft_wrap=True)
    out.print(Text("See how few edges do as well:", style="bold"))
    out.print(f"  {next_command(run)}", soft_wrap=True)
    if run.evaluation.also_found_on and not run.request.task and not run.request.evaluate_on:
        out.print("On other prompts: the same with --prompts FILE.jsonl in place of --edges.")


def loss_unit(run: Run | UnitsRun) -> str:
    """In words; what masks are held to is in shares unless the metric's own unit was asked for."""
    own = run.record["options"].get("unit") == "own"
    return "in its own unit" if own else "as a share of what replacing everything does"


def against_edges(run: Run) -> list[tuple[str, float]]:
    """What an adversary chose: of a method that learns masks, all that scores below 0."""
    values = run.scores.values
    if not run.training or not (values < 0).any():
        return []
    return strongest_edges(run.scores, Circuit(run.scores.graph, values < 0), "absolute")


def next_command(run: Run) -> str:
    """What is worth doing after a run: it can be pasted."""
    chosen = len(run.circuit) if run.circuit.selected is None else run.circuit.selected
    every = run.scores.graph.edge_count
    most = int((run.scores.values != 0).sum()) if leaves_some_out(run.request) else every
    sizes = sorted({max(chosen // 2, 1), chosen, min(2 * chosen, most)} - {0})
    options = (word for size in sizes for word in ("--edges", str(size)))
    return shlex.join(["edgewise", "evaluate", run.request.out, *options])


def notes_on(run: Run) -> list[str]:
    """What a reader of the circuit should know of how it was found and chosen."""
    found = notes_on_training(run.training, run.scores.graph.edge_count) + notes_on_choice(run)
    found += run.evaluation.doubts + notes_on_truth(run)
    if against := int((run.scores.values < 0).sum()) if run.training else 0:
        found.append(
            f"edges that work against the answer, {against:,} in all, are left out of the circuit, "
            "which may so do better than the full model."
        )
    if run.request.ablation == OPTIMAL and run.evaluation.also_found_on:
        found.append(
            f"the constants were learned on {run.evaluation.also_found_on:,} of the prompt pairs that the "
            "circuit is judged on. Give others: --evaluate-on."
        )
    return found


def notes_on_truth(run: Run) -> list[str]:
    """Where the task's circuit is known, but not of these replacements."""
    asked = run.request
    if asked.known:
        return [f"the scores are held beside the circuit of {asked.known}."]
    if not asked.task or run.evaluation.edge_auc is not None:
        return []
    known = known_circuits(asked.model, asked.task, run.scores.graph)
    name = truth_name(asked.ablation, other_corruption(asked.task, asked.corruption))
    if not known or name in known:
        return []
    others = ", ".join(known)
    return [
        f"the circuit is not held beside a known one: none is known by ablation {name!r}, only by {others}."
    ]


def notes_on_choice(run: Run) -> list[str]:
    own = own_options(METHODS[run.request.method].discover)
    if not run.scores.values.any() and METHODS[run.request.method].by_tau:
        room = ", or give the first method room: a larger share" if "share" in own else ""
        return [f"no edge stays: none cost as much as tau when removed. Choose a smaller tau{room}."]
    if not run.scores.values.any():
        flat = f"{run.request.metric} is flat where {run.request.method} looks"
        others = "Choose another metric, or a method that looks elsewhere, e.g. eap-ig-inputs."
        return [f"every score is 0, so that the circuit is arbitrary: {flat}. {others}"]
    every, chosen = run.scores.graph.edge_count, run.record["edges"]["selected"]
    if chosen == every and run.request.edges != every and run.request.sparsity != 0:
        fewer = "Choose fewer: --edges, --sparsity or a higher --threshold."
        return [f"all {every:,} edges of the model are kept. {fewer}"]
    if (asked := run.request.edges) is not None and chosen < asked:
        return [
            f"{asked:,} edges were asked for, and {chosen:,} have a score: the rest was not tried, or went."
        ]
    if len(run.circuit):
        return []
    strongest, score = next(run.scores.ranking(order_of(run.scores, run.request)))
    best = f"The strongest edge is {strongest}, with {score:+.4g}."
    if not chosen:
        return [f"the circuit is empty: no edge was chosen. {best}"]
    why = f"none of the {chosen:,} edges chosen is on a path from embedding to logits"
    return [f"the circuit is empty: {why}. {best} Choose more."]


def run_as_json(run: Run) -> dict[str, Any]:
    return {
        "out": run.request.out,
        "files": list(run.files),
        "strongest": strongest_edges(run.scores, run.circuit, order_of(run.scores, run.request)),
        "evaluation": short(run.evaluation),
        "edges": run.record["edges"],
        "notes": notes_on(run),
        "seconds": run.record["seconds"],
        "costs": run.record.get("costs", {}),
    }


def show_units_run(run: UnitsRun) -> None:
    out = screen()
    out.print()
    found, line = parts(run.units), Text(units_line(run.units))
    out.print(
        section(f"{run.units.what.capitalize()} kept", Group(line, parts_table(found)) if found else line)
    )
    facts = {"measured": measured_on(run), **evaluation_facts(run.evaluation)}
    out.print(section(f"What they do alone, ablation {run.evaluation.ablation}", facts_table(facts)))
    rounding = Text(rounding_units_line(run.units))
    out.print(section(f"Rounding the mask, loss {loss_unit(run)}", rounding))
    out.print(section(f"Files in {run.request.out}", facts_table(UNITS_FILES)))
    mask = f"ew.Units.load({str(Path(run.request.out) / UNITS)!r})"
    out.print(Text("Next, measure it on other prompts, in Python:", style="bold"))
    out.print(f"  ew.evaluate_units(model, pairs, {mask})", soft_wrap=True, markup=False, highlight=False)


def notes_on_units_run(run: UnitsRun) -> list[str]:
    return notes_on_units(run.units) + run.evaluation.doubts


def units_run_as_json(run: UnitsRun) -> dict[str, Any]:
    return {
        "out": run.request.out,
        "files": list(UNITS_FILES),
        "units": run.record["units"],
        "parts": {part.name: {"kept": part.kept, "all": part.of} for part in parts(run.units)},
        "evaluation": short(run.evaluation),
        "notes": notes_on_units_run(run),
        "seconds": run.record["seconds"],
    }


def show_plotted(done: Plotted) -> None:
    out = screen()
    if done.made:
        told = {path.name: PICTURES[name].told for name, path in done.made.items()}
        out.print(section(f"Pictures in {done.folder}, each with its numbers", facts_table(told)))
    run = shlex.quote(done.run.request.out)
    if "faithfulness" in done.not_made:
        out.print(Text("Next, measure more sizes, for a picture of faithfulness over size:", style="bold"))
        out.print(f"  edgewise evaluate {run} --curve --out CURVE.json", soft_wrap=True)
        out.print(f"  edgewise plot {run} --only faithfulness --curve CURVE.json", soft_wrap=True)


def plotted_as_json(done: Plotted) -> dict[str, Any]:
    return {
        "folder": str(done.folder),
        "pictures": {name: str(path) for name, path in done.made.items()},
        "not_made": dict(done.not_made),
    }


def short(evaluation: Evaluation) -> dict[str, Any]:
    """An evaluation with intervals in the place of the number of each example."""
    told = {name: value for name, value in evaluation.to_dict().items() if name != "per_example"}
    intervals = {name: None if one is None else list(one) for name, one in intervals_of(evaluation).items()}
    return {**told, "intervals": intervals}
