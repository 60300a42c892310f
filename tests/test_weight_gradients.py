"""Gradients by weights of what tells the answer from a maximally wrong one, component by component."""

import math
from copy import deepcopy
from dataclasses import replace

import pytest
import torch

from edgewise.circuit import Scores
from edgewise.components import ComponentScores
from edgewise.errors import BadNumbers
from edgewise.graph import Graph
from edgewise.methods.options import read_options
from edgewise.methods.weight_gradients import parts, weight_gradient_edges, weight_gradients
from edgewise.methods.wrongness import NEEDS, wrong_losses
from edgewise.models.config import ModelConfig
from edgewise.models.random import random_model
from edgewise.patching.replacements import replacer
from edgewise.tasks.metrics import METRICS
from edgewise.tasks.pairs import Pairs
from tiny_models import KINDS, tiny_model, tiny_tokens

EVERY_KIND = pytest.mark.parametrize("kind", KINDS)
EVERY_WRONG = pytest.mark.parametrize("wrong", NEEDS)
SIZES = ("none", "weight-norm", "size", "both")


def tiny_pairs(model, lengths=(7, 7, 7, 5, 5), **changes):
    entries = []
    for index, length in enumerate(lengths):
        clean, corrupted = (tiny_tokens(seed + index, 1, length)[0].tolist() for seed in (10, 30))
        answers = {"correct": [1 + index], "wrong": [20, 21 + index][: 1 + index % 2]}
        entries.append({"clean": clean, "corrupted": corrupted, **answers, **changes})
    return Pairs.from_list(entries, model)


def both(found: ComponentScores):
    return torch.cat([found.sources, found.readers[:-1]])


def norms_by_name(model, tensors):
    """The slow way: each component's norm, by what its weights are called."""
    config, graph = model.config, Graph.of(model.config)

    def norm(*matrices):
        return sum(float(matrix.double().square().sum()) for matrix in matrices) ** 0.5

    sources, readers = {}, {}
    tokens = tensors["token_embedding"]
    if config.split_embeddings:
        sources = {"tok": norm(tokens), "pos": norm(tensors["position_embedding"])}
    elif config.positions == "learned":
        sources = {"embed": norm(tokens, tensors["position_embedding"])}
    else:
        sources = {"embed": norm(tokens)}
    for layer in range(config.layers):
        at = f"layers.{layer}.attention."
        for head in range(config.heads):
            sources[f"a{layer}.h{head}"] = norm(tensors[at + "output_weight"][head])
            readers[f"a{layer}.h{head}<q>"] = norm(tensors[at + "query_weight"][head])
        for reader in range(graph.key_readers):
            shared = reader if config.grouped_readers else reader // config.group
            for part, name in (("k", "key"), ("v", "value")):
                readers[f"a{layer}.h{reader}<{part}>"] = norm(tensors[f"{at}{name}_weight"][shared])
        if graph.mlps:
            names = ["up", "gate"] if config.gated else ["up"]
            readers[f"m{layer}"] = norm(*(tensors[f"layers.{layer}.mlp.{name}_weight"] for name in names))
            sources[f"m{layer}"] = norm(tensors[f"layers.{layer}.mlp.down_weight"])
    found = [sources[name] for name in graph.sources] + [readers[name] for name in graph.readers[:-1]]
    return torch.tensor(found)


def gradients_of_a_copy(model, pairs, wrong, prompts=("clean", "corrupted")):
    """The slow way: every weight of a copy learns, one example at a time."""
    copy = deepcopy(model)
    for parameter in copy.parameters():
        parameter.requires_grad_()
    for batch in pairs.batches(1):
        for name in prompts:
            logits = copy(getattr(batch, name), batch.read)
            loss = wrong_losses(wrong, logits, batch, model.unembed_weight)
            (loss.sum() / len(pairs)).backward()
    return {
        name: torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
        for name, parameter in copy.named_parameters()
    }


@EVERY_KIND
def test_scores_are_the_norms_of_the_gradients_that_a_copy_learns_by(kind):
    model = tiny_model(kind)
    pairs = tiny_pairs(model)
    expected = norms_by_name(model, gradients_of_a_copy(model, pairs, "difference"))
    found = weight_gradients(model, pairs)
    torch.testing.assert_close(both(found), expected, rtol=1e-5, atol=1e-9)
    assert found.readers[-1] == math.inf
    assert expected.count_nonzero() == len(expected)


