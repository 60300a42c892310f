"""What is claimed of a circuit, put to the test (Shi et al. 2024, arXiv:2410.13032).

    equivalence         circuit and full model are as likely as each other to score higher on an example
    independence        what the model scores without the circuit says nothing of what the full model scores
    minimality          without any of its edges the circuit changes more than, by `share` of the draws, a
                        circuit with a random path too many does without an edge of that path
    sufficiency         it is nearer to the full model than `share` of random circuits of its size
    partial necessity   the model without it is farther off than without `share` of random circuits

Of the first three the claim is the null hypothesis, and a small p-value speaks against it; of the last two it
is the alternative, and a small p-value speaks for it. An example's score is its metric; how far a run is from
another is the mean over examples of the difference of scores. Minimality's p-value is the least of the
edges', times their number (Bonferroni). Random circuits have at least as many edges as the circuit, and ties
with them count against it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgewise.circuit import Circuit
from edgewise.edges import check_same
from edgewise.errors import BadInput, check_kind
from edgewise.evaluation.evaluation import Evaluation
from edgewise.evaluation.faithfulness import evaluate_circuits, how_to_judge
from edgewise.evaluation.hypotheses import (
    MARGIN,
    MOST,
    SHARE,
    equivalence,
    independence,
    less_often,
    more_often,
)
from edgewise.evaluation.random_circuits import Draws
from edgewise.graph import Graph
from edgewise.masks.constants import OPTIMAL
from edgewise.models.transformer import Transformer
from edgewise.progress import Progress
from edgewise.tasks.metrics import Metric
from edgewise.tasks.pairs import Pairs

LEVEL = 0.05
ROUNDING = 1e-6
"""Of the largest score: a smaller difference is none."""
DRAWS = 100
FEW = 10
"""Examples, fewer than which no test can tell anything."""


@dataclass(frozen=True)
class Claim:
    """One of the five, with its test."""

    name: str
    p: float
    null: bool
    """Whether the claim is the null hypothesis: then a small p-value speaks against it."""
    told: str
    """What was seen."""
    level: float = LEVEL
    edges: tuple[str, ...] = ()
    """Of minimality: those that the circuit could do without."""

    @property
    def holds(self) -> bool:
        """As far as the test can tell."""
        return (self.p > self.level) == self.null

    @property
    def verdict(self) -> str:
        if self.null:
            return "not refuted" if self.holds else "refuted"
        return "shown" if self.holds else "not shown"

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "verdict": self.verdict}


def claims(
    model: Transformer,
    pairs: Pairs,
    circuit: Circuit,
    *,
    metric: str | None = None,
    ablation: str = "corrupted",
    batch_size: int = 16,
    level: float = LEVEL,
    share: float = SHARE,
    margin: float = MARGIN,
    draws: int = DRAWS,
    seed: int = 0,
    progress: bool | Progress = False,
) -> list[Claim]:
    """All five, on pairs that the circuit was not found on. The metric is as in `discover`."""
    problems = check_kind(circuit, Circuit, "an ew.Circuit", "Scores give one: scores.top(200).")
    if problems := problems + check_sizes(level, share, margin, draws):
        raise BadInput(*problems)
    # That constants are learned is refused below, with what else is wrong.
    other = "corrupted" if ablation == OPTIMAL else ablation
    measure, replacing = how_to_judge(model, pairs, metric, other, batch_size, None)
    if problems := check_claims(pairs, ablation, measure):
        raise BadInput(*problems)
    check_same(Graph.of(model.config), circuit.graph)
    if not len(circuit):
        raise BadInput("a circuit with edges was needed for tests. Got an empty one: it claims nothing.")
    random = Draws(circuit.graph, seed)
    edges = list(circuit)
    without = [circuit - Circuit.of(circuit.graph, [edge]) for edge in edges]
    inflated = [pair for _ in range(draws) if (pair := random.inflated(circuit))]
    others = [random.circuit(len(circuit)) for _ in range(draws)]
    parts = [
        [circuit, ~circuit],
        without,
        [larger for larger, _ in inflated],
        [smaller for _, smaller in inflated],
        others,
        [~other for other in others],
    ]
    shown = Progress(progress) if isinstance(progress, bool) else progress
    every = [one for part in parts for one in part]
    found = iter(evaluate_circuits(model, pairs, every, measure, replacing, batch_size, shown))
    [alone, rest], *more = [[next(found) for _ in part] for part in parts]
    full = np.array(alone.per_example["full"])
    seen = [equivalent(alone, full, margin), independent(rest, full, seed)]
    if edges and inflated:
        changes = distances(more[0], scores_of(alone))
        by_chance = np.concatenate(
            [distances([less], scores_of(larger)) for larger, less in zip(more[1], more[2], strict=True)]
        )
        seen.append(minimal(edges, changes, by_chance, share, level))
    if 0 < len(edges) < circuit.graph.edge_count:
        seen += [
            beside_random("sufficiency", -distances([alone], full), -distances(more[3], full), share),
            beside_random("partial necessity", distances([rest], full), distances(more[4], full), share),
        ]
    return [Claim(**{**vars(claim), "level": level}) for claim in seen]


def scores_of(evaluation: Evaluation) -> NDArray[np.float64]:
    return np.array(evaluation.per_example["circuit"])


def distances(some: Sequence[Evaluation], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean absolute difference of scores, of each."""
    return np.array([np.abs(scores_of(each) - other).mean() for each in some])


