"""`edgewise plot`: the pictures that a run's folder has the numbers for.

No model is run, and no weights are read. What a picture needs and the folder lacks is told, and the others
are made.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from edgewise.circuit import Circuit
from edgewise.errors import BadInput, BrokenFile, Problems, check_name, gathered, several
from edgewise.evaluation.agreement import agreement
from edgewise.evaluation.curve import Curve
from edgewise.evaluation.curve_file import HOW, read_curve
from edgewise.evaluation.groups import scores_by_truth
from edgewise.evaluation.known import edge_roc, node_roc_if_any
from edgewise.files import read_text
from edgewise.graph import Graph
from edgewise.known_from import OPTION
from edgewise.pictures.charts import curves_picture, effects_picture, histogram_picture, roc_picture
from edgewise.pictures.circuit_picture import circuit_picture
from edgewise.pictures.heat import heads_picture
from edgewise.pictures.paper import FORMS, NUMBERS, Picture
from edgewise.pictures.training import training_picture
from edgewise.request import PlotRequest, Request
from edgewise.run import select
from edgewise.run_folder import TRAINING, Run, load_run
from edgewise.validation import check_can_be_made, check_edges, truth_to_judge_by
from edgewise.zoo.known import KnownCircuit

FOLDER, CURVE = "pictures", "curve.json"
MOST = 3000
"""Edges of a circuit that is drawn."""


@dataclass(frozen=True)
class Seen:
    """What pictures are made of."""

    run: Run
    circuit: Circuit
    known: KnownCircuit | None
    why_unknown: str
    curve: Curve | None
    exact: Run | None

    @property
    def title(self) -> str:
        asked = self.run.request
        what = asked.task or Path(asked.prompts).name
        model = Path(asked.model).name if Path(asked.model).is_absolute() else asked.model
        return f"{what} in {model}, {asked.method}"

    @property
    def by(self) -> str:
        return self.run.request.by or "absolute"


@dataclass(frozen=True)
class Plotted:
    run: Run
    folder: Path
    made: Mapping[str, Path]
    """The file of each picture, by its name."""
    not_made: Mapping[str, str]
    """Why there is none, by name."""

    @property
    def notes(self) -> list[str]:
        return [f"no {name}: {why}." for name, why in self.not_made.items()]


def plot_run(request: PlotRequest) -> Plotted:
    """All pictures are made, then all are written."""
    seen = check(request)
    folder = folder_of(request)
    made: dict[str, Picture] = {}
    not_made: dict[str, str] = {}
    for name in request.only or PICTURES:
        picture = PICTURES[name].make(seen)
        if isinstance(picture, Picture):
            made[name] = picture
        else:
            not_made[name] = picture
    paths = {name: folder / f"{name}.{request.format}" for name in made}
    for name, picture in made.items():
        picture.save(paths[name])
    return Plotted(seen.run, folder, paths, not_made)


def folder_of(request: PlotRequest) -> Path:
    return Path(request.run) / FOLDER if request.out is None else Path(request.out)


def check(request: PlotRequest) -> Seen:
    """All problems at once if there are any."""
    problems = Problems(*request.misread)
    run = exact = curve = None
    with gathered(problems):
        run = load_run(request.run) if request.run else None
    for name in request.only:
        problems.add(*check_name("picture", name, PICTURES))
    problems.add(*check_name("form of a picture", request.format, FORMS))
    graph = None if run is None else run.scores.graph
    if request.edges is not None:
        problems.add(*check_edges(request.edges, graph))
    with gathered(problems):
        exact = None if request.exact is None else exact_run(request.exact, graph)
    with gathered(problems):
        if (place := place_of_curve(request)) is not None:
            curve = curve_of(place, graph)
    known, why = None, ""
    with gathered(problems):
        if run is not None:
            known, why = known_of(run, request.known)
    if request.run:
        problems.add(*check_out(request))
    problems.raise_any()
    assert run is not None
    circuit = run.circuit if request.edges is None else select(run.scores, run.request, request.edges)
    return Seen(run, circuit, known, why, curve, exact)


def check_out(request: PlotRequest) -> list[str]:
    """Why pictures cannot be put there."""
    folder = folder_of(request)
    if folder.exists() and not folder.is_dir():
        return [f"{folder} is a file, and pictures need a folder. Give another --out."]
    names = [f"{name}{end}" for name in request.only or PICTURES for end in (f".{request.format}", NUMBERS)]
    there = [name for name in names if (folder / name).exists()]
    if there and not request.overwrite:
        return [
            f"{folder} has {several(there)} already, left as they are. "
            "Give another --out, or --overwrite to replace them."
        ]
    return check_can_be_made(folder / "picture")


def exact_run(folder: str, graph: Graph | None) -> Run:
    run = load_run(folder)
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


def known_of(run: Run, path: str | None) -> tuple[KnownCircuit | None, str]:
    """The circuit to hold a run beside, or why there is none. `path`: another than the run's."""
    asked = run.request if path is None else dataclasses.replace(run.request, known=path)
    try:
        known = truth_to_judge_by(asked, run.scores.graph)
    except BadInput as error:
        if path is not None:
            raise
        return None, f"its known circuit cannot be read: {error}".rstrip(".")
    if known is None:
        return None, f"no known circuit. Give one: {OPTION} PATH"
    if asked.known is None and not is_of_its_weights(known, asked, run):
        return None, f"the known circuit is of other weights. Give one of these: {OPTION} PATH"
    return known, ""


