"""The gradient of a metric by every edge's mask, from plain runs: no split inputs, no outbox.

    score[reader, source] = sum over tokens of  dm/dx_reader . (live_source - replacement_source)

A plain backward gives gradients at q, k and v, at the MLPs' inputs and at the logits' input. What is left is
the way from q, k and v through their matrices W and the norm, which acts on one token at a time. With n the
normed stream before the norm's weight w, s the norm's scale, g the gradient at a q and d the difference of a
source, centred where the norm centres,

    dm/dx . d = s [ (w * W'g) . d  -  (g . W(w * n)) (n . d) / width ],

where W(w * n) is q without what does not come through the norm. Both terms are linear in the runs: gradients
of several runs on one batch are added up as s g before they meet W, and their second terms, of rank one a
token, are worked out together. So a run costs itself and next to nothing; the contraction, one matrix product
and the expansion of sources and gradients for a chunk of tokens at a time, is paid once.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor

from edgewise.graph import Graph
from edgewise.models.layer import Attention, Norm
from edgewise.models.tape import PROJECTIONS, Tape
from edgewise.models.transformer import Transformer
from edgewise.patching.replacements import Sources

SMALLEST_CHUNK, LARGEST_CHUNK = 12_000_000, 36_000_000
"""Bytes of what is expanded for a chunk of tokens: a part of a processor's last-level cache, and tokens
enough to be worth another look at every weight. Between the two, a sixth of the tokens: a small part of what
the plain run held."""
COPIES = 2
"""Tensors of a layer's reader gradients alive at once."""

READERS: tuple[str, ...] = (*PROJECTIONS, "mlp_input", "final_input")
KEPT = "attention_input"
"""What a run's tape must keep for its gradients to be used."""


class GradientTape(Tape):
    """A tape that also keeps the gradients at READERS as backward comes by, and of q, k and v their products
    with what they are the gradients of. What it keeps has no history."""

    def __init__(self, *names: str) -> None:
        super().__init__(*names)
        self.gradients: dict[str, dict[int, Tensor]] = {name: {} for name in READERS}
        self.products: dict[str, dict[int, Tensor]] = {name: {} for name in PROJECTIONS}
        """[examples, positions, heads]"""
        self.seen: dict[str, int] = dict.fromkeys(READERS, 0)

    def __call__(self, name: str, tensor: Tensor) -> Tensor:
        if name in self.gradients:
            index, self.seen[name] = self.seen[name], self.seen[name] + 1
            if tensor.requires_grad:
                # The hook must not hold the tape: graph -> hook -> tape -> graph would never be freed.
                gradients, products = self.gradients[name], self.products.get(name)
                value = None if products is None else [tensor.detach()]

                def keep(gradient: Tensor) -> None:
                    gradients[index] = gradient
                    if products is not None and value is not None:
                        products[index] = (gradient * value.pop()).sum(-1)

                tensor.register_hook(keep)
        super().__call__(name, tensor.detach())
        return tensor


