"""Methods that learn a mask: a step runs a few examples under several masks, and goes back.

As many masks run at once as a budget allows (`patching/budget.py`), so that what a step takes hardly grows
with the number that is drawn: their gates do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edgewise.masks.trimming import AT_ONCE
from edgewise.planning.parts import Moment, moment
from edgewise.planning.patched import (
    backward_holds,
    forward_holds,
    keeps,
    operations_done_again,
    outbox,
    replacements,
    run_operations,
    together,
)
from edgewise.planning.plain import LOGITS_BESIDE_FULL, forward_operations, taped_forward_holds
from edgewise.planning.sizes import Sizes

JUDGED = 3
"""Masks whose losses are told together: as learned, rounded, and of all edges."""
DRAWN = 4
"""Tensors as large as all draws of a set of gates that its backward keeps."""
MASKS = 4
"""Tensors as large as all masks: the mask, what it is the product of, its gradient."""
MOMENTS = {"adam": 2, "adamw": 2, "sgd": 0}
"""Of the optimiser, as large as the gates."""
OPENED = 4
"""Sums over steps in float64, and indices, as large as the graph."""


def masks_at_once(sizes: Sizes, draws: int) -> int:
    return min(draws, together(sizes, len(sizes.graph.sources)))


def gates(sizes: Sizes, draws: int, positions: int, optimiser: str) -> int:
    """What learning takes beside the runs."""
    readers, sources = sizes.graph.shape
    every, edges = readers * sources * positions, sizes.graph.edge_count * positions
    exact = max(4, sizes.exact)
    of_parameters = (2 + MOMENTS[optimiser]) * edges * exact
    return draws * (DRAWN * edges + MASKS * every) * exact + of_parameters + OPENED * every * 8


def masked_run(
    sizes: Sizes, masks: int, of_gates: int, logits: int = LOGITS_BESIDE_FULL, thrifty: bool = False
) -> list[Moment]:
    """A patched run with its backward."""
    readers, sources = sizes.graph.shape
    of_masks = masks * readers * sources * (2 * sizes.number + 2 * sizes.exact)
    running = moment(
        "a patched run with its backward",
        outbox=outbox(sizes, masks),
        replacements=replacements(sizes) + sizes.embedded,
        activations=keeps(sizes, masks, thrifty),
        logits=logits * masks * sizes.logits * sizes.in_exact,
        masks=of_gates + of_masks,
        work=backward_holds(sizes, masks),
    )
    replacing = moment(
        "the run that replaces",
        outbox=outbox(sizes, masks),
        replacements=replacements(sizes),
        masks=of_gates,
        work=taped_forward_holds(sizes),
    )
    return [running, replacing]


def learned(sizes: Sizes, options: Mapping[str, Any]) -> list[Moment]:
    """A step with the settings of `masks/settings.py`; and circuits that are judged, at once, when it is
    learned: their runs are made of the buffers that the steps leave."""
    positions = sizes.tokens if options["positions"] else 1
    of_gates = gates(sizes, options["draws"], positions, options["optimiser"])
    masks = masks_at_once(sizes, options["draws"])
    judged = masks_at_once(sizes, JUDGED if options["trim"] is None else AT_ONCE)
    larger = outbox(sizes, judged, backward=False) if judged > masks else 0
    judging = moment(
        "the mask is judged",
        outbox=outbox(sizes, masks) // 2 + max(outbox(sizes, masks) // 2, larger),
        replacements=replacements(sizes) + sizes.embedded,
        masks=judged * sizes.graph.shape[0] * sizes.graph.shape[1] * (1 + 4 * sizes.number) + of_gates // 2,
        work=forward_holds(sizes, judged),
        logits=LOGITS_BESIDE_FULL * judged * sizes.logits * sizes.in_exact,
    )
    return [*masked_run(sizes, masks, of_gates, thrifty=options["thrifty"]), judging]


def step_operations(sizes: Sizes, examples: int, options: Mapping[str, Any], by_kl: bool) -> int:
    """`examples` of a step on this device, which run `sizes.examples` at a time."""
    one = sizes.of(1)
    run = run_operations(one, backward=True) + (operations_done_again(one) if options["thrifty"] else 0)
    full = forward_operations(one) if by_kl else 0
    return examples * (options["draws"] * run + forward_operations(one, unembeds=False) + full)
