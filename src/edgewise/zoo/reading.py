"""Which edges carry anything at all, read off the weights: what a reader's matrix makes of its source.

Without norms a reader's first step is a matrix. Removing an edge alone puts the source's replacement in its
place; where the matrix makes the same of both, for every prompt, the reader cannot tell, and the edge cannot
matter. What is left - the edges that carry something - is a superset of the known circuit.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from edgewise.graph import Graph
from edgewise.models.tape import SOURCES
from edgewise.models.transformer import Transformer
from edgewise.patching.replacements import Ablation, run_tape

NOTHING = 1e-6
"""The most that rounding makes of nothing."""


def edges_that_carry(
    model: Transformer, prompts: dict[int, Int[Tensor, "prompts positions"]], ablation: Ablation
) -> Bool[Tensor, "readers sources"]:
    """`prompts`: all there are, by length. Needs a model whose readers have no norm."""
    graph = Graph.of(model.config)
    carries = torch.zeros(graph.shape, dtype=torch.bool)
    for tokens in prompts.values():
        for index, written in enumerate(_written(model, tokens)):
            for row, matrix in enumerate(_matrices(model)):
                seen = written @ matrix.T
                apart = seen.abs() if ablation == "zero" else seen.amax(0) - seen.amin(0)
                carries[row, index] |= bool(apart.max() > NOTHING)
    return carries & graph.edges


def _written(
    model: Transformer, tokens: Int[Tensor, "prompts positions"]
) -> list[Float[Tensor, "prompts positions width"]]:
    """What every source writes, in the graph's order."""
    tape = run_tape(model, tokens, *SOURCES)
    found = list(tape["embedding"])
    for index, layer in enumerate(model.layers):
        weight = layer.attention.output_weight
        found += torch.einsum("nphf,hwf->hnpw", tape["head"][index], weight).unbind()
        if layer.mlp is not None:
            found.append(tape["mlp"][index])
    return found


def _matrices(model: Transformer) -> list[Float[Tensor, "features width"]]:
    """What every reader multiplies its input by, in the graph's order."""
    found: list[Tensor] = []
    for layer in model.layers:
        attention, repeats = layer.attention, model.config.heads // model.config.key_value_heads
        found += attention.query_weight.unbind()
        for weight in (attention.key_weight, attention.value_weight):
            found += weight.repeat_interleave(repeats, 0).unbind()
        if layer.mlp is not None:
            found.append(layer.mlp.up_weight)
    return [*found, model.unembed_weight]
