"""What can be known of a request before weights are loaded, with every problem it has told at once."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from edgewise.circuit import STRENGTH
from edgewise.discovery import check_discovery
from edgewise.errors import BadInput, Problems, check_name
from edgewise.graph import Graph
from edgewise.models.load import Preview, check_placement, preview
from edgewise.request import Request
from edgewise.run_folder import FILES, RECORD, file_hash
from edgewise.tasks.checks import check_task
from edgewise.tasks.pairs import Pairs
from edgewise.tasks.prompt_rules import PromptRules
from edgewise.tasks.prompts_file import read_jsonl


@dataclass(frozen=True)
class Prompts:
    """The prompts to find the circuit on, and those to evaluate it on."""

    found_on: Pairs
    evaluated_on: Pairs
    sha256: str
    """Of the file of the first."""


def validate(request: Request) -> Prompts:
    """The prompts of a request that can be run; `BadInput` with all of its problems otherwise."""
    problems = Problems(*request.misread)
    problems.add(*check_placement(request.dtype, request.device))
    model = read_model(request.model, request.grouped_readers, problems)
    found_on = read_prompts(request.prompts, model, problems)
    problems.add(
        *check_discovery(
            request.method,
            request.metric,
            request.ablation,
            request.batch_size,
            found_on,
            request.options,
        )
    )
    evaluated_on = found_on
    if request.evaluate_on is not None:
        evaluated_on = read_prompts(request.evaluate_on, model, problems)
        problems.add(*check_task(request.metric, request.ablation, request.batch_size, evaluated_on))
    problems.add(*check_selection(request, model))
    if request.out:
        problems.add(*check_folder(request.out, request.overwrite))
    problems.raise_any()
    assert found_on is not None
    assert evaluated_on is not None
    return Prompts(found_on, evaluated_on, file_hash(request.prompts))


def read_model(source: str, grouped_readers: bool, problems: Problems) -> Preview | None:
    """The model without its weights; None where it has a problem, or its name was not read."""
    with gathered(problems):
        return preview(source, grouped_readers=grouped_readers) if source else None


def read_prompts(path: str, model: Preview | None, problems: Problems) -> Pairs | None:
    """The pairs of a file that are right; without a model to judge them by, a look at the file alone."""
    with gathered(problems):
        if path and model is None:
            problems.add(*read_jsonl(path)[1])
        elif path and model is not None:
            pairs, wrong = Pairs.read(path, PromptRules.of(model.config, model.tokenizer))
            problems.add(*wrong)
            return pairs or None


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
    return problems + check_name("order of edges", request.by, STRENGTH)


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
    if folder.exists() and not overwrite:
        return [
            f"{out} is there already and was left as it is. "
            f"Give another --out, or --overwrite to replace the files of {what} in it."
        ]
    if folder.exists() and any(folder.iterdir()) and not (folder / mark).exists():
        return [f"{out} holds other files and no {mark}: nothing to overwrite. Give another --out."]
    return check_can_be_made(folder)


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
    if path.name in FILES and (path.parent / RECORD).exists():
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


@contextmanager
def gathered(problems: Problems) -> Iterator[None]:
    """What is wrong inside the block is added to the problems, and checking goes on after it."""
    try:
        yield
    except BadInput as error:
        problems.catch(error)
