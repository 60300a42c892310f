"""The moments of a run, and what each has alive: the largest is the peak."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

KINDS: Mapping[str, str] = {
    "weights": "of the model",
    "outbox": "what every source wrote, and the gradients at it",
    "activations": "kept for the backward pass, or by a tape",
    "replacements": "what stands in for sources, or how far live ones are from it",
    "logits": "and what a metric makes of them",
    "masks": "numbers of edges: masks, gates and what learns them, scores",
    "work": "for a moment only",
}
"""What memory is taken by."""


@dataclass(frozen=True)
class Moment:
    what: str
    parts: Mapping[str, int]
    """Bytes by kind."""

    @property
    def bytes(self) -> int:
        return sum(self.parts.values())


@dataclass(frozen=True)
class Needs:
    """Of one device, beside the weights."""

    moments: Sequence[Moment]
    operations: int
    """Of one batch, or of one step of what is learned."""
    rounds: int
    """Batches, or steps."""
    unit: str = "batch"
    once: int = 0
    """Operations beside those."""
    notes: Sequence[str] = field(default=())
    at_once: int | None = None
    """Masks, or trials, that run together."""

    @property
    def peak(self) -> Moment:
        return max(self.moments, key=lambda moment: moment.bytes)


def moment(what: str, **parts: float | int) -> Moment:
    return Moment(what, {kind: round(size) for kind, size in parts.items() if size})
