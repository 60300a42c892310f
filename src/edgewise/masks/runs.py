"""How a model is run under several masks at once: what a training learns by.

Here masks are of edges; what finer masks are made of has runs of its own (`MaskedRun` is what both are).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

from edgewise.distributed import cut, dealt, here
from edgewise.masks.flows import Arranged, Flow
from edgewise.masks.held import Held
from edgewise.models.transformer import Transformer
from edgewise.patching.budget import masks_at_once
from edgewise.patching.forward import run_patched
from edgewise.patching.replacements import Replacer
from edgewise.patching.workspace import Workspace
from edgewise.tasks.pairs import Batch, Pairs


@runtime_checkable
class MaskedRun(Protocol):
    @property
    def also_learned(self) -> Sequence[Tensor]:
        """What is learned together with the mask."""
        ...

    def arranged(self, batch: Batch) -> Any:
        """What runs on a batch share, whatever their masks."""
        ...

    def logits(
        self, arranged: Any, batch: Batch, masks: Tensor
    ) -> Float[Tensor, "masks examples reads vocabulary"]: ...

    def at_once(self, batch: Batch, examples: int) -> int:
        """How many masks to run together, on so many examples like these."""
        ...

    def aim(self, losses: Float[Tensor, ...]) -> Tensor:
        """What is held small, from the shares of damage done."""
        ...


@dataclass
class EdgesRun:
    model: Transformer
    flow: Flow
    replacer: Replacer
    thrifty: bool = False
    workspace: Workspace = field(default_factory=Workspace)

    def __post_init__(self) -> None:
        self.replacer.reset()

    @property
    def also_learned(self) -> Sequence[Tensor]:
        """Constants stand in for the rest of a circuit; what breaks the answer is not to be learned."""
        return self.replacer.learned if self.flow.name == "kept" else ()

    def arranged(self, batch: Batch) -> Arranged:
        with torch.no_grad():
            return self.flow.arrange(self.model, batch, self.replacer)

    def logits(
        self, arranged: Arranged, batch: Batch, masks: Float[Tensor, "masks *positions readers sources"]
    ) -> Float[Tensor, "masks examples reads vocabulary"]:
        return run_patched(
            self.model,
            arranged.tokens,
            self.flow.mask(masks if masks.ndim == 4 else masks[:, None]),
            # Those that are learned have a graph of their own for each backward pass.
            self.flow.replacements(self.model, batch, self.replacer)
            if self.also_learned
            else arranged.replacements,
            read=batch.read,
            where=batch.where,
            embeddings=arranged.embeddings,
            workspace=self.workspace,
            thrifty=self.thrifty,
        )

    def at_once(self, batch: Batch, examples: int) -> int:
        config, sources = self.model.config, len(self.flow.graph.sources)
        tokens, numbers = (examples * each.shape[1] for each in (batch.clean, batch.read))
        return masks_at_once(tokens, config.width, sources, numbers * config.outputs, self.model.dtype)

    def aim(self, losses: Float[Tensor, ...]) -> Tensor:
        return self.flow.aim(losses)


def losses_under(
    model: Transformer,
    pairs: Pairs,
    masked: MaskedRun,
    held: Held,
    batch_size: int,
    index: list[int],
    masks: Tensor,
) -> Iterator[tuple[slice, Float[Tensor, "some_masks some_examples"]]]:
    """Of these examples, as many at a time as a batch has, under as many masks as memory allows; and of
    which masks.

    Processes that are at one run share the examples out, or the masks where these go further. All run the
    model equally often: of what does not count there are no losses.
    """
    processes = here().count
    by_masks = min(len(masks), processes) > len(index)
    batches = [index[start : start + batch_size] for start in range(0, len(index), batch_size)]
    own = [(each, True) for each in batches]
    if not by_masks:
        batches = cut([index], batch_size)
        own = dealt(batches)
    examples = max(map(len, batches))
    for some_examples, examples_count in own:
        batch = pairs.batch([*some_examples], model.device)
        full = None
        if held.metric.compares_with_full(batch):
            with torch.no_grad():
                full = model(batch.clean, batch.read)
        arranged, together = masked.arranged(batch), masked.at_once(batch, examples)
        if by_masks:
            together = min(together, -(-len(masks) // processes))
        slices = [slice(first, first + together) for first in range(0, len(masks), together)]
        for some, masks_count in dealt(slices) if by_masks else [(each, True) for each in slices]:
            losses = held.of(masked.logits(arranged, batch, masks[some]), batch, full)
            yield some, losses if examples_count and masks_count else losses[:, :0]
