"""A circuit as a picture: all of it is there, once, on the page, and can be told apart."""

import json
from bisect import bisect_left
from collections import Counter
from itertools import combinations, pairwise
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.patches import FancyBboxPatch, PathPatch
from matplotlib.path import Path as Drawing
from matplotlib.text import Text

from edgewise import zoo
from edgewise.circuit import Circuit, Scores
from edgewise.errors import BadInput
from edgewise.graph import Graph
from edgewise.pictures.circuit_picture import circuit_picture
from edgewise.pictures.circuit_plan import MARGIN, PORT, WIDEST
from edgewise.pictures.marks import BAND, HELPS, HINDERS, INK, PALE, PALE_DASHES, PART_DASHES
from edgewise.pictures.paper import COLUMN, FORMS
from edgewise.zoo import published
from edgewise.zoo.known import KnownCircuit
from graphs import SMALL, graphs, seeds, some_circuit, some_scores

PICTURES = Path(__file__).parents[1] / "docs" / "tasks"
GPT2 = Graph(layers=12, heads=12, key_readers=12)


def boxes(picture):
    """Left, bottom, right and top of every node, by name."""
    found = [each for each in picture.figure.axes[0].patches if isinstance(each, FancyBboxPatch)]
    corners = [(each.get_x(), each.get_y(), each.get_width(), each.get_height()) for each in found]
    assert len({each.get_gid() for each in found}) == len(found)
    return {
        each.get_gid(): (x, y, x + width, y + height)
        for each, (x, y, width, height) in zip(found, corners, strict=True)
    }


def lines(picture):
    """The line of every edge, by name."""
    found = [
        each for each in picture.figure.axes[0].patches if isinstance(each, PathPatch) and each.get_gid()
    ]
    assert len({each.get_gid() for each in found}) == len(found)
    return {each.get_gid(): each for each in found}


def ways(line):
    """The ends of the pieces of each way that a line takes: one, or one to each head of its reader."""
    found = []
    for points, code in line.get_path().iter_segments(curves=True, simplify=False):
        if code == Drawing.MOVETO:
            found.append([])
        found[-1].append((float(points[-2]), float(points[-1])))
    return found


def bands(picture):
    patches = picture.figure.axes[0].patches
    return [each for each in patches if isinstance(each, PathPatch) and not each.get_gid()]


def words(picture):
    return [text.get_text() for text in picture.figure.findobj(Text) if text.get_text()]


def heavy_scores(seed):
    """As scores are: a few nodes have most of what there is, the ends and late layers more of it."""
    draw = torch.Generator().manual_seed(seed)
    sources, readers = (torch.randn(size, generator=draw).exp() for size in reversed(GPT2.shape))
    late = torch.linspace(0, 2, GPT2.shape[1]).exp() * torch.linspace(0, 2, GPT2.shape[0]).exp()[:, None]
    values = torch.randn(GPT2.shape, generator=draw) * sources * readers[:, None] * late
    values[-1] *= 10
    values[:, 0] *= 10
    return Scores(GPT2, values)


def circuit_of(scores, size):
    """With so many edges, or the next more that there can be."""
    fewest = bisect_left(range(6000), size, key=lambda chosen: len(scores.top(chosen).prune()))
    return scores.top(fewest).prune()


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


def hexes(line):
    from matplotlib.colors import to_hex

    return to_hex(line.get_edgecolor())


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


def on_the_way(start, end, share):
    """On the curve from one to the other that leaves and enters upright."""
    aside = 3 * share**2 - 2 * share**3
    up = 1.5 * share * (1 - share) + share**3
    return start[0] + aside * (end[0] - start[0]), start[1] + up * (end[1] - start[1])


def inside(x, y, corner):
    return corner[0] < x < corner[2] and corner[1] + 1e-9 < y < corner[3] - 1e-9


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


