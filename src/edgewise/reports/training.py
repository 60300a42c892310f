"""What is worth telling of how a mask was learned, from the lines of its log."""

from __future__ import annotations

import json
from typing import Any

TARGET_MISSED = 0.01
"""By so much, of all edges, a sparsity may fall short of its target."""
OPEN = 0.5
"""Above which a gate is told as open."""
HARDLY_SPARSE = 0.5
"""A mask that leaves more than all but so many is not done, unless so many were asked for."""


def rounding_line(training: str) -> str:
    """What rounding and trimming came to, of each stage."""
    return "\n".join(_rounding(told) for told in _lines(training) if "rounded loss" in told)


def _rounding(told: dict[str, Any]) -> str:
    edges = told["edges after rounding"]
    line = (
        f"{told['stage']}: loss {told['settled loss']:.2g} learned, "
        f"{told['rounded loss']:.2g} rounded ({edges:,.0f} edge{'s' * (edges != 1)})"
    )
    if "trimmed loss" not in told:
        return line
    return f"{line}, {told['trimmed loss']:.2g} trimmed ({told['edges after trimming']:,.0f})"


def positions_of(training: str) -> dict[str, str]:
    """Where the edges of the mask are open, counted from 0; nothing where positions share gates."""
    found: dict[str, list[float]] = _taken(training).get("by position", {})
    where = {
        edge: [place for place, number in enumerate(row) if number > OPEN] for edge, row in found.items()
    }
    return {edge: ", ".join(map(str, places)) or "hardly anywhere" for edge, places in where.items()}


def notes_on_training(training: str) -> list[str]:
    """What a reader of the result should know."""
    notes = []
    by_stage = {told["stage"]: told for told in _lines(training) if "sparsity" in told}
    for stage, told in by_stage.items():
        target = told.get("target at last")
        if target is not None and target <= 1 and told["sparsity"] < target - TARGET_MISSED:
            larger = ", or a larger hold" if "hold" in told else ""
            notes.append(
                f"{stage} came to a sparsity of {told['sparsity']:.1%}, and {target:.1%} was asked for. "
                f"Choose fewer edges (--edges), more steps{larger}."
            )
        elif told["sparsity"] < min(HARDLY_SPARSE, 1.0 if target is None else target):
            notes.append(
                f"{stage} has hardly closed: {1 - told['sparsity']:.0%} of its edges are open. "
                "Choose more steps, or a higher price where the method has one."
            )
    best = _taken(training)
    if "hold" in best and _loss_at_last(best) > best["hold"]:
        loss = _loss_at_last(best)
        notes.append(
            f"the circuit's loss is {loss:.2g}, above hold={best['hold']:g}: it does not do the task. "
            "Choose more steps, more tries, another ablation, or prompts that the model can do."
        )
    return notes


def _taken(training: str) -> dict[str, Any]:
    """What was told at the end of the try that was taken."""
    ends = (told for told in _lines(training) if "rounded loss" in told)
    return min((told for told in ends if told["stage"].startswith("the mask")), key=_loss_at_last, default={})


def _loss_at_last(told: dict[str, Any]) -> float:
    return told.get("trimmed loss", told["rounded loss"])


def _lines(training: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in training.splitlines()]
