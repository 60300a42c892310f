"""What readers make of the stream: the norm and, for q, k and v, their projection; position by position.

Each q, k and v input has a norm of its own, because each reads a mix of its own. `forward` is used by the
masked pass; `backward` - from the gradient of what was made to the gradient of the input, given the norm's
statistics - by its gradient.
"""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

from edgewise.models.layer import Attention, Norm
from edgewise.models.sending import sent_indices

FUSED_BACKWARD: Any = getattr(torch.ops.aten, "_fused_rms_norm_backward", None)
Statistics = tuple[Tensor, ...]
"""Of a norm's inputs: mean (0 for a root-mean-square norm) and scale, [..., 1]; scale alone where a GPU has
one kernel for the norm; nothing where there is no norm."""


@runtime_checkable
class Reader(Protocol):
    features: int
    rows: int

    def forward(
        self, stream: Float[Tensor, "positions examples masks readers width"], positions: slice
    ) -> tuple[Float[Tensor, "rows positions examples masks features"], Statistics]:
        """The stream may hold more readers' inputs than the reader's own, which come first."""
        ...

    def backward(
        self, stream: Tensor, gradient: Tensor, statistics: Statistics, room: Tensor
    ) -> Float[Tensor, "*tokens readers width"]:
        """`room` is for the work, of the result's shape; it may be the result."""
        ...


def has_fused_norms(stream: Tensor) -> bool:
    """A GPU has one kernel for a root-mean-square norm, and one for its backward; torch has had them since
    2.9. A norm's own memory traffic, in float32, would be more work than the mix before it."""
    return stream.is_cuda and FUSED_BACKWARD is not None


def norm_forward(norm: Norm, stream: Tensor) -> tuple[Tensor, Statistics]:
    if norm.kind == "none":
        return stream, ()
    if norm.kind == "layer":
        normed, *statistics = torch.native_layer_norm(
            stream, stream.shape[-1:], norm.weight, norm.bias, norm.epsilon
        )
        return normed, tuple(statistics)
    if has_fused_norms(stream):
        normed, scale = torch.ops.aten._fused_rms_norm(stream, stream.shape[-1:], norm.weight, norm.epsilon)
        return normed, (scale,)
    exact = stream.to(torch.promote_types(stream.dtype, torch.float32))
    scale = norm.scale(exact)
    return (exact * scale).mul_(norm.weight).to(stream.dtype), (torch.zeros_like(scale), scale)


def norm_backward(norm: Norm, stream: Tensor, statistics: Statistics, gradient: Tensor) -> Tensor:
    """The gradient at a norm's input from that at its output.

    With x' the input less its mean (layer norm) times its scale, and g the gradient times the norm's weight
    and the scale: g - mean(g) - x' mean(g x'), without mean(g) for a root-mean-square norm.
    """
    if norm.kind == "none":
        return gradient
    if len(statistics) == 1:
        assert FUSED_BACKWARD is not None
        given = (gradient.contiguous(), stream.contiguous(), stream.shape[-1:], *statistics, norm.weight)
        return FUSED_BACKWARD(*given, (True, False))[0]
    exact = statistics[-1].dtype if norm.kind == "rms" else stream.dtype
    mean, scale = (part.expand(*gradient.shape[:-1], 1).contiguous() for part in statistics)
    given, weight = gradient.to(exact), norm.weight.to(exact)
    stream = stream.to(exact).contiguous()
    # One kernel for both: a root-mean-square norm is a layer norm of mean 0, whose mean(g) is put back.
    wanted = (True, False, False)
    made = torch.ops.aten.native_layer_norm_backward(
        given.contiguous(), stream, stream.shape[-1:], mean, scale, weight, None, wanted
    )[0]
    if norm.kind == "rms":
        made += (given @ weight)[..., None] * scale / stream.shape[-1]
    return made.to(gradient.dtype)


def with_weights(
    rows: slice, weight: Tensor, bias: Tensor | None = None
) -> list[tuple[slice, Tensor, Tensor | None]]:
    """Rows with a weight, and a bias, for each, where neighbours share one: in as few parts as there are."""
    count = len(weight)
    group = (rows.stop - rows.start) // count
    if group <= count:
        firsts = range(rows.start, rows.start + group)
        return [(slice(first, rows.stop, group), weight, bias) for first in firsts]
    parts = [slice(place, place + group) for place in range(rows.start, rows.stop, group)]
    biases = [None] * count if bias is None else [each.expand(group, -1) for each in bias]
    weights = [each.expand(group, -1, -1) for each in weight]
    return list(zip(parts, weights, biases, strict=True))


