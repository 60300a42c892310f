"""What a run is to do, and what it takes on each device: the search for a circuit, and measuring it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edgewise.models.config import ModelConfig
from edgewise.planning import patched
from edgewise.planning.methods import Job, needs_of
from edgewise.planning.parts import Moment, Needs, moment
from edgewise.planning.plain import LOGITS_BESIDE_FULL
from edgewise.planning.sizes import Sizes, Weights, weights_of

SIZES = 10
"""Circuits that a run measures for its report."""


@dataclass(frozen=True)
class Asked:
    """A run, as plain values."""

    config: ModelConfig
    tied: bool
    method: str
    options: Mapping[str, Any]
    """All of the method's own, given or default."""
    batch_size: int
    tokens: int
    examples: int
    dtype: str
    gpus: int = 1
    """0: the processor."""
    shard_weights: bool = False
    by_kl: bool = False

    @property
    def devices(self) -> int:
        return max(1, self.gpus)

    @property
    def share(self) -> int:
        """Examples of each device."""
        return math.ceil(self.examples / self.devices)

    @property
    def at_once(self) -> int:
        """Examples that run together."""
        return min(self.batch_size, self.share)

    @property
    def sizes(self) -> Sizes:
        return Sizes(self.config, self.at_once, self.tokens, self.dtype, on_gpu=self.gpus > 0)

    @property
    def weights(self) -> Weights:
        return weights_of(self.config, self.dtype, self.tied)


@dataclass(frozen=True)
class Estimate:
    weights: int
    """On a device."""
    needs: Needs
    measuring: Moment

    @property
    def search(self) -> int:
        """The most bytes alive on a device while the circuit is looked for."""
        return self.weights + self.needs.peak.bytes

    @property
    def bytes(self) -> int:
        """The same of the whole run."""
        return self.weights + max(self.needs.peak.bytes, self.measuring.bytes)


def estimate(asked: Asked) -> Estimate:
    weights = asked.weights
    job = Job(asked.sizes, asked.examples, asked.options, weights.all, asked.devices, asked.by_kl)
    on_device = weights.on_each_of(asked.devices, asked.shard_weights)
    return Estimate(on_device, needs_of(asked.method, job), measuring(asked.sizes))


def measuring(sizes: Sizes) -> Moment:
    """Circuits are measured, the largest of them of nearly all edges."""
    masks = min(SIZES, patched.together(sizes, len(sizes.graph.sources)))
    readers, sources = sizes.graph.shape
    return moment(
        "circuits are measured",
        outbox=patched.outbox(sizes, masks, backward=False),
        replacements=patched.replacements(sizes) + sizes.embedded,
        masks=masks * readers * sources * 3 * sizes.number,
        logits=LOGITS_BESIDE_FULL * masks * sizes.logits * sizes.in_exact,
        work=patched.forward_holds(sizes, masks),
    )
