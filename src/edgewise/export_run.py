"""`edgewise export`: the scores and the circuit of a run in a form that another program reads."""

from __future__ import annotations

from pathlib import Path

from edgewise.errors import Problems, check_name
from edgewise.files import make_parents
from edgewise.formats import FORMATS, export
from edgewise.formats.native import SCORES
from edgewise.models.config import ModelConfig
from edgewise.request import ExportRequest
from edgewise.run_folder import RECORD, Run, load_run
from edgewise.validation import check_file, check_folder, gathered


def export_run(request: ExportRequest) -> None:
    problems = Problems(*request.misread)
    run: Run | None = None
    with gathered(problems):
        run = load_run(request.run)
    problems.add(*check_name("format", request.format, FORMATS))
    check = check_folder if request.format == "native" else check_file
    if request.format == "native" and (Path(request.out) / RECORD).exists():
        problems.add(f"{request.out} holds a run, whose scores an export would replace. Give another --out.")
    else:
        problems.add(*check(request.out, request.overwrite, *(() if check is check_file else (SCORES,))))
    problems.raise_any()
    assert run is not None
    make_parents(request.out)
    width = ModelConfig.from_dict(run.record["model"]["config"]).width
    export(request.format, request.out, run.scores, run.circuit, width)
