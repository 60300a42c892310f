"""Circuits are sets of edges; pruned, they are what lies on a path."""

from __future__ import annotations

import sys
import time
from typing import Any

import networkx
import pytest
import torch
from hypothesis import given

from edgewise.circuit import Circuit, Scores
from edgewise.errors import BadInput, EdgewiseError
from edgewise.graph import Graph
from graphs import SMALL, graphs, seeds, small_scores, some_circuit


@given(seed=seeds, graph=graphs)
def test_set_operations_are_those_of_sets_of_names(seed: int, graph: Graph) -> None:
    one, two = some_circuit(graph, seed), some_circuit(graph, seed + 1)
    names, others, every = set(one), set(two), set(Circuit.full(graph))
    assert len(one) == len(names)
    assert set(one | two) == names | others
    assert set(one & two) == names & others
    assert set(one - two) == names - others
    assert set(one ^ two) == names ^ others
    assert set(~one) == every - names
    assert (one <= two) == (names <= others)
    assert (one >= two) == (names >= others)
    assert (one & two) <= one <= (one | two)
    assert (one == two) == (names == others)
    assert all((name in one) == (name in names) for name in every)
    assert Circuit.of(graph, names) == one
    assert list(one) == [name for name in Circuit.full(graph) if name in names]
    assert one.jaccard(two) == (len(names & others) / len(names | others) if names | others else 1)


def test_an_empty_circuit_has_nothing_and_a_full_one_everything() -> None:
    assert len(Circuit.empty(SMALL)) == 0
    assert len(Circuit.full(SMALL)) == SMALL.edge_count == 8
    assert ~Circuit.empty(SMALL) == Circuit.full(SMALL)
    assert Circuit.empty(SMALL).jaccard(Circuit.empty(SMALL)) == 1
    assert "no edge at all" not in Circuit.full(SMALL)


def test_circuits_of_two_graphs_do_not_mix() -> None:
    with pytest.raises(BadInput) as caught:
        Circuit.full(SMALL).jaccard(Circuit.full(Graph(1, 1, 1, parallel=True)))
    assert str(caught.value) == (
        "scores and circuits of one graph were needed. "
        "Got one of 1 layers x 1 heads: 3 sources, 5 readers, 8 edges; "
        "and one of 1 layers x 1 heads: 3 sources, 5 readers, 7 edges."
    )
    assert Circuit.empty(SMALL) != Circuit.empty(Graph(2, 1, 1))


def test_every_wrong_edge_name_is_told_at_once() -> None:
    with pytest.raises(BadInput) as caught:
        Circuit.of(SMALL, ["embed->m0", "m1->logits", "logits"])
    assert caught.value.problems == (
        "'m1->logits': this graph has no source 'm1'.",
        "'logits' is not an edge: an edge is written source->reader, e.g. 'embed->a0.h0<q>'.",
    )
    with pytest.raises(BadInput) as caught:
        Circuit.of(SMALL, Circuit.full(Graph(3, 2, 2)))
    assert len(caught.value.problems) == 11
    assert caught.value.problems[-1] == "... and 82 more like these."


def test_edges_outside_the_graph_are_refused() -> None:
    with pytest.raises(
        BadInput, match=r"a circuit holds edges of its graph only\. Got a0\.h0->a0\.h0<q>, m0->a0\.h0<q>"
    ):
        Circuit(SMALL, torch.ones(SMALL.shape, dtype=torch.bool))
    with pytest.raises(
        BadInput, match=r"a circuit over .* must be \[readers, sources\] = \[5, 3\]\. Got \[3, 1\]\."
    ):
        Circuit(SMALL, torch.ones(3, 1, dtype=torch.bool))


def test_a_mask_is_one_where_an_edge_is_kept() -> None:
    circuit = Circuit.of(SMALL, ["embed->m0", "m0->logits"])
    mask = circuit.mask()
    assert mask.dtype == torch.float32
    assert mask.tolist() == [[0, 0, 0], [0, 0, 0], [0, 0, 0], [1, 0, 0], [0, 0, 1]]
    assert circuit.mask(torch.float64).dtype == torch.float64


# Pruning.


def on_some_path(circuit: Circuit) -> set[str]:
    """The slow oracle: walk every path of nodes."""
    walk = circuit.to_networkx()
    walk.add_nodes_from([*circuit.graph.embeddings, "logits"])
    names = networkx.get_edge_attributes(walk, "edge")
    found: set[str] = set()
    for embedding in circuit.graph.embeddings:
        paths: Any = networkx.all_simple_edge_paths(walk, embedding, "logits")
        for path in paths:
            found.update(names[step] for step in path)
    return found


@given(seed=seeds, graph=graphs)
def test_pruning_keeps_just_the_edges_on_a_path_from_an_embedding_to_logits(seed: int, graph: Graph) -> None:
    circuit = some_circuit(graph, seed)
    if len(circuit) > 25:
        circuit = circuit & some_circuit(graph, seed + 1) & some_circuit(graph, seed + 2)
    pruned = circuit.prune()
    walk = circuit.to_networkx()
    walk.add_nodes_from([*graph.embeddings, "logits"])
    reached = set(graph.embeddings).union(*(networkx.descendants(walk, name) for name in graph.embeddings))
    needed = networkx.ancestors(walk, "logits") | {"logits"}
    expected = {edge for start, end, edge in walk.edges(data="edge") if start in reached and end in needed}
    assert set(pruned) == expected
    if len(circuit) <= 25:
        assert set(pruned) == on_some_path(circuit)


