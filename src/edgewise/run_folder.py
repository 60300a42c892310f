"""The folder a run leaves, as a value: `save_run` writes it, `load_run` reads it back.

    run.json            what was asked, versions, model, prompts, seconds and other costs, sizes
    scores.safetensors  a score for every edge
    circuit.json        the chosen edges
    circuit.txt         the same for people
    evaluation.json     what the circuit does alone
    curve.json          what circuits of other sizes do
    attention.safetensors   where heads look, on a few prompt pairs
    report.html         all of it to look at, in a browser
    training.jsonl      how the mask was learned, where one was

All files appear at once, or none does: `run_files.py`.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgewise.checkpoint import FOLDER as CHECKPOINT
from edgewise.checkpoint import STATE
from edgewise.circuit import Circuit, Scores
from edgewise.costs import Costs
from edgewise.errors import BadInput, BrokenFile
from edgewise.evaluation.curve import Curve
from edgewise.evaluation.curve_file import read_curve, save_curve
from edgewise.evaluation.evaluation import Evaluation
from edgewise.files import atomic_write, in_file, read_json
from edgewise.formats import native
from edgewise.graph import Graph
from edgewise.methods import METHODS
from edgewise.methods.options import read_options, with_defaults
from edgewise.models.transformer import Transformer
from edgewise.pages.attention import AttentionExamples
from edgewise.reports.circuit_text import circuit_text
from edgewise.request import Request
from edgewise.run_files import (
    EVALUATION,
    TRAINING,
    TRAINING_TOLD,
    UNITS_RECORD,
    as_json,
    described,
    save_files,
)

FORMAT, VERSION = "edgewise run", 1
RECORD, TEXT = "run.json", "circuit.txt"
CURVE, ATTENTION, REPORT = "curve.json", "attention.safetensors", "report.html"
FILES = {
    RECORD: "what was asked, versions, model, costs",
    native.SCORES: "a score for every edge",
    native.CIRCUIT: "the circuit's edges",
    TEXT: "the circuit, for people",
    EVALUATION: "what the circuit does alone",
    CURVE: "what circuits of other sizes do",
    ATTENTION: "where heads look, on a few prompt pairs",
    REPORT: "all of it to look at, in a browser",
}
"""The last three unless no report was wanted."""
OF_LEARNED_MASKS = {TRAINING: TRAINING_TOLD}
"""What a run has besides, where a mask was learned."""


@dataclass(frozen=True)
class Run:
    """What was asked, what was found, and how good it is."""

    request: Request
    scores: Scores
    circuit: Circuit
    evaluation: Evaluation
    record: Mapping[str, Any]
    """What `run.json` holds."""
    training: str = ""
    """What `training.jsonl` holds."""
    curve: Curve | None = None
    """What circuits of other sizes do, where that was measured."""
    attention: AttentionExamples | None = None

    @property
    def files(self) -> dict[str, str]:
        """What is in the folder, and what each is."""
        lacking = {
            CURVE: self.curve is None,
            ATTENTION: self.attention is None,
            REPORT: not self.request.report,
            TRAINING: not self.training,
        }
        return {name: told for name, told in {**FILES, **OF_LEARNED_MASKS}.items() if not lacking.get(name)}

    @property
    def folder(self) -> Path:
        """Resolved, so that it has a name and a parent even where `.` was given."""
        return Path(self.request.out).resolve()


def describe_run(
    request: Request,
    model: Transformer,
    prompts_sha256: str,
    circuit: Circuit,
    seconds: Mapping[str, float],
    costs: Costs,
) -> dict[str, Any]:
    """What `run.json` holds. Paths are absolute, so that the run can be gone back to from anywhere."""
    return {
        "format": FORMAT,
        "version": VERSION,
        **described(request, model, prompts_sha256, seconds, costs),
        "options": all_options(request),
        "edges": {
            "graph": circuit.graph.edge_count,
            "selected": len(circuit) if circuit.selected is None else circuit.selected,
            "kept": len(circuit),
        },
    }


def all_options(request: Request) -> dict[str, Any]:
    """The method's own, those that were not given, too."""
    method = METHODS[request.method].discover
    return with_defaults(method, read_options(request.method, method, request.options)[0])


