"""The outbox: what every source wrote, less its replacement, in one preallocated tensor that readers mix
from.

    x_reader = replaced stream + sum over sources of  mask[reader, source] * outbox[source]

Layout [sources, masks, positions, examples, width]: a source is written in one block, and one position of all
sources is one matrix, so that a mask with a position axis is the same product as one without. A reader's
input lives only for a chunk of positions, in cache: it is mixed, normed and projected, and thrown away;
backward mixes it again.

Autograd sees a chain of tokens: open -> write -> read -> write ... Each write and read takes the newest
token, so backward visits them in the reverse order, and every reader of a source has added to the outbox's
one gradient tensor before the source takes its own from it. Nothing is concatenated; memory is two outboxes.
"""

# pyright: reportIncompatibleMethodOverride=false
# (an autograd function is written with its own arguments; its base class declares them as *args)

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable

from edgewise.patching.readers import Reader
from edgewise.patching.workspace import Workspace

CHUNK_BYTES = 8_000_000
"""Of readers' inputs alive at once: a part of a processor's last-level cache; on a GPU it only bounds a
temporary."""


class Outbox:
    """A slot per column of the masks; the first `shared` slots hold the same under every mask."""

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
        shared = 0 if masks == 1 else shared
        shape = (positions, examples, width)
        self.mask = mask
        self.workspace, self.run = workspace, workspace.open()
        self.blocks = [
            (0, workspace.take("shared", (shared, 1, *shape), like)),
            (shared, workspace.take("own", (slots - shared, masks, *shape), like)),
        ]
        self.gradients: list[Tensor] = []
        self.mask_gradient: Tensor | None = None
        self.token: Tensor | None = _Open.apply(mask, self)
        """The newest; None once the run is over: the graph holds the outbox, and must not be held by it."""

    def write(self, slots: slice, delta: Tensor, weight: Tensor | None = None) -> None:
        """Put `delta` [slots, masks or 1, positions, examples, width] into its slots.

        With a weight [slots, width, inner], delta is [slots, masks or 1, positions, examples, inner] and is
        multiplied by it on the way, straight into place.
        """
        self.token = _Write.apply(self.token, delta, weight, self, slots)

    def read(
        self, reader: Reader, rows: slice, slots: slice, base: Tensor, positions: slice | None = None
    ) -> tuple[Float[Tensor, "masks examples rows positions features"], Tensor]:
        """What `reader` makes of its mixed inputs; each sees the given slots.

        `rows` are those of the mask. `base` [masks or 1, positions or 1, examples or 1, width] is added to
        their mixes: the stream with every source replaced. `positions` restricts the reading. Rows past the
        reader's own are mixed along, without the base, and handed on as they are in the second result, [rows,
        masks, positions, examples, width]: a later reader's share, taken while the sources are at hand.
        """
        where = positions or slice(0, self.blocks[1][1].shape[2])
        return _Read.apply(self.token, base, self, reader, rows, slots, where)

    # What the autograd functions below share.

    def open_gradients(self) -> None:
        self.workspace.check(self.run)
        named = zip(("shared gradient", "own gradient"), self.values, strict=True)
        self.gradients = [self.workspace.take(name, tuple(each.shape), each).zero_() for name, each in named]
        self.mask_gradient = torch.zeros_like(self.mask) if self.mask.requires_grad else None
        # Not every backward comes by `_Open`: one by the embeddings alone does not.
        torch.autograd.Variable._execution_engine.queue_callback(self.close_gradients)

    def close_gradients(self) -> None:
        """At the end of a backward, whatever it was taken by."""
        self.gradients, self.mask_gradient = [], None

    @property
    def values(self) -> list[Tensor]:
        return [tensor for _, tensor in self.blocks]

    def views(self, tensors: list[Tensor], slots: slice) -> Iterator[tuple[slice, Tensor]]:
        """Parts of `slots`, each with the tensor that holds it; the part is relative to `slots`."""
        for (start, _), tensor in zip(self.blocks, tensors, strict=True):
            low, high = max(slots.start, start), min(slots.stop, start + tensor.shape[0])
            if low < high:
                yield slice(low - slots.start, high - slots.start), tensor[low - start : high - start]

    def chunks(self, readers: int, where: slice) -> Iterator[slice]:
        """The positions in `where`, a few at a time: one at a time where the mask tells positions apart."""
        own = self.blocks[1][1]
        _, masks, _, examples, width = own.shape
        each = readers * masks * examples * width * own.element_size()
        step = 1 if self.mask.shape[1] > 1 else max(1, CHUNK_BYTES // each)
        for start in range(where.start, where.stop, step):
            yield slice(start, min(start + step, where.stop))

    def at(self, of_mask: Tensor, rows: slice, slots: slice, chunk: slice) -> Tensor:
        """The part of a mask, or of its gradient, for the positions of one chunk: [masks, rows, slots]."""
        return of_mask[:, chunk.start if of_mask.shape[1] > 1 else 0, rows, slots]

    def mix(self, taken: int, rows: slice, slots: slice, base: Tensor, chunk: slice) -> Tensor:
        """Readers' inputs for a chunk of positions, [rows, masks, positions, examples, width].

        The base is added to the first `taken` rows.
        """
        mask = self.at(self.mask, rows, slots, chunk)
        masks, readers, _ = mask.shape
        _, _, _, examples, width = self.blocks[1][1].shape
        length = chunk.stop - chunk.start
        mixed = self.workspace.take("mixed", (readers, masks, length, examples, width), base)
        mixed[:taken].copy_(base[:, chunk] if base.shape[1] > 1 else base)
        mixed[taken:].zero_()
        flat = mixed.flatten(2)
        for part, block in self.views(self.values, slots):
            sources = block[:, :, chunk].flatten(2)
            if block.shape[1] == 1:
                flat.flatten(0, 1).addmm_(_rows_first(mask[:, :, part]), sources[:, 0])
            else:
                flat.transpose(0, 1).baddbmm_(mask[:, :, part], sources.transpose(0, 1))
        return mixed

    def unmix(self, rows: slice, slots: slice, chunk: slice, gradient: Tensor) -> None:
        """The transpose of `mix`: adds to the gradients of the sources and, where wanted, of the mask."""
        mask = self.at(self.mask, rows, slots, chunk)
        of_mask = None
        if self.mask_gradient is not None:
            of_mask = self.at(self.mask_gradient, rows, slots, chunk)
        flat = gradient.flatten(2)
        blocks, gradients = self.views(self.values, slots), self.views(self.gradients, slots)
        for (part, block), (_, into) in zip(blocks, gradients, strict=True):
            sources, into = block[:, :, chunk].flatten(2), into[:, :, chunk].flatten(2)
            if block.shape[1] == 1:
                into[:, 0].addmm_(_rows_first(mask[:, :, part]).T, flat.flatten(0, 1))
            else:
                into.transpose(0, 1).baddbmm_(mask[:, :, part].transpose(1, 2), flat.transpose(0, 1))
            if of_mask is not None and block.shape[1] == 1:
                product = flat.flatten(0, 1) @ sources[:, 0].T
                of_mask[:, :, part] += product.unflatten(0, gradient.shape[:2]).transpose(0, 1)
            elif of_mask is not None:
                of_mask[:, :, part] += flat.transpose(0, 1) @ sources.permute(1, 2, 0)


def _rows_first(mask: Float[Tensor, "masks rows slots"]) -> Float[Tensor, "rows_and_masks slots"]:
    return mask.transpose(0, 1).flatten(0, 1)


class _Open(torch.autograd.Function):
    """The first token; its backward, the last to run, hands over the mask's whole gradient."""

    @staticmethod
    def forward(ctx: Any, mask: Tensor, outbox: Outbox) -> Tensor:
        ctx.outbox = outbox
        return mask.new_empty(0)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, _: Tensor) -> tuple[Tensor | None, None]:
        return ctx.outbox.mask_gradient, None


