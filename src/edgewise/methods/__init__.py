"""The methods that find circuits. `METHODS` is the one table of them; each file here holds what one does.

To add one, write its file, with a `check(metric, pairs)` that tells what it cannot do and the function
`method(model, pairs, metric, replacer, *, batch_size, progress, ...its own options) -> Scores`;
give it an entry here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from edgewise.circuit import Scores
from edgewise.methods import eap
from edgewise.tasks.metrics import Metric
from edgewise.tasks.pairs import Pairs


@dataclass(frozen=True)
class Method:
    """A way to score edges, and what a person needs to know to choose it."""

    name: str
    discover: Callable[..., Scores]
    check: Callable[[Metric, Pairs], list[str]]
    """Why it cannot use a metric on some pairs."""
    cost: str
    paper: str
    choose: str
    """When to choose it."""
    ranks: Literal["edges"] = "edges"


METHODS: Mapping[str, Method] = {
    method.name: method
    for method in (
        Method(
            name="eap",
            discover=eap.eap,
            check=eap.check,
            cost="2 forward passes, 1 backward",
            paper="Syed, Rager and Conmy 2023, arXiv:2310.10348",
            choose="First: seconds where others take minutes. It misses edges whose effect saturates.",
        ),
    )
}
