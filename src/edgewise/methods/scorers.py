"""The methods that score edges by themselves, and what a person needs to know to choose one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from edgewise.circuit import Scores
from edgewise.methods import (
    acdc,
    activation_patching,
    clean_corrupted,
    direct_effect,
    eap,
    eap_ig_activations,
    eap_ig_inputs,
    eap_ig_mask,
    gim,
    hisp,
    information_flow,
    nodes,
    relp,
    weight_gradients,
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
    ranks: Literal["edges", "nodes"] = "edges"
    by_tau: bool = False
    """It takes edges away: those that stay have a score."""

    whole_weights: bool = False
    """It works with matrices as wholes, of which each process must have all."""
    presets: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Its own options by the name of what they are taken from."""
    idle_without: Mapping[str, tuple[str, object]] = field(default_factory=dict)
    """Options that do nothing while another has this value."""


SCORERS: Mapping[str, Method] = {
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
            cost="3 forward passes, (1 + 2 x layers) forward and backward a step (5)",
            paper="Hanna, Pezzelle and Belinkov 2024, arXiv:2403.17806",
            choose="To compare with published figures; slower than eap-ig-inputs, seldom better.",
        ),
        Method(
            name="eap-ig-mask",
            discover=eap_ig_mask.eap_ig_mask,
            check=eap_ig_mask.check,
            cost="1 forward pass, 1 patched forward and backward a step (5)",
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
        Method(
            name="activation-patching",
            discover=activation_patching.activation_patching,
            check=activation_patching.check,
            cost="1 partial forward pass an edge",
            paper="Wang et al. 2022, arXiv:2211.00593",
            choose="To know exactly what each edge does alone; on large models for some: --edges-from.",
        ),
        Method(
            name="acdc",
            discover=acdc.acdc,
            check=acdc.check,
            cost="1 partial patched run an edge",
            paper="Conmy et al. 2023, arXiv:2304.14997",
            choose="For a circuit that is enough by itself, backups and all. It chooses the edges, by tau "
            "and KL; --set loss=metric by the metric.",
            by_tau=True,
        ),
        Method(
            name="node-attribution",
            discover=nodes.node_attribution_edges,
            check=nodes.check,
            cost="2 forward passes, 1 backward",
            paper="Kramar et al. 2024, arXiv:2403.00745",
            choose="To rank whole nodes at the least cost. Examples of opposite sign cancel out.",
            ranks="nodes",
        ),
        Method(
            name="hisp",
            discover=hisp.hisp,
            check=hisp.check,
            cost="1 forward pass, 1 backward (1 forward more against the replacement)",
            paper="Michel, Levy and Neubig 2019, arXiv:1905.10650",
            choose="To compare with published figures; --set against=replacement tells prompts apart.",
            ranks="nodes",
        ),
        Method(
            name="information-flow-routes",
            discover=information_flow.information_flow,
            check=information_flow.check,
            cost="1 forward pass",
            paper="Ferrando and Voita 2024, arXiv:2403.00824",
            choose="Without a metric and without corrupted prompts: what flows, not what the task needs.",
        ),
        Method(
            name="weight-gradients",
            discover=weight_gradients.weight_gradient_edges,
            check=weight_gradients.check,
            cost="1 forward and backward, 2 with corrupted prompts",
            paper="P. Talavante, Gradient Based Circuits Discovery (slides)",
            choose="To look at weights, without an intervention. Seldom best, and without a sign.",
            ranks="nodes",
            whole_weights=True,
        ),
        Method(
            name="direct-effect",
            discover=direct_effect.direct_effect,
            check=direct_effect.check,
            cost="2 forward passes",
            paper="Wang et al. 2022, arXiv:2211.00593",
            choose="To see what tells the logits itself. Edges that end elsewhere have 0.",
        ),
    )
}
