"""How the lines of a drawn circuit look: what is told apart, by what, and what the legend says of it."""

from hypothesis import given, settings
from matplotlib.patches import FancyBboxPatch

from circuit_picture_cases import bands, hexes, lines, words
from edgewise.circuit import Circuit
from edgewise.pictures.circuit_picture import circuit_picture
from edgewise.pictures.marks import BAND, HELPS, HINDERS, INK, PALE, PALE_DASHES, PART_DASHES
from edgewise.zoo.known import KnownCircuit
from graphs import SMALL, graphs, seeds, some_circuit, some_scores


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
