"""`edgewise stability`: the circuit of a run found again on other draws of its examples.

With --out each draw is written when it is done, and the same command goes on from there:

    {"format": "edgewise stability", "version": 1, "of": what was asked, "circuits": [[edge, ...], ...], ...}
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from edgewise.circuit import Circuit, Scores
from edgewise.distributed import agreed, from_first, here
from edgewise.edges_from import edges_from
from edgewise.errors import BadInput, Problems, Stopped, gathered
from edgewise.evaluate_checks import pairs_found_on
from edgewise.files import atomic_write, in_file, make_parents, read_described
from edgewise.graph import Graph
from edgewise.meaning import read_model
from edgewise.models.fingerprint import weights_fingerprint
from edgewise.models.transformer import Transformer
from edgewise.progress import READING, Progress
from edgewise.resampling import Stability, circuits_of_draws
from edgewise.run import load_model
from edgewise.run_folder import Run, load_run
from edgewise.selection import select
from edgewise.tasks.pairs import Pairs
from edgewise.validation import check_kept
from edgewise.verb_requests import StabilityRequest

FORMAT, VERSION = "edgewise stability", 1


def stability_of_run(request: StabilityRequest, progress: Progress | None = None) -> Stability:
    progress = progress or Progress()
    with progress.status(READING), agreed():
        run, pairs, edges = check(request)
    asked = run.request
    model = load_model(asked, progress, asked.grouped_readers)
    of = {**described(run, model, edges), "seed_of_draws": request.seed}
    found: list[Circuit] = []
    if request.out is not None and not request.overwrite:
        found = from_first(partial(circuits_in, request.out, of, run))[: request.draws]

    def choose(scores: Scores) -> Circuit:
        return select(scores, asked)

    how: dict[str, Any] = {
        "metric": asked.metric,
        "ablation": asked.ablation,
        "batch_size": asked.batch_size,
        **asked.options,
    }
    if edges is not None:
        how["edges"] = edges
    left = range(len(found), request.draws)
    with (
        told_if_stopped(request, found),
        progress.counting("drawing examples", request.draws, "draws", len(found)) as advance,
    ):
        for circuit in circuits_of_draws(model, pairs, asked.method, choose, left, request.seed, how):
            found.append(circuit)
            if request.out is not None and here().first:
                save(request.out, of, found)
            advance(1)
    return Stability(tuple(found))


@contextmanager
def told_if_stopped(request: StabilityRequest, found: list[Circuit]) -> Iterator[None]:
    """Whoever breaks off what is done inside is told where the draws are."""
    try:
        yield
    except KeyboardInterrupt as stop:
        done = f"{len(found):,} of {request.draws:,} draws are done"
        if not found:
            raise
        if request.out is None:
            again = "Give --out FILE.json, and each is written when it is done."
            raise Stopped(f"{done}, and nothing of them is kept. {again}", goes_on=False) from stop
        without = "--overwrite" if request.overwrite else ""
        again = f"the same {f'without {without}' if without else 'again'} goes on from there."
        raise Stopped(f"{done}, and in {request.out}: {again}", without=without) from stop


def check(request: StabilityRequest) -> tuple[Run, Pairs, Circuit | None]:
    """The run, the pairs that its circuit was found on, and the edges that were gone through, if not all;
    all problems at once."""
    problems = Problems(*request.misread)
    run, pairs, edges = None, None, None
    with gathered(problems):
        run = load_run(request.run, to_look_at=False) if request.run else None
    if request.draws < 2:
        problems.add(f"draws must be 2 or more. Got {request.draws}.")
    if run is not None:
        model = read_model(run.request.model, run.request.grouped_readers, problems)
        pairs = None if model is None else pairs_found_on(run, model)
        if model is not None and pairs is None:
            problems.add("the prompts that the run's circuit was found on are not what they were, or gone.")
        if run.request.edges_from is not None:
            with gathered(problems):
                edges = edges_from(run.request.edges_from, run.scores.graph)
        if request.out is not None:
            problems.add(*check_kept(Path(request.out), [run.request]))
            if Path(request.out).is_dir():
                problems.add(f"--out needs a file. {request.out} is a folder.")
    problems.raise_any()
    assert run is not None
    assert pairs is not None
    return run, pairs, edges


def described(run: Run, model: Transformer, edges: Circuit | None) -> dict[str, Any]:
    """What the circuits of draws depend on, their seed apart."""
    asked = run.record["request"]
    unimportant = ("out", "overwrite", "evaluate_on", "known", "batch_size", "device")
    told = {name: value for name, value in asked.items() if name not in unimportant}
    gone_through = None if edges is None else list(edges)
    weights, prompts = weights_fingerprint(model), run.record["prompts"].get("sha256")
    return {
        **told,
        "options": run.record["options"],
        "gone_through": gone_through,
        "weights": weights,
        "prompts_sha256": prompts,
    }


def circuits_in(path: str, of: dict[str, Any], run: Run) -> list[Circuit]:
    """The draws that are done."""
    if not Path(path).exists():
        return []
    written = read_described(path, FORMAT, VERSION)
    if written.get("of") != json.loads(json.dumps(of)):
        raise BadInput(f"{path} holds the draws of another run or seed. Give another --out, or --overwrite.")
    graph: Graph = run.scores.graph
    with in_file(path):
        return [Circuit.of(graph, edges) for edges in written.get("circuits", [])]


def save(path: str, of: dict[str, Any], circuits: list[Circuit]) -> None:
    make_parents(path)
    described = {"format": FORMAT, "version": VERSION, "of": of}
    told = Stability(tuple(circuits)).to_dict() if len(circuits) > 1 else {}
    content = {**described, **told, "circuits": [list(circuit) for circuit in circuits]}
    atomic_write(path, json.dumps(content, indent=1) + "\n")
