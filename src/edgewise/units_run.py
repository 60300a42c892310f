"""One run of `learn-units`, in reading order: check, load, learn, evaluate, save.

What `run.py` is to edges: a mask is learned on a task's train split and measured on its test split.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from edgewise.checkpoint import FOLDER, told_if_stopped
from edgewise.costs import search, timed
from edgewise.distributed import agreed, here
from edgewise.errors import Problems
from edgewise.evaluation.overlap import with_overlap
from edgewise.evaluation.units import evaluate_units
from edgewise.meaning import FOUND_ON, meant, pairs_of, pairs_to_measure, read_model
from edgewise.models.load import check_placement
from edgewise.progress import READING, Progress
from edgewise.request import UnitsRequest
from edgewise.run import load_model
from edgewise.run_files import TRAINING
from edgewise.unit_discovery import check_learning_of, learn_units, units_checkpoint
from edgewise.units_folder import UNITS_RECORD, UnitsRun, describe_units_run, save_units_run
from edgewise.validation import Prompts, check_folder, prompts_hash


def run_units(request: UnitsRequest, progress: Progress | None = None) -> UnitsRun:
    """From a request to a mask, its evaluation and the folder that holds them."""
    progress = progress or Progress()
    seconds: dict[str, float] = {}
    with timed(seconds, "validate"), progress.status(READING), agreed():
        request, checked = check(request)
    with timed(seconds, "load"):
        model = load_model(request, progress)
    pairs, options = checked.evaluated_on, request.options
    chosen: Any = {
        "metric": request.metric,
        "ablation": request.ablation,
        "batch_size": request.batch_size,
    }
    work = Path(request.out) / FOLDER
    training = work / TRAINING
    given = (model, checked.found_on, request.grain)
    keeper = units_checkpoint(work, *given, options, **chosen, overwrite=request.overwrite)
    with search("learn", seconds, *given[:2], request.batch_size, keeper) as costs:
        units = learn_units(*given, **chosen, checkpoint=keeper, log=training, progress=progress, **options)
    with timed(seconds, "evaluate"), told_if_stopped(keeper):
        evaluation = evaluate_units(model, pairs, units, **chosen, progress=progress)
    evaluation = with_overlap(evaluation, pairs, checked.found_on)
    record = describe_units_run(request, model, checked.sha256, units, seconds, costs)
    told = training.read_text() if here().first and training.is_file() else ""
    done = UnitsRun(request, units, evaluation, record, told)
    if here().first:
        save_units_run(done)
        training.unlink(missing_ok=True)
    keeper.remove()
    return done


def check(request: UnitsRequest) -> tuple[UnitsRequest, Prompts]:
    """The request with model, task and metric filled in, and its prompts; all problems at once otherwise."""
    problems = Problems(*request.misread)
    problems.add(*check_placement(request.dtype, request.device))
    request = meant(request, problems)
    model = read_model(request.model, grouped_readers=False, problems=problems)
    found_on = pairs_of(request, FOUND_ON, model, problems)
    problems.add(
        *check_learning_of(
            request.grain,
            request.metric,
            request.ablation,
            request.batch_size,
            found_on,
            request.options,
            None if model is None else model.config,
            request.shard_weights and here().count > 1,
        )
    )
    evaluated_on = pairs_to_measure(request, model, found_on, problems)
    if request.out:
        problems.add(*check_folder(request.out, request.overwrite, UNITS_RECORD))
    problems.raise_any()
    assert found_on is not None
    assert evaluated_on is not None
    return request, Prompts(found_on, evaluated_on, prompts_hash(request, found_on))
