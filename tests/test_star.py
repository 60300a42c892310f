"""The options of AtP*: the softmax worked out anew for queries and keys, and layers dropped from backward."""

import pytest
import torch

import edgewise as ew
from edgewise import zoo
from edgewise.errors import BadInput
from edgewise.evaluation.known import against_known
from edgewise.graph import Graph
from edgewise.methods.gradients import gradients_at
from edgewise.methods.star import StarTape, fixed_scores
from edgewise.models.config import ModelConfig
from edgewise.models.random import random_model
from edgewise.models.tape import PROJECTIONS, SOURCES
from edgewise.patching.attribution import edge_gradients
from edgewise.patching.reader_gradients import KEPT, ReaderGradients
from edgewise.patching.replacements import Sources, replacer
from edgewise.patching.written import written_by
from edgewise.tasks.metrics import METRICS
from test_attribution import tiny_batch, tiny_pairs
from tiny_models import COMMON, tiny_model
from tiny_models import KINDS as EVERY_KIND

KINDS = [
    "plain",
    "grouped",
    "grouped readers",
    "post-norm",
    "rotary",
    "positions on queries and keys",
    "no norm",
]


def rows_of(graph, parts):
    return [
        row
        for layer in range(graph.layers)
        for part in parts
        for row in range(graph.part_readers(layer, part).start, graph.part_readers(layer, part).stop)
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_an_edge_into_a_query_or_key_is_what_the_softmax_makes_of_its_absence(kind):
    """By differences of norm and projection, one source and reader at a time."""
    model, batch, metric = tiny_model(kind), tiny_batch(), METRICS["logit-diff"]
    graph, replacing = Graph.of(model.config), replacer("corrupted", model, list)
    pairs = ew.Pairs.from_list(
        [
            {"clean": clean.tolist(), "corrupted": other.tolist(), "position": read.item(), **answers}
            for clean, other, read, answers in zip(
                batch.clean,
                batch.corrupted,
                batch.read,
                [{"correct": 1, "wrong": 4}, {"correct": 2, "wrong": 5}, {"correct": 3, "wrong": 6}],
                strict=True,
            )
        ],
        model,
    )
    found = ew.discover(model, pairs, "eap", qk_fix=True, metric="logit-diff")
    tape = StarTape(None, *SOURCES, KEPT, *PROJECTIONS)
    leaves = [each.requires_grad_() for each in model.embed(batch.clean)]
    metric(model.run(leaves, batch.read, tape), batch).sum().backward(inputs=leaves)
    at_heads = tape.at_heads()
    streams = list(tape[KEPT])
    live = {name: list(tape[name]) for name in ("query", "key", "value")}
    differences = Sources.of_tape(tape).less(replacing.sources(batch.corrupted))
    index = 1
    layer, places = model.layers[index], model.places(streams[index])
    moved = 0.0
    for source in range(graph.sources_before(index)):
        taken = written_by(model, differences, [source])[0]
        for part, name in enumerate(("query", "key")):

            def made(stream, part=part, name=name):
                seen = model.projection_inputs(layer.attention_norm(stream))[part]
                return layer.attention.spread(layer.attention.project(name, seen), model.config.heads)

            step = 1e-6 * taken
            change = (made(streams[index] + step) - made(streams[index] - step)) / 2e-6
            parts = {each: live[each][index] for each in live}
            before = layer.attention.mix(*parts.values(), places, index)
            parts[name] = parts[name] - change
            after = layer.attention.mix(*parts.values(), places, index)
            lost = ((before - after) * at_heads[index]).sum((0, 1, 3)) / len(batch)
            rows = graph.part_readers(index, "qk"[part])
            expected = lost.unflatten(0, (rows.stop - rows.start, -1)).sum(1)
            torch.testing.assert_close(found.values[rows, source].double(), expected, rtol=1e-5, atol=1e-8)
            moved = max(moved, expected.abs().max().item())
    assert moved > 1e-6


def test_the_other_edges_score_as_without_the_fix_and_batch_size_changes_nothing():
    model, pairs = tiny_model("plain"), tiny_pairs()
    plain, fixed, small = (
        ew.discover(model, pairs, "eap", **given)
        for given in ({}, {"qk_fix": True}, {"qk_fix": True, "batch_size": 1})
    )
    others = sorted(set(range(len(plain.graph.readers))) - set(rows_of(plain.graph, "qk")))
    assert torch.equal(plain.values[others], fixed.values[others])
    assert not torch.allclose(plain.values, fixed.values, rtol=1e-2)
    torch.testing.assert_close(fixed.values, small.values, rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("qk_fix", [False, True])
def test_dropping_layers_leaves_what_goes_by_none_of_them(qk_fix):
    model, pairs = tiny_model("plain"), tiny_pairs()
    layers = model.config.layers
    plain, dropped = (ew.discover(model, pairs, "eap", qk_fix=qk_fix, drop=drop) for drop in (False, True))
    last = slice(plain.graph.head_readers(layers - 1).start, -1)
    torch.testing.assert_close(dropped.values[last], plain.values[last].abs(), rtol=1e-5, atol=1e-9)
    torch.testing.assert_close(dropped.values[-1], plain.values[-1].abs(), rtol=1e-5, atol=1e-9)
    first = plain.graph.head_readers(0)
    assert not torch.allclose(dropped.values[first], plain.values[first].abs(), rtol=1e-2)
    assert (dropped.values >= 0).all()


def test_the_fix_sees_through_attention_that_is_saturated():
    bundle = zoo.open_bundle("ioi-saturated")
    pairs = ew.task("ioi", bundle.model, 64)
    plain, fixed = (
        against_known(ew.discover(bundle.model, pairs, "eap", qk_fix=fix), bundle.known["corrupted"])
        for fix in (False, True)
    )
    assert plain["edge_auc"] < 0.9
    assert fixed["edge_auc"] > 0.95


@pytest.mark.parametrize("kind", [kind for kind in EVERY_KIND if "across heads" not in kind])
def test_for_the_smallest_differences_the_fix_is_eap(kind):
    model, batch, metric = tiny_model(kind), tiny_batch(), METRICS["logit-diff"]
    replacing = replacer("corrupted", model, list)
    tape = StarTape(None, *SOURCES, KEPT, *PROJECTIONS)
    gradients_at(model, model.embed(batch.clean), batch, metric, tape=tape)
    streams, graph = list(tape[KEPT]), Graph.of(model.config)
    readers = ReaderGradients(model)
    readers.add(tape)
    apart = Sources.of_tape(tape).less(replacing.sources(batch.corrupted))
    groups = apart.embeddings, apart.heads, apart.mlps
    near = Sources(*([1e-5 * each for each in group] for group in groups))
    made = [tape[name] for name in PROJECTIONS]
    fixed = fixed_scores(model, near, streams, made, tape.at_heads())
    plain = edge_gradients(model, near, readers)
    rows = rows_of(graph, "qk")
    torch.testing.assert_close(
        fixed[rows], plain[rows], rtol=1e-2, atol=1e-4 * plain[rows].abs().max().item()
    )
    assert plain[rows].any()


def test_with_one_layer_there_is_none_to_drop():
    model = random_model(ModelConfig(**{**COMMON, "layers": 1}))
    with pytest.raises(BadInput, match="drop holds one layer constant at a time, and needs two"):
        ew.discover(model, tiny_pairs(), "eap", drop=True)


def test_where_heads_share_a_norm_of_their_queries_they_cannot_be_fixed_one_by_one():
    model = tiny_model("norms after and across heads")
    with pytest.raises(BadInput, match="qk_fix takes heads one by one"):
        ew.discover(model, tiny_pairs(), "eap", qk_fix=True)
