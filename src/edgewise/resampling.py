"""How much of a circuit hangs on which examples were drawn, and on the method's own seed.

    overlap of two circuits    edges in both / edges in either (Jaccard)
    frequency of an edge       the share of draws whose circuit has it

Each draw is a run of the method on as many examples as there are, taken with replacement, and with another
seed where the method has one. What a number is of other prompts of the kind tells little where circuits
found on them have other edges.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import torch

from edgewise.circuit import Circuit, Scores
from edgewise.discovery import discover
from edgewise.edges import check_same
from edgewise.errors import BadInput
from edgewise.methods import METHODS
from edgewise.methods.options import own_options
from edgewise.models.transformer import Transformer
from edgewise.progress import Progress
from edgewise.tasks.pairs import Pairs

DRAWS = 20


@dataclass(frozen=True)
class Stability:
    """Circuits of one graph, one a draw: two at least."""

    circuits: tuple[Circuit, ...]

    def __post_init__(self) -> None:
        if len(self.circuits) < 2:
            raise BadInput(f"circuits of two draws or more were needed. Got {len(self.circuits)}.")
        for circuit in self.circuits[1:]:
            check_same(self.circuits[0].graph, circuit.graph)

    @property
    def overlaps(self) -> tuple[float, ...]:
        """The Jaccard index of each two draws: shared edges / edges in either."""
        return tuple(one.jaccard(other) for one, other in combinations(self.circuits, 2))

    @property
    def overlap(self) -> float:
        """The mean of `overlaps`."""
        return sum(self.overlaps) / len(self.overlaps)

    @property
    def frequency(self) -> Scores:
        """The share of the draws that each edge is in."""
        kept = torch.stack([circuit.kept for circuit in self.circuits])
        return Scores(self.circuits[0].graph, kept.double().mean(0))

    @property
    def always(self) -> Circuit:
        """The edges that are in every draw."""
        return self.frequency.threshold(1.0)

    @property
    def ever(self) -> Circuit:
        """The edges that are in any."""
        return Circuit(self.circuits[0].graph, self.frequency.values > 0)

    def to_dict(self) -> dict[str, Any]:
        """Numbers, and each edge that is in any draw with how often, the most frequent first."""
        found = [(edge, share) for edge, share in self.frequency.ranking() if share > 0]
        return {
            "draws": len(self.circuits),
            "edges": [len(circuit) for circuit in self.circuits],
            "overlap": self.overlap,
            "least_overlap": min(self.overlaps),
            "frequency": dict(found),
        }


def stability(
    model: Transformer,
    pairs: Pairs,
    method: str = "eap",
    *,
    edges: int | None = None,
    repeats: int = DRAWS,
    seed_of_repeats: int = 0,
    progress: bool | Progress = False,
    **how: Any,
) -> Stability:
    """Of the `edges` strongest, or of what the method itself chooses; pruned. `how`: as in `discover`, the
    method's own options among them, its seed, too."""
    if repeats < 2:
        raise BadInput(f"repeats must be 2 or more. Got {repeats}.")

    def choose(scores: Scores) -> Circuit:
        return (scores.own() if edges is None else scores.top(edges)).prune()

    shown = Progress(progress) if isinstance(progress, bool) else progress
    found = circuits_of_draws(model, pairs, method, choose, range(repeats), seed_of_repeats, how)
    return Stability(tuple(shown.track(found, "drawing examples", repeats, "draws")))


def circuits_of_draws(
    model: Transformer,
    pairs: Pairs,
    method: str,
    choose: Callable[[Scores], Circuit],
    draws: range,
    seed_of_draws: int,
    how: Mapping[str, Any],
) -> Iterator[Circuit]:
    """One by one. A draw depends on its number and the seed of draws alone; the method's own seed, where it
    has one, goes up by one each. `how`: as in `discover`."""
    has_seed = method in METHODS and "seed" in own_options(METHODS[method].discover)
    for draw in draws:
        own = {"seed": int(how.get("seed", 0)) + draw} if has_seed else {}
        yield choose(discover(model, resampled(pairs, seed_of_draws, draw), method, **{**how, **own}))


def resampled(pairs: Pairs, seed: int, draw: int) -> Pairs:
    """As many pairs, with replacement."""
    generator = torch.Generator().manual_seed(seed * 1_000_003 + draw)
    places = torch.randint(len(pairs), (len(pairs),), generator=generator)
    return replace(pairs, pairs=tuple(pairs.pairs[place] for place in places.tolist()))
