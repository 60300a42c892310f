"""The page of a run: what `report.html` shows of it, in words and numbers."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from edgewise.circuit import Circuit
from edgewise.errors import BadInput
from edgewise.evaluation.evaluation import AGAINST_KNOWN
from edgewise.evaluation.known import against_known
from edgewise.known_from import OPTION, is_known_of
from edgewise.masks.constants import OPTIMAL
from edgewise.pages.page import Page
from edgewise.pages.report import RunPage, report
from edgewise.reports.summary import evaluation_facts
from edgewise.run_folder import Run
from edgewise.selection import can_be_chosen, order_of
from edgewise.validation import truth_to_judge_by
from edgewise.zoo.known import KnownCircuit


def page_of_run(run: Run, known: KnownCircuit | None = None) -> RunPage:
    """`known`: the circuit that its scores are held beside."""
    asked, run = run.request, judged_by(run, known)
    able = can_be_chosen(run.scores, asked)
    return RunPage(
        name=run.folder.name,
        scores=run.scores,
        chosen=len(run.circuit) if run.circuit.selected is None else run.circuit.selected,
        kept=len(run.circuit),
        prune=asked.prune,
        by=order_of(run.scores, asked),
        able=None if able == Circuit.full(run.scores.graph) else able,
        metric=run.evaluation.metric,
        curve=run.curve,
        evaluation=run.evaluation,
        known=known,
        measured=measured_facts(run),
        facts=run_facts(run),
        notes=notes_on_page(run),
        attention=run.attention,
    )


def judged_by(run: Run, known: KnownCircuit | None) -> Run:
    """What its evaluation tells of a known circuit is of the one that is shown, or is left out."""
    told: dict[str, float | None] = dict.fromkeys(AGAINST_KNOWN)
    if known is not None:
        told |= against_known(run.scores, known, run.request.by or "absolute")
    return dataclasses.replace(run, evaluation=dataclasses.replace(run.evaluation, **told))


def page_text(runs: Sequence[Run], known: Sequence[KnownCircuit | None]) -> str:
    """`report.html`: of one run, or of two side by side."""
    pages = [page_of_run(run, truth) for run, truth in zip(runs, known, strict=True)]
    title = " beside ".join(title_of(run) for run in runs)
    return Page(report(pages, title)).html


def title_of(run: Run) -> str:
    return f"{run.request.method} on {model_of(run)}, {task_of(run)}"


def model_of(run: Run) -> str:
    """Without the folders that it lies in: a page is passed on."""
    return Path(run.request.model).name if Path(run.request.model).is_absolute() else run.request.model


def task_of(run: Run) -> str:
    return f"task {run.request.task}" if run.request.task else Path(run.request.prompts).name


def measured_facts(run: Run) -> dict[str, str]:
    facts = {"measured": run.evaluation.where, **evaluation_facts(run.evaluation)}
    if run.curve is not None and run.curve.cpr is not None:
        facts["areas over size"] = f"CPR {run.curve.cpr:.3f}, CMD {run.curve.cmd:.3f}"
    return facts


def run_facts(run: Run) -> dict[str, str]:
    """What was asked for, and what it took."""
    asked, record = run.request, run.record
    options = ", ".join(f"{name} {value}" for name, value in record.get("options", {}).items())
    seconds = record.get("seconds", {})
    forwards = record.get("costs", {}).get("forwards")
    facts = {
        "model": model_of(run),
        "prompts": task_of(run),
        "corruption": asked.corruption,
        "metric": run.evaluation.metric,
        "ablation": asked.ablation,
        "method": asked.method,
        "options": options,
        "order of edges": order_of(run.scores, asked),
        "seed": str(asked.seed) if asked.task else "",
        "graph": run.scores.graph.describe(),
        "versions": ", ".join(f"{name} {value}" for name, value in record.get("versions", {}).items()),
        "seconds": ", ".join(f"{stage} {value:g}" for stage, value in seconds.items()),
        "search": "" if forwards is None else f"about as long as {forwards:g} plain runs",
        "weights": " in ".join(
            told for name in ("weights", "dtype") if (told := str(record.get("model", {}).get(name, ""))[:16])
        ),
    }
    return {name: fact for name, fact in facts.items() if fact}


def notes_on_page(run: Run) -> list[str]:
    notes = list(run.evaluation.doubts)
    if run.curve is None and run.request.ablation == OPTIMAL:
        notes.append("no other sizes were measured: each would have to learn optimal constants of its own.")
    return notes


def known_of(run: Run, path: str | None) -> tuple[KnownCircuit | None, str]:
    """The circuit to hold a run beside, or why there is none. `path`: another than the run's."""
    asked = run.request if path is None else dataclasses.replace(run.request, known=path)
    try:
        known = truth_to_judge_by(asked, run.scores.graph)
    except BadInput as error:
        if path is not None:
            raise
        return None, f"its known circuit cannot be read: {error}".rstrip(".")
    if known is None:
        return None, f"no known circuit. Give one: {OPTION} PATH"
    if asked.known is None and not is_known_of(run.record["model"].get("weights"), known, asked):
        return None, f"the known circuit is of other weights. Give one of these: {OPTION} PATH"
    return known, ""
