"""`edgewise plot`: the pictures that a run's folder has the numbers for.

No model is run, and no weights are read. What a picture needs and the folder lacks is told, and the others
are made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from edgewise.errors import BadInput, BrokenFile
from edgewise.evaluation.agreement import agreement
from edgewise.evaluation.groups import scores_by_truth
from edgewise.evaluation.known import edge_roc, node_roc_if_any
from edgewise.files import read_text
from edgewise.pictures.charts import curves_picture, effects_picture, histogram_picture, roc_picture
from edgewise.pictures.circuit_picture import circuit_picture
from edgewise.pictures.heat import heads_picture
from edgewise.pictures.paper import Picture
from edgewise.pictures.training import training_picture
from edgewise.plot_checks import Seen, check, folder_of
from edgewise.run_folder import TRAINING, Run
from edgewise.verb_requests import PlotRequest

EXACT = "activation-patching"
MOST = 3000
"""Edges of a circuit that is drawn."""


@dataclass(frozen=True)
class Plotted:
    run: Run
    folder: Path
    made: Mapping[str, Path]
    """The file of each picture, by its name."""
    not_made: Mapping[str, str]
    """Why there is none, by name."""
    doubts: tuple[str, ...] = ()

    @property
    def notes(self) -> list[str]:
        return [*(f"no {name}: {why}." for name, why in self.not_made.items()), *self.doubts]


def plot_run(request: PlotRequest) -> Plotted:
    """All pictures are made, then all are written."""
    seen = check(request, PICTURES)
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
    return Plotted(seen.run, folder, paths, not_made, tuple(doubts_of(seen)) if "effects" in made else ())


def doubts_of(seen: Seen) -> list[str]:
    """Why the scores that were given as exact effects may not be."""
    assert seen.exact is not None
    exact, doubts = seen.exact.request, []
    if exact.method != EXACT:
        doubts.append(f"the effects of {exact.method} are estimates, or of other edges: {EXACT}'s are exact.")
    if seen.exact.record["model"].get("weights") != seen.run.record["model"].get("weights"):
        doubts.append("the two runs are not of the same weights.")
    if (exact.task, exact.prompts, exact.ablation) != tuple(
        getattr(seen.run.request, name) for name in ("task", "prompts", "ablation")
    ):
        doubts.append("the two runs are not of the same prompts and ablation.")
    return doubts


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
        return seen.why_no_curve
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
