"""The order of a patched run for autograd: a chain of tokens through the outbox.

    open -> write -> read -> write ...

Each write and read takes the newest token, and a write makes the next, so backward visits them in the reverse
order, and every reader of a source has added to the outbox's one gradient tensor before the source takes its
own from it. Nothing is concatenated; memory is two outboxes and the statistics of norms.
"""

# pyright: reportIncompatibleMethodOverride=false
# (an autograd function is written with its own arguments; its base class declares them as *args)

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from edgewise.patching.outbox import Outbox
from edgewise.patching.readers import Reader


class Chain:
    """Writes to the outbox and reads from it, in the order they are called."""

    def __init__(self, outbox: Outbox, mask: Tensor) -> None:
        self.outbox = outbox
        self.token: Tensor = _Open.apply(mask, outbox)

    def write(
        self, slots: slice, delta: Tensor, weight: Tensor | None = None, positions: slice | None = None
    ) -> None:
        """Put `delta` [positions, examples, masks or 1, slots, width] into its slots, for the positions that
        anything reads (None: all).

        With a weight [slots, width, inner], delta is [positions, examples, masks or 1, slots, inner] and is
        multiplied by it on the way, straight into place.
        """
        where = positions or slice(0, self.outbox.tokens[0])
        self.token = _Write.apply(self.token, delta, weight, self.outbox, slots, where)

    def read(
        self, reader: Reader, rows: slice, slots: slice, base: Tensor, positions: slice | None = None
    ) -> tuple[Float[Tensor, "masks examples rows positions features"], Tensor]:
        """What `reader` makes of its mixed inputs; each sees the given slots.

        `rows` are those of the mask. `base` [positions or 1, examples or 1, masks or 1, width] is added to
        their mixes: the stream with every source replaced; it has one mask where the slots begin at 0.
        `positions` restricts the reading. Rows past the reader's own are mixed along and handed on as they
        are in the second result, [positions, examples, masks, rows, width]: a later reader's share, taken
        while the sources are at hand.
        """
        where = positions or slice(0, self.outbox.tokens[0])
        return _Read.apply(self.token, base, self.outbox, reader, rows, slots, where)


def once(backward: Callable[..., Any]) -> Callable[..., Any]:
    """A backward whose own operations autograd does not see, and which says so when it is asked to."""

    def run(ctx: Any, *gradients: Tensor) -> Any:
        if torch.is_grad_enabled():
            raise RuntimeError(
                "a patched run can be differentiated once. "
                "Call backward without create_graph: it asks for gradients of the gradients."
            )
        return backward(ctx, *gradients)

    return run


class _Open(torch.autograd.Function):
    """The first token; its backward, the last to run, hands over the mask's whole gradient."""

    @staticmethod
    def forward(ctx: Any, mask: Tensor, outbox: Outbox) -> Tensor:
        ctx.outbox, ctx.dtype = outbox, mask.dtype
        return mask.new_empty(0)

    @staticmethod
    @once
    def backward(ctx: Any, _: Tensor) -> tuple[Tensor | None, None]:
        of_mask = ctx.outbox.mask_gradient
        return None if of_mask is None else of_mask[..., 1:].transpose(0, 1).to(ctx.dtype), None


class _Write(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        token: Tensor,
        delta: Tensor,
        weight: Tensor | None,
        outbox: Outbox,
        slots: slice,
        where: slice,
    ) -> Tensor:
        ctx.outbox, ctx.slots, ctx.where = outbox, slots, where
        ctx.save_for_backward(weight)
        ((_, block),) = outbox.views(outbox.values, slots, where)
        if weight is None:
            block.copy_(delta)
        else:
            inner, into = (each.flatten(0, 2).transpose(0, 1) for each in (delta, block))
            torch.bmm(inner, weight.transpose(1, 2), out=into)
        return token.new_empty(0)

    @staticmethod
    @once
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        outbox, (weight,) = ctx.outbox, ctx.saved_tensors
        delta = None
        if ctx.needs_input_grad[1]:
            ((_, block),) = outbox.views(outbox.gradients, ctx.slots, ctx.where)
            if weight is None:
                # A copy: the workspace is used again, and autograd hands out what it is given.
                delta = block.clone()
            else:
                of_inner = torch.bmm(block.flatten(0, 2).transpose(0, 1), weight)
                delta = of_inner.transpose(0, 1).unflatten(0, block.shape[:3])
        return gradient, delta, None, None, None, None


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
        examples, length = outbox.tokens[1], where.stop - where.start
        past = rows.stop - rows.start - reader.rows
        made = base.new_empty(outbox.masks, examples, reader.rows, length, reader.features)
        passed = base.new_empty(length, examples, outbox.masks, past, outbox.width)
        ctx.statistics = []
        for chunk in outbox.chunks(rows.stop - rows.start, where):
            here = slice(chunk.start - where.start, chunk.stop - where.start)
            mixed = outbox.mix(rows, slots, base, chunk)
            if past:
                passed[here] = mixed[..., reader.rows :, :]
            part, statistics = reader.forward(mixed, chunk)
            made[:, :, :, here] = part.permute(3, 2, 0, 1, 4)
            ctx.statistics.append(statistics)
        return made, passed

    @staticmethod
    @once
    def backward(ctx: Any, made: Tensor, passed: Tensor) -> tuple[Tensor | None, ...]:
        outbox, reader, (base,) = ctx.outbox, ctx.reader, ctx.saved_tensors
        outbox.open_gradients()
        of_base = torch.zeros_like(base) if ctx.needs_input_grad[1] else None
        chunks = outbox.chunks(ctx.rows.stop - ctx.rows.start, ctx.where)
        for chunk, statistics in zip(chunks, ctx.statistics, strict=True):
            here = slice(chunk.start - ctx.where.start, chunk.stop - ctx.where.start)
            mixed = outbox.mix(ctx.rows, ctx.slots, base, chunk)
            room = outbox.room("gradient", ctx.rows, chunk)
            of_made = made[:, :, :, here].permute(2, 3, 1, 0, 4)
            gradient = reader.backward(mixed, of_made, statistics, room)
            if passed.numel():
                gradient[..., reader.rows :, :] = passed[here]
            outbox.unmix(ctx.rows, ctx.slots, chunk, gradient)
            if of_base is not None:
                into = of_base[chunk] if len(base) > 1 else of_base
                into += gradient.sum(-2).sum_to_size(into.shape)
        return None, of_base, None, None, None, None, None
