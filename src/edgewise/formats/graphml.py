"""GraphML: a circuit's nodes and edges as XML, which Gephi, yEd, Cytoscape and networkx read.

Nodes have `kind` and `layer`; edges `edge`, their name, `part`, what of a head reads, and `weight`, the
score: as in `circuit.to_networkx(scores)`. The file is written, and not read back.
"""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from edgewise.circuit import Circuit, Scores
from edgewise.edges import check_same
from edgewise.errors import BadInput
from edgewise.files import atomic_write
from edgewise.views import kind_and_layer, node_edges, node_names

NAMESPACE = "http://graphml.graphdrawing.org/xmlns"
KEYS = {
    "node": {"kind": "string", "layer": "int"},
    "edge": {"edge": "string", "part": "string", "weight": "double"},
}
"""What nodes and edges tell, and its type."""


def write(path: str | Path, scores: Scores, circuit: Circuit) -> None:
    atomic_write(path, as_text(circuit, scores))


def as_text(circuit: Circuit, scores: Scores | None = None) -> str:
    """Without scores edges have no weight."""
    if scores is not None:
        check_same(scores.graph, circuit.graph)
    graph, values = circuit.graph, None if scores is None else scores.values
    root = ElementTree.Element("graphml", xmlns=NAMESPACE)
    for target, keys in KEYS.items():
        for name, type in keys.items():
            described = {"for": target, "attr.name": name, "attr.type": type}
            ElementTree.SubElement(root, "key", {"id": name, **described})
    drawn = ElementTree.SubElement(root, "graph", edgedefault="directed")
    for name in node_names(graph, circuit.kept):
        kind, layer = kind_and_layer(graph, name)
        node = ElementTree.SubElement(drawn, "node", id=writable(name))
        _tell(node, kind=kind, layer=layer)
    for each in node_edges(graph, circuit.kept, values):
        edge = ElementTree.SubElement(drawn, "edge", source=each.source, target=each.node)
        weight = {} if each.score is None else {"weight": each.score}
        _tell(edge, edge=each.edge, part=each.part, **weight)
    ElementTree.indent(root)
    return f"{ElementTree.tostring(root, 'unicode', xml_declaration=False)}\n"


def _tell(element: ElementTree.Element, **values: str | float | int) -> None:
    for name, value in values.items():
        ElementTree.SubElement(element, "data", key=name).text = str(value)


def writable(name: str) -> str:
    """A node's name, if XML can hold it."""
    if wrong := [letter for letter in name if letter < " " or letter in "\ufffe\uffff"]:
        raise BadInput(
            f"a name without control characters was needed: XML holds none. Got {wrong[0]!r} in {name!r}. "
            "Export it as dot or csv."
        )
    return name
