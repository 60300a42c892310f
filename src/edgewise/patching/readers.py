"""What readers make of the stream: the norm and, for q, k and v, their projection; position by position.

Each q, k and v input has a norm of its own, because each reads a mix of its own. `forward` is used by the
masked pass;
`backward` - from the gradient of what was made to the gradient of the input - by the masked pass and by
attribution.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

from edgewise.models.layer import Attention, Norm


@runtime_checkable
class Reader(Protocol):
    features: int
    rows: int

    def forward(self, stream: Tensor, positions: slice) -> Tensor: ...

    def backward(self, stream: Tensor, gradient: Tensor) -> Tensor: ...


def norm_backward(norm: Norm, stream: Tensor, gradient: Tensor) -> Tensor:
    """The gradient at a norm's input from that at its output; the input may be broadcast over readers.

    With x' the input less its mean (layer norm) times its scale, and g the gradient times the norm's weight
    and the scale: g - mean(g) - x' mean(g x'), without mean(g) for a root-mean-square norm.
    """
    if norm.kind == "none":
        return gradient
    if norm.kind == "layer":
        width = stream.shape[-1]
        _, mean, scale = torch.native_layer_norm(stream, (width,), None, None, norm.epsilon)
        statistics = (part.expand(*gradient.shape[:-1], 1).contiguous() for part in (mean, scale))
        stream = stream.expand_as(gradient).contiguous()
        wanted = (True, False, False)
        return torch.ops.aten.native_layer_norm_backward(
            gradient.contiguous(), stream, (width,), *statistics, norm.weight, norm.bias, wanted
        )[0]
    exact = torch.promote_types(stream.dtype, torch.float32)
    scale = norm.scale(stream).to(exact)
    normed, weighted = stream.to(exact) * scale, gradient.to(exact) * (scale * norm.weight.to(exact))
    along = torch.einsum("...d,...d->...", weighted, normed)[..., None] / stream.shape[-1]
    return weighted.addcmul_(normed, along, value=-1).to(gradient.dtype)


class NormReader:
    """The MLPs' and the logits' side: one reader that needs the normed stream whole."""

    def __init__(self, norm: Norm, width: int) -> None:
        self.norm, self.features, self.rows = norm, width, 1

    def forward(
        self, stream: Float[Tensor, "1 masks positions examples width"], positions: slice
    ) -> Float[Tensor, "1 masks positions examples width"]:
        return self.norm(stream)

    def backward(
        self,
        stream: Float[Tensor, "1 masks positions examples width"],
        gradient: Float[Tensor, "1 masks positions examples width"],
    ) -> Float[Tensor, "1 masks positions examples width"]:
        return norm_backward(self.norm, stream, gradient)


class HeadReader:
    """q, k and v of a layer's heads, or of some of them: the norm and the projections, one input a reader.

    Rows are q readers, k readers, v readers. Key/value weights stay grouped: readers that share one are one
    product.
    """

    def __init__(
        self,
        attention: Attention,
        norm: Norm,
        key_readers: int,
        heads: Tensor | None = None,
        position_embedding: Tensor | None = None,
    ) -> None:
        self.norm, self.position_embedding = norm, position_embedding
        self.features = attention.query_weight.shape[1]
        self.parts: list[tuple[slice, Tensor, Tensor | None]] = []
        """Rows, weight [groups, head_width, width] and bias [groups, head_width] of q, k and v."""
        start = 0
        for name in ("query", "key", "value"):
            weight, bias = getattr(attention, f"{name}_weight"), getattr(attention, f"{name}_bias")
            rows = attention.heads if name == "query" else key_readers
            if heads is not None:
                readers = heads[:: attention.heads // rows] // (attention.heads // rows)
                picked = readers // (rows // weight.shape[0])
                weight, bias = weight[picked], None if bias is None else bias[picked]
                rows = len(readers)
            self.parts.append((slice(start, start + rows), weight, bias))
            start += rows
        self.rows = start

    def forward(
        self, stream: Float[Tensor, "readers masks positions examples width"], positions: slice
    ) -> Float[Tensor, "readers masks positions examples head_width"]:
        normed = self.norm(stream)
        if self.position_embedding is not None:
            values = self.parts[2][0].start
            normed = torch.cat((normed[:values] + self.position_embedding[positions, None], normed[values:]))
        made = stream.new_empty(*stream.shape[:-1], self.features)
        for rows, weight, bias in self.parts:
            grouped = normed[rows].reshape(weight.shape[0], -1, normed.shape[-1])
            into = made[rows].view(weight.shape[0], -1, self.features)
            if bias is None:
                torch.bmm(grouped, weight.transpose(1, 2), out=into)
            else:
                torch.baddbmm(bias[:, None], grouped, weight.transpose(1, 2), out=into)
        return made

    def backward(
        self,
        stream: Float[Tensor, "readers_or_1 *tokens width"],
        gradient: Float[Tensor, "readers *tokens head_width"],
    ) -> Float[Tensor, "readers *tokens width"]:
        normed = gradient.new_empty(*gradient.shape[:-1], stream.shape[-1])
        for rows, weight, _ in self.parts:
            grouped = gradient[rows].reshape(weight.shape[0], -1, self.features)
            torch.bmm(grouped, weight, out=normed[rows].view(weight.shape[0], -1, normed.shape[-1]))
        return norm_backward(self.norm, stream, normed)
