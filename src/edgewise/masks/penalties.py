"""What it costs to keep edges. The loss of a run is measured in shares of the damage done by replacing
everything, and so are prices: an edge at the price of .01 stays where it is worth a hundredth of that.

    Price       price x (number of open gates expected)
    Lengths     for edges of each kind, price x (sum of values + half x sum of sqrt(value + epsilon))
    Lagrangian  l1 (t - s) + l2 (t - s)^2, with s the sparsity as gates settle and t its target, which rises
                linearly from 0 to its end; l1 and l2 learn by gradient ascent to make s follow (Wang et al.
                2020; Edge Pruning, arXiv:2406.16778). A target above 1 is legal: it pushes until the end.

`worth` of a coefficient is the number of edges it stands for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

from edgewise.graph import Graph
from edgewise.masks.coefficients import Shared
from edgewise.masks.gates import Gates


@runtime_checkable
class Penalty(Protocol):
    def of(self, gates: Sequence[Gates], values: Sequence[Tensor], step: int) -> Tensor:
        """What is added to the loss; `values` are the gates' numbers in this step."""
        ...

    def learn(self, loss: float) -> None:
        """After the backward of a step with this loss."""
        ...

    def state(self) -> dict[str, Tensor]: ...

    def restore(self, state: Mapping[str, Tensor]) -> None: ...

    def told(self) -> dict[str, float]:
        """For the log."""
        ...


class Fixed:
    """A penalty that does not learn."""

    def learn(self, loss: float) -> None: ...

    def state(self) -> dict[str, Tensor]:
        return {}

    def restore(self, state: Mapping[str, Tensor]) -> None: ...

    def told(self) -> dict[str, float]:
        return {}


class Price(Fixed):
    def __init__(self, price: float, rise: int) -> None:
        """`rise`: steps until it is reached."""
        self.price, self.rise = price, max(rise, 1)

    def of(self, gates: Sequence[Gates], values: Sequence[Tensor], step: int) -> Tensor:
        opened = torch.stack([each.expected_gates() for each in gates]).sum()
        return self.price * min(1.0, step / self.rise) * opened


KINDS = ("between", "from-residual", "to-output")


def kinds_of_edges(graph: Graph) -> Float[Tensor, "kinds readers sources"]:
    """1 where an edge is of a kind: between nodes, from the embedding, to the logits."""
    embedded, total = len(graph.embeddings), graph.edges.float()
    kinds = torch.stack([total, total, total])
    kinds[0, :, :embedded] = kinds[0, -1] = 0
    kinds[1, :, embedded:] = 0
    kinds[2, :-1] = kinds[2, :, :embedded] = 0
    return kinds


class Lengths(Fixed):
    """L1 and L1/2; Taggart's."""

    def __init__(self, graph: Graph, prices: Sequence[float], half: float, epsilon: float) -> None:
        """`prices`: of edges of each of `KINDS`."""
        self.prices = (torch.tensor(prices)[:, None, None] * kinds_of_edges(graph)).sum(0)
        self.half, self.epsilon = half, epsilon
        self.known: dict[int, tuple[Shared, Tensor]] = {}
        """By the place of a set of gates: what its coefficients cost, worked out once."""

    def of(self, gates: Sequence[Gates], values: Sequence[Tensor], step: int) -> Tensor:
        total = values[0].new_zeros(())
        for each, numbers in zip(gates, values, strict=True):
            prices = self._prices_of(each, numbers)
            shape = numbers + self.half * (numbers + self.epsilon).sqrt()
            # A mean over draws, and over positions that have their own.
            total = total + (prices * shape).sum() * (shape.shape[-1] / shape.numel())
        return total

    def _prices_of(self, gates: Gates, numbers: Tensor) -> Float[Tensor, " count"]:
        shared, prices = self.known.get(gates.place, (None, numbers))
        if shared is not gates.coefficients:
            prices = gates.coefficients.gather(self.prices).to(numbers) * gates.worth
            self.known[gates.place] = gates.coefficients, prices.detach()
        return prices


WEAKER = 0.95
"""What multipliers lose in a step in which the loss is too large."""


class Lagrangian:
    """For each set of gates that has a target."""

    def __init__(
        self,
        targets: Sequence[float | None],
        rise: int,
        rate: float,
        hold: float | None,
        device: torch.device | None = None,
    ) -> None:
        """`rise`: steps until the targets are reached; `hold`: the loss above which they no longer push, and
        less from step to step; `device`: where the gates are."""
        self.targets, self.rise, self.rate, self.hold = targets, max(rise, 1), rate, hold
        self.multipliers = torch.zeros(len(targets), 2, device=device, requires_grad=True)
        self.ascent = torch.optim.AdamW([self.multipliers], lr=rate, weight_decay=0.0, maximize=True)
        self.loss = torch.zeros(())
        self.step = 0

    def of(self, gates: Sequence[Gates], values: Sequence[Tensor], step: int) -> Tensor:
        self.step = step
        self.multipliers.grad = None
        total = values[0].new_zeros(())
        for each, target, multipliers in zip(gates, self.targets, self.multipliers, strict=True):
            if target is None:
                continue
            sparsity = 1 - each.edges_left() / each.edges
            short = target * min(1.0, step / self.rise) - sparsity
            first, second = multipliers.to(short)
            total = total + first * short + second * short.square()
        return total

    def learn(self, loss: float) -> None:
        self.loss = 0.9 * self.loss + 0.1 * loss
        if self.hold is None or self.loss <= self.hold:
            self.ascent.step()
            return
        with torch.no_grad():
            self.multipliers *= torch.where(self.multipliers > 0, WEAKER, 1.0)

    def state(self) -> dict[str, Tensor]:
        kept = self.ascent.state_dict()["state"].get(0, {})
        return {
            "multipliers": self.multipliers.detach(),
            "running loss": self.loss,
            **{f"ascent {name}": value for name, value in kept.items()},
        }

    def restore(self, state: Mapping[str, Tensor]) -> None:
        with torch.no_grad():
            self.multipliers.copy_(state["multipliers"])
        self.loss = state["running loss"]
        kept = {
            name.removeprefix("ascent "): value for name, value in state.items() if name.startswith("ascent ")
        }
        if kept:
            self.ascent.load_state_dict({**self.ascent.state_dict(), "state": {0: kept}})

    def told(self) -> dict[str, float]:
        reached = min(1.0, self.step / self.rise)
        named = zip(self.targets, self.multipliers.tolist(), strict=True)
        told: dict[str, float] = {} if self.hold is None else {"hold": self.hold}
        for index, (target, (first, second)) in enumerate(named):
            if target is not None:
                end = f" {index + 1}" if index else ""
                told |= {
                    f"target{end}": target * reached,
                    f"target at last{end}": target,
                    f"l1{end}": first,
                    f"l2{end}": second,
                }
        return told