@given(seed=seeds, graph=graphs)
def test_pruning_is_a_subset_done_once_and_remembers_the_size_before(seed: int, graph: Graph) -> None:
    circuit = some_circuit(graph, seed)
    pruned = circuit.prune()
    assert pruned <= circuit
    assert pruned.prune() == pruned
    assert circuit.selected is None
    assert pruned.selected == pruned.prune().selected == len(circuit)
    assert Circuit.full(graph).prune() == Circuit.full(graph)


def test_a_path_through_a_shared_key_reader_reaches_each_head_of_its_group() -> None:
    graph = Graph(layers=1, heads=4, key_readers=2, mlps=False)
    circuit = Circuit.of(graph, ["embed->a0.h1<k>", "embed->a0.h0<v>", "a0.h3->logits"])
    assert list(circuit.prune()) == ["embed->a0.h1<k>", "a0.h3->logits"]


def test_size_before_pruning_does_not_make_circuits_differ() -> None:
    circuit = Circuit.of(SMALL, ["embed->logits", "m0->logits"])
    assert circuit.prune() == Circuit.of(SMALL, ["embed->logits"])


def test_choosing_and_pruning_among_four_million_edges_takes_no_loop_over_them() -> None:
    graph = Graph(40, 40, 40)
    scores = Scores(graph, torch.randn(graph.shape, generator=torch.Generator().manual_seed(0)))
    start = time.process_time()
    circuit = scores.top(100_000).prune()
    assert time.process_time() - start < 10, (
        "a loop over the edges takes far longer; without one it is below a second"
    )
    assert 0 < len(circuit) <= 100_000 == circuit.selected


# Views.


def views_circuit() -> Circuit:
    graph = Graph(layers=2, heads=2, key_readers=2)
    return Circuit.of(
        graph, ["embed->a0.h1<v>", "a0.h1->a1.h0<q>", "m0->a1.h0<q>", "a1.h0->m1", "m1->logits"]
    )


def test_nodes_and_their_neighbours() -> None:
    circuit = views_circuit()
    assert circuit.sources() == ["embed", "a0.h1", "m0", "a1.h0", "m1"]
    assert circuit.readers() == ["a0.h1<v>", "a1.h0<q>", "m1", "logits"]
    assert circuit.nodes() == ["embed", "a0.h1", "m0", "a1.h0", "m1", "logits"]
    assert circuit.sources_of("a1.h0<q>") == ["a0.h1", "m0"]
    assert circuit.sources_of("a1.h1<q>") == []
    assert circuit.readers_of("m0") == ["a1.h0<q>"]
    with pytest.raises(
        BadInput, match=r"a reader of this graph was needed, a0\.h0<q> \.\.\. logits\. Got 'a1\.h0'\."
    ):
        circuit.sources_of("a1.h0")


def test_the_text_has_a_line_per_reader(capsys: pytest.CaptureFixture[str]) -> None:
    text = "a0.h1<v> <- embed\na1.h0<q> <- a0.h1, m0\nm1 <- a1.h0\nlogits <- m1"
    assert views_circuit().text() == text
    views_circuit().show()
    assert capsys.readouterr().out == f"{views_circuit()!r}\n{text}\n"


def test_networkx_gets_nodes_with_kinds_and_edges_with_parts() -> None:
    circuit = views_circuit()
    scores = Scores.from_edges(circuit.graph, {"m0->a1.h0<q>": 2.5})
    graph = circuit.to_networkx(scores)
    assert dict(graph.nodes(data=True)) == {
        "embed": {"kind": "embedding", "layer": -1},
        "a0.h1": {"kind": "head", "layer": 0},
        "m0": {"kind": "mlp", "layer": 0},
        "a1.h0": {"kind": "head", "layer": 1},
        "m1": {"kind": "mlp", "layer": 1},
        "logits": {"kind": "logits", "layer": 2},
    }
    assert graph.number_of_edges() == len(circuit)
    assert graph.edges["m0", "a1.h0", "q"] == {"edge": "m0->a1.h0<q>", "part": "q", "weight": 2.5}
    assert graph.edges["m1", "logits", ""] == {"edge": "m1->logits", "part": "", "weight": 0.0}
    with pytest.raises(BadInput, match="scores and circuits of one graph"):
        circuit.to_networkx(small_scores())


def test_a_circuit_of_the_other_key_readers_is_refused_with_the_reason() -> None:
    apart, grouped, other = (Graph(layers=1, heads=4, key_readers=readers) for readers in (4, 2, 1))
    with pytest.raises(BadInput, match="One model was loaded with grouped_readers and the other without"):
        Circuit.full(apart) | Circuit.full(grouped)
    with pytest.raises(BadInput) as caught:
        Circuit.full(other) | Circuit.full(grouped)
    assert "grouped_readers" not in str(caught.value)


def test_without_networkx_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "networkx", None)
    with pytest.raises(EdgewiseError, match=r"pip install 'edgewise\[networkx\]'"):
        views_circuit().to_networkx()
