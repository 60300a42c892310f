"""Files that other programs read. `FORMATS` is the one table of them; each file here writes and reads one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgewise.circuit import Circuit, Scores
from edgewise.errors import BadInput, unknown
from edgewise.formats import edge_list, mib, mib_pt, native


@dataclass(frozen=True)
class Format:
    description: str
    write: Callable[..., None]
    """write(path, scores, circuit), and the width of the residual stream where it is needed."""
    needs_width: bool = False


FORMATS = {
    "native": Format("edgewise's own: a folder with scores.safetensors and circuit.json", native.write),
    "mib": Format("the JSON of EAP-IG and MIB's circuit track", mib.write, needs_width=True),
    "mib-pt": Format("the .pt of EAP-IG and MIB's circuit track", mib_pt.write, needs_width=True),
    "csv": Format("an edge list: source,reader,score,kept", edge_list.write),
}


def export(name: str, path: str | Path, scores: Scores, circuit: Circuit, width: int | None = None) -> None:
    """Write scores and circuit in a format of `FORMATS`."""
    if name not in FORMATS:
        raise BadInput(unknown("format", name, FORMATS))
    chosen = FORMATS[name]
    if chosen.needs_width and width is None:
        raise BadInput(f"the format {name!r} needs the model's width (d_model). Give width.")
    extra: dict[str, Any] = {"width": width} if chosen.needs_width else {}
    chosen.write(path, scores, circuit, **extra)