def save_run(run: Run, page: str = "") -> None:
    """`page`: what `report.html` holds."""

    def write(folder: Path) -> None:
        atomic_write(folder / RECORD, as_json(run.record))
        native.write(folder, run.scores, run.circuit)
        atomic_write(
            folder / TEXT,
            circuit_text(
                f"{run.request.model} in {run.record['model']['dtype']}",
                *(run.request.method, run.circuit, run.evaluation),
            ),
        )
        atomic_write(folder / EVALUATION, as_json(run.evaluation.to_dict()))
        if run.curve is not None:
            save_curve(run.curve, folder / CURVE)
        if run.attention is not None:
            run.attention.save(folder / ATTENTION)
        if page:
            atomic_write(folder / REPORT, page)
        if run.training:
            atomic_write(folder / TRAINING, run.training)

    save_files(run.folder, RECORD, write, {*FILES, *OF_LEARNED_MASKS} - run.files.keys())


def load_run(folder: str | Path, to_look_at: bool = True) -> Run:
    """A run from its folder. `to_look_at`: with its curve and attention, which are for its page alone."""
    folder = Path(folder)
    path = folder / RECORD
    if not folder.is_dir():
        raise BadInput(f"{folder} is no folder. Give the folder of a run: the --out of `edgewise discover`.")
    if not path.is_file():
        raise BadInput(f"{folder} has no {RECORD}: {_instead(folder)}")
    record = read_json(path)
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        raise BrokenFile(f"{path} does not hold an {FORMAT}.")
    if not isinstance(record.get("version"), int) or record["version"] > VERSION:
        raise BrokenFile(
            f"{path} is version {record.get('version')!r} of an {FORMAT}, and this edgewise reads up to "
            f"{VERSION}. Update edgewise."
        )
    with in_file(path):
        request = _request(record)
    scores, circuit = native.read(folder)
    told = read_json(folder / EVALUATION)
    with in_file(folder / EVALUATION):
        evaluation = Evaluation.from_dict(told)
    curve = attention = None
    if to_look_at:
        curve = read_curve(folder / CURVE) if (folder / CURVE).is_file() else None
        attention = AttentionExamples.load(folder / ATTENTION) if (folder / ATTENTION).is_file() else None
        check_of_this_graph(folder, scores.graph, curve, attention)
    return Run(
        dataclasses.replace(request, out=str(folder)),
        *(scores, circuit, evaluation, record),
        curve=curve,
        attention=attention,
    )


def check_of_this_graph(
    folder: Path, graph: Graph, curve: Curve | None, attention: AttentionExamples | None
) -> None:
    """Refuse files of another run."""
    if curve is not None and {each.graph_edges for each in curve.evaluations} != {graph.edge_count}:
        raise BrokenFile(f"{folder / CURVE} is of another model.")
    heads = {head for example in (attention.examples if attention else ()) for head in example.heads}
    if not heads <= set(graph.sources):
        raise BrokenFile(f"{folder / ATTENTION} is of another model.")


def _instead(folder: Path) -> str:
    """What such a folder is."""
    if (folder / UNITS_RECORD).is_file():
        return (
            "it holds a mask that `edgewise learn-units` learned. Read its units.safetensors with "
            "ew.Units.load, and measure it with ew.evaluate_units."
        )
    if (folder / CHECKPOINT / STATE).is_file():
        return "the run in it is unfinished. The command that began it goes on from there."
    return "it is not the folder of a run. Give the --out of `edgewise discover`."


def _request(record: dict[str, Any]) -> Request:
    missing = [
        name for name in ("request", "model", "prompts", "edges") if not isinstance(record.get(name), dict)
    ]
    if missing:
        raise BadInput(f"a run must hold {', '.join(missing)}.")
    try:
        return Request(**record["request"])
    except TypeError as error:
        raise BadInput(f"its request cannot be read: {error}.") from error


def file_hash(path: str) -> str:
    """SHA-256 of a file's bytes."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()
