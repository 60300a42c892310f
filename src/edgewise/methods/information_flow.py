"""Information flow routes (Ferrando and Voita 2024, arXiv:2403.00824): how near what each source writes comes
to the whole that a reader sees.

    proximity  = max(0, |x|_1 - |y - x|_1)     y: what the source writes, x: the stream the reader reads
    importance = proximity / sum over the reader's sources of proximity          (0 where all are 0)
    score      = mean over examples of  mean over positions of  importance

One forward pass on the clean prompts is all. The metric and the replacements are not used: scores tell what
flows, not what the task needs, and are never negative. What belongs to no source, the biases of attention
outputs, is part of x.

Ours: the paper takes what a head brings from each position apart; here it is the head's output as a whole.
The paper follows the stream step by step, each block beside all that came before it; here each source is a
part of its own of the stream at each reader. The q, k and v of a layer read one stream, so that a source's
edges to them tie. The paper keeps what is reached from the prediction; here every position counts alike.

Cost: one forward pass, and work with each number of each source at each stream: for GPT-2 small the
time of about two more. Every stream differs everywhere from the one before: no distance can be carried on.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from jaxtyping import Float, Int
from torch import Tensor

from edgewise.checkpoint import NO_CHECKPOINT, Checkpoint
from edgewise.circuit import Scores
from edgewise.graph import Graph
from edgewise.methods.gradients import mean_scores
from edgewise.models.tape import SOURCES, STREAMS, Tape
from edgewise.models.transformer import Transformer
from edgewise.patching.replacements import Replacer, run_tape
from edgewise.patching.written import expand
from edgewise.progress import Progress
from edgewise.tasks.metrics import Metric
from edgewise.tasks.pairs import Batch, Pairs

LARGEST_CHUNK = 8_000_000
"""Bytes of what all sources write at a chunk of tokens. What is left of a stream without each takes as much
again: both are to stay in a processor's last-level cache."""


def check(metric: Metric, pairs: Pairs) -> list[str]:
    """Nothing: every metric will do, because none is used."""
    return []


def information_flow(
    model: Transformer,
    pairs: Pairs,
    metric: Metric,
    replacer: Replacer,
    *,
    batch_size: int = 16,
    progress: Progress | None = None,
    checkpoint: Checkpoint = NO_CHECKPOINT,
) -> Scores:
    """Scores of all edges."""

    def scores(batch: Batch) -> Tensor:
        return batch_importances(model, batch.clean)

    return mean_scores(model, pairs, scores, batch_size, progress, checkpoint)


@torch.no_grad()
def batch_importances(
    model: Transformer, tokens: Int[Tensor, "examples positions"]
) -> Float[Tensor, "readers sources"]:
    """Summed over examples, the mean over the positions of each."""
    graph, tape = Graph.of(model.config), run_tape(model, tokens, *SOURCES, *STREAMS)
    exact = torch.promote_types(model.dtype, torch.float32)
    total = torch.zeros(graph.shape, dtype=exact, device=model.device)
    each = len(graph.sources) * model.config.width * total.element_size()
    step = max(1, LARGEST_CHUNK // each)
    for tensors in tape.kept.values():
        tensors[:] = [tensor.flatten(0, 1) for tensor in tensors]
    count = tokens.numel()
    chunks = model.most_of_all(-(-count // step))
    for place in range(chunks):
        chunk = slice(place * count // chunks, (place + 1) * count // chunks)
        written = total.new_empty(len(graph.sources), len(tape["final_input"][0][chunk]), model.config.width)
        expand(model, tape["embedding"], tape["head"], tape["mlp"], chunk, written)
        room = torch.empty_like(written)
        for rows, visible, stream in streams_of_readers(graph, tape):
            found = importances(written[:visible], stream[chunk].to(exact), room[:visible])
            total[rows, :visible] += found
    return total / tokens.shape[1]


def streams_of_readers(graph: Graph, tape: Tape) -> Iterator[tuple[slice, int, Tensor]]:
    """Readers' rows, how many sources these see, and the stream they read."""
    for layer, stream in enumerate(tape["attention_input"]):
        yield graph.head_readers(layer), graph.sources_before(layer), stream
        if graph.mlps:
            row = graph.mlp_reader(layer)
            yield slice(row, row + 1), graph.mlp_sees(layer), tape["mlp_input"][layer]
    rows, sources = graph.shape
    yield slice(rows - 1, rows), sources, tape["final_input"][0]


def importances(
    written: Float[Tensor, "sources tokens width"],
    stream: Float[Tensor, "tokens width"],
    room: Float[Tensor, "sources tokens width"],
) -> Float[Tensor, " sources"]:
    """Summed over tokens."""
    apart = torch.linalg.vector_norm(torch.sub(written, stream, out=room), 1, dim=-1)
    proximity = (torch.linalg.vector_norm(stream, 1, dim=-1) - apart).clamp(min=0)
    whole = proximity.sum(0)
    return (proximity / torch.where(whole > 0, whole, 1.0)).sum(1)
