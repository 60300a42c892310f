"""A circuit as a picture: all of it is there, once, on the page, and can be told apart."""

import json
from collections import Counter
from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from circuit_picture_cases import (
    GPT2,
    PICTURES,
    boxes,
    circuit_of,
    heavy_scores,
    hexes,
    inside,
    lines,
    on_the_way,
    ways,
)
from edgewise import zoo
from edgewise.circuit import Circuit
from edgewise.errors import BadInput
from edgewise.graph import Graph
from edgewise.pictures.circuit_picture import circuit_picture
from edgewise.pictures.circuit_plan import MARGIN, PORT, WIDEST
from edgewise.pictures.marks import PALE
from edgewise.pictures.paper import COLUMN, FORMS
from edgewise.zoo import published
from graphs import SMALL, graphs, seeds, some_circuit, some_scores


@given(graphs, seeds)
@settings(deadline=None, max_examples=25)
def test_every_node_and_edge_is_there_once_in_the_picture_and_in_its_numbers(graph, seed):
    circuit, backups = some_circuit(graph, seed), some_circuit(graph, seed + 1)
    picture = circuit_picture(circuit, backups=backups)
    assert set(boxes(picture)) == set(picture.numbers["nodes"]) == set((circuit | backups).nodes())
    assert set(lines(picture)) == set(circuit | backups)
    told = [each["edge"] for each in picture.numbers["edges"]]
    assert sorted(told) == sorted(circuit | backups)
    pale = {name for name, line in lines(picture).items() if hexes(line) == PALE}
    assert pale == set(backups - circuit)


@given(graphs, seeds)
@settings(deadline=None, max_examples=25)
def test_no_two_boxes_overlap_and_all_is_on_the_page(graph, seed):
    picture = circuit_picture(some_circuit(graph, seed), title="some circuit")
    for one, other in combinations(boxes(picture).values(), 2):
        assert one[2] < other[0] or other[2] < one[0] or one[3] < other[1] or other[3] < one[1]
    width, height = picture.numbers["width"], picture.numbers["height"]
    assert [width, height] == pytest.approx(picture.figure.get_size_inches().tolist())
    for left, bottom, right, top in boxes(picture).values():
        assert left >= 0 <= bottom
        assert right <= width
        assert top <= height
    ends = [end for line in lines(picture).values() for way in ways(line) for end in way]
    assert all(0 <= x <= width and 0 <= y <= height for x, y in ends)


@given(graphs, seeds)
@settings(deadline=None, max_examples=25)
def test_an_edge_goes_upwards_from_its_source_to_its_readers_port_and_through_no_box(graph, seed):
    picture = circuit_picture(some_circuit(graph, seed))
    corners = boxes(picture)
    for edge, line in lines(picture).items():
        source, _, reader = edge.partition("->")
        node, _, part = reader.partition("<")
        port = {"q>": -PORT, "k>": 0.0, "v>": PORT}.get(part, 0.0)
        left, _, right, top = corners[source]
        found = ways(line)
        for way in found:
            assert way[0] == pytest.approx(((left + right) / 2, top))
            for (x, y), (next_x, next_y) in pairwise(way):
                assert next_y > y
                for place in range(1, 20):
                    at = on_the_way((x, y), (next_x, next_y), place / 20)
                    assert not any(inside(*at, corner) for corner in corners.values())
        fed = graph.head_of_reader(reader) or (node,)
        ports = [((corners[name][0] + corners[name][2]) / 2 + port, corners[name][1]) for name in fed]
        for end, expected in zip(sorted(way[-1] for way in found), sorted(ports), strict=True):
            assert end == pytest.approx(expected, abs=0.003)


@pytest.mark.parametrize("size", [20, 200, 1000])
@pytest.mark.parametrize("seed", [0, 3, 4])
def test_no_two_labels_overlap_whatever_the_size_of_the_circuit(size, seed):
    scores = heavy_scores(seed)
    circuit = circuit_of(scores, size)
    assert size <= len(circuit) < 1.5 * size
    known = Circuit.of(GPT2, [*list(circuit)[::2], "embed->a1.h1<q>", "a1.h1->m5", "m5->logits"])
    picture = circuit_picture(circuit, scores, known, title=f"{len(circuit):,} edges, a title of some length")
    FigureCanvasAgg(picture.figure)
    places = [text.get_window_extent() for text in picture.figure.findobj(Text) if text.get_text()]
    assert len(places) > len(circuit.nodes())
    for one, other in combinations(places, 2):
        assert not one.overlaps(other)
    page = picture.figure.bbox
    assert all(page.x0 <= place.x0 and place.x1 <= page.x1 for place in places)
    assert all(page.y0 <= place.y0 and place.y1 <= page.y1 for place in places)
    assert picture.numbers["width"] <= WIDEST
    if size == 20:
        assert picture.numbers["width"] == pytest.approx(COLUMN + 2 * MARGIN)


