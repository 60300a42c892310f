"""Gradients by the weights, where the model's answer is held beside a maximally wrong one.

    score of a component = Frobenius norm of  d mean loss / d its weights,   the mean over examples

After P. Talavante, Gradient Based Circuits Discovery (slides): weights of the circuit should have the largest
gradients when a loss compares the prediction with a maximally wrong answer. `wrongness.py` has four readings
of that. It is the gradient of the mean loss, as one backward over all prompts gives it: what examples pull in
opposite directions cancels. Components are, of each head, its query, key and value weights (readers) and its
output weight (source); of an MLP what it reads with, up and gate together (reader), and what it writes with
(source); the embedding (source), with the learned positions where they are one source. A key or value weight
that query heads share gives each of their readers its score. Biases, norms and the unembedding have none.

A norm grows with the number of entries and shrinks where weights are large; `by_size` divides it by the norm
of the weights, by the root of the number of entries, or by both. Weights that are all zero have 0 then.

Cost: 1 forward and backward; `difference` 2 of them, where pairs have corrupted prompts to mirror the clean
ones. No activation is replaced, so that the replacer is used for nothing; nor is the metric, as the loss is
the method's own. Scores have no sign: they say where to look, not what helps. An edge has that of the weaker
of its two ends.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from edgewise.circuit import Scores
from edgewise.components import ComponentScores
from edgewise.distributed import summed
from edgewise.errors import BadInput
from edgewise.graph import PARTS, Graph
from edgewise.methods.wrongness import Wrong, check_wrong, wrong_losses
from edgewise.models.tape import PROJECTIONS
from edgewise.models.transformer import Transformer
from edgewise.patching.replacements import Replacer
from edgewise.progress import Progress
from edgewise.tasks.finite import require_finite
from edgewise.tasks.metrics import Metric
from edgewise.tasks.pairs import Batch, Pairs

BySize = Literal["none", "weight-norm", "size", "both"]


def check(metric: Metric, pairs: Pairs, wrong: Wrong = "difference") -> list[str]:
    """Why these pairs cannot be used with the option `wrong`."""
    return check_wrong("weight-gradients", wrong, pairs)


def weight_gradient_edges(
    model: Transformer,
    pairs: Pairs,
    metric: Metric,
    replacer: Replacer,
    *,
    wrong: Wrong = "difference",
    by_size: BySize = "none",
    mirrored: bool = True,
    batch_size: int = 16,
    progress: Progress | None = None,
) -> Scores:
    """Scores of all edges."""
    return weight_gradients(
        model,
        pairs,
        wrong=wrong,
        by_size=by_size,
        mirrored=mirrored,
        batch_size=batch_size,
        progress=progress,
    ).to_edges()


def weight_gradients(
    model: Transformer,
    pairs: Pairs,
    *,
    wrong: Wrong = "difference",
    by_size: BySize = "none",
    mirrored: bool = True,
    batch_size: int = 16,
    progress: Progress | None = None,
) -> ComponentScores:
    """Scores of all components. `mirrored`: `difference` adds its loss at the corrupted prompts, where there
    are any; that is the slides' loss where these turn the answers round, as IOI's `swapped` does."""
    if problems := check_wrong("weight-gradients", wrong, pairs):
        raise BadInput(*problems)
    weights = weights_of(model)
    gradients: dict[str, Tensor] = {}
    batches = pairs.own_batches(batch_size, model.device)
    for batch in (progress or Progress()).track(batches, "gradients by weights", len(batches)):
        prompts = [batch.clean]
        if wrong == "difference" and mirrored and batch.corrupted is not None:
            prompts.append(batch.corrupted)
        for tokens in prompts:
            add_gradients(gradients, model, weights, tokens, batch, wrong, batch.counts / len(pairs))
    gradients = {name: summed(gradient) for name, gradient in gradients.items()}
    return divided(component_norms(model, gradients), model, by_size)


def weights_of(model: Transformer) -> dict[str, Tensor]:
    """The weights that components are made of, by name."""
    return {name: model.get_parameter(name).detach() for part in parts(model) for name in part.weights}


def add_gradients(
    total: dict[str, Tensor],
    model: Transformer,
    weights: Mapping[str, Tensor],
    tokens: Tensor,
    batch: Batch,
    wrong: Wrong,
    share: float,
) -> None:
    """Add the gradients of a batch's summed loss at these prompts, times `share`, to what is there."""
    leaves = {name: weight.detach().requires_grad_() for name, weight in weights.items()}
    for name, leaf in leaves.items():
        # As soon as it is known: all of them at once would be as large as the model once more.
        leaf.register_post_accumulate_grad_hook(partial(_move_gradient, total, name))
    with torch.enable_grad():
        # The leaves take the weights' places for this call only. A tied unembedding is no part of its twin.
        logits = torch.func.functional_call(model, leaves, (tokens, batch.read), tie_weights=False)
        require_finite(logits.detach(), model, batch)
        loss = wrong_losses(wrong, logits, batch, model.unembed_weight).sum() * share
    loss.backward(inputs=list(leaves.values()))
    for name in leaves:
        # By its norm: to look at each number takes as much memory again.
        require_finite(torch.linalg.vector_norm(total[name]), model, batch)


