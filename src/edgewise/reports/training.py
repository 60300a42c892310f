"""What is worth telling of how a mask was learned, from the lines of its log."""

from __future__ import annotations

import json
from typing import Any

ADVERSARY = "the adversary"
TARGET_MISSED = 0.01
"""By so much, of all edges, a sparsity may fall short of its target."""
OPEN = 0.5
"""Above which a gate is told as open."""
HARDLY_SPARSE = 0.5
"""A mask that leaves a larger share of all edges is not done, unless so many were asked for."""


def rounding_line(training: str) -> str:
    """What rounding and trimming came to, of each stage by which the circuit was found."""
    ends = (told for told in told_lines(training) if "rounded loss" in told and told["stage"] != ADVERSARY)
    return "\n".join(_rounding(told) for told in ends)


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


def notes_on_training(training: str, edges: int) -> list[str]:
    """What a reader of the result should know. `edges`: of the whole graph."""
    best, notes = _taken(training), []
    if not best:
        return []
    left, learned = _edges_at_last(best), best.get("edges learned", edges)
    steps = [told for told in told_lines(training) if told["stage"] == best["stage"] and "sparsity" in told]
    target = steps[-1].get("target at last") if steps else None
    if target is not None and target < 1 and 1 - left / learned < target - TARGET_MISSED:
        notes.append(
            f"the circuit has {left:,.0f} of the {learned:,.0f} edges learned, a sparsity of "
            f"{1 - left / learned:.1%}, and {target:.1%} was asked for. "
            "Choose fewer edges (--edges), more steps, or a larger hold."
        )
    elif left > HARDLY_SPARSE * edges and (target is None or target >= 1):
        notes.append(
            f"the mask has hardly closed: {left:,.0f} of {edges:,} edges are left. "
            "Choose more steps, or a higher price where the method has one."
        )
    if "hold" in best and _loss_at_last(best) > best["hold"]:
        fewer = ", more edges to learn (share, --edges-from)" if learned < edges else ""
        notes.append(
            f"the circuit's loss is {_loss_at_last(best):.2g}, above hold={best['hold']:g}: it does not do "
            f"the task. Choose more steps, more tries{fewer}, another ablation, or prompts that the model "
            "can do."
        )
    return notes


def _taken(training: str) -> dict[str, Any]:
    """What was told at the end of the try that was taken."""
    ends = (told for told in told_lines(training) if "rounded loss" in told)
    return min((told for told in ends if told["stage"].startswith("the mask")), key=_loss_at_last, default={})


def _edges_at_last(told: dict[str, Any]) -> float:
    return told.get("edges after trimming", told["edges after rounding"])


def _loss_at_last(told: dict[str, Any]) -> float:
    return told.get("trimmed loss", told["rounded loss"])


def told_lines(training: str) -> list[dict[str, Any]]:
    """What each line of the log tells."""
    return [json.loads(line) for line in training.splitlines()]
