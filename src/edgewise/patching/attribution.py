"""The gradient of a metric by every edge's mask, from plain runs: no split inputs, no outbox.

    score[reader, source] = sum over examples and positions of  dm/dx_reader . (live_source -
    replacement_source)

A plain backward gives gradients at q, k and v, at the MLPs' inputs and at the logits' input. Everything else
- a head's output matrix, the way back from q, k, v through their matrices and the norm - acts on one position
at a time, so sources and reader gradients are expanded for a chunk of tokens, contracted, and thrown away.
Memory does not grow with the prompts beyond the plain run's, and the cost over the runs is one matrix
product.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from edgewise.graph import Graph
from edgewise.models.tape import PROJECTIONS, Tape
from edgewise.models.transformer import Transformer
from edgewise.patching.readers import HeadReader, norm_forward
from edgewise.patching.replacements import Sources

SMALLEST_CHUNK, LARGEST_CHUNK = 12_000_000, 36_000_000
"""Bytes of what is expanded for a chunk of tokens: a part of a processor's last-level cache, and tokens
enough to be worth another look at every weight. Between the two, a sixth of the tokens: a small part of what
the plain run held."""
COPIES = 3
"""Tensors of a layer's reader gradients alive at once on their way through the norm."""

READERS: tuple[str, ...] = (*PROJECTIONS, "mlp_input", "final_input")


class GradientTape(Tape):
    """A tape that also keeps the gradients at READERS as backward comes by, without keeping the tensors
    themselves."""

    def __init__(self, *names: str) -> None:
        super().__init__(*names)
        self.gradients: dict[str, dict[int, Tensor]] = {name: {} for name in READERS}
        self.seen: dict[str, int] = dict.fromkeys(READERS, 0)

    def __call__(self, name: str, tensor: Tensor) -> Tensor:
        if name in self.gradients:
            index, self.seen[name] = self.seen[name], self.seen[name] + 1
            # The hook must not hold the tape: graph -> hook -> tape -> graph would never be freed.
            store = self.gradients[name]
            tensor.register_hook(lambda gradient: store.__setitem__(index, gradient))
        return super().__call__(name, tensor)


@dataclass(frozen=True)
class ReaderGradients:
    """What contraction needs of one backward pass."""

    attention_inputs: list[Float[Tensor, "examples positions width"]]
    """The stream that each layer's q, k and v read: their norm's input."""
    at: dict[str, dict[int, Tensor]]
    """Gradients by the names READERS and the layer."""


def edge_gradients(
    model: Transformer, differences: Sources, readers: ReaderGradients
) -> Float[Tensor, "readers sources"]:
    """Summed over the batch; float32 or better."""
    return _Contraction(model, differences, readers).total()


class _Contraction:
    def __init__(self, model: Transformer, differences: Sources, readers: ReaderGradients) -> None:
        self.model, self.graph = model, Graph.of(model.config)
        # Flat once: where that is a copy, doing it for every chunk would cost the square of the length.
        self.embeddings, self.heads, self.mlps, self.streams = (
            [tensor.detach().flatten(0, 1) for tensor in tensors]
            for tensors in (
                differences.embeddings,
                differences.heads,
                differences.mlps,
                readers.attention_inputs,
            )
        )
        self.at = {
            name: {layer: gradient.flatten(0, 1) for layer, gradient in each.items()}
            for name, each in readers.at.items()
        }
        self.tokens, self.width = self.at["final_input"][0].shape
        self.dtype = torch.promote_types(model.dtype, torch.float32)
        self.scores = torch.zeros(self.graph.shape, dtype=self.dtype, device=model.device)

    def total(self) -> Float[Tensor, "readers sources"]:
        tokens, sources = self.tokens, self.graph.shape[1]
        rows = sources + COPIES * 3 * self.graph.heads
        each = rows * self.width * self.scores.element_size()
        step = max(1, min(tokens, LARGEST_CHUNK // each, max(SMALLEST_CHUNK // each, tokens // 6)))
        buffer = self.scores.new_empty(step, sources, self.width)
        room = self.at["final_input"][0].new_empty(step, 3 * self.graph.heads, self.width)
        for start in range(0, tokens, step):
            chunk = slice(start, min(start + step, tokens))
            expanded = buffer[: chunk.stop - chunk.start]
            self._expand_sources(chunk, expanded)
            self._contract(chunk, expanded, room[: chunk.stop - chunk.start])
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

    def _contract(
        self,
        chunk: slice,
        sources: Float[Tensor, "tokens sources width"],
        room: Float[Tensor, "tokens readers width"],
    ) -> None:
        for index, layer in enumerate(self.model.layers):
            reader = HeadReader(layer.attention, layer.attention_norm, self.graph.heads)
            at_heads = torch.cat([self.at[name][index][chunk] for name in PROJECTIONS], dim=1)
            stream = self.streams[index][chunk][:, None]
            _, statistics = norm_forward(layer.attention_norm, stream)
            gradient = reader.backward(stream, at_heads.transpose(0, 1), statistics, room)
            rows, seen = self.graph.head_readers(index), self.graph.sources_before(index)
            self.scores[rows, :seen] += self._per_reader(self._product(gradient, sources[:, :seen]))
            if layer.mlp is not None:
                self._add(self.graph.mlp_reader(index), self.at["mlp_input"][index][chunk], sources)
        self._add(len(self.graph.readers) - 1, self.at["final_input"][0][chunk], sources)

    def _add(self, row: int, gradient: Float[Tensor, "tokens width"], sources: Tensor) -> None:
        seen = self.graph.visible[row]
        self.scores[row, :seen] += self._product(gradient[:, None], sources[:, :seen])[0]

    def _product(self, gradient: Float[Tensor, "tokens readers width"], sources: Tensor) -> Tensor:
        return torch.bmm(gradient.to(self.dtype), sources.transpose(1, 2)).sum(0)

    def _per_reader(self, per_query_head: Float[Tensor, "rows sources"]) -> Tensor:
        """Rows of q, k, v per query head; where key/value heads are the readers, those that share one are
        added up."""
        graph = self.graph
        query, *shared = per_query_head.split(graph.heads)
        return torch.cat([query, *(part.unflatten(0, (graph.key_readers, -1)).sum(1) for part in shared)])
