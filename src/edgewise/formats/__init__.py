"""Files that other programs read. `FORMATS` is the one table of them; each file here writes one.
Those that hold all of a circuit are read back, too.

A format's file, and torch with it, is imported when it is used: to list the formats takes no time.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgewise.errors import BadInput, check_name

if TYPE_CHECKING:
    from edgewise.circuit import Circuit, Scores


@dataclass(frozen=True)
class Format:
    description: str
    file: str
    """The file here that has write(path, scores, circuit), and the stream's width where it is needed."""
    needs_width: bool = False


FORMATS = {
    "native": Format("edgewise's own: a folder with scores.safetensors and circuit.json", "native"),
    "mib": Format("the JSON of EAP-IG and MIB's circuit track", "mib", needs_width=True),
    "mib-pt": Format("the .pt of EAP-IG and MIB's circuit track", "mib_pt", needs_width=True),
    "csv": Format("an edge list: source,reader,score,kept", "edge_list"),
    "taggart": Format("Taggart's text: a line per reader, `9.9 <- 0.1, 3.0`", "taggart"),
    "text": Format("for people: a line per reader, its sources with their scores, strongest first", "lines"),
    "dot": Format("for Graphviz: the circuit as a drawing, layer above layer", "dot"),
    "graphml": Format("for Gephi, yEd, Cytoscape, networkx: the circuit's nodes and edges", "graphml"),
}


def export(name: str, path: str | Path, scores: Scores, circuit: Circuit, width: int | None = None) -> None:
    """Write scores and circuit in a format of `FORMATS`."""
    if problems := check_name("format", name, FORMATS):
        raise BadInput(*problems)
    chosen = FORMATS[name]
    if chosen.needs_width and width is None:
        raise BadInput(f"the format {name!r} needs the model's width (d_model). Give width.")
    extra: dict[str, Any] = {"width": width} if chosen.needs_width else {}
    import_module(f"{__name__}.{chosen.file}").write(path, scores, circuit, **extra)
