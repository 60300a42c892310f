"""What circuits of growing size do alone: faithfulness f over the share k of edges, and the areas of MIB.

    CPR = area under f(k)           how well small circuits do the task; without bound, as what works against
                                    it may be left out
    CMD = area under |1 - f(k)|     how far circuits are from the full model; 0 is best

by trapezoids, from the smallest size to the largest (Mueller et al. 2025, arXiv:2504.13151). MIB's sizes are
ten, from a thousandth of the edges to all of them: int(k n) are the strongest, and then what lies on no path
is pruned. Areas compare only where sizes are the same, so a curve tells them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgewise.circuit import Circuit, Scores
from edgewise.components import ComponentScores
from edgewise.errors import BadInput, check_kind, check_name
from edgewise.evaluation.averaging import AVERAGINGS, Numbers
from edgewise.evaluation.evaluation import EDGES, NODES, Evaluation
from edgewise.evaluation.faithfulness import evaluate_all
from edgewise.evaluation.intervals import DRAWS, LEVEL, Interval, interval
from edgewise.evaluation.node_circuits import circuits_of_nodes, nodes_of
from edgewise.models.transformer import Transformer
from edgewise.tasks.pairs import Pairs

MIB_SIZES = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
"""Shares of all edges."""


@dataclass(frozen=True, repr=False)
class Curve:
    """Sizes, as shares of all edges before pruning, and the evaluation of the circuit of each."""

    shares: tuple[float, ...]
    evaluations: tuple[Evaluation, ...]

    @property
    def faithfulness(self) -> tuple[float, ...] | None:
        """Of each size; None where it has no value."""
        values = [each.faithfulness for each in self.evaluations]
        return None if None in values else tuple(value for value in values if value is not None)

    @property
    def cpr(self) -> float | None:
        return None if self.faithfulness is None else self._area(self._heights()).item()

    @property
    def cmd(self) -> float | None:
        return None if self.faithfulness is None else self._area(self._misses(self._heights())).item()

    def intervals(
        self, level: float = LEVEL, draws: int = DRAWS, seed: int = 0
    ) -> dict[str, Interval | None]:
        """Of both areas, by resampling examples."""
        first = self.evaluations[0]
        average = AVERAGINGS[first.averaging]
        samples = [first.per_example[name] for name in ("full", "replaced")]
        samples += [each.per_example["circuit"] for each in self.evaluations]

        def faithfulness(full: Any, replaced: Any, *circuits: Any, axis: int) -> NDArray[np.float64]:
            return np.stack([average(circuit, full, replaced, axis) for circuit in circuits])

        def cpr(*given: Any, axis: int) -> Numbers:
            return self._area(faithfulness(*given, axis=axis))

        def cmd(*given: Any, axis: int) -> Numbers:
            return self._area(self._misses(faithfulness(*given, axis=axis)))

        return {
            name: interval(area, samples, level, draws, seed) for name, area in (("cpr", cpr), ("cmd", cmd))
        }

    def averaged(self, averaging: str) -> Curve:
        return Curve(self.shares, tuple(each.averaged(averaging) for each in self.evaluations))

    def __str__(self) -> str:
        first = self.evaluations[0]
        areas = "" if self.cpr is None else f"; CPR {self.cpr:.3f}, CMD {self.cmd:.3f}"
        lines = [f"{first.metric} {first.where}, ablation {first.ablation}, by {first.granularity}{areas}"]
        for share, each in zip(self.shares, self.evaluations, strict=True):
            lines.append(f"  {share:<7.4g} {each.edges:,} kept, faithfulness {each.faithfulness_number}")
        return "\n".join(lines)

    __repr__ = __str__

    def to_dict(self) -> dict[str, Any]:
        """The areas; the evaluations are told for themselves."""
        told = {name: None if one is None else list(one) for name, one in self.intervals().items()}
        return {"sizes": list(self.shares), "cpr": self.cpr, "cmd": self.cmd, "intervals": told}

    def _heights(self) -> NDArray[np.float64]:
        return np.array(self.faithfulness)

    def _misses(self, faithfulness: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.abs(1 - faithfulness)

    def _area(self, heights: NDArray[np.float64]) -> Numbers:
        """[sizes, ...] to [...]"""
        widths = np.diff(np.array(self.shares))
        return np.tensordot(widths, (heights[1:] + heights[:-1]) / 2, 1)[()]


def circuits_of_sizes(
    scores: Scores, shares: Sequence[float] = MIB_SIZES, by: str = "absolute", prune: bool = True
) -> list[Circuit]:
    """The strongest edges of each size."""
    chosen = scores.tops(counts_of(scores.graph.edge_count, shares), by)
    return [circuit.prune() for circuit in chosen] if prune else chosen


def counts_of(every: int, shares: Sequence[float] = MIB_SIZES) -> list[int]:
    """Of so many edges, or nodes; as MIB counts, rounded down."""
    return [int(share * every) for share in shares]


def curve(
    model: Transformer,
    pairs: Pairs,
    scores: Scores | ComponentScores | Sequence[Circuit],
    *,
    sizes: Sequence[float] | None = None,
    by: str = "absolute",
    prune: bool = True,
    metric: str | None = None,
    ablation: str = "corrupted",
    batch_size: int = 16,
    learned_on: Pairs | None = None,
    granularity: str = EDGES,
) -> Curve:
    """Of scores, at `sizes`, shares of all edges (else MIB's); or of circuits, the smallest first.

    granularity: `nodes` for circuits of the strongest heads and MLPs, with every edge between them; sizes are
    shares of these, and scores may be `ComponentScores`.

    Found on some pairs, scores are judged on others: give those of another split. The rest is as in
    `evaluate`.
    """
    how: Any = {
        "metric": metric,
        "ablation": ablation,
        "batch_size": batch_size,
        "learned_on": learned_on,
    }
    if problems := check_name("granularity", granularity, (EDGES, NODES)):
        raise BadInput(*problems)
    if isinstance(scores, ComponentScores) or granularity == NODES:
        return _of_nodes(model, pairs, scores, MIB_SIZES if sizes is None else tuple(sizes), by, how)
    if isinstance(scores, Scores):
        shares = MIB_SIZES if sizes is None else tuple(sizes)
        check_shares(shares)
        return Curve(
            shares, tuple(evaluate_all(model, pairs, circuits_of_sizes(scores, shares, by, prune), **how))
        )
    for each in scores:
        if problems := check_kind(each, Circuit, "an ew.Circuit", "Scores give one: scores.top(200)."):
            raise BadInput(*problems)
    if sizes is not None:
        raise BadInput("sizes are of scores: circuits have their own. Leave them out.")
    shares = tuple(share_of(circuit) for circuit in scores)
    check_shares(shares)
    return Curve(shares, tuple(evaluate_all(model, pairs, list(scores), **how)))


def _of_nodes(
    model: Transformer,
    pairs: Pairs,
    scores: Scores | ComponentScores | Sequence[Circuit],
    shares: tuple[float, ...],
    by: str,
    how: dict[str, Any],
) -> Curve:
    if not isinstance(scores, Scores | ComponentScores):
        raise BadInput("scores of edges or of components were needed for circuits of nodes.")
    check_shares(shares)
    every = len(nodes_of(scores.graph))
    counts = counts_of(every, shares)
    found = evaluate_all(model, pairs, circuits_of_nodes(scores, counts, by), **how)
    return Curve(
        shares, tuple(by_nodes(each, count, every) for each, count in zip(found, counts, strict=True))
    )


def by_nodes(evaluation: Evaluation, count: int, every: int) -> Evaluation:
    """Of a circuit of so many nodes, told by nodes."""
    return replace(evaluation, granularity=NODES, edges=count, graph_edges=every)


def share_of(circuit: Circuit) -> float:
    """Of all edges, those chosen, before pruning."""
    chosen = len(circuit) if circuit.selected is None else circuit.selected
    return chosen / circuit.graph.edge_count


def check_shares(shares: Sequence[float]) -> None:
    rising = all(one < other for one, other in pairwise(shares))
    if len(shares) < 2 or not rising or shares[0] < 0 or shares[-1] > 1:
        raise BadInput(
            "two sizes or more were needed, shares of all edges from 0 to 1, the smallest first. "
            f"Got {', '.join(f'{share:g}' for share in shares) or 'none'}."
        )
