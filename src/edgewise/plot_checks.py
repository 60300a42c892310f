"""What can be known of `edgewise plot` before a picture is made, with every problem told at once."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from edgewise.circuit import Circuit
from edgewise.errors import BadInput, Problems, check_name, gathered, several
from edgewise.evaluation.curve import Curve
from edgewise.evaluation.curve_file import HOW, read_curve
from edgewise.graph import Graph
from edgewise.pictures.paper import FORMS
from edgewise.run_folder import CURVE, Run, load_run
from edgewise.run_page import known_of, model_of
from edgewise.selection import select
from edgewise.validation import check_can_be_made, check_edges
from edgewise.verb_requests import PlotRequest
from edgewise.zoo.known import KnownCircuit

FOLDER = "pictures"


@dataclass(frozen=True)
class Seen:
    """What pictures are made of."""

    run: Run
    circuit: Circuit
    known: KnownCircuit | None
    why_unknown: str
    curve: Curve | None
    why_no_curve: str
    exact: Run | None

    @property
    def title(self) -> str:
        asked = self.run.request
        return f"{asked.task or Path(asked.prompts).name} in {model_of(self.run)}, {asked.method}"

    @property
    def by(self) -> str:
        return self.run.request.by or "absolute"


def folder_of(request: PlotRequest) -> Path:
    return Path(request.run) / FOLDER if request.out is None else Path(request.out)


def check(request: PlotRequest, pictures: Collection[str]) -> Seen:
    """All problems at once if there are any. `pictures`: those that there are."""
    problems = Problems(*request.misread)
    run = exact = curve = None
    with gathered(problems):
        run = load_run(request.run, to_look_at=False) if request.run else None
    for name in request.only:
        problems.add(*check_name("picture", name, pictures))
    problems.add(*check_name("form of a picture", request.format, FORMS))
    graph = None if run is None else run.scores.graph
    if request.edges is not None:
        problems.add(*check_edges(request.edges, graph))
    with gathered(problems):
        exact = None if request.exact is None else exact_run(request.exact, graph)
    why_no_curve = f"no curve. {HOW}; give it: --curve FILE.json"
    try:
        if (place := place_of_curve(request)) is not None:
            curve = curve_of(place, graph)
    except BadInput as error:
        # The run's own is one picture's alone.
        if request.curve is not None:
            problems.catch(error)
        why_no_curve = str(error).rstrip(".")
    known, why = None, ""
    with gathered(problems):
        if run is not None:
            known, why = known_of(run, request.known)
    if request.run:
        problems.add(*check_out(request, pictures))
    problems.raise_any()
    assert run is not None
    circuit = run.circuit if request.edges is None else select(run.scores, run.request, request.edges)
    return Seen(run, circuit, known, why, curve, why_no_curve, exact)


def check_out(request: PlotRequest, pictures: Collection[str]) -> list[str]:
    """Why pictures cannot be put there."""
    folder = folder_of(request)
    if folder.exists() and not folder.is_dir():
        return [f"{folder} is a file, and pictures need a folder. Give another --out."]
    names = [f"{name}.{request.format}" for name in request.only or pictures]
    there = [name for name in names if (folder / name).exists()]
    if there and not request.overwrite:
        return [
            f"{folder} has {several(there)} already, left as they are. "
            "Give another --out, or --overwrite to replace them."
        ]
    return check_can_be_made(folder / "picture")


def exact_run(folder: str, graph: Graph | None) -> Run:
    run = load_run(folder, to_look_at=False)
    if graph is not None and run.scores.graph != graph:
        raise BadInput(
            f"--exact: scores of {graph.describe()} were needed. Got {folder}, "
            f"of {run.scores.graph.describe()}. Give a run on the same model."
        )
    return run


def place_of_curve(request: PlotRequest) -> Path | None:
    """The file given, or the run's own where it has one."""
    own = Path(request.run) / CURVE
    return Path(request.curve) if request.curve is not None else own if own.is_file() else None


def curve_of(path: Path, graph: Graph | None) -> Curve:
    curve = read_curve(path)
    sizes = {each.graph_edges for each in curve.evaluations if each.granularity == "edges"}
    if graph is not None and sizes - {graph.edge_count}:
        raise BadInput(
            f"a curve: circuits of {graph.edge_count:,} edges were needed. Got {path}, whose model has "
            f"{', '.join(f'{size:,}' for size in sizes)}. Give a curve of this run."
        )
    return curve
