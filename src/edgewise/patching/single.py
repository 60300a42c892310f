"""One edge removed at a time: plain runs from the middle, with one reader's input changed.

    x_reader = what the clean run gives it - (live_source - replacement_source)

Every other reader sees what is live, so that nothing before the reader is worked out again, and all that
comes after is a plain run: in the layer one head reads anew, and then come the layers above. Several sources
are tried at once, as more examples. The numbers are those of `patched_logits` with masks of 1 and one 0, at
about a third of its cost.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from edgewise.graph import Graph
from edgewise.models.tape import PROJECTIONS, SOURCES, STREAMS
from edgewise.models.transformer import Transformer, read_positions
from edgewise.patching.replacements import Sources, run_tape
from edgewise.patching.written import written_by


class SingleEdges:
    """A batch whose clean run is known, and what replaces its sources."""

    @torch.no_grad()
    def __init__(
        self,
        model: Transformer,
        tokens: Int[Tensor, "examples positions"],
        read: Int[Tensor, "examples reads"],
        replaced: Sources,
    ) -> None:
        self.model, self.graph, self.read = model, Graph.of(model.config), read
        tape = run_tape(model, tokens, *SOURCES, *STREAMS, *PROJECTIONS)
        self.inputs, self.mlp_inputs, (self.final_input,) = (tape[name] for name in STREAMS)
        self.made = {part[0]: tape[part] for part in PROJECTIONS}
        self.mlps = list(tape["mlp"])
        self.differences = Sources.of_tape(tape).less(replaced)

    @torch.no_grad()
    def logits_without(
        self, row: int, sources: list[int]
    ) -> Float[Tensor, "sources examples reads vocabulary"]:
        """With each of these sources, alone, taken from the reader of this row."""
        taken = written_by(self.model, self.differences, sources)
        read = self.read.repeat(len(sources), 1)
        layer, reader = self._place(row)
        if reader == "logits":
            left = read_positions((self.final_input - taken).flatten(0, 1), read)
            logits = self.model.unembed(left)
        else:
            own = self.model.layers[layer]
            stream = (
                own(self._after_mlp, layer, taken)
                if reader == "mlp"
                else own(self._after_heads, layer, row, taken)
            )
            logits = self.model.run_from(layer + 1, stream.flatten(0, 1), read)
        return logits.unflatten(0, (len(sources), -1))

    def _place(self, row: int) -> tuple[int, str]:
        layer = row // self.graph.layer_readers
        if layer == self.graph.layers:
            return layer, "logits"
        if self.graph.mlps and row == self.graph.mlp_reader(layer):
            return layer, "mlp"
        return layer, next(part for part in "qkv" if row < self.graph.part_readers(layer, part).stop)

    def _after_mlp(self, layer: int, taken: Tensor) -> Float[Tensor, "sources examples positions width"]:
        own = self.model.layers[layer]
        assert own.mlp is not None
        following = [*self.inputs[1:], self.final_input][layer]
        return following - self.mlps[layer] + own.write_mlp(own.mlp_norm(self.mlp_inputs[layer] - taken))

    def _after_heads(
        self, layer: int, row: int, taken: Tensor
    ) -> Float[Tensor, "sources examples positions width"]:
        own, stream, count = self.model.layers[layer], self.inputs[layer], len(taken)
        parts = {part: made[layer].repeat(count, 1, 1, 1) for part, made in self.made.items()}
        self._read_anew(parts, layer, row, own.attention_norm(stream - taken).flatten(0, 1))
        places = self.model.places(parts["q"].flatten(2))
        mixed = own.attention.mix(parts["q"], parts["k"], parts["v"], places, layer)
        scale = own.attention_scale(mixed)
        wrote = own.write_heads(mixed if scale is None else mixed * scale[..., None])
        attended = stream + wrote.unflatten(0, (count, -1))
        if own.mlp is None:
            return attended
        seen = stream.expand_as(attended) if self.model.config.parallel else attended
        return attended + own.write_mlp(own.mlp_norm(seen))

    def _read_anew(
        self,
        parts: dict[str, Float[Tensor, "examples positions heads head_width"]],
        layer: int,
        row: int,
        normed: Float[Tensor, "examples positions width"],
    ) -> None:
        """Puts what one reader makes of its input in the place of what it made."""
        attention, (_, part) = self.model.layers[layer].attention, self._place(row)
        name = next(name for name in PROJECTIONS if name[0] == part)
        index = row - self.graph.part_readers(layer, part).start
        weight, bias = getattr(attention, f"{name}_weight"), getattr(attention, f"{name}_bias")
        readers = self.graph.heads if part == "q" else self.graph.key_readers
        group = index * len(weight) // readers
        seen = self.model.projection_inputs(normed)[PROJECTIONS.index(name)]
        made = F.linear(seen, weight[group], None if bias is None else bias[group])
        fed = self.graph.heads // readers
        parts[part][:, :, index * fed : (index + 1) * fed] = made[:, :, None]
