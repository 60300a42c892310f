"""Which scored edges a request keeps: by order and size, a threshold or the method's own choice."""

from __future__ import annotations

from collections.abc import Iterable

from edgewise.circuit import Circuit, Scores, size_at
from edgewise.methods import METHODS
from edgewise.request import DEFAULT_EDGES, Request


def leaves_some_out(request: Request) -> bool:
    """Whether edges that were taken away, or never gone through, have no score to be chosen by."""
    return METHODS[request.method].by_tau or request.edges_from is not None


def can_be_chosen(scores: Scores, request: Request) -> Circuit:
    """The edges that a size is filled with."""
    if not leaves_some_out(request):
        return Circuit.full(scores.graph)
    return Circuit(scores.graph, scores.values != 0)


def order_of(scores: Scores, request: Request) -> str:
    """Of the edges: the one asked for, or else that in which the method itself chose, where it did."""
    return request.by or ("absolute" if scores.chosen is None else "value")


def select(scores: Scores, request: Request, edges: int | None = None) -> Circuit:
    """The circuit that a request makes of scores; `edges` takes the place of its own choice. Where fewer can
    be chosen than are wanted, all of these."""
    wanted, by = request.edges if edges is None else edges, order_of(scores, request)
    every, able = scores.graph.edge_count, can_be_chosen(scores, request)
    if wanted is not None:
        circuit = scores.top(wanted, by, able)
    elif request.threshold is not None:
        circuit = scores.threshold(request.threshold, by) & able
    elif request.sparsity is not None:
        circuit = scores.top(size_at(scores.graph, request.sparsity), by, able)
    elif scores.chosen is not None:
        circuit = scores.own() & able
    else:
        circuit = scores.top(min(DEFAULT_EDGES, every), by, able)
    return circuit.prune() if request.prune else circuit


def select_sizes(scores: Scores, request: Request, sizes: Iterable[int]) -> list[Circuit]:
    """`select` of several sizes in the place of the request's own choice."""
    circuits = scores.tops(sizes, order_of(scores, request), can_be_chosen(scores, request))
    return [circuit.prune() for circuit in circuits] if request.prune else circuits


def fewer_than(size: int, scores: Scores, request: Request) -> str | None:
    """What to know of circuits of so many edges, where there are not as many to choose from."""
    able = len(can_be_chosen(scores, request))
    if size <= able:
        return None
    return f"{able:,} edges have a score to be chosen by: circuits of more are these."
