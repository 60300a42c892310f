"""What AtP* does more than EAP (Kramar et al. 2024, arXiv:2403.00745): the QK fix, and dropped layers.

    score of source->q = mean over examples of  sum over tokens of  dm/dz . ( z(q) - z(q - dq) )

A gradient through a softmax that looks at one word alone is nothing, whatever the query would do elsewhere.
Here the softmax is worked out again for each source: dq is what the source's replacement changes of the
query, to first order in the norm, z what the head makes of its values, and only the way from z on is a
gradient's. Keys alike. Ours: the authors fix nodes, queries and keys as wholes; this fixes each edge.

GradDrop holds constant what one layer writes, so that no gradient comes by it; `eap.py` puts the layers
together.

Cost of the fix: for each source of each layer its projection and the attention, in all about twenty forward
passes for GPT-2's size.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from edgewise.graph import Graph
from edgewise.methods.gradients import gradients_at
from edgewise.models.layer import Norm
from edgewise.models.tape import PROJECTIONS, SOURCES
from edgewise.models.transformer import Transformer
from edgewise.patching.attribution import edge_gradients
from edgewise.patching.reader_gradients import KEPT, GradientTape, ReaderGradients
from edgewise.patching.replacements import Replacer, Sources
from edgewise.patching.written import written_by
from edgewise.tasks.metrics import Metric
from edgewise.tasks.pairs import Batch

TOKENS = 2_048
"""Of all sources and examples that are tried at once."""


class StarTape(GradientTape):
    """Keeps the gradients at what heads make of their values, too. What one layer writes can be held
    constant: gradients do not come by."""

    def __init__(self, dropped: int | None, *names: str) -> None:
        super().__init__(*names)
        self.dropped = dropped
        self.gradients["mixed"], self.seen["mixed"] = {}, 0
        self.passed = dict.fromkeys(("head", "mlp"), 0)

    def __call__(self, name: str, tensor: Tensor) -> Tensor:
        if name in self.passed:
            index, self.passed[name] = self.passed[name], self.passed[name] + 1
            if index == self.dropped:
                tensor = tensor.detach()
        return super().__call__(name, tensor)

    def at_heads(self) -> list[Tensor | None]:
        """One a layer; None where nothing came by."""
        return [self.gradients["mixed"].pop(index, None) for index in range(self.seen["mixed"])]


def star_gradients(
    model: Transformer, metric: Metric, replacer: Replacer, qk_fix: bool, dropped: int | None, batch: Batch
) -> Float[Tensor, "readers sources"]:
    """The scores of one batch as AtP* has them. `dropped`: the layer whose writing is held constant."""
    tape = StarTape(dropped, *SOURCES, KEPT, *(PROJECTIONS if qk_fix else ()))
    gradients_at(model, model.embed(batch.clean), batch, metric, tape=tape)
    with torch.no_grad():
        streams = list(tape[KEPT])
        readers = ReaderGradients(model)
        readers.add(tape)
        differences = Sources.of_tape(tape).less(replacer.sources(batch.corrupted))
        scores = edge_gradients(model, differences, readers)
        if not qk_fix:
            return scores
        graph = Graph.of(model.config)
        made = [tape[name] for name in PROJECTIONS]
        fixed = fixed_scores(model, differences, streams, made, tape.at_heads())
        for layer in range(graph.layers):
            for part in "qk":
                rows = graph.part_readers(layer, part)
                scores[rows] = fixed[rows]
        return scores


@torch.no_grad()
def fixed_scores(
    model: Transformer,
    differences: Sources,
    streams: list[Float[Tensor, "examples positions width"]],
    made: list[list[Float[Tensor, "examples positions heads head_width"]]],
    at_heads: list[Float[Tensor, "examples positions heads head_width"] | None],
) -> Float[Tensor, "readers sources"]:
    """Of one batch, summed; 0 for all readers but queries and keys.

    streams: what each layer's q, k and v read; made: what these are; at_heads: gradients at what heads make
    of their values, before the scale of a post-norm.
    """
    graph, exact = Graph.of(model.config), torch.promote_types(model.dtype, torch.float32)
    scores = torch.zeros(graph.shape, dtype=exact, device=model.device)
    together = -model.most_of_all(-max(1, TOKENS // streams[0].shape[:2].numel()))
    for index, (stream, gradient) in enumerate(zip(streams, at_heads, strict=True)):
        if gradient is None:
            continue
        query, key, value = live = [each[index] for each in made]
        before = model.layers[index].attention.mix(query, key, value, model.places(stream), index)
        for start in range(0, graph.sources_before(index), together):
            columns = range(start, min(start + together, graph.sources_before(index)))
            written = written_by(model, differences, columns)
            taken = through_norm(model.layers[index].attention_norm, stream, written)
            for place, part in enumerate("qk"):
                layer = model.layers[index]
                without = layer(_mixed_without, model, index, place, live, taken)
                lost = ((before - without) * gradient).sum((1, 2, 4))
                rows = graph.part_readers(index, part)
                by_reader = lost.unflatten(1, (rows.stop - rows.start, -1)).sum(2)
                scores[rows, columns.start : columns.stop] = by_reader.T.to(exact)
    return scores


def through_norm(
    norm: Norm, stream: Float[Tensor, "*tokens width"], change: Float[Tensor, "sources *tokens width"]
) -> Float[Tensor, "sources *tokens width"]:
    """What a change of a norm's input changes of its output, to first order."""
    if norm.kind == "none":
        return change
    normed, scale = norm.statistics(stream)
    if norm.kind == "layer":
        change = change - change.mean(-1, keepdim=True)
    return (change - normed * (change * normed).mean(-1, keepdim=True)) * scale * norm.weight


def _mixed_without(
    model: Transformer,
    index: int,
    place: int,
    live: list[Tensor],
    taken: Float[Tensor, "sources examples positions width"],
) -> Float[Tensor, "sources examples positions heads head_width"]:
    """What heads make of their values when queries (place 0) or keys (1) are without what each source
    brings."""
    attention, count = model.layers[index].attention, len(taken)
    weight = (attention.query_weight, attention.key_weight)[place]
    change = attention.spread(torch.einsum("sepw,hfw->sephf", taken, weight), attention.heads)
    parts = [each.repeat(count, 1, 1, 1) for each in live]
    parts[place] = parts[place] - change.flatten(0, 1)
    query, key, value = parts
    return attention.mix(query, key, value, model.places(taken[0]), index).unflatten(0, (count, -1))