def is_of_its_weights(known: KnownCircuit, asked: Request, run: Run) -> bool:
    """As when the run was made: in another dtype that cannot be told."""
    return asked.dtype is not None or known.weights in (None, run.record["model"].get("weights"))


def _circuit(seen: Seen) -> Picture | str:
    size = len(seen.circuit)
    if size > MOST:
        return f"no one could tell {size:,} edges apart. Give at most {MOST:,}: --edges N"
    title = f"{seen.title}: {size:,} edge{'s' * (size != 1)}"
    return circuit_picture(seen.circuit, seen.run.scores, seen.known, title)


def _heads(seen: Seen) -> Picture | str:
    return heads_picture(seen.run.scores, seen.title)


def _scores(seen: Seen) -> Picture | str:
    scores = seen.run.scores
    if seen.known is not None:
        return histogram_picture(scores_by_truth(scores, seen.known), seen.title)
    sides = {"in the circuit": seen.circuit, "outside": ~seen.circuit}
    groups = {name: scores.values[side.kept].tolist() for name, side in sides.items()}
    return histogram_picture(groups, seen.title)


def _training(seen: Seen) -> Picture | str:
    path = seen.run.folder / TRAINING
    if not path.is_file():
        return f"{seen.run.request.method} learned no mask"
    try:
        return training_picture(read_text(path), seen.title)
    except (ValueError, KeyError, TypeError) as error:
        raise BrokenFile(
            f"{path}: a JSON object a line was needed, with stage and step of a training."
        ) from error


def _roc(seen: Seen) -> Picture | str:
    if seen.known is None:
        return seen.why_unknown
    if seen.run.request.edges_from is not None:
        return "the run went through some edges alone (--edges-from), and the others have no score"
    scores, known = seen.run.scores, seen.known
    rocs = {"edges": edge_roc(scores, known, seen.by), "nodes": node_roc_if_any(scores, known, seen.by)}
    return roc_picture({name: roc for name, roc in rocs.items() if roc is not None}, seen.title)


def _faithfulness(seen: Seen) -> Picture | str:
    if seen.curve is None:
        return f"no curve. {HOW}; give it: --curve FILE.json"
    if seen.curve.faithfulness is None:
        return "it is not defined where full model and everything replaced are equal"
    return curves_picture({seen.run.request.method: seen.curve}, seen.title)


def _effects(seen: Seen) -> Picture | str:
    if seen.exact is None:
        return "no exact effects. Give a run that has them, of activation-patching: --exact RUN"
    estimated, exact = seen.run.scores, seen.exact.scores
    try:
        found = agreement(estimated, exact)
    except BadInput as error:
        return str(error).rstrip(".")
    return effects_picture(
        estimated, exact, found, None if seen.known is None else seen.known.circuit, seen.title
    )


class Kind(NamedTuple):
    told: str
    """What it shows."""
    make: Callable[[Seen], Picture | str]
    """The picture, or why there is none."""


PICTURES = {
    "circuit": Kind("the circuit: its lines by score, beside the known one", _circuit),
    "heads": Kind("scores of what leaves each head and MLP", _heads),
    "scores": Kind("how many edges have which score", _scores),
    "training": Kind("how the mask was learned, step by step", _training),
    "roc": Kind("how well scores find the known circuit", _roc),
    "faithfulness": Kind("faithfulness over size", _faithfulness),
    "effects": Kind("scores beside exact effects", _effects),
}