def equivalent(alone: Evaluation, full: NDArray[np.float64], margin: float) -> Claim:
    own = scores_of(alone)
    rounding = ROUNDING * max(np.abs(full).max(), np.abs(alone.per_example["replaced"]).max())
    differs = np.abs(own - full) > rounding
    count, higher = int(differs.sum()), int((differs & (own > full)).sum())
    same = f", {len(full) - count} the same" if count < len(full) else ""
    told = f"higher than the full model on {higher} of {count}{same}"
    return Claim("equivalence", equivalence(own, full, margin, float(rounding)), True, told)


def independent(rest: Evaluation, full: NDArray[np.float64], seed: int) -> Claim:
    own = scores_of(rest)
    varies = bool(np.ptp(own)) and bool(np.ptp(full))
    related = f"correlation {np.corrcoef(own, full)[0, 1]:.2f}" if varies else "correlation none"
    drawn = f", of {MOST:,} examples drawn" if len(full) > MOST else ""
    return Claim("independence", independence(own, full, seed=seed), True, related + drawn)


def minimal(
    edges: list[str],
    changes: NDArray[np.float64],
    by_chance: NDArray[np.float64],
    share: float,
    level: float,
) -> Claim:
    chances = [min(1.0, less_often(change, by_chance, share) * len(edges)) for change in changes]
    needless = tuple(edge for edge, p in zip(edges, chances, strict=True) if p <= level)
    told = f"{len(needless)} of {len(edges)} edges change as little as chance"
    return Claim("minimality", min(chances), True, told, edges=needless)


def beside_random(name: str, this: NDArray[np.float64], random: NDArray[np.float64], share: float) -> Claim:
    """Larger is better."""
    how = "nearer to it than" if name == "sufficiency" else "farther off than"
    told = f"{how} {int((this > random).sum())} of {len(random)} at random"
    return Claim(name, more_often(this.item(), random, share), False, told)


def check_claims(pairs: Pairs, ablation: str, metric: Metric) -> list[str]:
    problems = []
    if any(metric.compares_with_full(pair) for pair in pairs):
        problems.append(
            f"tests need a score that every run has of its own. Got {metric.name!r}, which compares with the "
            "full model. Choose another metric, e.g. logit-diff."
        )
    if ablation == OPTIMAL:
        problems.append(
            "tests need hundreds of circuits, and 'optimal' learns constants for each. "
            "Choose another ablation."
        )
    if len(pairs) < FEW:
        problems.append(f"tests need {FEW} examples or more. Got {len(pairs)}.")
    return problems


def check_sizes(level: float, share: float, margin: float, draws: int) -> list[str]:
    problems = []
    for name, value, most in (("level", level, 1), ("share", share, 1), ("margin", margin, 0.5)):
        if not 0 < value < most:
            problems.append(f"{name} must lie between 0 and {most}. Got {value}.")
    if draws < 1:
        problems.append(f"draws must be 1 or more. Got {draws}.")
    return problems
