"""An edge list: CSV with the columns `source,reader,score,kept`, a row per edge of the graph in its order.

A list does not say which graph it belongs to, so reading asks for it. An edge without a row has score 0 and
is not kept. A list of edges alone, `source,reader`, is a circuit.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Container
from pathlib import Path

from edgewise.circuit import Circuit, Scores
from edgewise.edges import check_same, shortened
from edgewise.errors import BrokenFile
from edgewise.files import atomic_write, in_file, read_text
from edgewise.graph import Graph
from edgewise.recognised import recognised

COLUMNS = ["source", "reader", "score", "kept"]
EDGE, KEPT = COLUMNS[:2], ["0", "1"]


def write(path: str | Path, scores: Scores, circuit: Circuit) -> None:
    graph = scores.graph
    check_same(graph, circuit.graph)
    lines = [",".join(COLUMNS)]
    for reader, (name, sees) in enumerate(zip(graph.readers, graph.visible, strict=True)):
        values, kept = scores.values[reader, :sees].tolist(), circuit.kept[reader, :sees].tolist()
        rows = zip(graph.sources[:sees], values, kept, strict=True)
        lines += [f"{source},{name},{value!r},{is_kept:d}" for source, value, is_kept in rows]
    atomic_write(path, "\n".join(lines) + "\n")


def read(path: str | Path, graph: Graph) -> tuple[Scores, Circuit]:
    return _parsed(path, graph, [COLUMNS])


def read_circuit(path: str | Path, graph: Graph) -> Circuit:
    """The edges that a list keeps; all those of a list of edges alone."""
    return _parsed(path, graph, [COLUMNS, EDGE])[1]


def _parsed(path: str | Path, graph: Graph, forms: list[list[str]]) -> tuple[Scores, Circuit]:
    header, *rows = _rows(path)
    if header not in forms:
        needed = " or ".join(",".join(columns) for columns in forms)
        raise BrokenFile(
            f"{path}, line 1: the columns {needed} were needed. "
            f"Got {','.join(header)!r:.60}.{recognised(path)}"
        )
    scores: dict[str, float] = {}
    kept: list[str] = []
    problems: list[str] = []
    for line, row in enumerate(rows, start=2):
        problem = _problem(graph, row, len(header), scores)
        if problem:
            problems.append(f"{path}, line {line}: {problem}.")
            continue
        source, reader, score, is_kept = row if header == COLUMNS else [*row, *KEPT]
        name = f"{source}->{reader}"
        scores[name] = float(score)
        if is_kept == "1":
            kept.append(name)
    if problems:
        raise BrokenFile(*shortened(problems))
    with in_file(path):
        return Scores.from_edges(graph, scores), Circuit.of(graph, kept)


def _rows(path: str | Path) -> list[list[str]]:
    try:
        return list(csv.reader(io.StringIO(read_text(path)))) or [[]]
    except csv.Error as error:
        raise BrokenFile(f"{path} is not CSV: {error}.") from error


def _problem(graph: Graph, row: list[str], fields: int, seen: Container[str]) -> str | None:
    """What is wrong with a row, if anything."""
    if len(row) != fields:
        return f"{fields} fields were needed. Got {len(row)}"
    source, reader, score, is_kept = row if fields == len(COLUMNS) else [*row, *KEPT]
    name = f"{source}->{reader}"
    if name in seen:
        return f"{name!r} stands here a second time"
    if is_kept not in ("0", "1"):
        return f"'kept' must be 0 or 1. Got {is_kept!r}"
    try:
        graph.edge_index(name)
        float(score)
    except KeyError as error:
        return error.args[0]
    except ValueError:
        return f"'score' must be a number. Got {score!r}"
    return None
