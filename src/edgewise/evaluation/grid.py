"""Two thresholds at once: what a second method leaves of a first one's edges, beside a known circuit.

    Youden's J of a circuit = true-positive rate - false-positive rate

The grid of Syed et al. 2023 (arXiv:2310.10348, figure 8): EAP's strongest edges, of which ACDC takes away.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from edgewise.circuit import Circuit, Scores
from edgewise.errors import BadInput, check_kind
from edgewise.evaluation.known import youden_j
from edgewise.zoo.known import KnownCircuit


@dataclass(frozen=True, eq=False)
class YoudenGrid:
    """Circuits by two thresholds, and J of each."""

    sizes: tuple[int, ...]
    """Of the first method's circuits."""
    taus: tuple[float, ...]
    circuits: tuple[tuple[Circuit, ...], ...]
    """A row a size, a column a tau."""
    j: Float[Tensor, "sizes taus"]
    """True-positive rate - false-positive rate."""


def _left(circuit: object) -> Circuit:
    if problems := check_kind(
        circuit, Circuit, "an ew.Circuit from `refine`", "Scores give one: scores.own()."
    ):
        raise BadInput(*problems)
    assert isinstance(circuit, Circuit)
    return circuit


def youden_grid(
    scores: Scores,
    known: KnownCircuit | Circuit,
    sizes: Sequence[int],
    taus: Sequence[float],
    refine: Callable[[Circuit, float], Circuit],
) -> YoudenGrid:
    """J of each size of the scores' circuits and each tau of a second method.

    `refine` gives what the second method leaves of some edges, e.g.

        lambda edges, tau: ew.discover(model, pairs, "acdc", tau=tau, edges=edges).own()
    """
    if not sizes or not taus:
        raise BadInput(f"a size and a tau or more were needed. Got {len(sizes)} and {len(taus)}.")
    circuits = tuple(tuple(_left(refine(scores.top(size), tau)) for tau in taus) for size in sizes)
    found = [[youden_j(circuit, known) for circuit in row] for row in circuits]
    return YoudenGrid(tuple(sizes), tuple(taus), circuits, torch.tensor(found, dtype=torch.float64))