@EVERY_WRONG
def test_only_the_difference_looks_at_the_corrupted_prompt_and_only_if_mirrored(wrong):
    model = tiny_model("plain")
    pairs = tiny_pairs(model)
    alone = norms_by_name(model, gradients_of_a_copy(model, pairs, wrong, ("clean",)))
    torch.testing.assert_close(
        both(weight_gradients(model, pairs, wrong=wrong, mirrored=False)), alone, rtol=1e-5, atol=1e-9
    )
    mirrored = both(weight_gradients(model, pairs, wrong=wrong))
    assert torch.allclose(mirrored, alone, rtol=1e-4) == (wrong != "difference")
    without = tiny_pairs(model, corrupted=None)
    torch.testing.assert_close(both(weight_gradients(model, without, wrong=wrong)), alone.float())


def test_the_formula_of_the_last_mlp_and_of_the_last_heads_is_the_one_by_hand():
    """No norm, one layer: with u the difference of two rows of the unembedding and D that of the logits, the
    gradients are 2 D u h' for what writes h, and 2 D (W' u masked by the activation) x' for what reads x."""
    model = tiny_model("no norm")
    model.layers = model.layers[:1]
    model.config = replace(model.config, layers=1, rotaries=(), windows=())
    pairs = tiny_pairs(model, (7,), corrupted=None)
    batch = next(pairs.batches(1))
    row = model.unembed_weight[1] - model.unembed_weight[20]
    logits = model(batch.clean, batch.read)[0, 0]
    twice = 2 * (logits[1] - logits[20]).abs()
    stream = model.embed(batch.clean)[0]
    layer = model.layers[0]
    query, key, value = (layer.attention.project(name, stream) for name in ("query", "key", "value"))
    mixed = layer.attention.mix(query, key, value, model.places(stream), 0)
    read_by_mlp = (stream + layer.attention.write(mixed))[0, -1]
    hidden = layer.mlp.project(read_by_mlp)[1].relu()

    at_hidden = (layer.mlp.down_weight.T @ row) * (hidden > 0)
    back = row + layer.mlp.up_weight.T @ at_hidden
    found = weight_gradients(model, pairs)
    graph = found.graph
    expected = twice * row.norm() * hidden.norm()
    torch.testing.assert_close(found.sources[graph.source_index["m0"]], expected.float())
    expected = twice * at_hidden.norm() * read_by_mlp.norm()
    torch.testing.assert_close(found.readers[graph.reader_index["m0"]], expected.float())
    for head in range(graph.heads):
        expected = twice * back.norm() * mixed[0, -1, head].norm()
        torch.testing.assert_close(found.sources[graph.source_index[f"a0.h{head}"]], expected.float())


@EVERY_WRONG
def test_batch_size_and_order_change_nothing(wrong):
    model = tiny_model("grouped")
    pairs = tiny_pairs(model)
    whole = both(weight_gradients(model, pairs, wrong=wrong))
    for batch_size in (1, 2):
        again = both(weight_gradients(model, pairs, wrong=wrong, batch_size=batch_size))
        torch.testing.assert_close(again, whole)
    backwards = Pairs(pairs.pairs[::-1])
    torch.testing.assert_close(both(weight_gradients(model, backwards, wrong=wrong)), whole)
    assert whole.min() > 0


@pytest.mark.parametrize("by_size", SIZES)
def test_sizes_divide_by_the_norm_of_the_weights_and_the_root_of_their_number(by_size):
    model = tiny_model("post-norm")
    pairs = tiny_pairs(model)
    weights = {name: parameter.detach() for name, parameter in model.named_parameters()}
    ones = {name: torch.ones_like(weight) for name, weight in weights.items()}
    expected = both(weight_gradients(model, pairs)).double()
    if by_size in ("weight-norm", "both"):
        expected /= norms_by_name(model, weights)
    if by_size in ("size", "both"):
        expected /= norms_by_name(model, ones)
    found = weight_gradients(model, pairs, by_size=by_size)
    torch.testing.assert_close(both(found).double(), expected, rtol=1e-5, atol=1e-12)
    assert found.readers[-1] == math.inf


def test_where_no_gradient_can_be_there_is_none():
    """One token: what a head looks at is settled, so that its query and key can change nothing."""
    model = tiny_model("plain")
    found = weight_gradients(model, tiny_pairs(model, (1, 1)))
    parts_of = {name: found.readers[row] for name, row in found.graph.reader_index.items()}
    for name, score in parts_of.items():
        assert (score < 1e-12) == name.endswith(("<q>", "<k>")), name


