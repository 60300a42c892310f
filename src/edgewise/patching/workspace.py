"""Memory that patched runs use one after another.

Fresh memory is slow: the first touch of every page costs more than the arithmetic done on it. A method that
makes many patched runs gives all of them one workspace, and the outbox and its gradients are allocated once.

One run at a time: a workspace that is taken again while the graph of an earlier run waits for its backward
makes that backward raise, instead of giving wrong numbers.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor


class Workspace:
    """Buffers by name, each as large as the largest tensor it has held."""

    def __init__(self) -> None:
        self.buffers: dict[str, Tensor] = {}
        self.runs = 0

    def open(self) -> int:
        """Begin a run; its number tells later whether the workspace is still its own."""
        self.runs += 1
        return self.runs

    def check(self, run: int) -> None:
        if run != self.runs:
            raise RuntimeError(
                "backward of a patched run whose workspace was taken by a later run. "
                "Call backward before the next run, or give each run a workspace of its own."
            )

    def take(self, name: str, shape: tuple[int, ...], like: Tensor) -> Tensor:
        """A tensor of that shape on `like`'s device and dtype; its contents are whatever was there."""
        size = math.prod(shape)
        held = self.buffers.get(name)
        if held is None or held.numel() < size or held.dtype != like.dtype or held.device != like.device:
            held = self.buffers[name] = torch.empty(size, dtype=like.dtype, device=like.device)
        return held[:size].view(shape)

    @property
    def bytes(self) -> int:
        """Memory held."""
        return sum(held.numel() * held.element_size() for held in self.buffers.values())
