"""A run made reader by reader and source by source, and the gradients at its readers: the oracle.

    x_reader = sum of its sources + biases + leaf,  leaf = 0,  d goodness / d x_reader = d goodness / d leaf

Every reader and every source has a leaf of its own, so that autograd gives each gradient directly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from edgewise.graph import Graph
from edgewise.models.rules import PLAIN, Rules
from edgewise.models.tape import PROJECTIONS
from edgewise.patching.replacements import Sources

PART_OF = dict(zip("qkv", PROJECTIONS, strict=True))


@dataclass
class SlowRun:
    logits: Tensor
    written: list[Tensor]
    """What each source writes to the stream."""
    reader_leaves: list[Tensor]
    source_leaves: list[Tensor]


def slow_run(model, embeddings, rules: Rules = PLAIN, given: Mapping[str, Tensor] | None = None) -> SlowRun:
    """`given`: what some sources write, in the place of what the run makes of them."""
    given, config, graph = given or {}, model.config, Graph.of(model.config)
    like = torch.stack(torch.broadcast_tensors(*embeddings))[0]
    readers = [torch.zeros_like(like, requires_grad=True) for _ in graph.readers]
    sources = [torch.zeros_like(like, requires_grad=True) for _ in graph.sources]
    written: list[Tensor] = []
    bias = torch.zeros_like(like)

    def read(name: str) -> Tensor:
        row = graph.reader_index[name]
        return sum(written[: graph.visible[row]], bias + readers[row])

    def write(made: Tensor) -> None:
        name = graph.sources[len(written)]
        written.append(given.get(name, made) + sources[len(written)])

    for embedding in embeddings:
        write(embedding)
    places = model.places(like)
    for index, layer in enumerate(model.layers):
        attention, parts = layer.attention, []
        for place, (part, name) in enumerate(PART_OF.items()):
            per_head = []
            for head in range(config.heads):
                reader = head if part == "q" else head * config.key_readers // config.heads
                normed = rules.norm(layer.attention_norm, read(f"a{index}.h{reader}<{part}>"))
                projected = attention.project(name, model.projection_inputs(normed)[place])
                per_head.append(projected[:, :, head * projected.shape[2] // config.heads])
            parts.append(torch.stack(per_head, 2))
        mixed = rules.mix(attention, *parts, places, index)
        scale = rules.post_norm_scale(layer.attention_scale(mixed))
        # In a parallel layer the MLP sees neither the heads, which the graph knows, nor their bias.
        wrote = _mlp(layer, read(f"m{index}"), rules) if config.parallel and graph.mlps else None
        for head in range(config.heads):
            made = mixed[:, :, head] @ attention.output_weight[head].T
            made = made if scale is None else made * scale * layer.attention_post_norm.weight
            write(made)
        if attention.output_bias is not None:
            bias = bias + attention.output_bias
        if graph.mlps:
            write(_mlp(layer, read(f"m{index}"), rules) if wrote is None else wrote)
    logits = model.unembed_normed(rules.norm(model.final_norm, read("logits")))
    return SlowRun(logits, written, readers, sources)


def _mlp(layer, stream: Tensor, rules: Rules) -> Tensor:
    return rules.norm(layer.mlp_post_norm, rules.mlp(layer.mlp, rules.norm(layer.mlp_norm, stream)))


def written_by(model, sources: Sources, like: Tensor) -> list[Tensor]:
    """What given values of all sources come to in the stream, in the graph's order."""
    written = [embedding.expand_as(like) for embedding in sources.embeddings]
    for index, layer in enumerate(model.layers):
        for head, weight in enumerate(layer.attention.output_weight):
            made = sources.heads[index][:, :, head] @ weight.T
            if layer.attention_post_norm.kind != "none":
                made = made * layer.attention_post_norm.weight
            written.append(made.expand_as(like))
        if layer.mlp is not None:
            written.append(sources.mlps[index].expand_as(like))
    return written


class SlowScores:
    """Scores of one batch, summed over its examples, by the runs that are asked for."""

    def __init__(self, model, batch, metric, replacer) -> None:
        self.model, self.batch, self.metric = model, batch, metric
        self.graph = Graph.of(model.config)
        self.embedded = model.embed(batch.clean)
        clean = slow_run(model, self.embedded)
        self.full = self._read(clean.logits).detach() if metric.compares_with_full(batch) else None
        self.live = [each.detach() for each in clean.written]
        self.replaced = written_by(model, replacer.sources(batch.corrupted), self.live[0])
        ends = zip(self.live, self.replaced, strict=True)
        self.differences = [live - replaced for live, replaced in ends]

    def between(self, share: float, names) -> dict[str, Tensor]:
        """What these sources write this share of the way from replaced to clean."""
        places = {name: self.graph.source_index[name] for name in names}
        return {name: torch.lerp(self.replaced[at], self.live[at], share) for name, at in places.items()}

    def scores(self, given: Mapping[str, Tensor] | None = None, rules: Rules = PLAIN) -> Tensor:
        """(live - replacement) . gradient at the reader, edge by edge."""
        run = slow_run(self.model, self.embedded, rules, given)
        gradients = self._gradients(run, run.reader_leaves)
        scores = torch.zeros(self.graph.shape, dtype=torch.float64)
        for reader, source in self.graph.edges.nonzero().tolist():
            scores[reader, source] = (gradients[reader] * self.differences[source]).sum()
        return scores

    def node_scores(self) -> Tensor:
        """The derivative of goodness by moving all of what a source writes from replaced to live."""
        run = slow_run(self.model, self.embedded)
        pairs = zip(self._gradients(run, run.source_leaves), self.differences, strict=True)
        return torch.stack([(gradient * difference).sum() for gradient, difference in pairs])

    def _gradients(self, run: SlowRun, leaves: list[Tensor]) -> tuple[Tensor, ...]:
        goodness = self.metric.goodness(self.metric(self._read(run.logits), self.batch, self.full)).sum()
        return torch.autograd.grad(goodness, leaves, materialize_grads=True)

    def _read(self, logits: Tensor) -> Tensor:
        return torch.stack([each[read] for each, read in zip(logits, self.batch.read, strict=True)])


def mean_of_batches(model, pairs, metric, replacer, of_batch) -> Tensor:
    """The mean over examples of what `of_batch(SlowScores)` gives in sum, in batches of no one's choice."""
    batches = pairs.batches(2)
    return sum(of_batch(SlowScores(model, batch, metric, replacer)) for batch in batches) / len(pairs)