def _move_gradient(total: dict[str, Tensor], name: str, leaf: Tensor) -> None:
    """From the leaf to the total, in float32 at the least."""
    assert leaf.grad is not None
    exact = leaf.grad.to(torch.promote_types(leaf.dtype, torch.float32))
    total[name] = total[name].add_(exact) if name in total else exact
    leaf.grad = None


@dataclass(frozen=True)
class Part:
    """Weights that make one component, or one of each head of a layer."""

    side: Literal["sources", "readers"]
    places: slice
    """Where these components stand among the graph's sources or readers."""
    weights: tuple[str, ...]
    """Names of parameters, [rows, columns] or [heads, rows, columns] each."""


def parts(model: Transformer) -> Iterator[Part]:
    """What each component's weights are."""
    graph, config = Graph.of(model.config), model.config
    embeddings = ("token_embedding",) + ("position_embedding",) * (config.positions == "learned")
    if len(graph.embeddings) == len(embeddings):
        for place, name in enumerate(embeddings):
            yield Part("sources", slice(place, place + 1), (name,))
    else:
        yield Part("sources", slice(0, 1), embeddings)
    for index in range(graph.layers):
        attention, mlp = (f"layers.{index}.{name}" for name in ("attention", "mlp"))
        for part, name in zip(PARTS, PROJECTIONS, strict=True):
            yield Part("readers", graph.part_readers(index, part), (f"{attention}.{name}_weight",))
        yield Part("sources", graph.head_sources(index), (f"{attention}.output_weight",))
        if graph.mlps:
            row, column = graph.mlp_reader(index), graph.mlp_source(index)
            read_with = (f"{mlp}.up_weight",) + (f"{mlp}.gate_weight",) * config.gated
            yield Part("readers", slice(row, row + 1), read_with)
            yield Part("sources", slice(column, column + 1), (f"{mlp}.down_weight",))


def component_norms(model: Transformer, tensors: Mapping[str, Tensor]) -> ComponentScores:
    """The Frobenius norm of each component's share of tensors that have the weights' names and shapes."""
    graph = Graph.of(model.config)
    rows, columns = graph.shape
    found = {"sources": torch.zeros(columns), "readers": torch.full((rows,), math.inf)}
    for part in parts(model):
        norms = norm_of_each([tensors[name] for name in part.weights])
        shared_by = (part.places.stop - part.places.start) // len(norms)
        found[part.side][part.places] = norms.repeat_interleave(shared_by)
    return ComponentScores(graph, **found)


def norm_of_each(tensors: list[Tensor]) -> Float[Tensor, " components"]:
    """Of matrices one norm over all; of a stack of them, a head's each."""
    exact = (tensor.to(torch.promote_types(tensor.dtype, torch.float32)) for tensor in tensors)
    each = [torch.linalg.vector_norm(tensor.flatten(-2), dim=-1).reshape(-1) for tensor in exact]
    return torch.linalg.vector_norm(torch.stack(each).float().cpu(), dim=0)


def divided(found: ComponentScores, model: Transformer, by_size: BySize) -> ComponentScores:
    """Scores that do not grow with the number of a component's weights, or shrink as these grow."""
    weights = weights_of(model)
    if by_size in ("weight-norm", "both"):
        found = _quotients(found, component_norms(model, weights))
    if by_size in ("size", "both"):
        # The norm of ones is the root of how many there are.
        ones = {name: weight.new_ones(()).expand_as(weight) for name, weight in weights.items()}
        found = _quotients(found, component_norms(model, ones))
    return found


def _quotients(scores: ComponentScores, sizes: ComponentScores) -> ComponentScores:
    return ComponentScores(
        scores.graph, _quotient(scores.sources, sizes.sources), _quotient(scores.readers, sizes.readers)
    )


def _quotient(values: Tensor, sizes: Tensor) -> Tensor:
    """What has no score stays without one, and what has no size has nothing to be divided."""
    quotient = torch.where(sizes > 0, values / sizes, 0.0)
    return torch.where(values.isinf(), values, quotient)
