"""Matrices [readers, sources] over the edges of a graph: what fits, and from names to places and back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from numbers import Integral

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from edgewise.errors import BadInput
from edgewise.graph import Graph

SHOWN = 10
"""How many wrong edges a message names: a circuit of another model has thousands."""


def check_shape(what: str, graph: Graph, matrix: Tensor) -> None:
    """Refuse a matrix that cannot lie on the graph."""
    if tuple(matrix.shape) != graph.shape:
        raise BadInput(
            f"{what} over {graph.describe()} must be [readers, sources] = {list(graph.shape)}. "
            f"Got {list(matrix.shape)}."
        )


def check_same(graph: Graph, other: Graph) -> None:
    if graph != other:
        grouped = replace(graph, key_readers=other.key_readers) == other and graph.heads in (
            graph.key_readers,
            other.key_readers,
        )
        why = " One model was loaded with grouped_readers and the other without." if grouped else ""
        raise BadInput(
            "scores and circuits of one graph were needed. "
            f"Got one of {graph.describe()}; and one of {other.describe()}.{why}"
        )


def check_count(graph: Graph, count: int) -> None:
    """Refuse a number of edges that the graph cannot give."""
    is_whole = isinstance(count, Integral) and not isinstance(count, bool)
    if not is_whole or not 0 <= count <= graph.edge_count:
        got = f"{count:,}" if is_whole else f"{count!r:.60}"
        raise BadInput(f"a number of edges from 0 to {graph.edge_count:,} was needed. Got {got}.")


def marked_edges(graph: Graph, marked: Bool[Tensor, "readers sources"]) -> str:
    """The first marked edges by name, and how many more there are."""
    names = [graph.edge_name(reader, source) for reader, source in marked.nonzero()[:SHOWN].tolist()]
    more = int(marked.sum()) - len(names)
    return ", ".join(names) + (f" and {more:,} more" if more else "")


def shortened(problems: list[str]) -> list[str]:
    """The first problems, and how many more there are."""
    more = [f"... and {len(problems) - SHOWN:,} more like these."] if len(problems) > SHOWN else []
    return problems[:SHOWN] + more


def edge_places(graph: Graph, names: Iterable[str]) -> tuple[Int[Tensor, " edges"], Int[Tensor, " edges"]]:
    """(readers, sources) of edges by name; every name that is not an edge is told at once."""
    if isinstance(names, str):
        raise BadInput(f"several edge names were needed. Got text. Put it in a list: [{names!r}].")
    places: list[tuple[int, int]] = []
    problems: list[str] = []
    for name in names:
        try:
            places.append(graph.edge_index(name))
        except KeyError as error:
            problems.append(f"{error.args[0]}.")
    if problems:
        raise BadInput(*shortened(problems))
    readers, sources = torch.tensor(places, dtype=torch.long).reshape(-1, 2).T
    return readers, sources
