"""What is worth telling of how a mask was learned, from the lines of its log."""

from __future__ import annotations

import json
from typing import Any

TARGET_MISSED = 0.01
"""By so much, of all edges, a sparsity may fall short of its target."""


def rounding_line(training: str) -> str:
    """What rounding and trimming came to, of each stage."""
    return "\n".join(_rounding(told) for told in _lines(training) if "rounded loss" in told)


def _rounding(told: dict[str, Any]) -> str:
    line = (
        f"{told['stage']}: loss {told['settled loss']:.2g} learned, "
        f"{told['rounded loss']:.2g} rounded ({told['edges after rounding']:,.0f} edges)"
    )
    if "trimmed loss" not in told:
        return line
    return f"{line}, {told['trimmed loss']:.2g} trimmed ({told['edges after trimming']:,.0f})"


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
    holds = [told["hold"] for told in by_stage.values() if "hold" in told]
    losses = [_loss_at_last(told) for told in _lines(training) if "rounded loss" in told]
    if holds and losses and min(losses) > holds[0]:
        notes.append(
            f"the circuit's loss is {min(losses):.2g}, above hold={holds[0]:g}: it does not do the task. "
            "Choose more steps, more tries, another ablation, or prompts that the model can do."
        )
    return notes


def _loss_at_last(told: dict[str, Any]) -> float:
    return told.get("trimmed loss", told["rounded loss"])


def _lines(training: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in training.splitlines()]
