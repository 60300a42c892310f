"""Taggart's text: his own sample, and every circuit of every graph there and back."""

from __future__ import annotations

import re

import pytest
from hypothesis import given

from edgewise.circuit import Circuit
from edgewise.formats import taggart
from edgewise.graph import Graph
from graphs import graphs, seeds, some_circuit, some_scores

HIS = """\
0.10 <- RS_0

2.2 <- 0.1,

2.11 <- 0.10,

3.0 <- RS_0 | <-0.1, 0.9, 2.9,

4.7 <- 0.1, 0.7, 0.10, 1.11, 2.2, 3.7,

5.5 <- RS_0 | <-0.1, 1.11, 3.0, 4.7,

6.9 <- RS_0 | <-0.1, 3.0,

9.9 <- 0.1, 3.0, 5.5, 6.1, 7.9, 8.6, 8.10,

11.10 <- 10.7,
"""
HIS_EDGES = [
    ("0.10", "embed"),
    ("2.2", "0.1"),
    ("2.11", "0.10"),
    ("3.0", "embed 0.1 0.9 2.9"),
    ("4.7", "0.1 0.7 0.10 1.11 2.2 3.7"),
    ("5.5", "embed 0.1 1.11 3.0 4.7"),
    ("6.9", "embed 0.1 3.0"),
    ("9.9", "0.1 3.0 5.5 6.1 7.9 8.6 8.10"),
    ("11.10", "10.7"),
]
"""What he means: 9 heads, and the sources that each of their q, k and v reads."""
FLAT = Graph(2, 2, 2)
GROUPED = Graph(2, 4, 2)
SPLIT = Graph(2, 2, 2, embeddings=("tok", "pos"))
THEIR_READERS = [f"a1.h0<{part}>" for part in "qkv"]


def ours(node: str) -> str:
    return node if node == "embed" else "a" + node.replace(".", ".h")


def packed(text: str) -> list[str]:
    """Its lines without spaces, trailing commas and blank lines."""
    return [re.sub(r"\s", "", line).removesuffix(",") for line in text.splitlines() if line.strip()]


@pytest.mark.parametrize("mlps", [True, False])
def test_his_sample_is_read_as_he_means_it_and_written_as_he_writes_it(mlps: bool) -> None:
    graph = Graph(12, 12, 12, mlps=mlps)
    circuit = taggart.from_text(HIS, graph)
    expected = {
        f"{ours(source)}->{ours(reader)}<{part}>"
        for reader, sources in HIS_EDGES
        for source in sources.split()
        for part in "qkv"
    }
    assert set(circuit) == expected
    assert len(circuit) == 3 * 29
    assert packed(taggart.as_text(circuit)) == packed(HIS)


@given(seed=seeds, graph=graphs)
def test_every_circuit_of_every_graph_is_read_back_equal(
    seed: int, graph: Graph, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("taggart") / "found.txt"
    circuit = some_circuit(graph, seed)
    taggart.write(path, some_scores(graph, seed), circuit)
    assert path.read_text() == taggart.as_text(circuit)
    assert taggart.read(path, graph) == circuit


@given(seed=seeds, graph=graphs)
def test_heads_with_the_same_sources_for_q_k_and_v_are_written_whole(seed: int, graph: Graph) -> None:
    kept = some_circuit(graph, seed).kept.clone()
    if graph.key_readers == graph.heads:
        for layer in range(graph.layers):
            rows = kept[graph.head_readers(layer)].view(3, graph.heads, -1)
            rows[1:] = rows[0]
    circuit = Circuit(graph, kept)
    text = taggart.as_text(circuit)
    assert ("<q>" in text or "<k>" in text or "<v>" in text) <= (graph.key_readers < graph.heads)
    assert taggart.from_text(text, graph) == circuit


@given(graph=graphs)
def test_the_full_circuit_and_the_empty_one_are_read_back_equal(graph: Graph) -> None:
    full = Circuit.full(graph)
    assert taggart.from_text(taggart.as_text(full), graph) == full
    assert taggart.as_text(Circuit.empty(graph)) == ""
    assert taggart.from_text("", graph) == taggart.from_text("\n \n", graph) == Circuit.empty(graph)


@pytest.mark.parametrize(
    ("graph", "edges", "text"),
    [
        (FLAT, ["embed->a1.h0<k>", "a0.h1->a1.h0<k>", "m0->a1.h0<k>"], "1.0<k> <- RS_0 | <- 0.1, m0\n"),
        (FLAT, [f"m0->{reader}" for reader in THEIR_READERS], "1.0 <- m0\n"),
        (
            FLAT,
            [*(f"m0->{reader}" for reader in THEIR_READERS), "embed->a1.h0<v>"],
            "1.0<q> <- m0\n1.0<k> <- m0\n1.0<v> <- RS_0 | <- m0\n",
        ),
        (FLAT, [f"m0->{reader}" for reader in THEIR_READERS[:2]], "1.0<q> <- m0\n1.0<k> <- m0\n"),
        (FLAT, ["embed->m1", "a1.h1->m1", "m1->logits"], "m1 <- RS_0 | <- 1.1\nout <- m1\n"),
        (
            GROUPED,
            ["embed->a0.h0<q>", "embed->a0.h0<k>", "embed->a0.h0<v>"],
            "0.0<q> <- RS_0\n0.0<k> <- RS_0\n0.0<v> <- RS_0\n",
        ),
        (SPLIT, ["tok->logits", "pos->logits", "a0.h0->logits"], "out <- tok, pos | <- 0.0\n"),
        (SPLIT, ["pos->m0"], "m0 <- pos\n"),
    ],
)
def test_what_he_has_no_word_for_is_written_so(graph: Graph, edges: list[str], text: str) -> None:
    circuit = Circuit.of(graph, edges)
    assert taggart.as_text(circuit) == text
    assert taggart.from_text(text, graph) == circuit


def test_the_lines_stand_in_the_order_of_the_readers() -> None:
    edges = ["embed->logits", "embed->m0", "embed->a0.h1<k>", "embed->a1.h0<v>", "embed->a1.h1<q>"]
    whole = [f"embed->a0.h0<{part}>" for part in "qkv"]
    assert taggart.as_text(Circuit.of(FLAT, edges + whole)).split(" <- RS_0\n") == [
        *("0.0", "0.1<k>", "m0", "1.1<q>", "1.0<v>", "out"),
        "",
    ]


def test_rs_0_is_both_embeddings_where_they_are_two() -> None:
    both = ["tok->logits", "pos->logits", "m1->logits"]
    assert set(taggart.from_text("out <- RS_0 | <- m1", SPLIT)) == set(both)


@pytest.mark.parametrize(
    "text",
    [
        "m1<-RS_0|<-0.1,m0",
        "  m1  <-  RS_0 ,  |  <-  0.1  ,  m0  ,  ",
        "\n\nm1\t<- RS_0 | <- m0, 0.1\r\n\n",
        "m1 <- 0.1, RS_0, m0",
    ],
)
def test_spaces_blank_lines_a_last_comma_and_the_order_of_sources_are_free(text: str) -> None:
    assert set(taggart.from_text(text, FLAT)) == {"embed->m1", "a0.h1->m1", "m0->m1"}
