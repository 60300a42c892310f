"""`edgewise compare`: runs on one model beside each other, on the same prompts, at their sizes and at one.

Prompts, metric and ablation are those of the first run, unless others are asked for. At the one size, each
run's strongest edges, in its own order, pruned if it prunes: overlaps are of these.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgewise.circuit import Circuit
from edgewise.distributed import agreed, here
from edgewise.errors import Problems, gathered, several
from edgewise.evaluate_checks import Prompts, check, pairs_found_on
from edgewise.evaluation.evaluation import Evaluation
from edgewise.evaluation.faithfulness import evaluate_circuits
from edgewise.evaluation.overlap import overlap
from edgewise.files import atomic_write, make_parents
from edgewise.masks.optimal import replacers_to_judge
from edgewise.meaning import MEASURED_ON
from edgewise.models.load import preview
from edgewise.progress import READING, Progress
from edgewise.request import Request
from edgewise.run import load_model
from edgewise.run_folder import Run, load_run
from edgewise.selection import fewer_than, select
from edgewise.tasks.metrics import METRICS
from edgewise.validation import check_edges, check_file, check_kept
from edgewise.verb_requests import CompareRequest, EvaluationRequest


@dataclass(frozen=True)
class Compared:
    """One run among others."""

    name: str
    run: Run
    own: Evaluation
    """Of its own circuit."""
    at_size: Evaluation
    circuit: Circuit
    """At the one size."""

    @property
    def seconds(self) -> float:
        """Of the search, since it was last gone on with."""
        return self.run.record["seconds"]["discover"]

    @property
    def costs(self) -> dict[str, float | int | None]:
        """None where they are not known, as of runs of earlier versions."""
        known = self.run.record.get("costs", {})
        return {name: known.get(name) for name in ("forwards", "peak_bytes")}

    def to_dict(self) -> dict[str, Any]:
        told = ("edges", "faithfulness", "kl")
        return {
            "run": str(self.run.folder),
            "method": self.run.request.method,
            "found_by": self.run.request.ablation,
            "chosen": self.run.record["edges"]["selected"],
            "own": {name: getattr(self.own, name) for name in told},
            "at_size": {name: getattr(self.at_size, name) for name in told},
            "edge_auc": self.run.evaluation.edge_auc,
            "precision_at_known_size": self.run.evaluation.precision_at_known_size,
            "seconds": self.seconds,
            **self.costs,
        }


@dataclass(frozen=True)
class Comparison:
    prompts: str
    size: int
    runs: list[Compared]
    notes: list[str]

    @property
    def overlaps(self) -> list[list[float | int | None]]:
        """Of each run's circuit with each, at the one size; None where both are empty."""
        circuits = [each.circuit for each in self.runs]
        return [[one.jaccard(other) if len(one | other) else None for other in circuits] for one in circuits]

    def to_dict(self) -> dict[str, Any]:
        first = self.runs[0].own
        return {
            "prompts": self.prompts,
            "metric": first.metric,
            "ablation": first.ablation,
            "averaging": first.averaging,
            "examples": first.examples,
            "size": self.size,
            "runs": [each.to_dict() for each in self.runs],
            "overlaps": self.overlaps,
            "notes": self.notes,
        }