def test_labels_are_in_their_boxes():
    picture = circuit_picture(Circuit.of(GPT2, ["embed->a11.h11<v>", "a11.h11->logits"]))
    FigureCanvasAgg(picture.figure)
    found = {text.get_text(): text.get_window_extent() for text in picture.figure.findobj(Text)}
    for name, (left, bottom, right, top) in boxes(picture).items():
        place = found[name].transformed(picture.figure.dpi_scale_trans.inverted())
        assert left < place.x0
        assert place.x1 < right
        assert bottom < place.y0
        assert place.y1 < top


def test_the_lines_of_a_chain_are_straight():
    graph = Graph(layers=3, heads=2, key_readers=2)
    chain = ["embed->a0.h1<v>", "a0.h1->a1.h0<k>", "a1.h0->m1", "m1->a2.h1<q>", "a2.h1->logits"]
    for line in lines(circuit_picture(Circuit.of(graph, chain))).values():
        [way] = ways(line)
        assert len(way) == 2
        assert way[0][0] == pytest.approx(way[1][0], abs=0.003)


def test_lines_that_need_not_cross_do_not():
    """Two columns side by side, named crosswise."""
    graph = Graph(layers=3, heads=2, key_readers=2, mlps=False, embeddings=("tok", "pos"))
    columns = ["tok->a0.h1<k>", "a0.h1->a1.h0<k>", "pos->a0.h0<k>", "a0.h0->a1.h1<k>"]
    at = boxes(circuit_picture(Circuit.of(graph, columns)))
    assert at["tok"][0] == pytest.approx(at["a0.h1"][0]) == at["a1.h0"][0]
    assert at["pos"][0] == pytest.approx(at["a0.h0"][0]) == at["a1.h1"][0]


@pytest.mark.parametrize("form", FORMS)
def test_the_same_circuit_gives_the_same_file_with_what_it_shows_in_words_and_numbers_beside(form, tmp_path):
    scores = some_scores(SMALL, 3)
    circuit = scores.top(6)
    for name in ("one", "other"):
        circuit_picture(circuit, scores, title="<script>alert(1)</script> $\\frac$").save(
            tmp_path / f"{name}.{form}"
        )
    one = (tmp_path / f"one.{form}").read_bytes()
    assert one == (tmp_path / f"other.{form}").read_bytes()
    assert len(one) > 1000
    numbers = json.loads((tmp_path / "one.numbers.json").read_text())
    assert {each["edge"]: each["score"] for each in numbers["edges"]} == {
        edge: scores.of(edge) for edge in circuit
    }
    if form == "svg":
        text = one.decode()
        assert "&lt;script&gt;alert(1)&lt;/script&gt; $\\frac$" in text
        assert "<script" not in text
        assert "Edges: 6. From the embeddings" in text


def test_a_long_title_is_broken_into_lines_that_are_on_the_page():
    picture = circuit_picture(Circuit.of(SMALL, ["embed->logits"]), title="a rather long name " * 8)
    FigureCanvasAgg(picture.figure)
    places = [
        text.get_window_extent() for text in picture.figure.findobj(Text) if "rather" in text.get_text()
    ]
    assert len(places) > 2
    assert all(each.x0 >= 0 and each.x1 <= picture.figure.bbox.x1 for each in places)
    assert all(each.y1 <= picture.figure.bbox.y1 for each in places)


def test_what_cannot_be_written_in_a_file_of_text_is_replaced_in_a_title(tmp_path):
    circuit_picture(Circuit.of(SMALL, ["embed->logits"]), title="a\x00b\x1b[1m").save(tmp_path / "odd.svg")
    text = (tmp_path / "odd.svg").read_text()
    assert "a\N{REPLACEMENT CHARACTER}b" in text
    assert "\x00" not in text


def test_nothing_is_an_empty_page(tmp_path):
    picture = circuit_picture(Circuit.empty(SMALL), title="nothing")
    picture.save(tmp_path / "nothing.svg")
    assert picture.numbers["nodes"] == {}
    assert picture.numbers["edges"] == []


def test_circuits_and_scores_of_another_graph_are_refused():
    other = Graph(layers=2, heads=1, key_readers=1)
    for odd in (
        {"backups": Circuit.empty(other)},
        {"known": Circuit.full(other)},
        {"scores": some_scores(other, 0)},
        {"against": Circuit.empty(other)},
    ):
        with pytest.raises(BadInput):
            circuit_picture(Circuit.empty(SMALL), **odd)


def drawn(name: str) -> Counter[str]:
    path = PICTURES / f"{name}.numbers.json"
    assert path.exists(), "run zoo-training/draw_circuits.py"
    assert path.with_name(f"{name}.svg").exists()
    return Counter(each["edge"] for each in json.loads(path.read_text())["edges"])


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
