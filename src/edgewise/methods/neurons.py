"""Neuron attribution: what `nodes.py` does for nodes, for each number of an MLP's hidden layer.

    score = mean over examples of  sum over positions of  (live - replacement) . d goodness / d neuron

The neurons of an MLP add up to its node's score, with two exceptions. Under the ablation `zero` the node
loses its output bias, too, which belongs to no neuron. And a post-norm is not linear: through one, a neuron's
score is first order, while the node's takes the normed output whole.

Cost: two forward passes, one backward, and each MLP's hidden layer once more in both.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from edgewise.errors import BadInput
from edgewise.methods.gradients import gradients_at
from edgewise.methods.nodes import OutputTape, check, mean_over_examples, products
from edgewise.models.layer import Layer
from edgewise.models.transformer import Transformer
from edgewise.patching.replacements import Replacer, run_tape
from edgewise.progress import Progress
from edgewise.tasks.checks import check_corrupted
from edgewise.tasks.metrics import Metric
from edgewise.tasks.neurons import MLP_INPUT, fixed_hidden, hidden
from edgewise.tasks.pairs import Batch, Pairs


def neuron_attribution(
    model: Transformer,
    pairs: Pairs,
    metric: Metric,
    replacer: Replacer,
    *,
    batch_size: int = 16,
    progress: Progress | None = None,
) -> Float[Tensor, "layers neurons"]:
    """Scores of all neurons. What stands in for a neuron follows from the ablation: its value in the run of
    the corrupted prompt, 0, or its mean over the pairs' corrupted prompts (the clean ones where there are
    none), per position when all prompts have one length."""
    problems = check(metric, pairs, "neuron attribution")
    if not model.config.mlp_width:
        problems.append("neuron attribution needs a model with MLPs. Got one of attention only.")
    problems += check_corrupted(replacer.ablation, pairs)
    if problems:
        raise BadInput(*problems)
    fixed = fixed_hidden(model, pairs, replacer.ablation, batch_size)

    def scores(batch: Batch) -> Tensor:
        tape = OutputTape(MLP_INPUT)
        gradients_at(model, model.embed(batch.clean), batch, metric, tape=tape)
        return neuron_products(model, batch, tape, fixed)

    return mean_over_examples(model, pairs, scores, batch_size, progress).float()


@torch.no_grad()
def neuron_products(
    model: Transformer, batch: Batch, tape: OutputTape, fixed: list[Tensor] | None
) -> Float[Tensor, "layers neurons"]:
    """Summed over the batch. `fixed`: a layer's replacements, [examples, positions, neurons]; where there are
    none, the corrupted run's."""
    streams = []
    if fixed is None and batch.corrupted is not None:
        streams = run_tape(model, batch.corrupted, MLP_INPUT)[MLP_INPUT]
    rows = []
    for index, layer in enumerate(model.layers):
        live = hidden(layer, tape[MLP_INPUT].pop(0))
        gradient = layer(hidden_gradient, layer, live, tape.gradients["mlp"].pop(index))
        live -= hidden(layer, streams.pop(0)) if fixed is None else fixed[index]
        rows.append(products(live.permute(2, 0, 1).flatten(1), gradient.permute(2, 0, 1).flatten(1)))
    return torch.stack(rows)


def hidden_gradient(
    layer: Layer,
    live: Float[Tensor, "examples positions neurons"],
    gradient: Float[Tensor, "examples positions width"],
) -> Float[Tensor, "examples positions neurons"]:
    """The gradient at the neurons, from that at what the MLP writes."""
    assert layer.mlp is not None
    if layer.mlp_post_norm.kind != "none":
        with torch.enable_grad():
            wrote = layer.mlp.write(live).requires_grad_()
            (gradient,) = torch.autograd.grad(layer.mlp_post_norm(wrote), wrote, gradient)
    return gradient @ layer.mlp.down_weight