def compare_runs(request: CompareRequest, progress: Progress | None = None) -> Comparison:
    progress = progress or Progress()
    with progress.status(READING), agreed():
        runs, asked, prompts = checked(request)
    model = load_model(asked, progress, asked.grouped_readers)
    size = request.edges or min(max(run.record["edges"]["selected"], 1) for run in runs)
    at_size = [select(run.scores, run.request, size) for run in runs]
    circuits = [*(run.circuit for run in runs), *at_size]
    metric = METRICS[asked.metric]
    replacing = replacers_to_judge(
        asked.ablation, model, prompts.judged_on, metric, prompts.learned_on, asked.batch_size, progress
    )
    found = evaluate_circuits(
        model, prompts.judged_on, circuits, metric, replacing, asked.batch_size, progress
    )
    place = asked.prompts or f"task {asked.task}, split {request.split or MEASURED_ON}"
    compared = [
        Compared(name, run, own, of_size, circuit)
        for name, run, own, of_size, circuit in zip(
            names_of(runs), runs, found[: len(runs)], found[len(runs) :], at_size, strict=True
        )
    ]
    notes = [
        *notes_on(runs),
        *by_run(compared, lambda each: seen_before(each, asked, prompts)),
        *by_run(compared, lambda each: None if len(each.circuit) else pruned_to_nothing(size)),
        *by_run(compared, lambda each: fewer_than(size, each.run.scores, each.run.request)),
    ]
    done = Comparison(place, size, compared, notes)
    if request.out is not None and here().first:
        make_parents(request.out)
        atomic_write(request.out, json.dumps(done.to_dict(), indent=1) + "\n")
    return done


def checked(request: CompareRequest) -> tuple[list[Run], Request, Prompts]:
    """The runs, what is asked, and the prompts; all problems at once."""
    problems = Problems(*request.misread)
    runs: list[Run] = []
    for folder in request.runs:
        with gathered(problems):
            runs.append(load_run(folder, to_look_at=False))
    if len(request.runs) < 2:
        problems.add(f"two runs or more were needed. Got {len(request.runs)}.")
    if request.edges is not None:
        graph = runs[0].circuit.graph if runs else None
        problems.add(
            *check_edges(request.edges, graph)
            or ([] if request.edges else ["edges must be 1 or more. Got 0."])
        )
    for run in runs[1:]:
        mine, its = run.circuit.graph, runs[0].circuit.graph
        if mine != its:
            problems.add(
                f"runs on one graph were needed. {runs[0].folder} is of {its.describe()}, "
                f"{run.folder} of {mine.describe()}."
            )
    if request.out is not None:
        kept = check_kept(Path(request.out), [run.request for run in runs])
        problems.add(*kept or check_file(request.out, request.overwrite))
    how = ("prompts", "metric", "ablation", "split", "examples")
    first = None
    for folder in [*(str(run.folder) for run in runs), *request.runs][:1]:
        with gathered(problems):
            first = check(EvaluationRequest(run=folder, **{name: getattr(request, name) for name in how}))
    problems.raise_any()
    assert first is not None
    return runs, first.request, first.prompts


def seen_before(compared: Compared, asked: Request, prompts: Prompts) -> str | None:
    """What to know of the prompts that a run's circuit was found on."""
    found_on = pairs_found_on(compared.run, preview(asked.model, grouped_readers=asked.grouped_readers))
    if found_on is None:
        return "found on prompts that are not what they were, or gone: these may be among them."
    also = overlap(prompts.judged_on, found_on)
    return f"found on {also:,} of these prompt pairs." if also else None


def pruned_to_nothing(size: int) -> str:
    return f"none of the {size:,} strongest edges is on a path from embedding to logits. Give more: --edges."


def by_run(compared: list[Compared], note_on: Callable[[Compared], str | None]) -> list[str]:
    """Notes with the names of the runs that they are on."""
    names: dict[str, list[str]] = {}
    for each in compared:
        if note := note_on(each):
            names.setdefault(note, []).append(each.name)
    return [f"{', '.join(of)}: {note}" for note, of in names.items()]


def names_of(runs: list[Run]) -> list[str]:
    """The folders' own names where these tell them apart."""
    names = [run.folder.name for run in runs]
    return names if len(set(names)) == len(names) else [str(run.folder) for run in runs]


def notes_on(runs: list[Run]) -> list[str]:
    """Where runs are not of one thing."""
    notes = []
    for what in ("task", "prompts", "ablation", "corruption", "metric", "known"):
        asked = {str(getattr(run.request, what)) or "none" for run in runs}
        if len(asked) > 1:
            notes.append(f"the runs were found with different {what}: {several(sorted(asked))}.")
    if len({run.record["model"].get("weights") for run in runs}) > 1:
        notes.append("the runs are not of the same weights: all are measured in the first run's model.")
    return notes
