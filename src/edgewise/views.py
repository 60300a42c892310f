"""Ways to look at a set of edges: its nodes, a compact text, a networkx graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jaxtyping import Bool, Float
from torch import Tensor

from edgewise.errors import EdgewiseError
from edgewise.graph import Graph

if TYPE_CHECKING:
    import networkx


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


def as_text(graph: Graph, kept: Bool[Tensor, "readers sources"]) -> str:
    """A line per reader: `a9.h9<q> <- a0.h1, m0`."""
    return "\n".join(
        f"{reader} <- {', '.join(sources)}" for reader, sources in sources_by_reader(graph, kept).items()
    )


def as_networkx(
    graph: Graph, kept: Bool[Tensor, "readers sources"], values: Float[Tensor, "readers sources"] | None
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
        result.add_node(name, **_attributes(graph, name))
    for reader, source in kept.nonzero().tolist():
        part = graph.readers[reader].partition("<")[2].rstrip(">")
        attributes = {"edge": graph.edge_name(reader, source), "part": part}
        if values is not None:
            attributes["weight"] = values[reader, source].item()
        for node in fed_nodes(graph, graph.readers[reader]):
            result.add_edge(graph.sources[source], node, key=part, **attributes)
    return result


def _attributes(graph: Graph, node: str) -> dict[str, str | int]:
    """The embeddings come before layer 0 and the logits after the last: every node has a layer to sort by."""
    if node in graph.embeddings:
        return {"kind": "embedding", "layer": -1}
    if node == "logits":
        return {"kind": "logits", "layer": graph.layers}
    kind = "head" if node.startswith("a") else "mlp"
    return {"kind": kind, "layer": int(node[1:].partition(".")[0])}
