"""One run, in reading order: validate, load, discover, select, evaluate, report, save."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from edgewise.checkpoint import FOLDER, clear, told_if_stopped
from edgewise.circuit import Circuit, Scores
from edgewise.costs import search, timed
from edgewise.discovery import checkpoint_in, discover
from edgewise.distributed import agreed, here
from edgewise.evaluation.curve import MIB_SIZES, Curve, counts_of
from edgewise.evaluation.faithfulness import evaluate_circuits
from edgewise.evaluation.known import against_known
from edgewise.evaluation.overlap import with_overlap
from edgewise.known_from import is_known_of
from edgewise.masks.constants import OPTIMAL
from edgewise.masks.optimal import replacers_to_judge
from edgewise.methods import METHODS
from edgewise.methods.options import takes
from edgewise.models.fingerprint import weights_fingerprint
from edgewise.models.load import load
from edgewise.models.transformer import Transformer
from edgewise.pages.attention import attention_examples, heads_by_strength
from edgewise.progress import READING, Progress
from edgewise.request import Request, RunRequest
from edgewise.run_folder import TRAINING, Run, describe_run, save_run
from edgewise.run_page import page_text
from edgewise.selection import select, select_sizes
from edgewise.tasks.metrics import METRICS
from edgewise.validation import validate


def run(request: Request, progress: Progress | None = None) -> Run:
    """From a request to a circuit, its evaluation and the folder that holds them."""
    progress = progress or Progress()
    seconds: dict[str, float] = {}
    with timed(seconds, "validate"), progress.status(READING), agreed():
        checked = validate(request)
    request = checked.request
    with timed(seconds, "load"):
        model = load_model(request, progress, request.grouped_readers)
    settings = {
        "metric": request.metric,
        "ablation": request.ablation,
        "batch size": request.batch_size,
        "edges": checked.edges,
    }
    keeper = checkpoint_in(
        Path(request.out) / FOLDER,
        model,
        checked.found_on,
        request.method,
        request.options,
        settings,
        request.overwrite,
    )
    training = Path(request.out) / FOLDER / TRAINING
    if here().first and not takes(METHODS[request.method].discover, "log"):
        # Of a run that was broken off before this one.
        training.unlink(missing_ok=True)
    if here().first and request.overwrite and not (keeper is not None and keeper.has_own()):
        clear(Path(request.out) / FOLDER)
    with search("discover", seconds, model, checked.found_on, request.batch_size, keeper) as costs:
        scores = discover(
            model,
            checked.found_on,
            request.method,
            metric=request.metric,
            ablation=request.ablation,
            batch_size=request.batch_size,
            edges=checked.edges,
            checkpoint=keeper,
            log=training,
            progress=progress,
            **request.options,
        )
    circuit = select(scores, request)
    with timed(seconds, "evaluate"), told_if_stopped(keeper):
        pairs = checked.evaluated_on
        metric = METRICS[request.metric]
        replacing = replacers_to_judge(
            request.ablation, model, pairs, metric, checked.found_on, request.batch_size, progress
        )
        sizes = circuits_of_a_curve(scores, request)
        evaluation, *of_sizes = (
            with_overlap(each, pairs, checked.found_on)
            for each in evaluate_circuits(
                model, pairs, [circuit, *sizes], metric, replacing, request.batch_size, progress
            )
        )
    attention = None
    if request.report:
        with timed(seconds, "attention"), told_if_stopped(keeper):
            heads = heads_by_strength(scores)
            attention = attention_examples(model, pairs, metric, replacing(circuit), heads)
    # Of edges that were not tried nothing is known that could be held beside the truth.
    truth = None if request.edges_from else checked.truth
    if truth is not None and not (request.known or is_known_of(weights_fingerprint(model), truth, request)):
        truth = None
    if truth is not None:
        evaluation = replace(evaluation, **against_known(scores, truth, request.by or "absolute"))
    record = describe_run(request, model, checked.sha256, circuit, seconds, costs)
    told = training.read_text(encoding="utf-8") if here().first and training.is_file() else ""
    curve = Curve(MIB_SIZES, tuple(of_sizes)) if of_sizes else None
    done = Run(request, scores, circuit, evaluation, record, told, curve, attention)
    if here().first:
        save_run(done, page_text([done], [truth]) if request.report else "")
        training.unlink(missing_ok=True)
    if keeper is not None:
        keeper.remove()
    return done


def circuits_of_a_curve(scores: Scores, request: Request) -> list[Circuit]:
    """Those of other sizes that a report tells of; with optimal constants each would learn its own."""
    if not request.report or request.ablation == OPTIMAL:
        return []
    return select_sizes(scores, request, counts_of(scores.graph.edge_count))


def load_model(request: RunRequest, progress: Progress, grouped_readers: bool = False) -> Transformer:
    with progress.status(f"loading {request.model}", on_a_terminal=False), agreed():
        return load(
            request.model,
            dtype=request.dtype,
            device=request.device,
            grouped_readers=grouped_readers,
            quiet=not progress.shown,
            shard_weights=request.shard_weights,
        )
