"""The gradients at every reader, as plain backward runs leave them, added up over runs.

A backward gives gradients at q, k and v, at the MLPs' inputs and at the logits' input. What is left is the
way from q, k and v through their matrices W and the norm, which acts on one token at a time. With n the
normed stream before the norm's weight w, s the norm's scale, g the gradient at a q and d the difference of a
source, centred where the norm centres,

    dm/dx . d = s [ (w * W'g) . d  -  (g . W(w * n)) (n . d) / width ],

where W(w * n) is q without what does not come through the norm. Both terms are linear in the runs: s g is
added up before it meets W, and of the second term, of rank one a token, a number a reader is kept.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor
from torch.utils.hooks import RemovableHandle

from edgewise.graph import Graph
from edgewise.models.layer import Attention, Norm
from edgewise.models.tape import PROJECTIONS, Tape
from edgewise.models.transformer import Transformer

READERS: tuple[str, ...] = (*PROJECTIONS, "mlp_input", "final_input")
TURNED = {"turned_query": "query", "turned_key": "key"}
KEPT = "attention_input"
"""What a run's tape must keep for its gradients to be used."""


class GradientTape(Tape):
    """A tape that also keeps the gradients at READERS as backward comes by, and of q, k and v their products
    with what they are the gradients of. What it keeps has no history.

    A product is the same before and after q and k are turned, which is linear; it is taken after, where the
    backward itself remembers them.
    """

    def __init__(self, *names: str) -> None:
        super().__init__(*names)
        self.gradients: dict[str, dict[int, Tensor]] = {name: {} for name in READERS}
        self.products: dict[str, dict[int, Tensor]] = {name: {} for name in PROJECTIONS}
        """[examples, positions, heads]"""
        self.seen: dict[str, int] = dict.fromkeys(READERS, 0)
        self.hooks: dict[str, RemovableHandle] = {}
        """By which the last q, k and v are multiplied."""

    def __call__(self, name: str, tensor: Tensor) -> Tensor:
        if name in self.gradients:
            index, self.seen[name] = self.seen[name], self.seen[name] + 1
            if tensor.requires_grad:
                # The hook must not hold the tape: graph -> hook -> tape -> graph would never be freed.
                tensor.register_hook(partial(self.gradients[name].__setitem__, index))
        if name in (*self.products, *TURNED) and self.products and tensor.requires_grad:
            self._multiply(TURNED.get(name, name), tensor, name in TURNED)
        super().__call__(name, tensor.detach())
        return tensor

    def _multiply(self, name: str, tensor: Tensor, turned: bool) -> None:
        if turned:
            self.hooks.pop(name).remove()
        multiply = partial(_product, self.products[name], self.seen[name] - 1, [tensor.detach()], turned)
        self.hooks[name] = tensor.register_hook(multiply)


def _product(
    products: dict[int, Tensor], index: int, value: list[Tensor], turned: bool, gradient: Tensor
) -> None:
    """What a hook does. It gives up the value, which would else live as long as the graph."""
    product = (gradient * value.pop()).sum(-1)
    products[index] = product.transpose(1, 2) if turned else product


@dataclass
class AtHeads:
    """Of one layer's q, k and v readers, the sum over runs of s g; and, a run each, what the second term
    needs: the stream, which n is made of, and (g . W(w * n)) s / width."""

    scaled: Float[Tensor, "rows tokens head_width"]
    streams: list[Float[Tensor, "tokens width"]] = field(default_factory=list)
    along: list[Float[Tensor, "tokens rows"]] = field(default_factory=list)


