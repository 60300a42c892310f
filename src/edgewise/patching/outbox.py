"""The outbox: what every source wrote, less its replacement, in one preallocated tensor that readers mix
from.

    x_reader = replaced stream + sum over sources of  mask[reader, source] * outbox[source]

Layout [positions, examples, masks, sources, width]: what one token's readers mix is one small matrix, and a
layer's reading is a batch of small products, one a token, each in cache; a mask with a position axis is the
same product as one without. A reader's input lives only for a chunk of positions: it is mixed, normed and
projected, and thrown away; backward mixes it again.

Sources and readers put in and take out by `chain.py`, in backward, too: then readers add to the outbox's one
gradient tensor, and sources take theirs from it.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from edgewise.patching.products import chunk_bytes, product
from edgewise.patching.workspace import Workspace

CHUNK_BYTES = 16_000_000
"""Of readers' inputs alive at once: a part of a processor's last-level cache."""


def positions_at_once(readers: int, stream: int, device: torch.device) -> int:
    """How many positions are read at a time; `stream`: bytes of one reader's inputs at one of them."""
    return max(1, chunk_bytes(CHUNK_BYTES, device) // (readers * stream))


class Outbox:
    """A slot per column of the masks; the first `shared` slots hold the same under every mask.

    One slot more, slot -1, holds what is added to every mix, so that one product does both.
    """

    def __init__(
        self,
        mask: Float[Tensor, "masks positions_or_1 readers slots"],
        shared: int,
        positions: int,
        examples: int,
        width: int,
        like: Tensor,
        workspace: Workspace,
    ) -> None:
        masks, slots = mask.shape[0], mask.shape[-1]
        shared = slots if masks == 1 else shared
        self.tokens, self.masks, self.width = (positions, examples), masks, width
        self.mask = F.pad(mask.detach().to(like.dtype), (1, 0), value=1.0).transpose(0, 1)
        """[positions or 1, masks, readers, 1 + slots]; slot -1 comes first, and everyone has all of it."""
        self.mask_is_learned = mask.requires_grad
        self.workspace, self.run = workspace, workspace.open()
        self.blocks = [
            (-1, workspace.take("shared", (*self.tokens, 1, 1 + shared, width), like)),
            (shared, workspace.take("own", (*self.tokens, masks, slots - shared, width), like)),
        ]
        self.gradients: list[Tensor] = []
        self.mask_gradient: Tensor | None = None
        self.backward: int | None = None
        """The backward pass that the gradients belong to."""

    def open_gradients(self) -> None:
        """Begins a backward pass, unless this one has begun; an earlier one may have been broken off."""
        current = torch._C._current_graph_task_id()
        if self.backward == current:
            return
        self.workspace.check(self.run)
        self.backward = current
        named = zip(("shared gradient", "own gradient"), self.values, strict=True)
        self.gradients = [self.workspace.take(name, tuple(each.shape), each).zero_() for name, each in named]
        exact = torch.promote_types(self.mask.dtype, torch.float32)
        # In float32 at the least: it is a sum over chunks.
        self.mask_gradient = torch.zeros_like(self.mask, dtype=exact) if self.mask_is_learned else None
        # Not every backward comes by the chain's beginning: one by the embeddings alone does not.
        torch.autograd.Variable._execution_engine.queue_callback(self.close_gradients)

    def close_gradients(self) -> None:
        """At the end of a backward, whatever it was taken by."""
        self.gradients, self.mask_gradient, self.backward = [], None, None

    @property
    def values(self) -> list[Tensor]:
        return [tensor for _, tensor in self.blocks]

    def views(
        self, tensors: list[Tensor], slots: slice, positions: slice = slice(None)
    ) -> Iterator[tuple[slice, Float[Tensor, "positions examples masks slots width"]]]:
        """Parts of `slots`, each with the tensor that holds it."""
        for (start, _), tensor in zip(self.blocks, tensors, strict=True):
            low, high = max(slots.start, start), min(slots.stop, start + tensor.shape[3])
            if low < high:
                yield slice(low, high), tensor[positions, :, :, low - start : high - start]

    def chunks(self, readers: int, where: slice) -> Iterator[slice]:
        """The positions in `where`, a few at a time."""
        of_one = self.masks * self.tokens[1] * self.width * self.values[0].element_size()
        step = positions_at_once(readers, of_one, self.mask.device)
        for start in range(where.start, where.stop, step):
            yield slice(start, min(start + step, where.stop))

    def at(self, of_mask: Tensor, rows: slice, slots: slice, chunk: slice) -> Tensor:
        """The part of a mask, or of its gradient, for the positions of one chunk: [positions or 1, masks,
        rows, slots]."""
        positions = chunk if len(of_mask) > 1 else slice(None)
        return of_mask[positions, :, rows, slots.start + 1 : slots.stop + 1]

    def mix(self, rows: slice, slots: slice, base: Tensor, chunk: slice) -> Tensor:
        """Readers' inputs for a chunk of positions, [positions, examples, masks, rows, width]."""
        mixed, base = self.room("mixed", rows, chunk), base[chunk] if len(base) > 1 else base
        begun = slots.start > 0
        if begun:
            mixed.copy_(base[..., None, :])
        else:
            self.values[0][chunk, :, :, 0] = base
            slots = slice(-1, slots.stop)
        for part, block in self.views(self.values, slots, chunk):
            mask = self.at(self.mask, rows, part, chunk)
            sources, mask, into = _batch(block, mask, mixed)
            into.baddbmm_(mask, sources, beta=begun)
            begun = True
        return mixed

    def unmix(self, rows: slice, slots: slice, chunk: slice, gradient: Tensor) -> None:
        """The transpose of `mix`: adds to the gradients of the sources and, where wanted, of the mask."""
        blocks = self.views(self.values, slots, chunk)
        gradients = self.views(self.gradients, slots, chunk)
        for (part, block), (_, of_block) in zip(blocks, gradients, strict=True):
            of_sources, mask, of_mix = _batch(of_block, self.at(self.mask, rows, part, chunk), gradient)
            of_sources.baddbmm_(mask.transpose(1, 2), of_mix)
            if self.mask_gradient is not None:
                sources = block.flatten(0, 2)
                found = product(of_mix, sources.transpose(1, 2)).view(*gradient.shape[:-1], -1)
                into = self.at(self.mask_gradient, rows, part, chunk)
                into += found.sum(1, dtype=into.dtype).sum_to_size(into.shape)

    def room(self, name: str, rows: slice, chunk: slice) -> Tensor:
        """For a chunk's reader inputs, [positions, examples, masks, rows, width]."""
        shape = (chunk.stop - chunk.start, self.tokens[1], self.masks, rows.stop - rows.start, self.width)
        return self.workspace.take(name, shape, self.values[0])


def _batch(
    block: Float[Tensor, "positions examples block_masks slots width"],
    mask: Float[Tensor, "positions_or_1 masks rows slots"],
    mixed: Float[Tensor, "positions examples masks rows width"],
) -> tuple[Tensor, Tensor, Tensor]:
    """The three as batches of matrices, one a token - and, where the sources differ by mask, one a mask:
    mixed = mask @ block."""
    positions, examples, block_masks = block.shape[:3]
    if block_masks == 1:
        mask = mask.flatten(1, 2)[:, None]
    mask = mask[:, None].expand(positions, examples, *mask.shape[1:])
    return block.flatten(0, 2), mask.flatten(0, 2), mixed.view(-1, mask.shape[-2], mixed.shape[-1])
