"""`edgewise export`: the scores and the circuit of a run in a form that another program reads."""

from __future__ import annotations

from pathlib import Path

from edgewise.errors import Problems, check_name, gathered
from edgewise.files import make_parents
from edgewise.formats import FORMATS, export
from edgewise.formats.native import SCORES
from edgewise.models.config import ModelConfig
from edgewise.run_folder import Run, load_run
from edgewise.validation import check_file, check_folder, check_kept
from edgewise.verb_requests import ExportRequest


def export_run(request: ExportRequest) -> None:
    problems = Problems(*request.misread)
    run: Run | None = None
    with gathered(problems):
        run = load_run(request.run, to_look_at=False) if request.run else None
    problems.add(*check_name("format", request.format, FORMATS))
    if request.out:
        problems.add(*check_out(request, run))
    problems.raise_any()
    assert run is not None
    make_parents(request.out)
    width = ModelConfig.from_dict(run.record["model"]["config"]).width
    export(request.format, request.out, run.scores, run.circuit, width)


def check_out(request: ExportRequest, run: Run | None) -> list[str]:
    """Why nothing can be written there."""
    read = [] if run is None else [run.request]
    if request.format == "native":
        kept = check_kept(Path(request.out) / SCORES, read)
        return kept or check_folder(request.out, request.overwrite, SCORES, "an export")
    return check_kept(Path(request.out), read) or check_file(request.out, request.overwrite)
