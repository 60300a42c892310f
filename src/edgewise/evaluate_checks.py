"""What can be known of `edgewise evaluate` before weights are loaded, with every problem told at once."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from edgewise.circuit import STRENGTH
from edgewise.errors import Problems, check_name, gathered
from edgewise.evaluation.averaging import AVERAGINGS, RATIO_OF_MEANS
from edgewise.evaluation.claims import check_claims
from edgewise.evaluation.evaluation import EDGES, NODES
from edgewise.evaluation.faithfulness import check_learned_on
from edgewise.graph import Graph
from edgewise.masks.constants import OPTIMAL
from edgewise.meaning import (
    FOUND_ON,
    MEASURED_ON,
    check_sources,
    idle_options,
    pairs_of,
    read_model,
    read_prompts,
)
from edgewise.models.load import Preview, check_placement
from edgewise.request import Request
from edgewise.run_folder import Run, file_hash, load_run
from edgewise.tasks.checks import METRIC, check_task
from edgewise.tasks.metrics import METRICS
from edgewise.tasks.pairs import Pairs, pairs_hash
from edgewise.validation import check_edges, check_file, check_kept, truth_to_judge_by
from edgewise.verb_requests import EvaluationRequest
from edgewise.zoo.known import KnownCircuit
from edgewise.zoo.truth import own_task

CHANGEABLE = (
    *("metric", "ablation", "model", "batch_size", "dtype", "device"),
    *("examples", "seed", "corruption", "by"),
)
"""What can be asked for otherwise than in the run, prompts and task apart."""


class Prompts(NamedTuple):
    judged_on: Pairs
    found_on: Pairs | None
    """Where they are left."""
    learned_on: Pairs | None
    """For the constants of optimal ablation."""


def as_asked(run: Request, request: EvaluationRequest) -> Request:
    """The run's own request with what is asked for otherwise now."""
    changes = {name: value for name in CHANGEABLE if (value := getattr(request, name)) is not None}
    if request.task:
        changes["corruption"] = request.corruption or ""
    of_task = request.task or (run.task and request.split)
    prompts = request.prompts or ("" if of_task else run.evaluate_on or run.prompts)
    return dataclasses.replace(
        run, prompts=prompts, task="" if prompts else request.task or run.task, **changes
    )


class Asked(NamedTuple):
    """An evaluation that can be made."""

    run: Run
    request: Request
    """The run's own, with what is asked for otherwise now."""
    prompts: Prompts
    truth: KnownCircuit | None
    """To hold the scores beside, where one was given."""


def check(request: EvaluationRequest) -> Asked:
    """All problems at once if there are any."""
    problems = Problems(*request.misread)
    run = None
    with gathered(problems):
        run = load_run(request.run, to_look_at=False) if request.run else None
    was_asked = Request(out="", metric=METRIC) if run is None else run.request
    asked = as_asked(was_asked, request)
    problems.add(*idle_options(asked.prompts, request))
    with gathered(problems):
        problems.add(*check_sources(request.prompts, request.task, own_task(asked.model) or ""))
    prompts = check_asked(asked, request, run, problems)
    truth = None
    if request.known is not None and run is not None:
        with gathered(problems):
            truth = truth_to_judge_by(dataclasses.replace(asked, known=request.known), run.scores.graph)
    if asked.by:
        problems.add(*check_name("order of edges", asked.by, STRENGTH))
    if request.by is not None and not (request.edges or request.curve):
        problems.add(
            "by is the order of which --edges are the strongest. Got none. Give some, or leave it out."
        )
    problems.add(*check_name("granularity", request.granularity, (EDGES, NODES)))
    if request.granularity == NODES and (not request.curve or request.edges):
        problems.add(
            "--granularity nodes is of --curve at its ten sizes. Give --curve, and leave --edges out."
        )
    for name in ("minimality", "tests"):
        if getattr(request, name) and (request.curve or len(request.edges) > 1):
            several = "--curve" if request.curve else "several --edges"
            problems.add(f"--{name} is of one circuit. Got {several}, too. Leave one of them out.")
    if request.tests and prompts is not None and asked.metric in METRICS:
        problems.add(*check_claims(prompts.judged_on, asked.ablation, METRICS[asked.metric]))
    if request.minimality and request.averaging in {*AVERAGINGS} - {RATIO_OF_MEANS}:
        problems.add(
            f"--minimality is by {RATIO_OF_MEANS}. Got --averaging {request.averaging}. Leave one out."
        )
    if request.averaging is not None:
        problems.add(*check_name("averaging", request.averaging, AVERAGINGS))
    if request.curve and request.edges and (len(request.edges) < 2 or has_falls(request.edges)):
        told = ", ".join(map(str, request.edges))
        problems.add(
            f"--curve needs two sizes or more, the smallest first. Got --edges {told}. "
            "Leave them out for ten sizes."
        )
    if request.out is not None:
        kept = check_kept(Path(request.out), [was_asked, asked])
        problems.add(*kept or check_file(request.out, request.overwrite))
    problems.raise_any()
    assert run is not None
    assert prompts is not None
    return Asked(run, asked, prompts, truth)


