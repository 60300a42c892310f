"""The methods that learn a mask, and what a person needs to know to choose one."""

from __future__ import annotations

from collections.abc import Mapping

from edgewise.methods import edge_pruning, interpolation_descent, subnetwork_probing, ugs
from edgewise.methods.scorers import Method

IDLE: Mapping[str, tuple[str, object]] = {"share": ("first", None), "memory": ("optimiser", "sgd")}
LEARNED: Mapping[str, Method] = {
    method.name: method
    for method in (
        Method(
            name="edge-pruning",
            discover=edge_pruning.edge_pruning,
            check=edge_pruning.check,
            cost="2 forward passes, 8 patched forward and backward a step (600)",
            paper="Bhaskar et al. 2024, arXiv:2406.16778",
            choose="For the fewest edges that do the task together, learned on any number of examples."
            " It chooses them.",
            presets=edge_pruning.PRESETS,
            idle_without={**IDLE, "node_target": ("nodes", False)},
        ),
        Method(
            name="interpolation-descent",
            discover=interpolation_descent.interpolation_descent,
            check=interpolation_descent.check,
            cost="2 forward passes, 1 patched forward and backward a step (600), twice",
            paper="G. M. Taggart, Gradient Descent Over Interpolated Activation Patches",
            choose="To see what works against the answer, too: its adversary's scores are below 0.",
            presets=interpolation_descent.PRESETS,
            idle_without={**IDLE, "adversary_price": ("adversary", False), "reset_every": ("resets", 0.0)},
        ),
        Method(
            name="subnetwork-probing",
            discover=subnetwork_probing.subnetwork_probing,
            check=subnetwork_probing.check,
            cost="2 forward passes, 8 patched forward and backward a step (600)",
            paper="Cao, Sanh and Rush 2021, arXiv:2104.03514",
            choose="For whole nodes at a price each; --set grain=edges for edges.",
            idle_without=IDLE,
        ),
        Method(
            name="ugs",
            discover=ugs.ugs,
            check=ugs.check,
            cost="2 forward passes, 8 patched forward and backward a step (600)",
            paper="Li and Janson 2024, arXiv:2409.09951",
            choose="For edges at a price each, by gates that are nearly always whole.",
            idle_without=IDLE,
        ),
    )
}
