"""What stands in for neurons that are shut, worked out position by position: nothing, or their mean."""

import pytest
import torch

from edgewise.graph import Graph
from edgewise.models.tape import Tape
from node_cases import tiny_pairs
from patched_cases import EXACT
from test_unit_runs import WITH_MLPS, logits_of, of_everything_but, set_up

STANDS_IN = {"zero": lambda seen: torch.zeros_like(seen[0]), "mean": lambda seen: sum(seen) / len(seen)}
"""What stands in, from all that a layer's neurons are at some position, or at any."""


def slow_neurons(layer, stream):
    """What a layer's neurons are at one position."""
    mlp, normed = layer.mlp, layer.mlp_norm(stream)
    up = mlp.up_weight @ normed + mlp.up_bias
    if not mlp.gated:
        return mlp.activation(up)
    return mlp.activation(mlp.gate_weight @ normed + mlp.gate_bias) * up


def seen_in_corrupted_prompts(model, pairs):
    """For each layer, what its neurons are, by prompt and position."""
    found = [[] for _ in model.layers]
    for pair in pairs:
        tape = Tape("mlp_input")
        model(torch.tensor([pair.corrupted]), tape=tape)
        for layer, rows, [streams] in zip(model.layers, found, tape["mlp_input"], strict=True):
            rows.append([slow_neurons(layer, stream) for stream in streams])
    return found


def written_by_replaced(model, pairs, ablation, per_position):
    """What each MLP writes when what stands in takes the place of all of its neurons."""
    written = []
    for layer, rows in zip(model.layers, seen_in_corrupted_prompts(model, pairs), strict=True):
        of_layer = []
        for place in range(len(rows[0])):
            seen = [row[place] for row in rows] if per_position else [each for row in rows for each in row]
            neurons = STANDS_IN[ablation](seen)
            of_layer.append(layer.mlp_post_norm(layer.mlp.down_weight @ neurons + layer.mlp.down_bias))
        written.append(torch.stack(of_layer))
    return written


@pytest.mark.parametrize("kind", WITH_MLPS)
@pytest.mark.parametrize(
    ("ablation", "lengths", "per_position"),
    [("zero", (7, 7), True), ("mean", (7, 7), True), ("mean", (7, 7, 5), False)],
)
def test_an_mlp_whose_neurons_are_all_shut_writes_what_nothing_or_their_mean_comes_to(
    kind, ablation, lengths, per_position
):
    model, run, batch, units = set_up(kind, "neurons", ablation, lengths)
    assert batch.clean.shape == (2, 7)
    mlps = written_by_replaced(model, tiny_pairs(lengths), ablation, per_position)
    for layers in ([1], [0, 2]):
        mask = torch.ones(1, *units.shapes["neurons"], dtype=torch.float64)
        mask[:, layers] = 0
        columns = [Graph.of(model.config).mlp_source(layer) for layer in layers]
        expected = of_everything_but(model, batch, "corrupted", columns, mlps)
        torch.testing.assert_close(logits_of(run, batch, mask.flatten(1))[0], expected, **EXACT)
