"""Ways to look at a set of edges: its nodes, its edges between nodes, a compact text, a networkx graph."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from jaxtyping import Bool, Float
from torch import Tensor

from edgewise.errors import EdgewiseError
from edgewise.graph import Graph

if TYPE_CHECKING:
    import networkx


Values = Float[Tensor, "readers sources"]


class NodeEdge(NamedTuple):
    """An edge as it lies between two nodes."""

    source: str
    node: str
    part: str
    """What of the node reads: `q`, `k` or `v` of a head, else empty."""
    edge: str
    """Its name. An edge into a key/value reader that several heads share lies between more than two nodes."""
    score: float | None = None


def node_edges(
    graph: Graph, kept: Bool[Tensor, "readers sources"], values: Values | None = None
) -> Iterator[NodeEdge]:
    """In edge order; one into a reader that several heads share once a head."""
    for reader, source in kept.nonzero().tolist():
        name = graph.readers[reader]
        part = name.partition("<")[2].rstrip(">")
        score = None if values is None else values[reader, source].item()
        for node in fed_nodes(graph, name):
            yield NodeEdge(graph.sources[source], node, part, graph.edge_name(reader, source), score)


def sources_by_reader(graph: Graph, kept: Bool[Tensor, "readers sources"]) -> dict[str, list[str]]:
    """Per reader that has any, the sources it reads."""
    found: dict[str, list[str]] = {}
    for reader, source in kept.nonzero().tolist():
        found.setdefault(graph.readers[reader], []).append(graph.sources[source])
    return found


def node_names(graph: Graph, kept: Bool[Tensor, "readers sources"]) -> list[str]:
    """The nodes that an edge leaves or enters, as they come in the model; `logits` last."""
    touched = {graph.sources[source] for source in kept.any(0).nonzero().flatten().tolist()}
    for reader in kept.any(1).nonzero().flatten().tolist():
        touched.update(fed_nodes(graph, graph.readers[reader]))
    return [name for name in (*graph.sources, "logits") if name in touched]


def fed_nodes(graph: Graph, reader: str) -> tuple[str, ...]:
    """The nodes a reader belongs to; `logits` belongs to itself."""
    return graph.head_of_reader(reader) or (reader,)


def ranked_sources(
    graph: Graph, kept: Bool[Tensor, "readers sources"], values: Values
) -> dict[str, list[tuple[str, float]]]:
    """Per reader that has any, the sources it reads with their scores, strongest first."""
    return {
        reader: sorted(
            (
                (source, values[graph.reader_index[reader], graph.source_index[source]].item())
                for source in sources
            ),
            key=lambda scored: -abs(scored[1]),
        )
        for reader, sources in sources_by_reader(graph, kept).items()
    }


def as_text(graph: Graph, kept: Bool[Tensor, "readers sources"]) -> str:
    """A line per reader: `a9.h9<q> <- a0.h1, m0`."""
    return "\n".join(
        f"{reader} <- {', '.join(sources)}" for reader, sources in sources_by_reader(graph, kept).items()
    )


def as_networkx(
    graph: Graph, kept: Bool[Tensor, "readers sources"], values: Values | None
) -> networkx.MultiDiGraph:
    """Nodes with `kind` and `layer`; the key of an edge is the part of a head that reads: `q`, `k` or `v`.

    An edge into a key/value reader that several heads share appears once a head; `edge` is its name here.
    """
    try:
        import networkx
    except ImportError as error:
        raise EdgewiseError(
            "networkx is needed for this. Install it: pip install 'edgewise[networkx]'."
        ) from error
    result = networkx.MultiDiGraph()
    for name in node_names(graph, kept):
        kind, layer = kind_and_layer(graph, name)
        result.add_node(name, kind=kind, layer=layer)
    for each in node_edges(graph, kept, values):
        weight = {} if each.score is None else {"weight": each.score}
        result.add_edge(each.source, each.node, key=each.part, edge=each.edge, part=each.part, **weight)
    return result


def kind_and_layer(graph: Graph, node: str) -> tuple[str, int]:
    """The embeddings come before layer 0 and the logits after the last: every node has a layer to sort by."""
    if node in graph.embeddings:
        return "embedding", -1
    if node == "logits":
        return "logits", graph.layers
    return "head" if node.startswith("a") else "mlp", int(node[1:].partition(".")[0])
