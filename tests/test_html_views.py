"""What a notebook shows: well-formed HTML in which every name is text, and nothing is loaded or run."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from hypothesis import given

from edgewise.circuit import Circuit, Scores
from edgewise.evaluation.evaluation import Evaluation
from edgewise.graph import Graph
from edgewise.html_views import SHOWN, table_html
from graphs import graphs, seeds, some_circuit, some_scores

HOSTILE = ["<script>alert(1)</script>", "a & b", '" onload="alert(1)', "</table>", "&amp;", "'"]
TAGS = {"div", "p", "table", "thead", "tbody", "tr", "th", "td"}


def rows_of(shown: str) -> list[tuple[str, ...]]:
    """The cells of the table's body; the HTML is well-formed, and holds nothing but text in tables."""
    page = ElementTree.fromstring(shown)
    assert {each.tag for each in page.iter()} <= TAGS
    assert {name for each in page.iter() for name in each.keys()} <= {"style"}  # noqa: SIM118 - an element
    styles = "; ".join(each.get("style", "text-align: left") for each in page.iter())
    values = dict(style.split(": ") for style in styles.split("; "))
    assert {values.pop("color"), values.pop("font")} == {"inherit"}
    assert set(values) == {"text-align", "padding", "vertical-align"}
    return [tuple(cell.text or "" for cell in row) for row in page.findall(".//tbody/tr")]


def facts_of(shown: str) -> dict[str, str]:
    """Of a table of two columns."""
    return {name: fact for name, fact in rows_of(shown)}  # noqa: C416 - a row is of any length to a checker


def evaluation(**values: object) -> Evaluation:
    given = {
        **{"metric": "logit-diff", "ablation": "zero", "examples": 2, "edges": 3, "graph_edges": 8},
        **{"full": 2.0, "replaced": 0.0, "circuit": 1.0, "faithfulness": 0.5, "kl": 0.25},
        **{"accuracy": 1.0, "full_accuracy": 1.0, "per_example": {}},
        **values,
    }
    return Evaluation.from_dict(given)


@given(seed=seeds, graph=graphs)
def test_a_circuit_shows_every_reader_with_its_sources_or_how_many_more_there_are(
    seed: int, graph: Graph
) -> None:
    circuit = some_circuit(graph, seed)
    shown = circuit._repr_html_()
    rows = rows_of(shown)
    assert rows == [(name, ", ".join(circuit.sources_of(name))) for name in circuit.readers()][:SHOWN]
    more = len(circuit.readers()) - SHOWN
    assert (f"and {more} more readers" in shown) == (more > 0)
    assert f"Circuit({len(circuit):,} edges" in shown


@given(seed=seeds, graph=graphs)
def test_scores_show_the_strongest_edges_first_and_how_many_more_there_are(seed: int, graph: Graph) -> None:
    scores = some_scores(graph, seed)
    shown = scores._repr_html_()
    strongest = [(name, f"{score:+.4g}") for name, score in scores.ranking()]
    assert rows_of(shown) == strongest[:SHOWN]
    more = graph.edge_count - SHOWN
    assert (f"and {more} more edges" in shown) == (more > 0)


@pytest.mark.parametrize("name", HOSTILE)
def test_whatever_an_embedding_is_called_is_text(name: str) -> None:
    graph = Graph(layers=1, heads=1, key_readers=1, embeddings=(name,))
    circuit = Circuit.full(graph)
    assert facts_of(circuit._repr_html_())["a0.h0<q>"] == name
    assert (f"{name}->m0", "+2") in rows_of(Scores.from_edges(graph, {f"{name}->m0": 2})._repr_html_())


def test_an_evaluation_shows_what_a_summary_tells() -> None:
    found = evaluation(edge_auc=0.9, precision_at_known_size=0.5, accuracy=None, full_accuracy=None)
    shown = facts_of(found._repr_html_())
    assert shown == {**found.facts, "size": "3 of 8 edges (sparsity 62.50%)"}
    assert list(shown) == ["logit-diff", "faithfulness", "KL to full", "known circuit", "size"]
    assert facts_of(evaluation()._repr_html_())["accuracy"] == "100.0% circuit, 100.0% full model"
    assert found.heading in found._repr_html_()


@pytest.mark.parametrize("text", HOSTILE)
def test_headings_columns_and_cells_are_text(text: str) -> None:
    shown = table_html(text, (text,), [(text,)] * (SHOWN + 1), SHOWN + 1, text)
    page = ElementTree.fromstring(shown)
    assert [each.text for each in page.findall(".//p")] == [text, f"and 1 more {text}"]
    assert [each.text for each in page.findall(".//th")] == [text]
    assert rows_of(shown) == [(text,)] * SHOWN
