"""Circuits for programs that draw, DOT and GraphML, and as lines for people: all of it, once, as text."""

from __future__ import annotations

import io
import re
from collections import Counter
from typing import NamedTuple

import networkx
import pytest
import torch
from hypothesis import given

from edgewise.circuit import Circuit, Scores
from edgewise.errors import BadInput
from edgewise.formats import dot, graphml, lines
from edgewise.graph import Graph
from edgewise.views import kind_and_layer, node_edges
from graphs import graphs, seeds, small_scores, some_circuit, some_scores

HOSTILE = [
    'embed"->x',
    "<script>alert(1)</script>",
    "digraph",
    "\\",
    '\\"',
    "a & b",
    "é\u2028→",
    "]; x",
    "\\N",
]
TOKEN = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|([A-Za-z_]\w*)|(->|[{}\[\];,=]))', re.DOTALL)
KEYWORDS = {"node", "edge", "graph", "digraph", "subgraph", "strict"}


class Drawn(NamedTuple):
    """What a DOT file says."""

    nodes: dict[str, dict[str, str]]
    edges: list[tuple[str, str, dict[str, str]]]
    rows: list[list[str]]


def read_dot(text: str) -> Drawn:
    """Just the DOT that is written here; an assertion where it is anything else."""
    words: list[tuple[str, str]] = []
    at = 0
    while text[at:].strip():
        found = TOKEN.match(text, at)
        assert found, text[at : at + 40]
        quoted, bare, sign = found.groups()
        if quoted is not None:
            words.append(("name", re.sub(r'\\([\\"])', r"\1", quoted)))
        else:
            words.append(("bare", bare) if bare else ("sign", sign))
        at = found.end()
    words.reverse()

    def take(*wanted: str) -> str:
        kind, word = words.pop()
        assert word in wanted if kind != "name" else "name" in wanted, (kind, word, wanted)
        return word

    def attributes() -> dict[str, str]:
        found: dict[str, str] = {}
        take("[")
        while True:
            kind, name = words.pop()
            assert kind == "bare", name
            assert name not in KEYWORDS | set(found), name
            take("=")
            found[name] = take("name")
            if take(",", "]") == "]":
                take(";")
                return found

    drawn = Drawn({}, [], [])
    for word in ("digraph", "circuit", "{", "rankdir", "=", "name", ";", "node"):
        take(word)
    attributes()
    while words[-1] != ("sign", "}"):
        if words[-1] == ("sign", "{"):
            for word in ("{", "rank", "=", "name", ";"):
                take(word)
            drawn.rows.append([])
            while words[-1] != ("sign", "}"):
                name = take("name")
                assert name not in drawn.nodes
                drawn.nodes[name] = attributes()
                drawn.rows[-1].append(name)
            take("}")
        else:
            start, _, end = take("name"), take("->"), take("name")
            assert {start, end} <= set(drawn.nodes)
            drawn.edges.append((start, end, attributes()))
    take("}")
    assert not words
    return drawn


def named(name: str) -> tuple[Circuit, Scores]:
    """All edges of a small graph whose embedding has this name."""
    graph = Graph(layers=2, heads=2, key_readers=1, embeddings=(name,))
    return Circuit.full(graph), some_scores(graph, 2)


@given(seed=seeds, graph=graphs)
def test_dot_has_every_node_and_every_edge_of_the_circuit_once(seed: int, graph: Graph) -> None:
    circuit, scores = some_circuit(graph, seed), some_scores(graph, seed)
    drawn = read_dot(dot.as_text(circuit, scores))
    assert list(drawn.nodes) == circuit.nodes()
    expected = Counter(node_edges(graph, circuit.kept, scores.values))
    assert set(expected.values()) <= {1}
    told = Counter(
        (start, end, look["part"], look["tooltip"], float(look["score"])) for start, end, look in drawn.edges
    )
    assert told == expected
    assert {name for *_, name, _ in told} == set(circuit)


@given(seed=seeds, graph=graphs)
def test_rows_of_dot_go_up_the_layers_and_every_edge_spans_the_rows_between_its_ends(
    seed: int, graph: Graph
) -> None:
    drawn = read_dot(dot.as_text(some_circuit(graph, seed)))
    places = [{kind_and_layer(graph, name) for name in row} for row in drawn.rows]
    assert all(len(row) == 1 for row in places)
    rows = [row.pop() for row in places]
    assert len(set(rows)) == len(rows)
    assert [layer for _, layer in rows] == sorted(layer for _, layer in rows)
    row_of = {name: number for number, row in enumerate(drawn.rows) for name in row}
    for start, end, look in drawn.edges:
        assert int(look["minlen"]) == row_of[end] - row_of[start] > 0


