"""What every run leaves in its folder, whatever it finds: a record, and files that come all at once.

All files are made beside the folder first and only then moved into it, each at once: whatever goes wrong
before that, an old run in the folder stays as it was.
"""

from __future__ import annotations

import json
import os
import platform
import secrets
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from edgewise.costs import Costs
from edgewise.distributed import here
from edgewise.errors import EdgewiseError
from edgewise.models.fingerprint import weights_fingerprint
from edgewise.models.transformer import Transformer
from edgewise.request import RunRequest

EVALUATION, TRAINING, UNITS_RECORD = "evaluation.json", "training.jsonl", "units.json"
TRAINING_TOLD = "how the mask was learned, step by step"


def described(
    request: RunRequest,
    model: Transformer,
    prompts_sha256: str,
    seconds: Mapping[str, float],
    costs: Costs,
) -> dict[str, Any]:
    """What each record holds. Paths are absolute, so that the run can be gone back to from anywhere."""
    places = {
        name: str(Path(given).absolute())
        for name in ("model", "prompts", "evaluate_on", "edges_from", "known", "out")
        if (given := getattr(request, name, None)) and (name == "out" or Path(given).exists())
    }
    asked = {name: value for name, value in asdict(request).items() if name != "misread"}
    return {
        "request": {**asked, **places},
        "versions": {
            **{name: version(name) for name in ("edgewise", "torch", "transformers")},
            "python": platform.python_version(),
        },
        "model": {
            "name": model.name,
            "dtype": str(model.dtype).removeprefix("torch."),
            "config": model.config.to_dict(),
            "weights": weights_fingerprint(model),
        },
        "processes": here().count,
        "prompts": {"sha256": prompts_sha256},
        "seconds": dict(seconds),
        "costs": dict(costs),
    }


def save_files(folder: Path, record: str, write: Callable[[Path], None], gone: Iterable[str] = ()) -> None:
    """Puts what `write` writes into a folder there.

    record: the file that makes it the folder of a run; gone: files that only an earlier run in it had.
    """
    staging = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.tmp")
    try:
        staging.mkdir(parents=True)
        write(staging)
        if not folder.exists():
            os.rename(staging, folder)
        else:
            # The record last.
            for made in sorted(staging.iterdir(), key=lambda made: made.name == record):
                os.replace(made, folder / made.name)
            for name in gone:
                (folder / name).unlink(missing_ok=True)
    except (OSError, EdgewiseError) as error:
        # What `atomic_write` says names a file that nobody asked for.
        reason = error.__cause__ if isinstance(error.__cause__, OSError) else error
        said = getattr(reason, "strerror", None) or reason
        kept = " What was there is unchanged." if folder.exists() else ""
        raise EdgewiseError(f"{folder} could not be written: {said}.{kept}") from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def as_json(values: Any) -> str:
    return json.dumps(values, indent=1) + "\n"
