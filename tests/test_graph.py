"""The graph: its counts, its names and who sees whom."""

from __future__ import annotations

import pytest
from hypothesis import given

from edgewise.graph import Graph
from edgewise.models.config import ModelConfig
from graphs import graphs

# The edges that other tools count, by model.
COUNTS = {
    "gpt2-small": (Graph(12, 12, 12), 32_491),
    "attention-only 4 x 8": (Graph(4, 8, 8, mlps=False), 1_281),
    "pythia-160m": (Graph(12, 12, 12, parallel=True), 32_347),
    "qwen2.5-0.5b": (Graph(24, 14, 14), 179_749),
    "gemma-2-2b": (Graph(26, 8, 8), 74_218),
    "llama-3.1-8b": (Graph(32, 32, 32), 1_592_881),
    "6 x 4": (Graph(6, 4, 4), 1_108),
    "codellama-13b": (Graph(40, 40, 40), 3_877_661),
}


@pytest.mark.parametrize(("graph", "count"), COUNTS.values(), ids=COUNTS)
def test_the_number_of_edges_is_the_known_one(graph: Graph, count: int) -> None:
    assert graph.edge_count == count
    assert int(graph.edges.sum()) == count


@given(graph=graphs)
def test_names_and_places_are_inverse(graph: Graph) -> None:
    assert tuple(graph.edges.shape) == graph.shape == (len(graph.readers), len(graph.sources))
    assert len(set(graph.sources)) == len(graph.sources)
    assert len(set(graph.readers)) == len(graph.readers)
    for reader, source in graph.edges.nonzero().tolist():
        assert graph.edge_index(graph.edge_name(reader, source)) == (reader, source)
    for index, name in enumerate(graph.sources):
        assert graph.source_index[name] == index
    for index, name in enumerate(graph.readers):
        assert graph.reader_index[name] == index


@given(graph=graphs)
def test_a_reader_sees_what_was_written_before_it_reads(graph: Graph) -> None:
    """The oracle plays the model through: what has been written to the stream when a reader looks at it."""
    stream = list(graph.embeddings)
    seen: dict[str, list[str]] = {}
    for layer in range(graph.layers):
        entering = list(stream)
        for part, readers in (("q", graph.heads), ("k", graph.key_readers), ("v", graph.key_readers)):
            for head in range(readers):
                seen[f"a{layer}.h{head}<{part}>"] = entering
        stream += [f"a{layer}.h{head}" for head in range(graph.heads)]
        if graph.mlps:
            seen[f"m{layer}"] = entering if graph.parallel else list(stream)
            stream.append(f"m{layer}")
    seen["logits"] = stream
    assert list(graph.readers) == list(seen)
    assert list(graph.sources) == stream
    for row, name in zip(graph.edges, graph.readers, strict=True):
        assert [graph.sources[source] for source in row.nonzero().flatten().tolist()] == seen[name]


@given(graph=graphs)
def test_slices_of_a_layer_hold_the_names_they_say(graph: Graph) -> None:
    for layer in range(graph.layers):
        assert set(graph.sources[graph.head_sources(layer)]) == {
            f"a{layer}.h{head}" for head in range(graph.heads)
        }
        parts = [name for part in "qkv" for name in graph.readers[graph.part_readers(layer, part)]]
        assert parts == list(graph.readers[graph.head_readers(layer)])
        assert all(
            name.endswith(f"<{part}>")
            for part in "qkv"
            for name in graph.readers[graph.part_readers(layer, part)]
        )
        if graph.mlps:
            assert graph.sources[graph.mlp_source(layer)] == f"m{layer}"
            assert graph.readers[graph.mlp_reader(layer)] == f"m{layer}"
            assert graph.visible[graph.mlp_reader(layer)] == graph.mlp_sees(layer)


@given(graph=graphs)
def test_every_head_is_fed_by_one_reader_of_each_part(graph: Graph) -> None:
    for part in "qkv":
        readers = [name for name in graph.readers if name.endswith(f"<{part}>")]
        heads = [head for reader in readers for head in graph.head_of_reader(reader)]
        assert heads == [name for name in graph.sources if name.startswith("a")]


def test_a_shared_key_reader_feeds_the_query_heads_of_its_group() -> None:
    graph = Graph(layers=1, heads=4, key_readers=2)
    assert graph.head_of_reader("a0.h1<k>") == ("a0.h2", "a0.h3")
    assert graph.head_of_reader("a0.h1<q>") == ("a0.h1",)
    assert graph.head_of_reader("m0") == ("m0",)
    assert graph.head_of_reader("logits") == ()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("embed", "'embed' is not an edge: an edge is written source->reader, e.g. 'embed->a0.h0<q>'"),
        ("a9.h0->logits", "'a9.h0->logits': this graph has no source 'a9.h0'"),
        ("embed->a0.h0", "'embed->a0.h0': this graph has no reader 'a0.h0'"),
        ("logits->m0", "'logits->m0': this graph has no source 'logits'"),
        ("m1->m0", "'m1->m0': 'm1' does not come before 'm0'"),
        ("a0.h0->a0.h0<v>", "'a0.h0->a0.h0<v>': 'a0.h0' does not come before 'a0.h0<v>'"),
    ],
)
def test_what_is_not_an_edge_is_refused_with_the_reason(name: str, message: str) -> None:
    with pytest.raises(KeyError) as caught:
        Graph(2, 2, 2).edge_index(name)
    assert caught.value.args == (message,)


def test_in_a_parallel_layer_the_mlp_does_not_see_the_heads_beside_it() -> None:
    graph = Graph(1, 2, 2, parallel=True)
    with pytest.raises(KeyError, match="does not come before"):
        graph.edge_index("a0.h0->m0")


def test_a_config_gives_its_graph() -> None:
    config = ModelConfig(layers=2, heads=4, head_width=2, width=8, vocabulary=5, context=4, key_value_heads=2)
    assert Graph.of(config) == Graph(2, 4, 4, mlps=False)
    grouped = ModelConfig(
        layers=2,
        heads=4,
        head_width=2,
        width=8,
        vocabulary=5,
        context=4,
        key_value_heads=2,
        mlp_width=16,
        parallel=True,
        grouped_readers=True,
        split_embeddings=True,
    )
    assert Graph.of(grouped) == Graph(2, 4, 2, parallel=True, embeddings=("tok", "pos"))


def test_a_graph_describes_itself() -> None:
    assert Graph(4, 8, 8, mlps=False).describe() == (
        "attention-only 4 layers x 8 heads: 33 sources, 97 readers, 1,281 edges"
    )