@dataclass
class _AtHeads:
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
        self.heads: dict[int, _AtHeads] = {}
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
        attention, norm = layer.attention, layer.attention_norm
        scale: Tensor | float = 1.0
        if norm.kind != "none":
            _, scale = norm.statistics(stream.flatten(0, 1).to(self.dtype))
        rows = [self.graph.heads, self.graph.key_readers, self.graph.key_readers]
        shape = (sum(rows), examples * positions, self.model.config.head_width)
        scaled = stream.new_zeros(shape, dtype=self.dtype)
        along = stream.new_zeros(shape[1], shape[0], dtype=self.dtype)
        rest = None
        if norm.kind != "none" and not self.frozen_norms:
            rest = self._not_through_the_norm(attention, norm, positions)
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
            self.heads[index] = _AtHeads(scaled)
        if rest is not None:
            self.heads[index].streams.append(stream.flatten(0, 1))
            self.heads[index].along.append(along)

    def _not_through_the_norm(self, attention: Attention, norm: Norm, positions: int) -> list[Tensor]:
        """What q, k and v are where the normed stream is zero: biases, and positions kept out of the stream;
        [positions, readers, head_width] each."""
        stream = self.model.token_embedding.new_zeros(positions, self.model.config.width)
        if norm.kind == "layer":
            stream = stream + norm.bias
        found = []
        for name, part in zip(PROJECTIONS, self.model.projection_inputs(stream), strict=True):
            rest = attention.project(name, part)
            readers = self.graph.heads if name == "query" else self.graph.key_readers
            found.append(rest.repeat_interleave(readers // rest.shape[1], 1))
        return found


def edge_gradients(
    model: Transformer, differences: Sources, readers: ReaderGradients
) -> Float[Tensor, "readers sources"]:
    """Summed over the batch; float32 or better."""
    return _Contraction(model, differences, readers).total()


class _Contraction:
    def __init__(self, model: Transformer, differences: Sources, readers: ReaderGradients) -> None:
        self.model, self.graph, self.readers = model, Graph.of(model.config), readers
        # Flat once: where that is a copy, doing it for every chunk would cost the square of the length.
        self.embeddings, self.heads, self.mlps = (
            [tensor.detach().flatten(0, 1) for tensor in tensors]
            for tensors in (differences.embeddings, differences.heads, differences.mlps)
        )
        self.tokens, self.width = self.embeddings[0].shape
        self.dtype = torch.promote_types(model.dtype, torch.float32)
        self.scores = torch.zeros(self.graph.shape, dtype=self.dtype, device=model.device)

    def total(self) -> Float[Tensor, "readers sources"]:
        tokens, sources = self.tokens, self.graph.shape[1]
        rows = sources + COPIES * 3 * self.graph.heads
        each = rows * self.width * self.scores.element_size()
        step = max(1, min(tokens, LARGEST_CHUNK // each, max(SMALLEST_CHUNK // each, tokens // 6)))
        buffer = self.scores.new_empty(step, sources, self.width)
        room = self.scores.new_empty(step * 3 * self.graph.heads * self.width)
        for start in range(0, tokens, step):
            chunk = slice(start, min(start + step, tokens))
            expanded = buffer[: chunk.stop - chunk.start]
            self._expand_sources(chunk, expanded)
            self._contract(chunk, expanded, room)
        return self.scores

    def _expand_sources(self, chunk: slice, into: Float[Tensor, "tokens sources width"]) -> None:
        for index, embedding in enumerate(self.embeddings):
            into[:, index] = embedding[chunk]
        for index, layer in enumerate(self.model.layers):
            heads = self.heads[index][chunk].transpose(0, 1)
            written = into[:, self.graph.head_sources(index)]
            written.copy_(torch.bmm(heads, layer.attention.output_weight.transpose(1, 2)).transpose(0, 1))
            if layer.attention_post_norm.kind != "none":
                written *= layer.attention_post_norm.weight
            if layer.mlp is not None:
                into[:, self.graph.mlp_source(index)] = self.mlps[index][chunk]

    def _contract(self, chunk: slice, sources: Float[Tensor, "tokens sources width"], room: Tensor) -> None:
        # The streams' gradients have come back through their norms, and do not see what is centred away.
        for row, gradient in self.readers.streams.items():
            seen = self.graph.visible[row]
            product = torch.bmm(gradient[chunk][:, None].to(self.dtype), sources[:, :seen].transpose(1, 2))
            self.scores[row, :seen] += product.sum((0, 1))
        if any(layer.attention_norm.kind == "layer" for layer in self.model.layers):
            sources -= sources.mean(-1, keepdim=True)
        for index, at_heads in self.readers.heads.items():
            seen = sources[:, : self.graph.sources_before(index)]
            self._add_heads(index, at_heads, chunk, seen, room)

    def _add_heads(self, index: int, at_heads: _AtHeads, chunk: slice, sources: Tensor, room: Tensor) -> None:
        tokens, seen, width = sources.shape
        layer = self.model.layers[index]
        given = at_heads.scaled[:, chunk]
        gradient = room[: tokens * len(given) * width].view(len(given), tokens, width)
        start = 0
        for name in PROJECTIONS:
            weight = getattr(layer.attention, f"{name}_weight").to(self.dtype)
            readers = self.graph.heads if name == "query" else self.graph.key_readers
            rows = slice(start, start := start + readers)
            torch.bmm(given[rows], weight.repeat_interleave(readers // len(weight), 0), out=gradient[rows])
        if layer.attention_norm.kind != "none":
            gradient *= layer.attention_norm.weight
        product = torch.bmm(gradient.transpose(0, 1), sources.transpose(1, 2)).sum(0)
        if at_heads.streams:
            streams = (stream[chunk].to(self.dtype) for stream in at_heads.streams)
            normed = torch.stack([layer.attention_norm.statistics(stream)[0] for stream in streams], -1)
            along = torch.stack([each[chunk] for each in at_heads.along], 1)
            product -= along.flatten(0, 1).T @ torch.bmm(sources, normed).transpose(1, 2).flatten(0, 1)
        self.scores[self.graph.head_readers(index), :seen] += product