def test_dot_tells_sign_by_colour_size_by_width_and_part_by_dashes() -> None:
    scores = small_scores()
    drawn = read_dot(dot.as_text(Circuit.full(scores.graph), scores))
    looks = {look["tooltip"]: look for _, _, look in drawn.edges}
    assert {name for name, look in looks.items() if look["color"] == dot.NEGATIVE} == {
        "embed->m0",
        "embed->logits",
    }
    widths = {name: float(look["penwidth"]) for name, look in looks.items()}
    by_strength = sorted(widths, key=lambda name: abs(scores.of(name)))
    assert [widths[name] for name in by_strength] == sorted(widths.values())
    assert (widths["embed->a0.h0<k>"], widths["embed->m0"]) == (dot.THIN, dot.THICK)
    dashes = {part: looks[f"embed->a0.h0<{part}>"]["style"] for part in "qkv"}
    assert dashes == {"q": "solid", "k": "dashed", "v": "dotted"}
    plain = read_dot(dot.as_text(Circuit.full(scores.graph)))
    assert {look["color"] for _, _, look in plain.edges} == {dot.PLAIN}
    assert not any("score" in look for _, _, look in plain.edges)


@given(seed=seeds, graph=graphs)
def test_networkx_reads_graphml_as_the_graph_it_is_given_itself(seed: int, graph: Graph) -> None:
    circuit, scores = some_circuit(graph, seed), some_scores(graph, seed)
    for held in (scores, None):
        expected = circuit.to_networkx(held)
        read = networkx.read_graphml(
            io.BytesIO(graphml.as_text(circuit, held).encode()), force_multigraph=True
        )
        again = networkx.MultiDiGraph()
        again.add_nodes_from(read.nodes(data=True))
        for start, end, facts in read.edges(data=True):
            again.add_edge(start, end, facts["part"], **facts)
        assert networkx.utils.graphs_equal(again, expected)
        assert read.number_of_edges() == expected.number_of_edges()


@pytest.mark.parametrize("name", HOSTILE)
def test_whatever_an_embedding_is_called_is_text_in_every_form(name: str) -> None:
    circuit, scores = named(name)
    drawn = read_dot(dot.as_text(circuit, scores))
    read = networkx.read_graphml(io.BytesIO(graphml.as_text(circuit, scores).encode()), force_multigraph=True)
    for nodes in (drawn.nodes, read.nodes):
        assert list(nodes) == circuit.nodes()
        assert next(iter(nodes)) == name
    assert {look["tooltip"] for _, _, look in drawn.edges} == set(circuit)
    assert {each for _, _, each in read.edges(data="edge")} == set(circuit)


def test_what_xml_cannot_hold_is_refused_with_a_form_that_can() -> None:
    with pytest.raises(BadInput) as caught:
        graphml.as_text(*named("em\x07bed"))
    assert str(caught.value) == (
        "a name without control characters was needed: XML holds none. Got '\\x07' in 'em\\x07bed'. "
        "Export it as dot or csv."
    )
    assert "em\x07bed" in read_dot(dot.as_text(*named("em\x07bed"))).nodes


@given(seed=seeds, graph=graphs)
def test_equal_circuits_give_equal_text(seed: int, graph: Graph) -> None:
    circuit, scores = some_circuit(graph, seed), some_scores(graph, seed)
    names = list(circuit)
    again = Circuit.of(graph, reversed(names))
    same = Scores(graph, scores.values.clone())
    for form in (dot, graphml, lines):
        assert form.as_text(again, same) == form.as_text(circuit, scores)


@given(seed=seeds, graph=graphs)
def test_lines_have_every_edge_with_its_score_and_each_line_the_strongest_first(
    seed: int, graph: Graph
) -> None:
    circuit, scores = some_circuit(graph, seed), some_scores(graph, seed)
    found: list[str] = []
    for line in lines.as_text(circuit, scores).splitlines():
        reader, told = line.split("  <-  ")
        pairs = [each.split() for each in told.split(", ")]
        exact = [scores.of(f"{source}->{reader.strip()}") for source, _ in pairs]
        assert [number for _, number in pairs] == [f"{score:+.4g}" for score in exact]
        assert [abs(score) for score in exact] == sorted(map(abs, exact), reverse=True)
        found += [f"{source}->{reader.strip()}" for source, _ in pairs]
    assert Counter(found) == Counter(circuit)


def test_scores_of_another_graph_are_refused_by_each_form() -> None:
    circuit = Circuit.full(Graph(2, 2, 2))
    for form in (dot, graphml, lines):
        with pytest.raises(BadInput, match="scores and circuits of one graph"):
            form.as_text(circuit, Scores(Graph(1, 1, 1), torch.zeros(5, 3)))
