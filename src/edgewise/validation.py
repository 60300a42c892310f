"""What can be known of a request before weights are loaded, with every problem it has told at once."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from edgewise.checkpoint import FOLDER as CHECKPOINT
from edgewise.checkpoint import STATE
from edgewise.circuit import STRENGTH, Circuit
from edgewise.discovery import check_discovery, with_preset
from edgewise.distributed import here
from edgewise.edges_from import edges_from
from edgewise.errors import BadInput, Problems, check_name, gathered
from edgewise.graph import Graph
from edgewise.known_from import known_from
from edgewise.meaning import (
    FOUND_ON,
    meant,
    pairs_of,
    pairs_to_measure,
    read_model,
    truth_of,
)
from edgewise.methods import METHODS
from edgewise.methods.options import takes
from edgewise.models.load import Preview, check_placement
from edgewise.request import Request, RunRequest
from edgewise.run_folder import FILES, OF_LEARNED_MASKS, RECORD, file_hash
from edgewise.tasks.catalogue import other_corruption
from edgewise.tasks.pairs import Pairs, pairs_hash
from edgewise.units_folder import UNITS_FILES, UNITS_RECORD
from edgewise.zoo.known import KnownCircuit, truth_name


@dataclass(frozen=True)
class Prompts:
    """What a request that can be run is run on."""

    found_on: Pairs
    evaluated_on: Pairs
    sha256: str
    """Of the file of the first, or of a task's pairs."""


@dataclass(frozen=True)
class Checked(Prompts):
    """A request that can be run."""

    request: Request
    """With model, task and metric filled in, and the preset among the options."""
    edges: Circuit | None
    """Those to go through, where not all."""
    truth: KnownCircuit | None
    """What is known of the task's circuit: for the evaluation alone."""


def validate(request: Request) -> Checked:
    """A request that can be run; `BadInput` with all of its problems otherwise."""
    problems = Problems(*request.misread)
    problems.add(*check_placement(request.dtype, request.device))
    request = meant(request, problems)
    model = read_model(request.model, request.grouped_readers, problems)
    found_on = pairs_of(request, FOUND_ON, model, problems)
    options, unknown_preset = with_preset(request.method, request.preset, request.options)
    request = replace(request, options=options)
    problems.add(
        *unknown_preset,
        *check_discovery(
            request.method,
            request.metric,
            request.ablation,
            request.batch_size,
            found_on,
            request.options,
            request.edges_from is not None,
            request.shard_weights and here().count > 1,
        ),
    )
    edges = None
    if request.edges_from is not None and model is not None:
        with gathered(problems):
            edges = edges_from(request.edges_from, Graph.of(model.config))
    evaluated_on = pairs_to_measure(request, model, found_on, problems)
    truth = None
    with gathered(problems):
        truth = None if model is None else truth_to_judge_by(request, Graph.of(model.config))
    problems.add(*check_selection(request, model))
    if request.out:
        problems.add(*check_folder(request.out, request.overwrite), *check_unfinished(request))
    problems.raise_any()
    assert found_on is not None
    assert evaluated_on is not None
    return Checked(found_on, evaluated_on, prompts_hash(request, found_on), request, edges, truth)


def truth_to_judge_by(request: Request, graph: Graph) -> KnownCircuit | None:
    """The circuit of the user's own, where there is one; else what is known of the task."""
    if request.known is None:
        return truth_of(request, graph)
    if request.edges_from is not None:
        raise BadInput(
            "--known holds the scores of all edges beside a circuit, and --edges-from goes through some. "
            "Leave one out."
        )
    other = other_corruption(request.task, request.corruption) if request.task else None
    return known_from(request.known, graph, truth_name(request.ablation, other))


def prompts_hash(request: RunRequest, pairs: Pairs) -> str:
    """As the prompts are now: a file may change while a run goes on."""
    return file_hash(request.prompts) if request.prompts else pairs_hash(pairs)


