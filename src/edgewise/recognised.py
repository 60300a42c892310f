"""What lies at a path, and which function reads it: told to whoever gave it to another function."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

FOLDERS = {
    "run.json": "the folder of a run: ew.load_run reads it",
    "units.json": "the folder of a mask of units: ew.Units.load reads units.safetensors there",
    "scores.safetensors": "a folder of scores and a circuit: edgewise.formats.native.read reads it",
    "config.json": "the folder of a model: ew.load reads it",
}
"""By a file in them, the most telling first."""
OURS = {
    "edgewise circuit": "a circuit: ew.Circuit.load reads it",
    "edgewise run": "the record of a run: ew.load_run reads its folder",
    "edgewise units run": "the record of a mask of units: ew.Units.load reads units.safetensors beside it",
}
BEGINNINGS = {
    b"PK\x03\x04": "a .pt: edgewise.formats.mib_pt.read reads those of MIB's circuit track",
    b"source,reader,score,kept": "an edge list: edgewise.formats.edge_list.read reads it",
    b"Circuit of ": "a run's circuit for people: ew.load_run reads its folder",
}
TENSORS = {
    b"edgewise scores": "scores: ew.Scores.load reads it",
    b"edgewise units": "units of a mask: ew.Units.load reads it",
}
TAGGART = re.compile(rb"\s*(\d+\.\d+(<[qkv]>)?|m\d+|out)\s*<-")
"""How a line of that format begins."""


def recognised(path: str | Path, asked: str = "") -> str:
    """The end of a message; empty where nothing is known of it, or it is of the kind that was asked for."""
    what = _folder(Path(path)) if Path(path).is_dir() else _file(Path(path))
    return f" It is {what}." if what and not (asked and asked in what) else ""


def _folder(folder: Path) -> str:
    return next((what for file, what in FOLDERS.items() if (folder / file).is_file()), "a folder")


def _file(path: Path) -> str | None:
    try:
        content = path.read_bytes()
    except OSError:
        return None
    for beginning, what in BEGINNINGS.items():
        if content.startswith(beginning):
            return what
    if TAGGART.match(content):
        return "Taggart's text: edgewise.formats.taggart.read reads it"
    # A safetensors file opens with the length of its header, and then the header, which is JSON.
    if content[8:9] == b"{":
        header = content[: 8 + int.from_bytes(content[:8], "little")]
        for name, what in TENSORS.items():
            if name in header:
                return what
    try:
        return _json(json.loads(content))
    except ValueError:
        return None


def _json(content: Any) -> str:
    if isinstance(content, dict) and {"cfg", "edges"} <= set(content):
        return "the JSON of MIB's circuit track: edgewise.formats.mib.read reads it"
    kind = content.get("format") if isinstance(content, dict) else None
    return OURS.get(kind, "JSON") if isinstance(kind, str) else "JSON"
