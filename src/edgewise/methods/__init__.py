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
from edgewise.methods import (
    clean_corrupted,
    eap,
    eap_ig_activations,
    eap_ig_inputs,
    eap_ig_mask,
    gim,
    relp,
)
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
        Method(
            name="eap-ig-inputs",
            discover=eap_ig_inputs.eap_ig_inputs,
            check=eap_ig_inputs.check,
            cost="2 forward passes, 1 forward and backward a step (5)",
            paper="Hanna, Pezzelle and Belinkov 2024, arXiv:2403.17806",
            choose="Where EAP misses: gradients on the way to the clean run see through saturation.",
        ),
        Method(
            name="eap-ig-activations",
            discover=eap_ig_activations.eap_ig_activations,
            check=eap_ig_activations.check,
            cost="2 forward passes, (1 + 2 x layers) forward and backward a step (5)",
            paper="Hanna, Pezzelle and Belinkov 2024, arXiv:2403.17806",
            choose="To compare with published figures; slower than eap-ig-inputs, seldom better.",
        ),
        Method(
            name="eap-ig-mask",
            discover=eap_ig_mask.eap_ig_mask,
            check=eap_ig_mask.check,
            cost="1 patched forward and backward a step (5)",
            paper="Sundararajan, Taly and Yan 2017, arXiv:1703.01365",
            choose="Where scores are to add up to what the whole graph does.",
        ),
        Method(
            name="clean-corrupted",
            discover=clean_corrupted.clean_corrupted,
            check=clean_corrupted.check,
            cost="2 forward passes, 2 forward and backward",
            paper="Hanna, Pezzelle and Belinkov 2024, arXiv:2403.17806",
            choose="Between eap and eap-ig-inputs in cost.",
        ),
        Method(
            name="relp",
            discover=relp.relp,
            check=relp.check,
            cost="2 forward passes, 1 backward",
            paper="Rezaei Jafari et al. 2025, arXiv:2508.21258",
            choose="At the cost of EAP, where MLPs saturate. It sees no queries and keys.",
        ),
        Method(
            name="gim",
            discover=gim.gim,
            check=gim.check,
            cost="2 forward passes, 1 backward",
            paper="Edin et al. 2025, arXiv:2505.17630",
            choose="At the cost of EAP, where attention saturates.",
        ),
    )
}
