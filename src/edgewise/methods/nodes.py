"""Node attribution: attribution patching of whole nodes, and of the neurons of MLPs (Nanda 2023; Kramar et
al. 2024, arXiv:2403.00745).

    node    mean over examples of  sum over positions of  (live - replacement) . d goodness / d output
    neuron  the same of one number of an MLP's hidden layer

Both at the clean run, by a plain backward: the gradient is taken where the node writes, so that nothing is
contracted. EAP is linear in what a source writes: a node's score is the sum of EAP's over the edges that
leave it. Scores are signed, so that examples may cancel out; Kramar et al. take each example's absolute
value, which is `hisp` against the replacement, not normalised. What AtP* mends, saturated queries and keys
among it, is not mended here.

The neurons of an MLP add up to its node's score, with two exceptions. Under the ablation `zero` the node
loses its output bias, too, which belongs to no neuron. And a post-norm is not linear: through one, a neuron's
score is first order, while the node's takes the normed output whole.

Cost: two forward passes, one backward; for neurons, each MLP's hidden layer once more in both passes.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from edgewise.circuit import Scores
from edgewise.components import ComponentScores
from edgewise.errors import BadInput, several
from edgewise.graph import Graph
from edgewise.methods.gradients import check_gradient, gradients_at
from edgewise.models.layer import Layer
from edgewise.models.tape import SOURCES
from edgewise.models.transformer import Transformer
from edgewise.patching.reader_gradients import GradientTape
from edgewise.patching.replacements import Replacer, Sources, run_tape
from edgewise.progress import Progress
from edgewise.tasks.ablations import replacement_prompts
from edgewise.tasks.finite import require_finite
from edgewise.tasks.metrics import Metric
from edgewise.tasks.pairs import Batch, Pairs

MLP_INPUT = "mlp_input"


def check(metric: Metric, pairs: Pairs, name: str = "node-attribution") -> list[str]:
    """Why node attribution cannot use this metric on these pairs."""
    return check_gradient(name, metric, pairs, at_clean_only=True)


def node_attribution_edges(
    model: Transformer,
    pairs: Pairs,
    metric: Metric,
    replacer: Replacer,
    *,
    batch_size: int = 16,
    progress: Progress | None = None,
) -> Scores:
    """Scores of all edges: each has that of the weaker of its two nodes."""
    nodes = node_attribution(model, pairs, metric, replacer, batch_size=batch_size, progress=progress)
    return nodes.to_edges()


def node_attribution(
    model: Transformer,
    pairs: Pairs,
    metric: Metric,
    replacer: Replacer,
    *,
    batch_size: int = 16,
    progress: Progress | None = None,
) -> ComponentScores:
    """Scores of all nodes."""
    if problems := check(metric, pairs):
        raise BadInput(*problems)

    def scores(batch: Batch) -> Tensor:
        return batch_products(model, batch, metric, replacer).sum(0)

    total = mean_over_examples(model, pairs, scores, batch_size, progress)
    return ComponentScores.of_nodes(Graph.of(model.config), total.float())


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
    if replacer.ablation == "corrupted" and (without := pairs.missing("corrupted")):
        problems.append(
            "ablation 'corrupted' needs a corrupted prompt in every pair. "
            f"Got none in {several(without)}. Add 'corrupted', or choose zero or mean."
        )
    if problems:
        raise BadInput(*problems)
    fixed = fixed_hidden(model, pairs, replacer.ablation, batch_size)

    def scores(batch: Batch) -> Tensor:
        tape = OutputTape(MLP_INPUT)
        gradients_at(model, model.embed(batch.clean), batch, metric, tape=tape)
        return neuron_products(model, batch, tape, fixed)

    return mean_over_examples(model, pairs, scores, batch_size, progress).float()


class OutputTape(GradientTape):
    """Keeps the gradients at what the sources write, in the place of those at the readers."""

    def __init__(self, *names: str) -> None:
        super().__init__(*names)
        self.gradients = {name: {} for name in SOURCES}
        self.products = {}
        self.seen = dict.fromkeys(SOURCES, 0)

    def at_sources(self) -> Sources:
        found = ([self.gradients[name].pop(index) for index in range(self.seen[name])] for name in SOURCES)
        return Sources(*found)


def batch_products(
    model: Transformer, batch: Batch, metric: Metric, replacer: Replacer | None
) -> Float[Tensor, "examples sources"]:
    """What each source writes, less its replacement if there is a replacer, times the gradient there."""
    tape = OutputTape(*SOURCES)
    gradients_at(model, model.embed(batch.clean), batch, metric, tape=tape)
    with torch.no_grad():
        values, gradients = Sources.of_tape(tape), tape.at_sources()
        if replacer is not None:
            values = values.less(replacer.sources(batch.corrupted))
        columns = [dot(*each)[:, None] for each in zip(values.embeddings, gradients.embeddings, strict=True)]
        for layer, (heads, at_heads) in enumerate(zip(values.heads, gradients.heads, strict=True)):
            columns.append(dot(heads.transpose(1, 2), at_heads.transpose(1, 2)))
            if values.mlps:
                columns.append(dot(values.mlps[layer], gradients.mlps[layer])[:, None])
        return torch.cat(columns, 1)


def dot(
    values: Float[Tensor, "*kept positions width"], gradients: Float[Tensor, "*kept positions width"]
) -> Float[Tensor, "*kept"]:
    """In float32 or better."""
    exact = torch.promote_types(values.dtype, torch.float32)
    return (values.to(exact) * gradients).sum((-2, -1))


@torch.no_grad()
def neuron_products(
    model: Transformer, batch: Batch, tape: OutputTape, fixed: list[Tensor] | None
) -> Float[Tensor, "layers neurons"]:
    """Summed over the batch. `fixed`: a layer's replacements, [examples, positions, neurons]; where there are
    none, the corrupted run's."""
    streams = [] if batch.corrupted is None else run_tape(model, batch.corrupted, MLP_INPUT)[MLP_INPUT]
    rows = []
    for index, layer in enumerate(model.layers):
        live = hidden(layer, tape[MLP_INPUT].pop(0))
        gradient = hidden_gradient(layer, live, tape.gradients["mlp"].pop(index))
        live -= hidden(layer, streams.pop(0)) if fixed is None else fixed[index]
        rows.append(dot(live.permute(2, 0, 1), gradient.permute(2, 0, 1)))
    return torch.stack(rows)


