"""The direct effect on the logit difference: what each source tells the logits itself.

    score of source->logits = mean over examples and reads of  (live - replacement) . d logit difference / d x

taken at the clean run, with the scale of the final norm held at that run's. Every other edge has 0. Wang et
al. 2022, arXiv:2211.00593, begin with it, and P. Talavante, Gradient Based Circuits Discovery (slides), holds
gradients by weights beside it, of heads alone.

It is linear in what a source writes, but for a cap on the logits, which is taken to first order. So it is the
exact effect of the edge where the model has neither final norm nor cap, and otherwise EAP's score by
logit-diff if that held the scale. Whatever acts through a later head or MLP is not seen: of a circuit, it
finds the end.

Cost: 2 forward passes. The logit difference is the method's own; the metric is used for nothing.
`scores.by_source()` tells the effect of each head.
"""

from __future__ import annotations

from functools import partial

import torch
from jaxtyping import Float, Int
from torch import Tensor

from edgewise.checkpoint import NO_CHECKPOINT, Checkpoint
from edgewise.circuit import Scores
from edgewise.errors import BadInput
from edgewise.methods.gradients import mean_scores
from edgewise.models.rules import Rules
from edgewise.models.tape import SOURCES
from edgewise.models.transformer import Transformer, read_positions
from edgewise.patching.attribution import edge_gradients
from edgewise.patching.reader_gradients import ReaderGradients
from edgewise.patching.replacements import Replacer, Sources, run_tape
from edgewise.progress import Progress
from edgewise.tasks.answers import lacking
from edgewise.tasks.finite import require_finite
from edgewise.tasks.metrics import METRICS, Metric
from edgewise.tasks.pairs import Batch, Pairs

FROZEN = Rules(frozen_norms=True)
LOGIT_DIFFERENCE = METRICS["logit-diff"]


def check(metric: Metric, pairs: Pairs) -> list[str]:
    """Why these pairs have no logit difference. Any metric will do: none is used."""
    return lacking("direct-effect", LOGIT_DIFFERENCE.needs, pairs, "choose another method")


def direct_effect(
    model: Transformer,
    pairs: Pairs,
    metric: Metric,
    replacer: Replacer,
    *,
    batch_size: int = 16,
    progress: Progress | None = None,
    checkpoint: Checkpoint = NO_CHECKPOINT,
) -> Scores:
    """Scores of all edges, 0 where they do not end in the logits."""
    if problems := check(metric, pairs):
        raise BadInput(*problems)
    scores = partial(batch_effects, model, replacer=replacer)
    return mean_scores(model, pairs, scores, batch_size, progress, checkpoint)


@torch.no_grad()
def batch_effects(model: Transformer, batch: Batch, replacer: Replacer) -> Float[Tensor, "readers sources"]:
    """The scores of one batch, summed over its examples."""
    tape = run_tape(model, batch.clean, *SOURCES, "final_input")
    gradient = at_logits(model, read_positions(tape["final_input"].pop(), batch.read), batch)
    differences = Sources.of_tape(tape).less(replacer.sources(batch.corrupted))
    readers = ReaderGradients(model, frozen_norms=True)
    readers.streams[readers.graph.reader_index["logits"]] = gradient.flatten(0, 1)
    return edge_gradients(model, at_reads(differences, batch.read), readers)


def at_logits(
    model: Transformer, stream: Float[Tensor, "examples reads width"], batch: Batch
) -> Float[Tensor, "examples reads width"]:
    """The gradient of the logit difference by the stream that `logits` reads, past the frozen norm."""
    leaf = stream.detach().requires_grad_()
    with torch.enable_grad():
        logits = model.unembed_normed(FROZEN.norm(model.final_norm, leaf))
        require_finite(logits.detach(), model, batch)
        difference = LOGIT_DIFFERENCE(logits, batch).sum()
    return torch.autograd.grad(difference, leaf)[0]


def at_reads(sources: Sources, read: Int[Tensor, "examples reads"]) -> Sources:
    """What sources write where the logits are read; the only tokens whose logits count."""
    return Sources(
        *(
            [read_positions(tensor.flatten(2), read).unflatten(2, tensor.shape[2:]) for tensor in tensors]
            for tensors in (sources.embeddings, sources.heads, sources.mlps)
        )
    )