class NormReader:
    """The MLPs' and the logits' side: one reader that needs the normed stream whole."""

    def __init__(self, norm: Norm, width: int) -> None:
        self.norm, self.features, self.rows = norm, width, 1

    def forward(
        self, stream: Float[Tensor, "*tokens 1 width"], positions: slice
    ) -> tuple[Float[Tensor, "1 *tokens width"], Statistics]:
        normed, statistics = norm_forward(self.norm, stream)
        return normed.squeeze(-2)[None], statistics

    def backward(
        self,
        stream: Float[Tensor, "*tokens 1 width"],
        gradient: Float[Tensor, "1 *tokens width"],
        statistics: Statistics,
        room: Float[Tensor, "*tokens 1 width"],
    ) -> Float[Tensor, "*tokens 1 width"]:
        return norm_backward(self.norm, stream, statistics, room.copy_(gradient[0].unsqueeze(-2)))


class HeadReader:
    """q, k and v of a layer's heads, or of some of them: the norm and the projections, one input a reader.

    Rows are q readers, k readers, v readers, or those that are named.
    """

    def __init__(
        self,
        attention: Attention,
        norm: Norm,
        key_readers: int,
        heads: list[int] | None = None,
        position_embedding: Tensor | None = None,
        names: tuple[str, ...] = ("query", "key", "value"),
    ) -> None:
        self.norm, self.position_embedding = norm, position_embedding
        self.features = attention.query_weight.shape[1]
        self.parts: list[slice] = []
        """The rows of q, k and v."""
        self.products: list[tuple[slice, Tensor, Tensor | None]] = []
        """Rows, weight [rows, head_width, width] and bias [rows, head_width]."""
        start = 0
        for name in names:
            weight, bias = getattr(attention, f"{name}_weight"), getattr(attention, f"{name}_bias")
            rows = attention.heads if name == "query" else key_readers
            if heads is not None:
                sharing, group = attention.heads // rows, rows // weight.shape[0]
                readers = [head // sharing for head in heads[::sharing]]
                picked = sent_indices([reader // group for reader in readers], weight.device)
                weight, bias = weight[picked], None if bias is None else bias[picked]
                rows = len(readers)
            self.parts.append(slice(start, start + rows))
            self.products += with_weights(self.parts[-1], weight, bias)
            start += rows
        self.rows = start
        self.placed = self.parts[-1].start if "value" in names else start
        """Rows of q and k, which come first: they see the positions."""

    def forward(
        self, stream: Float[Tensor, "*tokens readers width"], positions: slice
    ) -> tuple[Float[Tensor, "rows *tokens head_width"], Statistics]:
        normed, statistics = norm_forward(self.norm, stream)
        if self.position_embedding is not None:
            places = self.position_embedding[positions, None, None, None]
            normed = torch.cat((normed[..., : self.placed, :] + places, normed[..., self.placed :, :]), -2)
        by_reader = normed.flatten(0, -3).transpose(0, 1)
        made = stream.new_empty(self.rows, by_reader.shape[1], self.features)
        for rows, weight, bias in self.products:
            if bias is None:
                torch.bmm(by_reader[rows], weight.transpose(1, 2), out=made[rows])
            else:
                torch.baddbmm(bias[:, None], by_reader[rows], weight.transpose(1, 2), out=made[rows])
        return made.unflatten(1, stream.shape[:-2]), statistics

    def backward(
        self,
        stream: Float[Tensor, "*tokens readers width"],
        gradient: Float[Tensor, "rows *tokens head_width"],
        statistics: Statistics,
        room: Float[Tensor, "*tokens readers width"],
    ) -> Float[Tensor, "*tokens readers width"]:
        by_reader = room.flatten(0, -3).transpose(0, 1)
        if len(by_reader) > self.rows:
            by_reader[self.rows :] = 0
        for rows, weight, _ in self.products:
            torch.bmm(gradient[rows].flatten(1, -2), weight, out=by_reader[rows])
        return norm_backward(self.norm, stream, statistics, room)
