"""The folder a run leaves, as a value: `save_run` writes it, `load_run` reads it back.

    run.json            what was asked, versions, model, prompts, seconds, sizes
    scores.safetensors  a score for every edge
    circuit.json        the chosen edges
    circuit.txt         the same for people
    evaluation.json     what the circuit does alone
    training.jsonl      how the mask was learned, where one was

All files are made beside the folder first and only then moved into it, each at once: whatever goes wrong
before that, an old run in the folder stays as it was.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import platform
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from edgewise.circuit import Circuit, Scores
from edgewise.errors import BadInput, BrokenFile, EdgewiseError
from edgewise.evaluation.evaluation import Evaluation
from edgewise.files import atomic_write, in_file, read_json
from edgewise.formats import native
from edgewise.models.fingerprint import weights_fingerprint
from edgewise.models.transformer import Transformer
from edgewise.reports.circuit_text import circuit_text
from edgewise.request import Request

FORMAT, VERSION = "edgewise run", 1
RECORD, TEXT, EVALUATION = "run.json", "circuit.txt", "evaluation.json"
TRAINING = "training.jsonl"
FILES = {
    RECORD: "what was asked, versions, model, seconds",
    native.SCORES: "a score for every edge",
    native.CIRCUIT: "the circuit's edges",
    TEXT: "the circuit, for people",
    EVALUATION: "what the circuit does alone",
}
OF_LEARNED_MASKS = {TRAINING: "how the mask was learned, step by step"}
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

    @property
    def files(self) -> dict[str, str]:
        """What is in the folder, and what each is."""
        return {**FILES, **(OF_LEARNED_MASKS if self.training else {})}

    @property
    def folder(self) -> Path:
        """Resolved, so that it has a name and a parent even where `.` was given."""
        return Path(self.request.out).resolve()


def describe_run(
    request: Request, model: Transformer, prompts_sha256: str, circuit: Circuit, seconds: Mapping[str, float]
) -> dict[str, Any]:
    """What `run.json` holds. Paths are absolute, so that the run can be gone back to from anywhere."""
    places = {
        name: str(Path(given).absolute())
        for name in ("model", "prompts", "evaluate_on", "edges_from", "out")
        if (given := getattr(request, name)) and (name == "out" or Path(given).exists())
    }
    asked = {name: value for name, value in asdict(request).items() if name != "misread"}
    return {
        "format": FORMAT,
        "version": VERSION,
        "request": {**asked, **places},
        "versions": {
            **{name: version(name) for name in ("edgewise", "torch", "transformers")},
            "python": platform.python_version(),
        },
        "model": {
            "name": model.name,
            "config": model.config.to_dict(),
            "weights": weights_fingerprint(model),
        },
        "prompts": {"sha256": prompts_sha256},
        "seconds": dict(seconds),
        "edges": {
            "graph": circuit.graph.edge_count,
            "selected": len(circuit) if circuit.selected is None else circuit.selected,
            "kept": len(circuit),
        },
    }


def save_run(run: Run) -> None:
    folder = run.folder
    staging = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.tmp")
    try:
        staging.mkdir(parents=True)
        atomic_write(staging / RECORD, _json(run.record))
        native.write(staging, run.scores, run.circuit)
        atomic_write(
            staging / TEXT, circuit_text(run.request.model, run.request.method, run.circuit, run.evaluation)
        )
        atomic_write(staging / EVALUATION, _json(run.evaluation.to_dict()))
        if run.training:
            atomic_write(staging / TRAINING, run.training)
        if not folder.exists():
            os.rename(staging, folder)
        else:
            # The record last: it is what makes the folder a run.
            for name in sorted(run.files, key=lambda name: name == RECORD):
                os.replace(staging / name, folder / name)
            for name in OF_LEARNED_MASKS.keys() - run.files.keys():
                (folder / name).unlink(missing_ok=True)
    except (OSError, EdgewiseError) as error:
        # What `atomic_write` says names a file that nobody asked for.
        reason = error.__cause__ if isinstance(error.__cause__, OSError) else error
        said = getattr(reason, "strerror", None) or reason
        kept = " What was there is unchanged." if folder.exists() else ""
        raise EdgewiseError(f"{folder} could not be written: {said}.{kept}") from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def load_run(folder: str | Path) -> Run:
    """A run from its folder."""
    folder = Path(folder)
    path = folder / RECORD
    if not folder.is_dir():
        raise BadInput(f"{folder} is no folder. Give the folder of a run: the --out of `edgewise discover`.")
    if not path.is_file():
        raise BadInput(
            f"{folder} has no {RECORD}: it is not the folder of a run. Give the --out of `edgewise discover`."
        )
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
    with in_file(folder / EVALUATION):
        evaluation = Evaluation.from_dict(read_json(folder / EVALUATION))
    return Run(dataclasses.replace(request, out=str(folder)), scores, circuit, evaluation, record)


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


def _json(values: Any) -> str:
    return json.dumps(values, indent=1) + "\n"