@pytest.mark.parametrize("by_size", SIZES)
def test_weights_that_are_all_zero_are_not_divided_by(by_size):
    model = tiny_model("no norm")
    model.layers[1].attention.output_weight[2] = 0
    found = weight_gradients(model, tiny_pairs(model), by_size=by_size)
    assert found.sources.isfinite().all()
    score = found.sources[found.graph.source_index["a1.h2"]]
    assert (score > 0) == (by_size in ("none", "size"))


def test_a_tied_embedding_is_judged_by_what_it_writes_alone():
    model = tiny_model("plain")
    model.unembed_weight.data = model.token_embedding.data.clone()
    pairs = tiny_pairs(model)
    apart = both(weight_gradients(model, pairs))
    model.unembed_weight = model.token_embedding
    torch.testing.assert_close(both(weight_gradients(model, pairs)), apart)


@EVERY_KIND
def test_nothing_is_left_on_the_model(kind):
    model = tiny_model(kind)
    before = {name: (parameter, parameter.clone()) for name, parameter in model.named_parameters()}
    weight_gradients(model, tiny_pairs(model), by_size="both")
    after = dict(model.named_parameters())
    assert list(after) == list(before)
    for name, (parameter, values) in before.items():
        assert after[name] is parameter
        assert parameter.grad is None
        assert not parameter.requires_grad
        assert torch.equal(parameter, values)


def test_nothing_is_left_on_the_model_by_a_run_that_fails():
    model = tiny_model("plain")
    broken = model.layers[1].attention.value_weight
    broken[0, 0, 0] = torch.nan
    with pytest.raises(BadNumbers):
        weight_gradients(model, tiny_pairs(model))
    assert model.layers[1].attention.value_weight is broken
    assert not any(parameter.requires_grad for parameter in model.parameters())


@EVERY_KIND
def test_every_weight_of_a_part_is_named_once_and_every_component_has_its_own(kind):
    model = tiny_model(kind)
    graph, found = Graph.of(model.config), list(parts(model))
    names = [name for part in found for name in part.weights]
    assert len(set(names)) == len(names)
    rest = {name for name, _ in model.named_parameters()} - set(names)
    kept_out = {"position_embedding"} if kind == "positions on queries and keys" else set()
    assert {name for name in rest if "bias" not in name and "norm" not in name} == {
        "unembed_weight",
        *kept_out,
    }
    for side, count in (("sources", graph.shape[1]), ("readers", graph.shape[0] - 1)):
        taken = [place for part in found if part.side == side for place in range(count)[part.places]]
        assert sorted(taken) == list(range(count))


def test_an_edge_has_the_score_of_its_weaker_end():
    model = tiny_model("plain")
    pairs = tiny_pairs(model)
    found = weight_gradients(model, pairs, wrong="counterpart")
    scores = weight_gradient_edges(
        model, pairs, METRICS["logit-diff"], replacer("corrupted", model, list), wrong="counterpart"
    )
    assert isinstance(scores, Scores)
    graph = scores.graph
    for edge in ("embed->a0.h1<k>", "a1.h2->m2", "m2->logits"):
        reader, source = graph.edge_index(edge)
        assert scores.of(edge) == min(found.sources[source], found.readers[reader])
    assert (scores.values[graph.edges] > 0).all()


def test_half_precision_is_near_float32():
    exact, rough = (
        both(weight_gradients(model, tiny_pairs(model)))
        for model in (tiny_model("plain", dtype=dtype) for dtype in (torch.float32, torch.bfloat16))
    )
    assert torch.corrcoef(torch.stack((exact, rough)))[0, 1] > 0.99


def test_the_options_are_read_from_text():
    given = {"wrong": "inverse", "by_size": "both", "mirrored": "no"}
    values, problems = read_options("weight-gradients", weight_gradient_edges, given)
    assert (values, problems) == ({"wrong": "inverse", "by_size": "both", "mirrored": False}, [])
    _, problems = read_options("weight-gradients", weight_gradient_edges, {"wrong": "random"})
    assert "dissimilar, inverse, difference or counterpart" in problems[0]


def test_a_program_with_one_output_has_an_inverse():
    settings = {
        "layers": 1,
        "heads": 2,
        "head_width": 4,
        "width": 8,
        "vocabulary": 6,
        "context": 5,
        "mlp_width": 4,
    }
    model = random_model(ModelConfig(**settings, outputs=1), seed=0)
    pairs = Pairs.from_list([{"clean": [1, 2, 3], "target": [0.5]}], model)
    assert both(weight_gradients(model, pairs, wrong="inverse")).min() > 0