@given(graphs, seeds)
@settings(deadline=None, max_examples=10)
def test_colours_tell_signs_and_widths_how_far_scores_are_from_0(graph, seed):
    circuit, scores = some_circuit(graph, seed), some_scores(graph, seed)
    found = lines(circuit_picture(circuit, scores))
    for edge, line in found.items():
        assert hexes(line) == (HELPS if scores.of(edge) >= 0 else HINDERS)
    by_strength = sorted(found, key=lambda edge: abs(scores.of(edge)))
    widths = [found[edge].get_linewidth() for edge in by_strength]
    assert widths == sorted(widths)


def test_parts_are_told_apart_without_colour():
    edges = ["embed->a0.h0<q>", "embed->a0.h0<k>", "embed->a0.h0<v>", "a0.h0->logits"]
    picture = circuit_picture(Circuit.of(SMALL, edges))
    dashes = [PART_DASHES[part] for part in "qkv"]
    assert len(set(map(str, dashes))) == 3
    assert len({str(line.get_linestyle()) for line in lines(picture).values()}) == 3
    assert {hexes(line) for line in lines(picture).values()} == {INK}
    assert {"into a query, an MLP, the logits", "into a key", "into a value"} <= set(words(picture))


def test_hits_have_a_band_misses_are_pale_and_false_finds_are_plain():
    circuit = Circuit.of(SMALL, ["embed->a0.h0<q>", "a0.h0->logits", "a0.h0->m0", "m0->logits"])
    truth = Circuit.of(SMALL, ["embed->a0.h0<q>", "a0.h0->logits", "embed->logits"])
    known = KnownCircuit(truth, Circuit.of(SMALL, ["m0->logits"]), Circuit.empty(SMALL))
    picture = circuit_picture(circuit, known=known)
    marks = {each["edge"]: each["mark"] for each in picture.numbers["edges"]}
    assert marks == {
        "embed->a0.h0<q>": "hit",
        "a0.h0->logits": "hit",
        "a0.h0->m0": "false find",
        "m0->logits": "backup",
        "embed->logits": "miss",
    }
    under = {tuple(map(tuple, each.get_path().vertices)) for each in bands(picture)}
    assert {hexes(each) for each in bands(picture)} == {BAND}
    for edge, line in lines(picture).items():
        way = tuple(map(tuple, line.get_path().vertices))
        assert (way in under) == (marks[edge] == "hit")
        assert (hexes(line) == PALE) == (marks[edge] in PALE_DASHES)
    told = " ".join(words(picture))
    assert all(mark in told for mark in set(marks.values()))


def test_nodes_of_misses_alone_are_dashed():
    circuit = Circuit.of(SMALL, ["embed->a0.h0<q>", "a0.h0->logits"])
    picture = circuit_picture(circuit, known=Circuit.of(SMALL, ["embed->m0"]))
    styles = {
        each.get_gid(): each.get_linestyle()
        for each in picture.figure.axes[0].patches
        if isinstance(each, FancyBboxPatch)
    }
    assert {name for name, style in styles.items() if style != "solid" and style != "-"} == {"m0"}


def test_the_legend_tells_the_kinds_of_lines_there_are_and_no_others():
    picture = circuit_picture(Circuit.of(SMALL, ["embed->a0.h0<k>", "a0.h0->logits"]))
    assert [each for each in words(picture) if each.startswith("into")] == [
        "into an MLP, the logits",
        "into a key",
    ]
    assert not any("score" in each or "known" in each for each in words(picture))


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


def test_edges_against_the_answer_have_a_colour_of_their_own_and_are_told():
    circuit = Circuit.of(SMALL, ["embed->a0.h0<v>", "a0.h0->logits"])
    picture = circuit_picture(circuit, against=Circuit.of(SMALL, ["a0.h0->logits"]))
    assert {edge: hexes(line) for edge, line in lines(picture).items()} == {
        "embed->a0.h0<v>": INK,
        "a0.h0->logits": HINDERS,
    }
    assert "against the answer" in words(picture)
    assert "Edges: 2; against: 1." in picture.words


def test_an_edge_that_is_in_and_a_backup_is_drawn_as_in():
    circuit = Circuit.of(SMALL, ["embed->logits"])
    [line] = lines(circuit_picture(circuit, backups=circuit)).values()
    assert hexes(line) == INK


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