def check_selection(request: Request, model: Preview | None) -> list[str]:
    problems: list[str] = []
    graph = None if model is None else Graph.of(model.config)
    given = [name for name in ("edges", "threshold", "sparsity") if getattr(request, name) is not None]
    if len(given) > 1:
        problems.append(
            f"one of edges, threshold and sparsity chooses the circuit. Got {' and '.join(given)}."
        )
    if request.edges is not None:
        problems += check_edges(request.edges, graph)
    if request.threshold is not None and math.isnan(request.threshold):
        problems.append("threshold must be a number. Got nan.")
    if request.sparsity is not None and not 0 <= request.sparsity <= 1:
        problems.append(
            f"sparsity must be from 0 (every edge stays) to 1 (none does). Got {request.sparsity:g}."
        )
    return problems + (check_name("order of edges", request.by, STRENGTH) if request.by else [])


def check_edges(edges: int, graph: Graph | None) -> list[str]:
    """Why no circuit of so many edges can be had."""
    if graph is not None and not 0 <= edges <= graph.edge_count:
        return [f"edges must be from 0 to {graph.edge_count:,}, all of this model's. Got {edges:,}."]
    return [f"edges must be 0 or more. Got {edges:,}."] if edges < 0 else []


def check_folder(out: str, overwrite: bool, mark: str = RECORD, what: str = "a run") -> list[str]:
    """Why `what` cannot be put there. `mark` is the file that tells such a folder from any other."""
    folder = Path(out)
    if folder.is_symlink() and not folder.exists():
        return [f"{out} is a link to nothing. Give another --out."]
    if folder.exists() and not folder.is_dir():
        return [f"{out} is a file, and {what} needs a folder. Give another --out."]
    unfinished = what == "a run" and (folder / CHECKPOINT / STATE).is_file()
    if unfinished and [each.name for each in folder.iterdir()] == [CHECKPOINT]:
        return check_can_be_made(folder)
    if folder.exists() and not overwrite:
        return [
            f"{out} is there already and was left as it is. "
            f"Give another --out, or --overwrite to replace the files of {what} in it."
        ]
    if folder.exists() and any(folder.iterdir()) and not (folder / mark).exists():
        return [f"{out} holds other files and no {mark}: nothing to overwrite. Give another --out."]
    return check_can_be_made(folder)


def check_unfinished(request: Request) -> list[str]:
    """A run that keeps no checkpoint would leave that of another one beside its files."""
    method, place = METHODS.get(request.method), Path(request.out) / CHECKPOINT
    if (
        request.overwrite
        or method is None
        or takes(method.discover, "checkpoint")
        or not (place / STATE).is_file()
    ):
        return []
    return [f"{request.out} holds the unfinished work of another run. Give another --out, or remove {place}."]


def check_file(out: str, overwrite: bool) -> list[str]:
    """Why a file cannot be put there."""
    path = Path(out)
    if path.is_dir():
        return [f"{out} is a folder, and a file is to be written. Give another --out."]
    if path.exists() and not overwrite:
        return [f"{out} is there already and was left as it is. Give another --out, or --overwrite."]
    return check_can_be_made(path)


def check_kept(path: Path, requests: Iterable[Request]) -> list[str]:
    """Why nothing may take the place of this file: it is of a run, or these requests read it."""
    # Where it is a link: what it leads to, and the link itself, such as the files of a downloaded model are.
    for place in (path.resolve(), path.parent.resolve() / path.name):
        if what := _kept(place, requests):
            return [f"{path} is {what}, and is kept even with --overwrite. Give another --out."]
    return []


def _kept(path: Path, requests: Iterable[Request]) -> str | None:
    of_runs = {RECORD: {**FILES, **OF_LEARNED_MASKS}, UNITS_RECORD: UNITS_FILES}
    if any(path.name in files and (path.parent / mark).exists() for mark, files in of_runs.items()):
        return f"a file of the run in {path.parent}"
    for request in requests:
        if request.model and path.is_file() and path.parent == Path(request.model).resolve():
            return f"a file of the model in {request.model}"
        if path in [Path(prompts).resolve() for prompts in (request.prompts, request.evaluate_on) if prompts]:
            return "a file of prompts"
    return None


def check_can_be_made(path: Path) -> list[str]:
    above = next(folder for folder in path.absolute().parents if folder.exists())
    if not above.is_dir():
        return [f"{path} cannot be made: {above} is a file."]
    if not os.access(above, os.W_OK):
        return [f"{path} cannot be made: {above} cannot be written to."]
    return []
