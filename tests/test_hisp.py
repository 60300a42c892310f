"""HISP: importances of heads and MLPs, as published and against replacements."""

import math

import pytest
import torch

from edgewise.graph import Graph
from edgewise.methods.hisp import hisp, hisp_nodes
from edgewise.patching.replacements import replacer
from node_cases import METRIC, replacing, slow_node_scores, tiny_pairs
from tiny_models import tiny_model


@pytest.mark.parametrize("kind", ["plain", "attention-only", "split embeddings"])
@pytest.mark.parametrize("against", ["zero", "replacement"])
def test_hisp_is_the_mean_of_absolute_products_over_the_norm_of_the_group(kind, against):
    model, pairs = tiny_model(kind), tiny_pairs()
    replace = replacing("corrupted", model, pairs)
    zero = replacer("zero", model, list)
    rows = []
    for batch in pairs.batches(1):
        slow = replace if against == "replacement" else zero
        rows.append(slow_node_scores(model, batch, slow.replacements(batch.corrupted))[0])
    mean = torch.stack(rows).abs().mean(0)
    graph = Graph.of(model.config)
    plain = hisp_nodes(model, pairs, METRIC, replace, against=against, normalise=False)
    scaled = hisp_nodes(model, pairs, METRIC, replace, against=against)
    for name, place in graph.source_index.items():
        if name in graph.embeddings:
            assert plain.sources[place] == scaled.sources[place] == math.inf
            continue
        prefix = "m" if name.startswith("m") else name.split(".")[0] + "."
        group = [mean[graph.source_index[other]] for other in graph.sources if other.startswith(prefix)]
        norm = torch.stack(group).square().sum().sqrt()
        torch.testing.assert_close(plain.sources[place], mean[place].float(), rtol=1e-5, atol=1e-8)
        torch.testing.assert_close(scaled.sources[place], (mean[place] / norm).float(), rtol=1e-5, atol=1e-8)


def test_hisp_without_mlps_leaves_the_heads_as_they_are_and_bounds_no_edge_by_an_mlp():
    model, pairs = tiny_model("plain"), tiny_pairs()
    replace = replacing("corrupted", model, pairs)
    graph = Graph.of(model.config)
    every, heads = (hisp_nodes(model, pairs, METRIC, replace, mlps=mlps) for mlps in (True, False))
    is_head = torch.tensor([".h" in name for name in graph.sources])
    assert torch.equal(every.sources[is_head], heads.sources[is_head])
    assert heads.sources[~is_head].isinf().all()
    assert every.sources[graph.mlp_source(1)].isfinite()
    edges = hisp(model, pairs, METRIC, replace, mlps=False)
    importance = dict(zip(graph.sources, heads.sources.tolist(), strict=True))
    assert edges.of("a0.h1->m1") == importance["a0.h1"]
    assert edges.of("m0->a2.h3<v>") == importance["a2.h3"]
    assert edges.of("m0->logits") == edges.of("embed->logits") == edges.values.max()


@pytest.mark.parametrize("mlps", [True, False])
def test_hisp_gives_every_edge_a_number_that_is_not_negative(mlps):
    model, pairs = tiny_model("split embeddings"), tiny_pairs()
    scores = hisp(model, pairs, METRIC, replacing("corrupted", model, pairs), mlps=mlps)
    assert scores.values.isfinite().all()
    assert (scores.values[scores.graph.edges] >= 0).all()
    assert scores.values.any()


def test_heads_that_do_nothing_have_no_importance_in_place_of_a_division_by_zero():
    model, pairs = tiny_model("plain"), tiny_pairs()
    model.layers[1].attention.output_weight.zero_()
    found = hisp_nodes(model, pairs, METRIC, replacing("corrupted", model, pairs))
    assert not found.sources[found.graph.head_sources(1)].any()
    assert found.sources[found.graph.head_sources(0)].all()
