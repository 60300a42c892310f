"""Taggart's text: a line per reader, `9.9 <- 0.1, 3.0`, as in G. M. Taggart, "Gradient Descent Over
Interpolated Activation Patches for Circuit Discovery". It holds a circuit and no scores.

    3.0 <- RS_0 | <- 0.1, 0.9, 2.9
    9.9<q> <- 3.0, m7
    out <- 9.9, 10.0

`3.0` is head 0 of layer 3, as a reader its q, k and v together; `RS_0` is the residual stream before layer 0,
our `embed`, and stands before the others. So far it is his, and he has heads alone. Added to it: one part of
a head, `9.9<q>`; MLPs, `m7`; `out`, our `logits`; `tok` and `pos` where a graph has these for `embed`, and
`RS_0` is then both. With them every circuit of every graph is read back equal. A head whose q, k and v have
the same sources is one line; where query heads share k and v readers, its parts are always lines apart.

The text does not say which graph it belongs to, so reading asks for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path

from edgewise.circuit import Circuit, Scores
from edgewise.edges import check_same, shortened
from edgewise.errors import BrokenFile
from edgewise.files import atomic_write, read_text
from edgewise.graph import PARTS, Graph
from edgewise.recognised import recognised
from edgewise.views import sources_by_reader

STREAM = "RS_0"
OTHER_NAMES = {"embed": STREAM, "logits": "out"}
LINE = re.compile(r"([^\s<|,#]+(?:<\w*>)?)\s*<-([^<|]+)(?:\|\s*<-([^<|]+))?")
"""The reader; the list of sources, or that of the residual stream's; where there is a bar, the rest."""


def write(path: str | Path, scores: Scores, circuit: Circuit) -> None:
    """The circuit; of the scores nothing but that they are of its graph."""
    check_same(scores.graph, circuit.graph)
    atomic_write(path, as_text(circuit))


def as_text(circuit: Circuit) -> str:
    found = sources_by_reader(circuit.graph, circuit.kept)
    names = {reader: _name(reader) for reader in found}
    for head, (q, k, v) in _whole_heads(circuit.graph).items():
        if q in found and found[q] == found.get(k) == found.get(v):
            names[q] = head
            del names[k], names[v]
    return "".join(f"{name} <- {_list(circuit.graph, found[reader])}\n" for reader, name in names.items())


def read(path: str | Path, graph: Graph) -> Circuit:
    text = read_text(path)
    if what := recognised(path, asked="formats.taggart.read"):
        raise BrokenFile(f"{path}: a circuit as Taggart writes it was needed, '9.9 <- 0.1, 3.0'.{what}")
    return from_text(text, graph, where=str(path))


def from_text(text: str, graph: Graph, where: str = "text") -> Circuit:
    """`where`: what messages call the text."""
    lines = _Lines(graph)
    problems = [
        f"{where}, line {number}: {problem}"
        for number, line in enumerate(text.splitlines(), start=1)
        if line.strip()
        for problem in lines.problems_of(number, line)
    ]
    if problems:
        raise BrokenFile(*shortened(problems))
    return Circuit.of(graph, lines.edges)


class _Lines:
    """What the lines read so far come to."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.readers = {_name(reader): (reader,) for reader in graph.readers} | _whole_heads(graph)
        self.sources = {_name(source): (source,) for source in graph.sources} | {STREAM: graph.embeddings}
        self.edges: list[str] = []
        self.line_of: dict[str, int] = {}
        """Per reader, by our name, the first that has it."""

    def problems_of(self, number: int, line: str) -> Iterator[str]:
        """Takes the line's edges, and tells what is wrong with it."""
        parts = LINE.fullmatch(line.strip())
        names = [name for part in parts.groups()[1:] if part for name in _listed(part)] if parts else []
        if parts is None or not all(names):
            yield f"a line such as '9.9 <- {STREAM} | <- 0.1, 3.0' was needed. Got {line.strip()!r:.60}."
            return
        reader = parts.group(1)
        readers = self.readers.get(reader, ())
        if not readers:
            yield self._no_reader(reader)
        earlier = [self.line_of[one] for one in readers if one in self.line_of]
        if earlier:
            yield f"{reader!r} stands in line {min(earlier)} already. Give a reader one line."
        for one in readers:
            self.line_of.setdefault(one, number)
        yield from self._wrong_sources(reader, readers, names)

    def _wrong_sources(self, reader: str, readers: tuple[str, ...], names: list[str]) -> Iterator[str]:
        seen: set[str] = set()
        for name in names:
            sources = self.sources.get(name, ())
            if not sources:
                yield f"this graph has no source {name!r}.{_written(name, self.graph.source_index)}"
            if not seen.isdisjoint(sources):
                yield f"{name!r} stands twice among the sources of {reader!r}."
            elif any(not self._comes_before(source, one) for source in sources for one in readers):
                yield f"{name!r} does not come before {reader!r}."
            else:
                self.edges += [f"{source}->{one}" for source in sources for one in readers]
            seen.update(sources)

    def _comes_before(self, source: str, reader: str) -> bool:
        return self.graph.source_index[source] < self.graph.visible[self.graph.reader_index[reader]]

    def _no_reader(self, name: str) -> str:
        head = f"a{name.replace('.', '.h')}"
        if name not in self.sources or head not in self.graph.source_index:
            return f"this graph has no reader {name!r}.{_written(name, self.graph.reader_index)}"
        layer, number = name.split(".")
        shared = f"{layer}.{int(number) * self.graph.key_readers // self.graph.heads}"
        return (
            f"{name!r} would be a head's q, k and v, and in this graph query heads share k and v. "
            f"Give {name}<q>, {shared}<k> and {shared}<v> a line each."
        )


def _whole_heads(graph: Graph) -> dict[str, tuple[str, ...]]:
    """Per head its q, k and v; none where query heads share k and v."""
    heads = product(range(graph.layers), range(graph.heads if graph.key_readers == graph.heads else 0))
    return {f"{layer}.{head}": tuple(f"a{layer}.h{head}<{part}>" for part in PARTS) for layer, head in heads}


def _name(ours: str) -> str:
    """`9.9<q>` for `a9.h9<q>`."""
    return OTHER_NAMES.get(ours) or re.sub(r"^a(\d+)\.h", r"\1.", ours)


def _list(graph: Graph, sources: list[str]) -> str:
    stream = [_name(source) for source in sources if source in graph.embeddings]
    others = [_name(source) for source in sources if source not in graph.embeddings]
    return " | <- ".join(", ".join(names) for names in (stream, others) if names)


def _listed(names: str) -> list[str]:
    """The names of a list; an empty one where a name is missing."""
    return [name.strip() for name in names.strip().removesuffix(",").split(",")]


def _written(name: str, ours: dict[str, int]) -> str:
    """The end of a message on a name that is right elsewhere in edgewise."""
    return f" In this format it is written {_name(name)}." if name in ours and _name(name) != name else ""