class _Write(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, token: Tensor, delta: Tensor, weight: Tensor | None, outbox: Outbox, slots: slice
    ) -> Tensor:
        ctx.outbox, ctx.slots = outbox, slots
        ctx.save_for_backward(weight)
        for part, block in outbox.views(outbox.values, slots):
            if weight is None:
                block.copy_(delta[part])
            else:
                torch.bmm(delta[part].flatten(1, 3), weight[part].transpose(1, 2), out=block.flatten(1, 3))
        return token.new_empty(0)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        outbox, (weight,) = ctx.outbox, ctx.saved_tensors
        delta = None
        if ctx.needs_input_grad[1]:
            parts = []
            for part, block in outbox.views(outbox.gradients, ctx.slots):
                if weight is None:
                    # A copy: the workspace is used again, and autograd hands out what it is given.
                    parts.append(block.clone())
                else:
                    parts.append(torch.bmm(block.flatten(1, 3), weight[part]).unflatten(1, block.shape[1:4]))
            delta = parts[0] if len(parts) == 1 else torch.cat(parts)
        return gradient, delta, None, None, None


class _Read(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        token: Tensor,
        base: Tensor,
        outbox: Outbox,
        reader: Reader,
        rows: slice,
        slots: slice,
        where: slice,
    ) -> tuple[Tensor, Tensor]:
        ctx.outbox, ctx.reader, ctx.rows, ctx.slots, ctx.where = outbox, reader, rows, slots, where
        ctx.save_for_backward(base)
        _, masks, _, examples, width = outbox.blocks[1][1].shape
        readers, length = rows.stop - rows.start, where.stop - where.start
        made = base.new_empty(masks, examples, reader.rows, length, reader.features)
        passed = base.new_empty(readers - reader.rows, masks, length, examples, width)
        for chunk in outbox.chunks(readers, where):
            here = slice(chunk.start - where.start, chunk.stop - where.start)
            mixed = outbox.mix(reader.rows, rows, slots, base, chunk)
            passed[:, :, here] = mixed[reader.rows :]
            made[:, :, :, here] = reader.forward(mixed[: reader.rows], chunk).permute(1, 3, 0, 2, 4)
        return made, passed

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, made: Tensor, passed: Tensor) -> tuple[Tensor | None, ...]:
        outbox, reader, (base,) = ctx.outbox, ctx.reader, ctx.saved_tensors
        if not outbox.gradients:
            outbox.open_gradients()
        of_base = torch.zeros_like(base) if ctx.needs_input_grad[1] else None
        for chunk in outbox.chunks(ctx.rows.stop - ctx.rows.start, ctx.where):
            here = slice(chunk.start - ctx.where.start, chunk.stop - ctx.where.start)
            mixed = outbox.mix(reader.rows, ctx.rows, ctx.slots, base, chunk)
            taken = reader.backward(mixed[: reader.rows], made[:, :, :, here].permute(2, 0, 3, 1, 4))
            gradient = torch.cat((taken, passed[:, :, here])) if len(passed) else taken
            outbox.unmix(ctx.rows, ctx.slots, chunk, gradient)
            if of_base is not None:
                into = of_base[:, chunk] if base.shape[1] > 1 else of_base
                into += taken.sum(0).sum_to_size(into.shape)
        return None, of_base, None, None, None, None, None
