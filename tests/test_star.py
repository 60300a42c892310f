"""The options of AtP*: the softmax worked out anew for queries and keys, and layers dropped from backward."""

import pytest
import torch

import edgewise as ew
from edgewise import zoo
from edgewise.evaluation.known import against_known
from edgewise.graph import Graph
from edgewise.methods.star import StarTape
from edgewise.models.tape import SOURCES
from edgewise.patching.reader_gradients import KEPT
from edgewise.patching.replacements import Sources, replacer
from edgewise.patching.written import written_by
from edgewise.tasks.metrics import METRICS
from test_attribution import tiny_batch, tiny_pairs
from tiny_models import tiny_model

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
    tape = StarTape(None, *SOURCES, KEPT)
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
        taken = written_by(model, differences, source)
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
    times = layers / (layers - 1)
    torch.testing.assert_close(dropped.values[-1], plain.values[-1].abs() * times, rtol=1e-5, atol=1e-9)
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
