"""Runs under masks of units: the plain model, with live values and what stands in for them mixed on the way.

    at neurons, channels and the stream as readers see it:   mask x live + (1 - mask) x replacement
    at weights:                                              mask x weight

Several masks are run at once by repeating the examples; masks of weights one after the other. What stands in
for the stream is the stream when every source is replaced, so that a stream that is shut is the run of an
empty circuit; the stream itself goes on as it is, only what readers see is mixed. Where a gate of a weight is
shut, 0 stands, whatever the ablation (Cao, Sanh and Rush 2021, arXiv:2104.03514).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from edgewise.masks.runs import MaskedRun
from edgewise.masks.units import EachUnit, UnitGrain, shapes_of
from edgewise.models.tape import STREAMS, Tape
from edgewise.models.transformer import Transformer
from edgewise.patching import budget
from edgewise.patching.replacements import Replacer, run_tape
from edgewise.tasks.neurons import fixed_hidden
from edgewise.tasks.pairs import Batch, Pairs

Replaced = dict[str, list[Tensor]]
"""What stands in, by the name on the tape: one for each layer, [examples, positions, ...]."""


def unit_run(
    model: Transformer, grain: UnitGrain, pairs: Pairs, replacer: Replacer, batch_size: int
) -> MaskedRun:
    """On these pairs."""
    if grain == "weights":
        return WeightsRun(model)
    neurons = fixed_hidden(model, pairs, replacer.ablation, batch_size) if grain == "neurons" else None
    return ActivationsRun(model, grain, replacer, neurons)


class _Alone:
    """Nothing but the mask is learned, and the loss held small as it is."""

    also_learned: Sequence[Tensor] = ()

    def aim(self, losses: Float[Tensor, ...]) -> Tensor:
        return losses


@dataclass
class ActivationsRun(_Alone):
    model: Transformer
    grain: Literal["neurons", "channels", "stream"]
    replacer: Replacer
    neurons: list[Tensor] | None = None
    """Replacements of neurons that serve all batches, [examples, positions, neurons] a layer."""

    @torch.no_grad()
    def arranged(self, batch: Batch) -> Replaced:
        if self.grain == "channels":
            return {"head": self.replacer.sources(batch.corrupted).heads}
        if self.grain == "stream":
            found = self.replacer.replacements(batch.corrupted)
            inputs = (found.attention_inputs, found.mlp_inputs, [found.final_input])
            return dict(zip(STREAMS, inputs, strict=True))
        if self.neurons is not None:
            return {"hidden": self.neurons}
        assert batch.corrupted is not None
        return {"hidden": run_tape(self.model, batch.corrupted, "hidden")["hidden"]}

    def logits(
        self, arranged: Replaced, batch: Batch, masks: Float[Tensor, "masks count"]
    ) -> Float[Tensor, "masks examples reads vocabulary"]:
        several = len(masks)
        [mask] = EachUnit(shapes_of(self.model, self.grain)).by_name(masks).values()
        embeddings = [each.repeat(several, 1, 1) for each in self.model.embed(batch.clean)]
        tape = MixingTape(mask, arranged, by_layer=self.grain != "stream")
        logits = self.model.run(embeddings, batch.read.repeat(several, 1), tape)
        return logits.unflatten(0, (several, len(batch)))

    def at_once(self, batch: Batch, examples: int) -> int:
        config, kept = self.model.config, budget.STREAMS * self.model.config.layers
        tokens, numbers = (examples * each.shape[1] for each in (batch.clean, batch.read))
        return budget.masks_at_once(tokens, config.width, kept, numbers * config.outputs, self.model.dtype)


class MixingTape(Tape):
    """Lets what stands in take the place of what is live, by the masks of several runs.

    mask: [masks, layers, ...] where layers have numbers of their own, else [masks, ...].
    """

    def __init__(self, mask: Tensor, replaced: Replaced, by_layer: bool) -> None:
        super().__init__()
        self.several, self.replaced = len(mask), replaced
        self.masks: dict[str, Iterator[Tensor]] = {}
        for name, values in replaced.items():
            rows = mask.unbind(1) if by_layer else [mask] * len(values)
            self.masks[name] = iter(rows)
        self.values = {name: iter(values) for name, values in replaced.items()}

    def __call__(self, name: str, tensor: Tensor) -> Tensor:
        if name not in self.replaced:
            return tensor
        live, replacement = tensor.unflatten(0, (self.several, -1)), next(self.values[name])
        # For all examples and positions.
        mask = next(self.masks[name])[:, None, None]
        return torch.lerp(replacement.expand(live.shape), live, mask.to(live)).flatten(0, 1)


@dataclass
class WeightsRun(_Alone):
    model: Transformer

    def arranged(self, batch: Batch) -> None:
        return None

    def logits(
        self, arranged: None, batch: Batch, masks: Float[Tensor, "1 count"]
    ) -> Float[Tensor, "1 examples reads vocabulary"]:
        numbers = EachUnit(shapes_of(self.model, "weights")).by_name(masks[0])
        like = self.model.like
        weights = {name: self.model.get_parameter(name) * mask.to(like) for name, mask in numbers.items()}
        # A tied unembedding is no part of its twin.
        given = (batch.clean, batch.read)
        return torch.func.functional_call(self.model, weights, given, tie_weights=False)[None]

    def at_once(self, batch: Batch, examples: int) -> int:
        return 1
