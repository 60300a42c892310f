"""Edge attribution patching (Syed, Rager and Conmy 2023): a first-order estimate of what every edge does.

    score = mean over examples of  (live - replacement) . d goodness / d x_reader,   taken at the clean run

Cost: two forward passes, one backward. It is the gradient of the metric by the edge's mask where all masks
are 1, and equals exact patching where the model is linear. Ours: a positive score means that keeping the edge
helps the metric (the authors report what replacing it does, the opposite sign), and batch size never changes
a score.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from edgewise.circuit import Scores
from edgewise.errors import BadInput
from edgewise.graph import Graph
from edgewise.models.tape import SOURCES
from edgewise.models.transformer import Transformer
from edgewise.patching.attribution import GradientTape, ReaderGradients, edge_gradients
from edgewise.patching.replacements import Replacer, Sources
from edgewise.progress import Progress
from edgewise.tasks.finite import require_finite
from edgewise.tasks.metrics import Metric
from edgewise.tasks.pairs import Batch, Pairs


def check(metric: Metric, pairs: Pairs) -> list[str]:
    """Why EAP cannot use this metric on these pairs."""
    problems = []
    if not metric.differentiable:
        problems.append(f"eap needs a metric with a gradient. Got {metric.name!r}, which has none.")
    if reason := metric.flat_at_clean(pairs):
        problems.append(f"eap takes gradients at the clean run, and {reason}. Choose another metric.")
    return problems


def eap(
    model: Transformer,
    pairs: Pairs,
    metric: Metric,
    replacer: Replacer,
    *,
    batch_size: int = 16,
    progress: Progress | None = None,
) -> Scores:
    """Scores of all edges."""
    if problems := check(metric, pairs):
        raise BadInput(*problems)
    total = torch.zeros(Graph.of(model.config).shape, dtype=torch.float64)
    batches = list(pairs.batches(batch_size, model.device))
    for batch in (progress or Progress()).track(batches, "scoring edges", len(batches)):
        total += batch_gradients(model, batch, metric, replacer).double().cpu()
    return Scores(Graph.of(model.config), (total / len(pairs)).float())


def batch_gradients(
    model: Transformer, batch: Batch, metric: Metric, replacer: Replacer
) -> Float[Tensor, "readers sources"]:
    """The scores of one batch, summed over its examples."""
    tape = GradientTape(*SOURCES, "attention_input")
    embeddings = [embedding.detach().requires_grad_() for embedding in model.embed(batch.clean)]
    with torch.enable_grad():
        logits = model.run(embeddings, batch.read, tape)
        require_finite(logits.detach(), model, batch)
        goodness = metric.goodness(metric(logits, batch)).sum()
    goodness.backward(inputs=embeddings)
    # The replacements come last: by now the memory of the plain run has been given back.
    with torch.no_grad():
        differences = Sources.of_tape(tape).less(replacer.sources(batch.corrupted))
        readers = ReaderGradients(tape["attention_input"], tape.gradients)
        gradients = edge_gradients(model, differences, readers)
    require_finite(gradients, model, batch)
    return gradients
