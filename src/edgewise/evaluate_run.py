"""`edgewise evaluate`: the circuit of a run measured again, on its own prompts or others."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

from edgewise.circuit import Circuit
from edgewise.errors import Problems, gathered
from edgewise.evaluation.evaluation import Evaluation
from edgewise.evaluation.faithfulness import evaluate_circuits
from edgewise.evaluation.overlap import with_overlap
from edgewise.files import atomic_write, make_parents
from edgewise.graph import Graph
from edgewise.masks.constants import OPTIMAL
from edgewise.masks.optimal import replacers_to_judge
from edgewise.meaning import (
    FOUND_ON,
    MEASURED_ON,
    check_sources,
    idle_options,
    pairs_of,
    read_model,
)
from edgewise.models.fingerprint import weights_fingerprint
from edgewise.models.load import Preview, check_placement, load
from edgewise.models.transformer import Transformer
from edgewise.progress import Progress
from edgewise.request import EvaluationRequest, Request
from edgewise.run import select
from edgewise.run_folder import Run, file_hash, load_run
from edgewise.tasks.checks import METRIC, check_task
from edgewise.tasks.metrics import METRICS
from edgewise.tasks.pairs import Pairs, pairs_hash
from edgewise.validation import check_edges, check_file, check_kept
from edgewise.zoo.truth import own_task

CHANGEABLE = (
    *("metric", "ablation", "model", "batch_size", "dtype", "device"),
    *("examples", "seed", "corruption"),
)
"""What can be asked for otherwise than in the run, prompts and task apart."""
AGAINST_KNOWN = ("edge_auc", "precision_at_known_size")
"""What scores are told beside a known circuit, whatever circuit is made of them."""


@dataclass(frozen=True)
class Evaluated:
    """Circuits of one run, and what each does alone."""

    run: Run
    prompts: str
    circuits: list[Circuit]
    evaluations: list[Evaluation]
    notes: list[str]
    """What a reader of the numbers should know."""


def evaluate_run(request: EvaluationRequest, progress: Progress | None = None) -> Evaluated:
    progress = progress or Progress()
    run, asked, pairs, found_on = check(request)
    place = asked.prompts or f"task {asked.task}, split {request.split or MEASURED_ON}"
    model = load(
        asked.model,
        dtype=asked.dtype,
        device=asked.device,
        grouped_readers=asked.grouped_readers,
        quiet=not progress.shown,
    )
    circuits = [select(run.scores, asked, edges) for edges in request.edges] or [run.circuit]
    metric = METRICS[asked.metric]
    replacing = replacers_to_judge(asked.ablation, model, pairs, metric, found_on, asked.batch_size, progress)
    evaluations = evaluate_circuits(model, pairs, circuits, metric, replacing, asked.batch_size, progress)
    same_prompts = bool(asked.prompts) and file_hash(asked.prompts) == run.record["prompts"].get("sha256")
    if found_on is None:
        also = len(pairs) if same_prompts else None
        evaluations = [
            dataclasses.replace(each, found_here=same_prompts, also_found_on=also) for each in evaluations
        ]
    else:
        evaluations = [with_overlap(each, pairs, found_on) for each in evaluations]
    notes = notes_on(run, asked, model, same_prompts)
    if is_judged_alike(run, asked, model):
        told = {name: getattr(run.evaluation, name) for name in AGAINST_KNOWN}
        evaluations = [dataclasses.replace(each, **told) for each in evaluations]
    done = Evaluated(run, place, circuits, evaluations, notes)
    if request.out is not None:
        make_parents(request.out)
        content = {
            "run": str(run.folder),
            "prompts": place,
            "evaluations": [each.to_dict() for each in evaluations],
        }
        atomic_write(request.out, json.dumps(content, indent=1) + "\n")
    return done


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


def check(request: EvaluationRequest) -> tuple[Run, Request, Pairs, Pairs | None]:
    """The run, what is asked of it, the prompts to evaluate on and those it was found on, if they are left.

    All problems at once if there are any.
    """
    problems = Problems(*request.misread)
    run = None
    with gathered(problems):
        run = load_run(request.run) if request.run else None
    was_asked = Request(out="", metric=METRIC) if run is None else run.request
    asked = as_asked(was_asked, request)
    problems.add(*idle_options(asked.prompts, request))
    with gathered(problems):
        problems.add(*check_sources(request.prompts, request.task, own_task(asked.model) or ""))
    pairs, found_on = check_asked(asked, request, run, problems)
    if request.out is not None:
        kept = check_kept(Path(request.out), [was_asked, asked])
        problems.add(*kept or check_file(request.out, request.overwrite))
    problems.raise_any()
    assert run is not None
    assert pairs is not None
    return run, asked, pairs, found_on


def check_asked(
    asked: Request, request: EvaluationRequest, run: Run | None, problems: Problems
) -> tuple[Pairs | None, Pairs | None]:
    """The prompts to evaluate on and those the circuit was found on; without a run, None."""
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
    if asked.ablation == OPTIMAL and run is not None and model is not None and found_on is None:
        problems.add(
            "ablation 'optimal' learns what stands in for the rest of the circuit on the prompts that it was "
            "found on. These are not what they were, or not there any more. Choose another ablation."
        )
    return pairs, found_on


def pairs_found_on(run: Run, model: Preview) -> Pairs | None:
    """The pairs the circuit was found on, while their file or their task is what it was."""
    path, sha256 = run.request.prompts, run.record["prompts"].get("sha256")
    if path and not (Path(path).is_file() and file_hash(path) == sha256):
        return None
    pairs = pairs_of(run.request, FOUND_ON, model, Problems())
    return pairs if path or pairs is None or pairs_hash(pairs) == sha256 else None


def is_gone(place: str) -> bool:
    """Whether something lay there when the run was made, whose record tells such places in full."""
    return Path(place).is_absolute() and not Path(place).exists()


def is_judged_alike(run: Run, asked: Request, model: Transformer) -> bool:
    """Whether what the run's scores find of a known circuit is told of the same replacements and weights."""
    alike = ("task", "ablation", "corruption", "dtype")
    return all(getattr(asked, name) == getattr(run.request, name) for name in alike) and (
        weights_fingerprint(model) == run.record["model"].get("weights")
    )


def notes_on(run: Run, asked: Request, model: Transformer, same_prompts: bool) -> list[str]:
    notes: list[str] = []
    same_dtype = asked.dtype == run.request.dtype
    if same_dtype and weights_fingerprint(model) != run.record["model"].get("weights"):
        notes.append(f"the weights of {asked.model} are not those of the run.")
    if asked.prompts and not same_prompts and asked.prompts == run.request.prompts:
        notes.append(f"{asked.prompts} has changed since the run.")
    if run.evaluation.known_text is not None and not is_judged_alike(run, asked, model):
        own = ", ".join(part for part in (run.request.ablation, run.request.corruption) if part)
        notes.append(f"the run's scores are held beside the circuit known for its own task and {own} alone.")
    return notes
