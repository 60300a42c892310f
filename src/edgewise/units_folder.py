"""The folder a run of `learn-units` leaves, as a value.

    units.json          what was asked, every option, versions, model, prompts, seconds, sizes
    units.safetensors   the mask
    evaluation.json     what the units that are kept do alone
    training.jsonl      how the mask was learned

`Units.load` reads the mask back. All files appear at once, or none does: `run_files.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgewise.costs import Costs
from edgewise.evaluation.evaluation import Evaluation
from edgewise.files import atomic_write
from edgewise.masks.units import Units
from edgewise.models.transformer import Transformer
from edgewise.request import UnitsRequest
from edgewise.run_files import (
    EVALUATION,
    TRAINING,
    TRAINING_TOLD,
    UNITS_RECORD,
    as_json,
    described,
    save_files,
)
from edgewise.unit_discovery import all_unit_options

FORMAT, VERSION = "edgewise units run", 1
UNITS = "units.safetensors"
UNITS_FILES = {
    UNITS_RECORD: "what was asked, versions, model, costs",
    UNITS: "the mask: a number for every unit",
    EVALUATION: "what the units that are kept do alone",
    TRAINING: TRAINING_TOLD,
}


@dataclass(frozen=True)
class UnitsRun:
    """What was asked, what was learned, and how good it is."""

    request: UnitsRequest
    units: Units
    evaluation: Evaluation
    record: Mapping[str, Any]
    """What `units.json` holds."""
    training: str
    """What `training.jsonl` holds."""

    @property
    def folder(self) -> Path:
        """Resolved, as that of a `Run`."""
        return Path(self.request.out).resolve()


def describe_units_run(
    request: UnitsRequest,
    model: Transformer,
    prompts_sha256: str,
    units: Units,
    seconds: Mapping[str, float],
    costs: Costs,
) -> dict[str, Any]:
    """What `units.json` holds."""
    return {
        "format": FORMAT,
        "version": VERSION,
        **described(request, model, prompts_sha256, seconds, costs),
        "options": all_unit_options(request.grain, request.options),
        "units": {
            "grain": units.grain,
            "all": units.count,
            "kept": units.chosen,
            "settled loss": units.settled_loss,
            "rounded loss": units.loss,
        },
    }


def save_units_run(run: UnitsRun) -> None:
    def write(folder: Path) -> None:
        atomic_write(folder / UNITS_RECORD, as_json(run.record))
        run.units.save(folder / UNITS)
        atomic_write(folder / EVALUATION, as_json(run.evaluation.to_dict()))
        atomic_write(folder / TRAINING, run.training)

    save_files(run.folder, UNITS_RECORD, write)
