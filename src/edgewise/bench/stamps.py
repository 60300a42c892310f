"""What lies at the paths of a cell, so that a cell is another when a model or a file of prompts has changed.

Of a folder, its files' names, sizes and times; of a file of prompts, its content. A name on the Hub, or of a
bundled model, stands for itself.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from edgewise.run_folder import file_hash


def stamp(model: str, *prompts: str | None) -> str:
    told: list[str] = []
    folder = Path(model).expanduser()
    if folder.is_dir():
        told.append(str(folder.resolve()))
        for each in sorted(folder.iterdir()):
            if each.is_file():
                status = each.stat()
                told.append(f"{each.name} {status.st_size} {status.st_mtime_ns}")
    told += [file_hash(path) for path in prompts if path and Path(path).is_file()]
    return hashlib.sha256("\n".join(told).encode()).hexdigest() if told else ""
