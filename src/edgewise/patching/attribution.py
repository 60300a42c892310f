"""The gradient of a metric by every edge's mask, from plain runs: no split inputs, no outbox.

    score[reader, source] = sum over tokens of  dm/dx_reader . (live_source - replacement_source)

What every source writes and the gradient at every reader are expanded for a chunk of tokens, contracted, and
thrown away, so that memory does not grow with the prompts beyond the plain run's. The cost over the runs is
one matrix product, once for all runs that are added up (`reader_gradients.py`).
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from jaxtyping import Float
from torch import Tensor

from edgewise.graph import Graph
from edgewise.models.tape import PROJECTIONS
from edgewise.models.transformer import Transformer
from edgewise.patching.products import chunk_bytes, operands_dtype, product
from edgewise.patching.reader_gradients import AtHeads, GradientTape, ReaderGradients
from edgewise.patching.readers import with_weights
from edgewise.patching.replacements import Sources
from edgewise.patching.written import expand

SMALLEST_CHUNK, LARGEST_CHUNK = 12_000_000, 48_000_000
"""Bytes of what is expanded for a chunk of tokens: a part of a processor's last-level cache, and tokens
enough to be worth another look at every weight. Between the two, a quarter of the tokens: a small part of
what the plain run held."""
TOGETHER = 5
"""Runs that are contracted together: each leaves a stream a layer to remember."""
COPIES = 2
"""Tensors of a layer's reader gradients alive at once."""


def edge_gradients(
    model: Transformer, differences: Sources, readers: ReaderGradients
) -> Float[Tensor, "readers sources"]:
    """Summed over the batch; float32 or better."""
    return _Contraction(model, differences, readers).total()


def edge_gradients_of_runs(
    model: Transformer, differences: Sources, runs: Iterable[tuple[GradientTape, float]]
) -> Float[Tensor, "readers sources"]:
    """Of several runs on one batch, with a weight each."""
    total = torch.zeros(Graph.of(model.config).shape, dtype=torch.float64, device=model.device)
    readers = ReaderGradients(model)
    for count, (tape, weight) in enumerate(runs):
        if count and count % TOGETHER == 0:
            total += edge_gradients(model, differences, readers)
            readers = ReaderGradients(model)
        readers.add(tape, weight)
    return total + edge_gradients(model, differences, readers)


def tokens_at_once(graph: Graph, tokens: int, width: int, number: int, device: torch.device) -> int:
    """How many tokens are expanded and contracted at a time; `number`: bytes of one."""
    rows = graph.shape[1] + COPIES * 3 * graph.heads
    each = rows * width * number
    smallest, largest = (chunk_bytes(size, device) for size in (SMALLEST_CHUNK, LARGEST_CHUNK))
    return max(1, min(tokens, largest // each, max(smallest // each, tokens // 4)))


class _Contraction:
    def __init__(self, model: Transformer, differences: Sources, readers: ReaderGradients) -> None:
        self.model, self.graph, self.readers = model, Graph.of(model.config), readers
        # Flat once: where that is a copy, doing it for every chunk would cost the square of the length.
        self.embeddings, self.heads, self.mlps = (
            [tensor.detach().flatten(0, 1) for tensor in tensors]
            for tensors in (differences.embeddings, differences.heads, differences.mlps)
        )
        self.tokens, self.width = self.embeddings[0].shape
        self.dtype = operands_dtype(model)
        exact = torch.promote_types(self.dtype, torch.float32)
        self.scores = torch.zeros(self.graph.shape, dtype=exact, device=model.device)

    def total(self) -> Float[Tensor, "readers sources"]:
        tokens, sources = self.tokens, self.graph.shape[1]
        step = tokens_at_once(self.graph, tokens, self.width, self.dtype.itemsize, self.model.device)
        buffer = self.scores.new_empty(sources * step * self.width, dtype=self.dtype)
        room = self.scores.new_empty(3 * self.graph.heads * step * self.width, dtype=self.dtype)
        # Each chunk looks at every weight.
        chunks = self.model.most_of_all(-(-tokens // step))
        for place in range(chunks):
            chunk = slice(place * tokens // chunks, (place + 1) * tokens // chunks)
            size = sources * (chunk.stop - chunk.start) * self.width
            expanded = buffer[:size].view(sources, -1, self.width)
            expand(self.model, self.embeddings, self.heads, self.mlps, chunk, expanded)
            self._contract(chunk, expanded, room)
        return self.scores

    def _contract(self, chunk: slice, sources: Float[Tensor, "sources tokens width"], room: Tensor) -> None:
        # The streams' gradients have come back through their norms, and do not see what is centred away.
        for row, gradient in self.readers.streams.items():
            seen = sources[: self.graph.visible[row]].flatten(1)
            self.scores[row, : len(seen)] += product(seen, gradient[chunk].flatten().to(self.dtype))
        if any(layer.attention_norm.kind == "layer" for layer in self.model.layers):
            sources -= sources.mean(-1, keepdim=True)
        for index, at_heads in self.readers.heads.items():
            seen = sources[: self.graph.sources_before(index)]
            self.scores[self.graph.head_readers(index), : len(seen)] += self.model.layers[index](
                self._at_heads, index, at_heads, chunk, seen, room
            )

    def _at_heads(
        self, index: int, at_heads: AtHeads, chunk: slice, sources: Tensor, room: Tensor
    ) -> Float[Tensor, "rows sources"]:
        layer, tokens = self.model.layers[index], sources.shape[1]
        given = at_heads.scaled[:, chunk].to(self.dtype)
        gradient = room[: len(given) * tokens * self.width].view(len(given), tokens, self.width)
        start = 0
        for name in PROJECTIONS:
            weight = getattr(layer.attention, f"{name}_weight").to(self.dtype)
            readers = self.graph.heads if name == "query" else self.graph.key_readers
            for rows, own, _ in with_weights(slice(start, start := start + readers), weight):
                torch.bmm(given[rows], own, out=gradient[rows])
        if layer.attention_norm.kind != "none":
            gradient *= layer.attention_norm.weight
        found = product(gradient.flatten(1), sources.flatten(1).T)
        if at_heads.streams:
            streams = (stream[chunk].to(self.scores.dtype) for stream in at_heads.streams)
            normed = torch.stack([layer.attention_norm.statistics(stream)[0] for stream in streams], -1)
            along = torch.stack([each[chunk] for each in at_heads.along], 1)
            seen = product(sources.transpose(0, 1), normed.to(self.dtype)).to(along.dtype)
            found -= along.flatten(0, 1).T @ seen.transpose(1, 2).flatten(0, 1)
        return found