def hidden(
    layer: Layer, stream: Float[Tensor, "examples positions width"]
) -> Float[Tensor, "examples positions neurons"]:
    """What the neurons of a layer are, from the stream that its MLP reads."""
    assert layer.mlp is not None
    gate, up = layer.mlp.project(layer.mlp_norm(stream))
    return layer.mlp.activation(up) if gate is None else layer.mlp.activation(gate) * up


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


@torch.no_grad()
def fixed_hidden(model: Transformer, pairs: Pairs, ablation: str, batch_size: int) -> list[Tensor] | None:
    """Replacements of neurons that serve all batches; None where each batch has its own."""
    if ablation == "corrupted":
        return None
    if ablation == "zero":
        return [model.token_embedding.new_zeros(1, 1, 1)] * model.config.layers
    axes = (0,) if pairs.aligned else (0, 1)
    totals: list[Tensor | float] = [0.0] * model.config.layers
    count = 0
    for batch in pairs.batches(batch_size, model.device):
        prompts = replacement_prompts(batch)
        streams = run_tape(model, prompts, MLP_INPUT)[MLP_INPUT]
        for index, layer in enumerate(model.layers):
            totals[index] += hidden(layer, streams.pop(0)).double().sum(axes, keepdim=True)
        count += prompts.shape[0] if pairs.aligned else prompts.numel()
    return [torch.as_tensor(total / count).to(model.dtype) for total in totals]


def mean_over_examples(
    model: Transformer,
    pairs: Pairs,
    found: Callable[[Batch], Tensor],
    batch_size: int,
    progress: Progress | None,
) -> Tensor:
    """The mean over examples of what batches give in sum, in float64."""
    totals = []
    batches = list(pairs.batches(batch_size, model.device))
    for batch in (progress or Progress()).track(batches, "scoring nodes", len(batches)):
        sums = found(batch)
        require_finite(sums, model, batch)
        totals.append(sums.double().cpu())
    return torch.stack(totals).sum(0) / len(pairs)