def check_asked(
    asked: Request, request: EvaluationRequest, run: Run | None, problems: Problems
) -> Prompts | None:
    """None where they cannot be had."""
    problems.add(*check_placement(asked.dtype, asked.device))
    model, pairs = None, None
    if request.model is None and is_gone(asked.model):
        problems.add(f"{asked.model}, the run's model, is not there any more. Say where it is now: --model.")
    else:
        model = read_model(asked.model, asked.grouped_readers, problems)
    if request.prompts is None and is_gone(asked.prompts):
        problems.add(f"{asked.prompts}, the run's prompts, are not there any more. Give some: --prompts.")
    else:
        pairs = pairs_of(asked, request.split or MEASURED_ON, model, problems)
    problems.add(*check_task(asked.metric, asked.ablation, asked.batch_size, pairs))
    graph = None if run is None else run.circuit.graph
    if model is not None and graph is not None and Graph.of(model.config) != graph:
        problems.add(
            f"the run needs a model of {graph.describe()}. "
            f"Got {asked.model}, of {Graph.of(model.config).describe()}. Give the run's own: --model."
        )
    for edges in request.edges:
        problems.add(*check_edges(edges, graph))
    found_on = None if run is None or model is None else pairs_found_on(run, model)
    learned_on = found_on
    if request.learned_on is not None:
        learned_on = read_prompts(request.learned_on, model, problems)
        if asked.ablation != OPTIMAL:
            problems.add(
                f"learned_on is of ablation 'optimal', which learns constants. Got {asked.ablation!r}. "
                "Leave it out, or give --ablation optimal."
            )
    elif asked.ablation == OPTIMAL and run is not None and model is not None and found_on is None:
        problems.add(
            "ablation 'optimal' learns what stands in for the rest of the circuit on the prompts that it was "
            "found on. These are not what they were, or not there any more. Give some: --learned-on."
        )
    if asked.ablation == OPTIMAL and learned_on is not None:
        problems.add(*check_learned_on(asked.ablation, learned_on))
    return None if pairs is None else Prompts(pairs, found_on, learned_on)


def pairs_found_on(run: Run, model: Preview) -> Pairs | None:
    """The pairs the circuit was found on, while their file or their task is what it was."""
    path, sha256 = run.request.prompts, run.record["prompts"].get("sha256")
    if path and not (Path(path).is_file() and file_hash(path) == sha256):
        return None
    pairs = pairs_of(run.request, FOUND_ON, model, Problems())
    return pairs if path or pairs is None or pairs_hash(pairs) == sha256 else None


def has_falls(sizes: Sequence[int]) -> bool:
    return any(one >= other for one, other in pairwise(sizes))


def is_gone(place: str) -> bool:
    """Whether something lay there when the run was made, whose record tells such places in full."""
    return Path(place).is_absolute() and not Path(place).exists()
