"""What is worth telling of how a mask was learned, from the lines of its log."""

from __future__ import annotations

import json
from typing import Any

TARGET_MISSED = 0.01
"""By so much, of all edges, a sparsity may fall short of its target."""


def rounding_line(training: str) -> str:
    """What rounding came to, of each stage."""
    return "\n".join(
        f"{told['stage']}: loss {told['settled loss']:.3g} as learned, {told['rounded loss']:.3g} with the "
        f"{told['edges after rounding']:,.0f} edges it is rounded to"
        for told in _lines(training)
        if "rounded loss" in told
    )


def notes_on_training(training: str) -> list[str]:
    """What a reader of the result should know."""
    notes = []
    by_stage = {told["stage"]: told for told in _lines(training) if "sparsity" in told}
    for stage, told in by_stage.items():
        target = told.get("target at last")
        if target is not None and target <= 1 and told["sparsity"] < target - TARGET_MISSED:
            notes.append(
                f"{stage} came to a sparsity of {told['sparsity']:.1%}, and {target:.1%} was asked for. The "
                "loss does not allow more. Choose fewer edges (--edges), more steps, or a larger hold."
            )
    return notes


def _lines(training: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in training.splitlines()]
