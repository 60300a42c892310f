"""What a request means: the model that a task brings, the task that a model brings, and their prompt pairs.

Prompts come from a file or from a task. A circuit is found on a task's train split and measured on its test
split: no two clean prompts of different splits are about the same.
"""

from __future__ import annotations

import dataclasses
from typing import TypeVar

from edgewise.errors import BadInput, Problems, check_name, gathered
from edgewise.graph import Graph
from edgewise.models.bundled import PREFIX, bundled_names, tasks_with_a_model
from edgewise.models.load import Preview, preview
from edgewise.request import RunRequest, lacking
from edgewise.tasks import programs
from edgewise.tasks.catalogue import (
    EXAMPLES,
    TASKS,
    metric_for,
    model_for,
    other_corruption,
    program_task,
    text_task,
)
from edgewise.tasks.checks import METRIC, check_task
from edgewise.tasks.pairs import Pairs
from edgewise.tasks.prompt_rules import PromptRules
from edgewise.tasks.prompts_file import read_jsonl
from edgewise.zoo.bundle import Bundle
from edgewise.zoo.known import KnownCircuit, truth_name
from edgewise.zoo.truth import known_circuits, model_folder, own_task

FOUND_ON, MEASURED_ON = "train", "test"
"""The splits of a task."""
TASK_OPTIONS = ("examples", "seed", "corruption", "split")
Asked = TypeVar("Asked", bound=RunRequest)


def meant(request: Asked, problems: Problems) -> Asked:
    """The request with model, task and metric filled in where each follows from another."""
    own = ""
    with gathered(problems):
        own = own_task(request.model) or ""
    task = request.task or ("" if request.prompts else own)
    problems.add(*check_sources(request.prompts, request.task, own))
    problems.add(*idle_options(request.prompts, request))
    if task not in ("", own, *TASKS, *programs.PROGRAMS):
        return dataclasses.replace(request, metric=request.metric or METRIC)
    model = request.model or model_for(task) or ""
    problems.add(*lacking(vars(request), request.misread))
    if task and not model:
        with_one = ", ".join(tasks_with_a_model())
        problems.add(f"task {task!r} has no model of its own. Give --model. Tasks that have one: {with_one}.")
    metric = request.metric or (metric_for(task) if task else METRIC)
    return dataclasses.replace(request, model=model, task=task, metric=metric)


def check_sources(prompts: str | None, task: str | None, own: str) -> list[str]:
    """Why pairs cannot be had of these. `own`: the task that the model comes with, if it comes with one."""
    problems = ["one of prompts and task was needed. Got both. Leave one out."] if prompts and task else []
    if not task:
        return problems
    if task in bundled_names() and task not in (*TASKS, *programs.PROGRAMS):
        return [*problems, f"{task!r} is a model and no task. Give --model {PREFIX}{task}."]
    return problems + check_name("task", task, {*TASKS, *programs.PROGRAMS, *filter(None, [own])})


def idle_options(prompts: str | None, asked: object) -> list[str]:
    """Why options that choose among a task's prompts cannot be followed: there are prompts of a file."""
    given = [name for name in TASK_OPTIONS if getattr(asked, name, None)]
    if not prompts or not given:
        return []
    told = f"{' and '.join(given)} {'choose' if len(given) > 1 else 'chooses'} among a task's prompts."
    return [f"{told} Got prompts of a file. Leave one out."]


def truth_of(request: RunRequest, graph: Graph) -> KnownCircuit | None:
    """The circuit that is known for a request's task and for what replaces the sources, if one is.

    For evaluation alone: no method is given it. One without edges tells nothing of scores.
    """
    if not request.task:
        return None
    known = known_circuits(request.model, request.task, graph)
    truth = known.get(truth_name(request.ablation, other_corruption(request.task, request.corruption)))
    return truth if truth and 0 < len(truth.circuit) < graph.edge_count - len(truth.backups) else None


def pairs_of(request: RunRequest, split: str, model: Preview | None, problems: Problems) -> Pairs | None:
    """The prompt pairs of a request whose meaning is known, those of its file or of one split of its task."""
    if request.prompts:
        return read_prompts(request.prompts, model, problems)
    if model is None:
        return None
    if not request.task:
        # What seems to be missing may be what could not be read.
        if not request.misread:
            problems.add(
                f"prompts were needed, and {request.model} comes with no task. Give --prompts or --task."
            )
        return None
    with gathered(problems):
        return _task_pairs(request, split, model)


def _task_pairs(request: RunRequest, split: str, model: Preview) -> Pairs | None:
    """None where there is no such task, which has been told."""
    choices = {"split": split, "seed": request.seed, "corruption": request.corruption or None}
    if request.task in TASKS:
        rules = PromptRules.of(model.config, model.tokenizer)
        examples = EXAMPLES if request.examples is None else request.examples
        return text_task(request.task, rules, examples, **choices)
    folder, own = model_folder(request.model), own_task(request.model)
    if request.task not in (own, *programs.PROGRAMS):
        return None
    if folder is None or own != request.task:
        raise BadInput(
            f"task {request.task!r} belongs to {model_for(request.task) or 'a model of its own'}. "
            f"Got {request.model}."
        )
    return program_task(Bundle.load(folder), request.examples, **choices)


def pairs_to_measure(
    request: RunRequest, model: Preview | None, found_on: Pairs | None, problems: Problems
) -> Pairs | None:
    """Those that what is found on other pairs is measured on."""
    if request.evaluate_on is not None:
        measured_on = read_prompts(request.evaluate_on, model, problems)
        problems.add(*check_task(request.metric, request.ablation, request.batch_size, measured_on))
        return measured_on
    return pairs_of(request, MEASURED_ON, model, problems) if request.task else found_on


def read_model(source: str, grouped_readers: bool, problems: Problems) -> Preview | None:
    """The model without its weights; None where it has a problem, or its name was not read."""
    with gathered(problems):
        return preview(source, grouped_readers=grouped_readers) if source else None


def read_prompts(path: str, model: Preview | None, problems: Problems) -> Pairs | None:
    """The pairs of a file that are right; without a model to judge them by, a look at the file alone."""
    with gathered(problems):
        if model is None:
            problems.add(*read_jsonl(path)[1])
            return None
        pairs, wrong = Pairs.read(path, PromptRules.of(model.config, model.tokenizer))
        problems.add(*wrong)
        return pairs or None
