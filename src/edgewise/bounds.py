"""Numbers within bounds, as annotations: what an option may be."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated


@dataclass(frozen=True)
class Above:
    """A bound for a number."""

    bound: float
    inclusive: bool = True
    most: float = math.inf

    def holds(self, number: float | int) -> bool:
        above = number >= self.bound if self.inclusive else number > self.bound
        return above and number <= self.most and number < math.inf

    def __str__(self) -> str:
        most = f" and at most {self.most:g}" if self.most < math.inf else ""
        return f"{'from' if self.inclusive else 'above'} {self.bound:g}{most}"


Count = Annotated[int, Above(1.0)]
Positive = Annotated[float, Above(0.0, inclusive=False)]
NotNegative = Annotated[float, Above(0.0)]
Share = Annotated[float, Above(0.0, inclusive=False, most=1.0)]
Target = Annotated[float, Above(0.0, inclusive=False, most=2.0)]
NearlyOne = Annotated[float, Above(0.0, most=0.999999)]
Part = Annotated[float, Above(0.0, most=1.0)]
