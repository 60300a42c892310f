"""A circuit for people: a line per reader, the sources it reads with their scores, strongest first.

    a2.h0<q>  <-  a0.h1 +1.69, embed -0.12
    logits    <-  a2.h0 -0.5

`circuit.text()` is the same without scores. It is written, and not read back.
"""

from __future__ import annotations

from pathlib import Path

from edgewise.circuit import Circuit, Scores
from edgewise.edges import check_same
from edgewise.files import atomic_write
from edgewise.views import ranked_sources


def write(path: str | Path, scores: Scores, circuit: Circuit) -> None:
    atomic_write(path, as_text(circuit, scores))


def as_text(circuit: Circuit, scores: Scores) -> str:
    check_same(scores.graph, circuit.graph)
    found = ranked_sources(circuit.graph, circuit.kept, scores.values)
    width = max(map(len, found), default=0)
    return "".join(
        f"{reader:{width}}  <-  {', '.join(f'{source} {score:+.4g}' for source, score in sources)}\n"
        for reader, sources in found.items()
    )
