"""Edge attribution patching (Syed, Rager and Conmy 2023): a first-order estimate of what every edge does.

    score = mean over examples of  (live - replacement) . d goodness / d x_reader,   taken at the clean run

Two options are those of AtP* (Kramar et al. 2024, arXiv:2403.00745). `qk_fix` works the softmax out anew for
edges into queries and keys (`star.py`). `drop` is GradDrop: effects that come by several layers can cancel
out, so that gradients are taken once for each layer with what that layer writes held constant, and a score is
the mean of the absolute values over the other layers; it has no sign. (The authors take the absolute value of
each example; ours is of the mean over them.)

Cost: two forward passes, one backward; `drop` as many as there are layers. It is the gradient of the metric
by the edge's mask where all masks are 1, and equals exact patching where the model is linear. Ours: a
positive score means that keeping the edge helps the metric (the authors report what replacing it does, the
opposite sign), and batch size never changes a score.
"""

from __future__ import annotations

from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor

from edgewise.checkpoint import NO_CHECKPOINT, Checkpoint
from edgewise.circuit import Scores
from edgewise.errors import BadInput
from edgewise.graph import Graph
from edgewise.methods.gradients import check_gradient, gradients_at, mean_scores
from edgewise.methods.star import star_gradients
from edgewise.models.rules import PLAIN, Rules
from edgewise.models.tape import SOURCES
from edgewise.models.transformer import Transformer
from edgewise.patching.attribution import edge_gradients
from edgewise.patching.reader_gradients import KEPT, GradientTape, ReaderGradients
from edgewise.patching.replacements import Replacer, Sources
from edgewise.progress import Progress
from edgewise.tasks.metrics import Metric
from edgewise.tasks.pairs import Batch, Pairs


def check(metric: Metric, pairs: Pairs, name: str = "eap") -> list[str]:
    """Why EAP cannot use this metric on these pairs."""
    return check_gradient(name, metric, pairs, at_clean_only=True)


def eap(
    model: Transformer,
    pairs: Pairs,
    metric: Metric,
    replacer: Replacer,
    *,
    qk_fix: bool = False,
    drop: bool = False,
    batch_size: int = 16,
    progress: Progress | None = None,
    checkpoint: Checkpoint = NO_CHECKPOINT,
) -> Scores:
    """Scores of all edges."""
    if problems := check(metric, pairs):
        raise BadInput(*problems)
    if not qk_fix and not drop:
        return by_rules(model, pairs, metric, replacer, PLAIN, batch_size, progress, checkpoint)
    if drop and model.config.layers < 2:
        raise BadInput(
            "drop holds one layer constant at a time, and needs two. Got a model of one. Leave it out."
        )
    if qk_fix and model.config.query_key_norm == "all-heads":
        raise BadInput("qk_fix takes heads one by one, and this model's queries share a norm. Leave it out.")
    if not drop:
        scores = partial(star_gradients, model, metric, replacer, qk_fix, None)
        return mean_scores(model, pairs, scores, batch_size, progress, checkpoint)
    found = []
    for layer in range(model.config.layers):
        scores = partial(star_gradients, model, metric, replacer, qk_fix, layer)
        # All prompts for each layer, which is a stage of its own.
        values, checkpoint = checkpoint.stage(
            f"without {layer}",
            lambda kept, scores=scores: mean_scores(model, pairs, scores, batch_size, progress, kept).values,
        )
        found.append(values)
    total = torch.stack(found).abs().sum(0)
    # Nothing comes to a layer's readers while the layer itself is held constant; to the logits always.
    total[:-1] /= len(found) - 1
    total[-1] /= len(found)
    return Scores(Graph.of(model.config), total)


def by_rules(
    model: Transformer,
    pairs: Pairs,
    metric: Metric,
    replacer: Replacer,
    rules: Rules,
    batch_size: int,
    progress: Progress | None,
    checkpoint: Checkpoint = NO_CHECKPOINT,
) -> Scores:
    """The same with gradients that go back by these rules."""
    scores = partial(batch_gradients, model, metric=metric, replacer=replacer, rules=rules)
    return mean_scores(model, pairs, scores, batch_size, progress, checkpoint)


def batch_gradients(
    model: Transformer, batch: Batch, metric: Metric, replacer: Replacer, rules: Rules = PLAIN
) -> Float[Tensor, "readers sources"]:
    """The scores of one batch, summed over its examples."""
    tape = GradientTape(*SOURCES, KEPT)
    gradients_at(model, model.embed(batch.clean), batch, metric, tape=tape, rules=rules)
    # The replacements come last: by now the memory of the plain run has been given back.
    with torch.no_grad():
        readers = ReaderGradients(model, rules.frozen_norms)
        readers.add(tape)
        differences = Sources.of_tape(tape).less(replacer.sources(batch.corrupted))
        return edge_gradients(model, differences, readers)
