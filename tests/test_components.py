"""Scores of components, and the edges between them."""

import pytest
import torch

import edgewise as ew
from edgewise.components import ComponentScores
from edgewise.errors import BadInput
from edgewise.graph import Graph
from edgewise.tasks.metrics import METRICS
from gradient_cases import SOME_KINDS, replacing_for, same_as_float32, with_ablations
from graphs import EVERY_KIND as EVERY_GRAPH
from slow_run import SlowScores, mean_of_batches
from test_attribution import tiny_pairs
from tiny_models import tiny_model


def some_components(graph, seed=0):
    generator = torch.Generator().manual_seed(seed)
    sizes = len(graph.sources), len(graph.readers)
    return ComponentScores(graph, *(torch.randn(size, generator=generator) for size in sizes))


@pytest.mark.parametrize("graph", EVERY_GRAPH, ids=Graph.describe)
def test_an_edge_has_the_score_of_its_weaker_end(graph):
    components = some_components(graph)
    scores = components.to_edges()
    for reader, source in graph.edges.nonzero().tolist():
        ends = components.sources[source].item(), components.readers[reader].item()
        assert scores.values[reader, source].item() == min(ends, key=abs)
    assert not scores.values[~graph.edges].any()


@pytest.mark.parametrize("graph", EVERY_GRAPH, ids=Graph.describe)
def test_the_strongest_edges_lie_between_the_strongest_components(graph):
    components = some_components(graph, seed=1)
    for least in (0.2, 0.5, 1.0):
        circuit = components.to_edges().threshold(least)
        strong = (components.readers.abs() >= least)[:, None] & (components.sources.abs() >= least)
        assert torch.equal(circuit.kept, strong & graph.edges)


@pytest.mark.parametrize("graph", EVERY_GRAPH, ids=Graph.describe)
def test_of_nodes_a_reader_has_the_score_of_the_strongest_node_it_feeds(graph):
    values = some_components(graph, seed=2).sources
    components = ComponentScores.of_nodes(graph, values)
    assert torch.equal(components.sources, values)
    assert components.readers[-1] == torch.inf
    group = graph.heads // graph.key_readers
    for layer in range(graph.layers):
        heads = values[graph.head_sources(layer)].tolist()
        assert components.readers[graph.part_readers(layer, "q")].tolist() == heads
        shared = [max(heads[at : at + group], key=abs) for at in range(0, graph.heads, group)]
        for part in "kv":
            assert components.readers[graph.part_readers(layer, part)].tolist() == shared
        if graph.mlps:
            assert components.readers[graph.mlp_reader(layer)] == values[graph.mlp_source(layer)]
    assert torch.equal(components.to_edges().values[-1], values)


@with_ablations(SOME_KINDS)
def test_the_edges_of_eap_that_leave_a_source_add_up_to_the_attribution_of_the_node(kind, ablation):
    model, pairs = tiny_model(kind), tiny_pairs((7, 7, 7))
    replacing = replacing_for(ablation, model, next(pairs.batches(3)))
    scores = ew.discover(model, pairs, "eap", metric="logit-diff", ablation=ablation)
    nodes = mean_of_batches(model, pairs, METRICS["logit-diff"], replacing, SlowScores.node_scores)
    components = ComponentScores.of_edges(scores)
    same_as_float32(components.sources, nodes)
    torch.testing.assert_close(components.readers, scores.values.sum(1))
    assert nodes.abs().max() > 0.01


def test_scores_of_components_of_the_wrong_size_or_not_numbers_are_refused():
    graph = EVERY_GRAPH[0]
    sources, readers = torch.zeros(len(graph.sources)), torch.zeros(len(graph.readers))
    with pytest.raises(BadInput, match=f"scores of {len(sources)} sources and {len(readers)} readers"):
        ComponentScores(graph, sources[1:], readers)
    with pytest.raises(BadInput, match=f"scores of {len(sources)} sources and {len(readers)} readers"):
        ComponentScores(graph, sources, readers[1:])
    with pytest.raises(BadInput, match=r"must be numbers\. Got NaN"):
        ComponentScores(graph, sources, readers * torch.nan)
