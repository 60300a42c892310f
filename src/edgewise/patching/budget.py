"""How many masks to run at once, by the memory that they take."""

from __future__ import annotations

import torch

BYTES = 300_000_000
"""About what is alive at once for all masks that run together."""
STREAMS = 16
"""As wide as the residual stream, what else a mask's run keeps at once: an MLP's inside above all."""


def masks_at_once(tokens: int, width: int, sources: int, logits: int, dtype: torch.dtype) -> int:
    """`sources`: those that are each mask's own, at so many tokens; `logits`: how many numbers each makes."""
    numbers = tokens * width * (sources + STREAMS) + logits
    return max(1, BYTES // (numbers * dtype.itemsize))
