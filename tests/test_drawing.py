"""A circuit as a picture: all of it is there, once, and can be told apart."""

import json
import re
from collections import Counter
from itertools import combinations, pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings

from edgewise import zoo
from edgewise.circuit import Circuit
from edgewise.errors import BadInput
from edgewise.graph import Graph
from edgewise.reports.drawing import BOX, HEIGHT, PORT, draw
from edgewise.zoo import published
from graphs import SMALL, graphs, seeds, some_circuit

SVG = "{http://www.w3.org/2000/svg}"


PICTURES = Path(__file__).parents[1] / "docs" / "tasks"


def group(picture: str, name: str) -> list[ElementTree.Element]:
    [found] = [each for each in ElementTree.fromstring(picture) if each.get("class") == name]
    return list(found)


def titles(elements) -> list[str]:
    return [each.findtext(f"{SVG}title", "") for each in elements]


def boxes(picture: str) -> dict[str, tuple[int, int]]:
    """The left upper corner of every node, by name."""
    nodes = group(picture, "nodes")
    corners = [map(int, re.findall(r"\d+", node.get("transform", ""))) for node in nodes]
    return {name: (x - BOX // 2, y) for name, (x, y) in zip(titles(nodes), corners, strict=True)}


def curves(path: ElementTree.Element) -> list[list[tuple[int, int]]]:
    """The ends of a path's pieces, from where each of its lines begins."""
    found: list[list[tuple[int, int]]] = []
    for command, rest in re.findall(r"([Mcv])([-\d, ]+)", path.get("d", "")):
        *_, right, up = [0, *map(int, re.findall(r"-?\d+", rest))]
        if command == "M":
            found.append([(right, up)])
        else:
            x, y = found[-1][-1]
            found[-1].append((x + (right if command == "c" else 0), y + up))
    return found


def inside(x: float, y: float, corner: tuple[int, int]) -> bool:
    return corner[0] < x < corner[0] + BOX and corner[1] < y < corner[1] + HEIGHT


@given(graphs, seeds)
@settings(deadline=None, max_examples=50)
def test_every_node_and_edge_of_the_circuit_is_there_once(graph, seed):
    circuit, backups = some_circuit(graph, seed), some_circuit(graph, seed + 1)
    picture = draw(circuit, backups)
    assert Counter(titles(group(picture, "nodes"))) == Counter((circuit | backups).nodes())
    assert Counter(titles(group(picture, "edges"))) == Counter(circuit | backups)
    dashed = [edge for edge in group(picture, "edges") if edge.get("stroke-dasharray")]
    assert set(titles(dashed)) == set(backups - circuit)


@given(graphs, seeds)
@settings(deadline=None, max_examples=50)
def test_no_two_boxes_overlap_and_all_is_on_the_page(graph, seed):
    picture = draw(some_circuit(graph, seed))
    for (x, y), (other_x, other_y) in combinations(boxes(picture).values(), 2):
        assert abs(x - other_x) > BOX or abs(y - other_y) > HEIGHT
    page = ElementTree.fromstring(picture)
    width, height = int(page.get("width", "")), int(page.get("height", ""))
    ends = [end for path in group(picture, "edges") for line in curves(path) for end in line]
    assert all(0 <= x <= width and 0 <= y <= height for x, y in ends)
    assert all(0 <= x <= width - BOX and 0 <= y <= height - HEIGHT for x, y in boxes(picture).values())


@given(graphs, seeds)
@settings(deadline=None, max_examples=50)
def test_an_edge_goes_upwards_from_its_source_to_its_reader_and_through_no_box(graph, seed):
    picture = draw(some_circuit(graph, seed))
    corners = boxes(picture)
    for path in group(picture, "edges"):
        source, _, reader = titles([path])[0].partition("->")
        node, _, part = reader.partition("<")
        fed = graph.head_of_reader(reader) or (node,)
        port = {"q>": -PORT, "k>": 0, "v>": PORT}.get(part, 0)
        lines = curves(path)
        assert {line[0] for line in lines} == {(corners[source][0] + BOX // 2, corners[source][1])}
        assert sorted(line[-1] for line in lines) == sorted(
            (corners[name][0] + BOX // 2 + port, corners[name][1] + HEIGHT) for name in fed
        )
        for line in lines:
            for (x, y), (next_x, next_y) in pairwise(line):
                assert next_y < y
                middle = (x + next_x) / 2, (y + next_y) / 2
                assert not any(inside(*middle, corner) for corner in corners.values())


@given(graphs, seeds)
@settings(deadline=None, max_examples=10)
def test_the_same_circuit_gives_the_same_picture(graph, seed):
    assert draw(some_circuit(graph, seed)) == draw(some_circuit(graph, seed))


def test_the_lines_of_a_chain_are_straight():
    graph = Graph(layers=3, heads=2, key_readers=2)
    chain = ["embed->a0.h1<v>", "a0.h1->a1.h0<k>", "a1.h0->m1", "m1->a2.h1<q>", "a2.h1->logits"]
    for path in group(draw(Circuit.of(graph, chain)), "edges"):
        [line] = curves(path)
        assert len({x for x, _ in line}) == 1


def test_lines_that_need_not_cross_do_not():
    """Two columns side by side, named crosswise."""
    graph = Graph(layers=3, heads=2, key_readers=2, mlps=False, embeddings=("tok", "pos"))
    columns = ["tok->a0.h1<k>", "a0.h1->a1.h0<k>", "pos->a0.h0<k>", "a0.h0->a1.h1<k>"]
    at = boxes(draw(Circuit.of(graph, columns)))
    assert at["tok"][0] == at["a0.h1"][0] == at["a1.h0"][0]
    assert at["pos"][0] == at["a0.h0"][0] == at["a1.h1"][0]


def test_a_title_is_told_and_cannot_break_the_picture():
    title = 'a < b & "c"'
    page = ElementTree.fromstring(draw(Circuit.of(SMALL, ["embed->logits"]), title=title))
    assert page.findtext(f"{SVG}title") == title
    assert title in [text.text for text in page.iter(f"{SVG}text")]


def test_what_is_shown_is_told_to_those_who_do_not_see_it():
    circuit = Circuit.of(SMALL, ["embed->a0.h0<q>", "a0.h0->logits"])
    page = ElementTree.fromstring(draw(circuit, Circuit.of(SMALL, ["embed->m0"])))
    told = page.findtext(f"{SVG}desc", "")
    assert told.startswith("Edges: 2; backups: 1.")
    assert circuit.text() in told


def test_the_legend_tells_the_kinds_of_lines_there_are():
    picture = draw(Circuit.of(SMALL, ["embed->a0.h0<q>", "a0.h0->logits"]))
    assert [each.text for each in group(picture, "legend") if each.text] == ["query", "MLP or logits"]


def test_an_edge_that_is_in_and_a_backup_is_drawn_as_in():
    circuit = Circuit.of(SMALL, ["embed->logits"])
    [edge] = group(draw(circuit, circuit), "edges")
    assert edge.get("stroke-dasharray") is None


def test_nothing_is_an_empty_page():
    assert boxes(draw(Circuit.empty(SMALL))) == {}


def test_backups_of_another_graph_are_refused():
    with pytest.raises(BadInput):
        draw(Circuit.empty(SMALL), Circuit.empty(Graph(layers=2, heads=1, key_readers=1)))


def drawn(name: str) -> Counter[str]:
    path = PICTURES / f"{name}.svg"
    assert path.exists(), "run zoo-training/draw_circuits.py"
    return Counter(titles(group(path.read_text(), "edges")))


@pytest.mark.parametrize("name", zoo.names())
def test_the_picture_of_a_bundled_model_is_of_its_known_circuit(name):
    bundle = zoo.open_bundle(name)
    pictures = {"corrupted": name} | ({"zero": f"{name}-zero"} if bundle.compiled else {})
    for ablation, picture in pictures.items():
        known = bundle.known[ablation]
        assert drawn(picture) == Counter(known.circuit | known.backups)


@pytest.mark.parametrize("path", sorted(published.FOLDER.iterdir()), ids=lambda path: path.stem)
def test_the_picture_of_a_published_circuit_is_of_its_edges(path):
    assert drawn(path.stem) == Counter(json.loads(path.read_text())["edges"])
