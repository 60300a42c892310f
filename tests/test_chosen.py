"""How many edges a method chose itself: kept with its scores, and the circuit where none is asked for."""

import json

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import edgewise as ew
from cli_cases import discover
from edgewise.circuit import Scores
from edgewise.errors import BadInput, BrokenFile
from edgewise.methods.learned import LEARNED
from edgewise.run import run
from edgewise.selection import select
from graphs import SMALL, graphs, seeds, small_scores, some_scores
from test_methods_table import helping_and_harming
from tiny_runs import EDGES, request


@given(seed=seeds, graph=graphs, part=st.floats(0, 1))
def test_the_circuit_that_a_method_chose_is_of_the_edges_with_the_largest_scores(seed, graph, part):
    values = some_scores(graph, seed).values
    scores = Scores(graph, values, round(part * graph.edge_count))
    own = scores.own()
    assert len(own) == scores.chosen
    assert own == scores.top(scores.chosen, "value")
    if 0 < len(own) < graph.edge_count:
        left_out = values[graph.edges & ~own.kept]
        assert values[own.kept].min() >= left_out.max()


@given(seed=seeds, graph=graphs, part=st.none() | st.floats(0, 1))
def test_what_was_chosen_is_saved_with_the_scores(seed, graph, part, tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "scores.safetensors"
    chosen = None if part is None else round(part * graph.edge_count)
    Scores(graph, some_scores(graph, seed).values, chosen).save(path)
    loaded = Scores.load(path)
    assert loaded.chosen == chosen
    assert type(loaded.chosen) is type(chosen)
    assert loaded == some_scores(graph, seed)


def test_what_was_chosen_has_no_part_in_equality_or_in_other_choices():
    plain, chose = small_scores(), Scores(SMALL, small_scores().values, 3)
    assert plain == chose == Scores(SMALL, small_scores().values, 0)
    assert [plain.top(2), plain.threshold(1), plain.sparsity(0.5)] == [
        chose.top(2),
        chose.threshold(1),
        chose.sparsity(0.5),
    ]


def test_scores_that_only_rank_edges_have_no_circuit_of_their_own():
    with pytest.raises(BadInput, match=r"rank edges, and choose none\. Choose: top, threshold or sparsity"):
        small_scores().own()
    assert len(Scores(SMALL, small_scores().values, 0).own()) == 0
    assert len(Scores(SMALL, small_scores().values, 8).own()) == 8


def changed_file(path, chosen):
    """The file of scores with something else in the place of what was chosen."""
    Scores(SMALL, small_scores().values, 3).save(path)
    content = path.read_bytes()
    size = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + size])
    told = json.loads(header["__metadata__"]["edgewise"])
    assert told.pop("chosen") == 3
    header["__metadata__"]["edgewise"] = json.dumps(
        told if chosen == "absent" else {**told, "chosen": chosen}
    )
    rewritten = json.dumps(header).encode()
    path.write_bytes(len(rewritten).to_bytes(8, "little") + rewritten + content[8 + size :])
    return path


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        (9, "'chosen'.* must be from 0 to 8.* Got 9"),
        (-1, "'chosen'.* must be from 0 to 8.* Got -1"),
        ("three", "'chosen' must be a number of edges or null. Got 'three'"),
        (2.0, "'chosen' must be a number of edges or null. Got 2.0"),
        (True, "'chosen' must be a number of edges or null. Got True"),
    ],
)
def test_a_file_whose_choice_cannot_be_is_refused_with_the_reason(tmp_path, chosen, said):
    path = changed_file(tmp_path / "scores.safetensors", chosen)
    with pytest.raises(BrokenFile, match=said) as caught:
        Scores.load(path)
    assert str(path) in str(caught.value)


def test_a_file_of_scores_that_choose_nothing_is_as_it_was_before_any_could(tmp_path):
    old = changed_file(tmp_path / "old.safetensors", "absent")
    assert Scores.load(old).chosen is None
    assert Scores.load(old) == small_scores()
    assert Scores.load(changed_file(tmp_path / "null.safetensors", None)).chosen is None
    small_scores().save(tmp_path / "new.safetensors")
    assert b"chosen" not in (tmp_path / "new.safetensors").read_bytes()


@pytest.mark.parametrize("method", ["acdc", "eap-then-acdc"])
def test_edges_that_are_taken_away_by_one_tau_choose_themselves_and_by_several_are_ranked(method):
    model, pairs = helping_and_harming()
    one, several = (ew.discover(model, pairs, method, loss="metric", tau=tau) for tau in (1e-6, "1e-6,1e-3"))
    assert one.chosen == int((one.values != 0).sum()) > 0
    assert torch.equal(one.own().kept, one.values != 0)
    assert several.chosen is None


@pytest.mark.parametrize("method", ["eap", "relp", "direct-effect"])
def test_methods_that_rank_edges_choose_none(method):
    model, pairs = helping_and_harming()
    assert ew.discover(model, pairs, method).chosen is None


@pytest.mark.parametrize("method", LEARNED)
@pytest.mark.parametrize("grain", ["edges", "tied", "sources"])
def test_a_learned_mask_chooses_and_edges_that_share_a_gate_come_and_go_together(method, grain):
    model, pairs = helping_and_harming()
    scores = ew.discover(model, pairs, method, loss="metric", steps=20, rate=0.3, grain=grain)
    assert 0 < scores.chosen <= scores.graph.edge_count
    own = scores.own()
    assert scores.values[own.kept].min() > 0
    left_out = scores.values[scores.graph.edges & ~own.kept]
    if len(left_out):
        assert scores.values[own.kept].min() > left_out.max()
    if grain == "tied":
        for head in ("a0.h0", "a0.h1"):
            assert len({f"embed->{head}<{letter}>" in own for letter in "qkv"}) == 1


@pytest.mark.parametrize(("tau", "chosen"), [("1e-9", True), ("1e-9,1e-6", False)])
def test_a_run_keeps_what_the_method_chose_unless_edges_are_asked_for(home, tau, chosen):
    given = ["--method", "acdc", "--set", f"tau={tau}", "--no-prune", "--out", home / f"acdc-{chosen}"]
    assert discover(home, *given).exit_code == 0
    found = ew.load_run(home / f"acdc-{chosen}")
    assert (found.scores.chosen is not None) == chosen
    scored = int((found.scores.values != 0).sum())
    assert len(found.circuit) == scored
    assert len(select(found.scores, request(home, edges=3, prune=False))) == 3


@pytest.mark.parametrize("method", LEARNED)
def test_a_run_of_a_learned_mask_keeps_its_own_circuit_or_as_many_edges_as_are_asked_for(home, method):
    # Gates that begin about half open.
    half = {"adversary": False} if method == "interpolation-descent" else {"mean": 0.0, "spread": 1.0}
    options = {"steps": 3, "trim": None, **half}
    asked = request(home, out=str(home / method), method=method, options=options, edges=None, prune=False)
    found = run(asked)
    assert found.circuit == found.scores.own()
    assert found.record["edges"]["selected"] == found.scores.chosen
    assert 0 < found.scores.chosen < EDGES
    for number in (5, EDGES):
        assert select(found.scores, request(home, edges=number, prune=False)) == found.scores.top(number)
    assert select(found.scores, request(home, edges=None)) == found.scores.own().prune()
    assert ew.load_run(home / method).scores.chosen == found.scores.chosen


def test_a_number_of_edges_beyond_those_of_the_graph_is_no_choice():
    for wrong in (-1, SMALL.edge_count + 1):
        with pytest.raises(BadInput):
            Scores(SMALL, small_scores().values, wrong).own()
