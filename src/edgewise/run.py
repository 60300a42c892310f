"""One run, in reading order: validate, load, discover, select, evaluate, report, save."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from edgewise.checkpoint import FOLDER, STATE, told_if_stopped
from edgewise.circuit import Circuit, Scores, size_at
from edgewise.costs import search, timed
from edgewise.discovery import checkpoint_in, discover
from edgewise.evaluation.faithfulness import evaluate_circuits
from edgewise.evaluation.known import against_known
from edgewise.evaluation.overlap import with_overlap
from edgewise.masks.optimal import replacers_to_judge
from edgewise.methods import METHODS
from edgewise.methods.options import takes
from edgewise.models.fingerprint import weights_fingerprint
from edgewise.models.load import load
from edgewise.models.transformer import Transformer
from edgewise.progress import READING, Progress
from edgewise.request import DEFAULT_EDGES, Request, RunRequest
from edgewise.run_folder import TRAINING, Run, describe_run, save_run
from edgewise.tasks.metrics import METRICS
from edgewise.validation import validate
from edgewise.zoo.known import KnownCircuit


def run(request: Request, progress: Progress | None = None) -> Run:
    """From a request to a circuit, its evaluation and the folder that holds them."""
    progress = progress or Progress()
    seconds: dict[str, float] = {}
    with timed(seconds, "validate"), progress.status(READING):
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
    if not takes(METHODS[request.method].discover, "log"):
        # Of a run that was broken off before this one.
        training.unlink(missing_ok=True)
    if keeper is None and request.overwrite:
        (Path(request.out) / FOLDER / STATE).unlink(missing_ok=True)
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
        [evaluation] = evaluate_circuits(
            model, pairs, [circuit], metric, replacing, request.batch_size, progress
        )
    evaluation = with_overlap(evaluation, pairs, checked.found_on)
    # Of edges that were not tried nothing is known that could be held beside the truth.
    truth = None if request.edges_from else checked.truth
    if truth is not None and (request.known or is_known_of(model, truth, request)):
        evaluation = replace(evaluation, **against_known(scores, truth, request.by or "absolute"))
    record = describe_run(request, model, checked.sha256, circuit, seconds, costs)
    told = training.read_text(encoding="utf-8") if training.is_file() else ""
    done = Run(request, scores, circuit, evaluation, record, told)
    save_run(done)
    training.unlink(missing_ok=True)
    if keeper is not None:
        keeper.remove()
    return done


def load_model(request: RunRequest, progress: Progress, grouped_readers: bool = False) -> Transformer:
    with progress.status(f"loading {request.model}", on_a_terminal=False):
        return load(
            request.model,
            dtype=request.dtype,
            device=request.device,
            grouped_readers=grouped_readers,
            quiet=not progress.shown,
        )


def is_known_of(model: Transformer, truth: KnownCircuit, request: Request) -> bool:
    """Whether these are the weights whose circuit is known; in another dtype that cannot be told."""
    return request.dtype is not None or truth.weights in (None, weights_fingerprint(model))


def leaves_some_out(request: Request) -> bool:
    """Whether edges that were taken away, or never gone through, have no score to be chosen by."""
    return METHODS[request.method].by_tau or request.edges_from is not None


def can_be_chosen(scores: Scores, request: Request) -> Circuit:
    """The edges that a size is filled with."""
    if not leaves_some_out(request):
        return Circuit.full(scores.graph)
    return Circuit(scores.graph, scores.values != 0)


def order_of(scores: Scores, request: Request) -> str:
    """Of the edges: the one asked for, or else that in which the method itself chose, where it did."""
    return request.by or ("absolute" if scores.chosen is None else "value")


def select(scores: Scores, request: Request, edges: int | None = None) -> Circuit:
    """The circuit that a request makes of scores; `edges` takes the place of its own choice. Where fewer can
    be chosen than are wanted, all of these."""
    wanted, by = request.edges if edges is None else edges, order_of(scores, request)
    every, able = scores.graph.edge_count, can_be_chosen(scores, request)
    if wanted is not None:
        circuit = scores.top(wanted, by, able)
    elif request.threshold is not None:
        circuit = scores.threshold(request.threshold, by) & able
    elif request.sparsity is not None:
        circuit = scores.top(size_at(scores.graph, request.sparsity), by, able)
    elif scores.chosen is not None:
        circuit = scores.own() & able
    else:
        circuit = scores.top(min(DEFAULT_EDGES, every), by, able)
    return circuit.prune() if request.prune else circuit


def fewer_than(size: int, scores: Scores, request: Request) -> str | None:
    """What to know of circuits of so many edges, where there are not as many to choose from."""
    able = len(can_be_chosen(scores, request))
    if size <= able:
        return None
    return f"{able:,} edges have a score to be chosen by: circuits of more are these."
