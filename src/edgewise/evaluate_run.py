"""`edgewise evaluate`: the circuit of a run measured again, on its own prompts or others."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from edgewise.circuit import Circuit, Scores
from edgewise.distributed import agreed, here
from edgewise.evaluate_checks import check
from edgewise.evaluation.averaging import RATIO_OF_MEANS
from edgewise.evaluation.claims import Claim, claims
from edgewise.evaluation.curve import MIB_SIZES, Curve, by_nodes, counts_of
from edgewise.evaluation.evaluation import AGAINST_KNOWN, NODES, Evaluation
from edgewise.evaluation.faithfulness import evaluate_circuits
from edgewise.evaluation.known import against_known
from edgewise.evaluation.minimality import contributions_to
from edgewise.evaluation.node_circuits import circuits_of_nodes, nodes_of, others
from edgewise.evaluation.overlap import overlap, with_overlap
from edgewise.files import atomic_write, make_parents
from edgewise.masks.constants import OPTIMAL
from edgewise.masks.optimal import replacers_to_judge
from edgewise.meaning import MEASURED_ON
from edgewise.models.fingerprint import weights_fingerprint
from edgewise.models.transformer import Transformer
from edgewise.progress import READING, Progress
from edgewise.request import Request
from edgewise.run import load_model
from edgewise.run_folder import Run, file_hash
from edgewise.selection import fewer_than, order_of, select_sizes
from edgewise.tasks.metrics import METRICS
from edgewise.verb_requests import EvaluationRequest


@dataclass(frozen=True)
class Evaluated:
    """Circuits of one run, and what each does alone."""

    run: Run
    prompts: str
    circuits: list[Circuit]
    evaluations: list[Evaluation]
    notes: list[str]
    """What a reader of the numbers should know."""
    curve: Curve | None = None
    rest_circuits: list[Circuit] = field(default_factory=list)
    rest: list[Evaluation] = field(default_factory=list)
    """Of the model without each circuit, where that was asked for."""
    contributions: Scores | None = None
    """Of each edge of the circuit, where that was asked for."""
    claims: list[Claim] = field(default_factory=list)
    """Put to the test, where that was asked for."""


def evaluate_run(request: EvaluationRequest, progress: Progress | None = None) -> Evaluated:
    progress = progress or Progress()
    with progress.status(READING), agreed():
        run, asked, prompts, truth = check(request)
    pairs, found_on = prompts.judged_on, prompts.found_on
    place = asked.prompts or f"task {asked.task}, split {request.split or MEASURED_ON}"
    model = load_model(asked, progress, asked.grouped_readers)
    sizes = sizes_of(run, request)
    counts = counts_of_nodes(run, request)
    if counts:
        circuits = circuits_of_nodes(run.scores, counts, order_of(run.scores, asked))
    else:
        circuits = select_sizes(run.scores, asked, sizes) if sizes else [run.circuit]
    metric = METRICS[asked.metric]
    replacing = replacers_to_judge(
        asked.ablation, model, pairs, metric, prompts.learned_on, asked.batch_size, progress
    )
    rest = []
    if request.completeness:
        rest = [others(circuit) if counts else ~circuit for circuit in circuits]
    how = (metric, replacing, asked.batch_size, progress)
    found = evaluate_circuits(model, pairs, [*circuits, *rest], *how)
    evaluations, of_rest = found[: len(circuits)], found[len(circuits) :]
    if counts:
        every = len(nodes_of(run.scores.graph))
        evaluations, of_rest = (
            [by_nodes(each, count, every) for each, count in zip(some, kept, strict=False)]
            for some, kept in ((evaluations, counts), (of_rest, [every - count for count in counts]))
        )
    contributed = None
    if request.minimality and evaluations[0].faithfulness is not None:
        contributed = contributions_to(evaluations[0], model, pairs, circuits[0], *how)
    same_prompts = bool(asked.prompts) and file_hash(asked.prompts) == run.record["prompts"].get("sha256")
    if found_on is None:
        also = len(pairs) if same_prompts else None
        evaluations = [
            dataclasses.replace(each, found_here=same_prompts, also_found_on=also) for each in evaluations
        ]
    else:
        evaluations = [with_overlap(each, pairs, found_on) for each in evaluations]
    notes = notes_on(run, asked, model, same_prompts, truth is not None) + evaluations[0].doubts
    if request.known:
        notes.append(f"the run's scores are held beside the circuit of {request.known}.")
    # A curve ends with all edges, whatever was found.
    if sizes and (fewer := fewer_than(max(sizes), run.scores, asked)):
        notes.append(fewer)
    if asked.ablation == OPTIMAL and (also := overlap(pairs, prompts.learned_on or ())):
        notes.append(f"the constants were learned on {also:,} of these {len(pairs):,} prompt pairs.")
    if truth is not None:
        told = against_known(run.scores, truth, asked.by or "absolute")
        evaluations = [dataclasses.replace(each, **told) for each in evaluations]
    elif is_judged_alike(run, asked, model):
        told = {name: getattr(run.evaluation, name) for name in AGAINST_KNOWN}
        evaluations = [dataclasses.replace(each, **told) for each in evaluations]
    put = {"metric": asked.metric, "ablation": asked.ablation, "batch_size": asked.batch_size}
    tested = claims(model, pairs, circuits[0], **put, progress=progress) if request.tests else []
    averaging = request.averaging or RATIO_OF_MEANS
    evaluations, of_rest = ([each.averaged(averaging) for each in some] for some in (evaluations, of_rest))
    every = run.scores.graph.edge_count
    shares = tuple(size / every for size in request.edges) or MIB_SIZES
    curve = Curve(shares, tuple(evaluations)) if request.curve else None
    done = Evaluated(run, place, circuits, evaluations, notes, curve, rest, of_rest, contributed, tested)
    if request.out is not None and here().first:
        make_parents(request.out)
        content = {
            "run": str(run.folder),
            "prompts": place,
            "evaluations": [each.to_dict() for each in evaluations],
            **more_of(done),
        }
        atomic_write(request.out, json.dumps(content, indent=1) + "\n")
    return done


def more_of(
    done: Evaluated, told: Callable[[Evaluation], dict[str, Any]] = Evaluation.to_dict
) -> dict[str, Any]:
    """What was asked for beside the circuits' evaluations, for JSON."""
    found: dict[str, Any] = {}
    if done.curve is not None:
        found["curve"] = done.curve.to_dict()
    if done.rest:
        found["without_the_circuit"] = [told(each) for each in done.rest]
    if done.contributions is not None:
        found["contributions"] = dict(least_first(done.contributions, done.circuits[0]))
    if done.claims:
        found["tests"] = [each.to_dict() for each in done.claims]
    return found