class ReaderGradients:
    """The gradients at every reader, added up over backward runs on one batch."""

    def __init__(self, model: Transformer, frozen_norms: bool = False) -> None:
        """`frozen_norms`: norms' scales count as constants, so that there are no second terms."""
        self.model, self.graph, self.frozen_norms = model, Graph.of(model.config), frozen_norms
        self.dtype = torch.promote_types(model.dtype, torch.float32)
        self.heads: dict[int, AtHeads] = {}
        self.streams: dict[int, Float[Tensor, "tokens width"]] = {}
        """By the reader's row: of the MLPs and of the logits."""

    def add(self, tape: GradientTape, weight: float = 1.0) -> None:
        """A run's gradients, which it has left on a tape of KEPT. A reader without one had no part in it.

        The tape gives up its tensors one by one, so that memory does not grow on the way.
        """
        for index in reversed(range(self.graph.layers)):
            stream = tape[KEPT].pop()
            given = [tape.gradients[name].pop(index, None) for name in PROJECTIONS]
            products = [tape.products[name].pop(index, None) for name in PROJECTIONS]
            if any(gradient is not None for gradient in given):
                self._add_heads(index, stream, given, products, weight)
            if index in tape.gradients["mlp_input"]:
                gradient = tape.gradients["mlp_input"].pop(index)
                self._add_stream(self.graph.mlp_reader(index), gradient, weight)
        if tape.gradients["final_input"]:
            self._add_stream(len(self.graph.readers) - 1, tape.gradients["final_input"].pop(0), weight)

    def _add_stream(self, row: int, gradient: Tensor, weight: float) -> None:
        flat = gradient.flatten(0, 1)
        if weight != 1 or row in self.streams:
            flat = flat.to(self.dtype) * weight + self.streams.get(row, 0)
        self.streams[row] = flat

    def _add_heads(
        self,
        index: int,
        stream: Tensor,
        given: list[Tensor | None],
        products: list[Tensor | None],
        weight: float,
    ) -> None:
        """`given`, `products`: the gradients at q, k and v of a layer, and their products with them."""
        layer, (examples, positions, width) = self.model.layers[index], stream.shape
        norm = layer.attention_norm
        scale: Tensor | float = 1.0
        if norm.kind != "none":
            _, scale = norm.statistics(stream.flatten(0, 1).to(self.dtype))
        rows = [self.graph.heads, self.graph.key_readers, self.graph.key_readers]
        shape = (sum(rows), examples * positions, self.model.config.head_width)
        scaled = stream.new_zeros(shape, dtype=self.dtype)
        along = stream.new_zeros(shape[1], shape[0], dtype=self.dtype)
        rest = None
        if norm.kind != "none" and not self.frozen_norms:
            rest = layer(self._not_through_the_norm, layer.attention, norm, positions)
        start = 0
        for part, (count, gradient, product) in enumerate(zip(rows, given, products, strict=True)):
            here = slice(start, start := start + count)
            if gradient is None or product is None:
                continue
            # Query heads that share a reader's input add up.
            shared = gradient.unflatten(2, (count, -1)).sum(3)
            torch.mul(shared.flatten(0, 1).transpose(0, 1), scale * weight, out=scaled[here])
            if rest is not None:
                through = product.unflatten(2, (count, -1)).sum(3) - (shared * rest[part]).sum(-1)
                along[:, here] = through.flatten(0, 1) * scale * (weight / width)
        if index in self.heads:
            self.heads[index].scaled += scaled
        else:
            self.heads[index] = AtHeads(scaled)
        if rest is not None:
            self.heads[index].streams.append(stream.flatten(0, 1))
            self.heads[index].along.append(along)

    def _not_through_the_norm(self, attention: Attention, norm: Norm, positions: int) -> list[Tensor]:
        """What q, k and v are where the normed stream is zero: biases, and positions kept out of the stream;
        [positions, readers, head_width] each."""
        stream = self.model.like.new_zeros(positions, self.model.config.width)
        if norm.kind == "layer":
            stream = stream + norm.bias
        found = []
        for name, part in zip(PROJECTIONS, self.model.projection_inputs(stream), strict=True):
            rest = attention.project(name, part)
            readers = self.graph.heads if name == "query" else self.graph.key_readers
            found.append(rest.repeat_interleave(readers // rest.shape[1], 1))
        return found