def least_first(contributions: Scores, circuit: Circuit) -> list[tuple[str, float]]:
    of_circuit = [(edge, score) for edge, score in contributions.ranking("value") if edge in circuit]
    return of_circuit[::-1]


def sizes_of(run: Run, request: EvaluationRequest) -> Sequence[int]:
    """Of the circuits that are measured; none where it is the run's own."""
    if request.edges or not request.curve or request.granularity == NODES:
        return request.edges
    return counts_of(run.scores.graph.edge_count)


def counts_of_nodes(run: Run, request: EvaluationRequest) -> Sequence[int]:
    """Where circuits are of nodes."""
    return counts_of(len(nodes_of(run.scores.graph))) if request.granularity == NODES else ()


def is_judged_alike(run: Run, asked: Request, model: Transformer) -> bool:
    """Whether what the run's scores find of a known circuit is told of the same replacements and weights."""
    alike = ("task", "ablation", "corruption", "dtype", "by")
    return all(getattr(asked, name) == getattr(run.request, name) for name in alike) and (
        weights_fingerprint(model) == run.record["model"].get("weights")
    )


def notes_on(run: Run, asked: Request, model: Transformer, same_prompts: bool, judged: bool) -> list[str]:
    notes: list[str] = []
    same_dtype = asked.dtype == run.request.dtype
    if same_dtype and weights_fingerprint(model) != run.record["model"].get("weights"):
        notes.append(f"the weights of {asked.model} are not those of the run.")
    if asked.prompts and not same_prompts and asked.prompts == run.request.prompts:
        notes.append(f"{asked.prompts} has changed since the run.")
    if run.evaluation.known_text is not None and not judged and not is_judged_alike(run, asked, model):
        own = ", ".join(part for part in (run.request.ablation, run.request.corruption) if part)
        notes.append(
            f"the run's scores are held beside the circuit known for its own task and {own} alone, in its "
            "own order."
        )
    return notes
