"""Scores by truth and role, the grid of two thresholds, circuits of nodes, a known circuit of one's own."""

import json

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import edgewise as ew
from cli_cases import discover, edgewise, problems
from edgewise import zoo
from edgewise.components import ComponentScores
from edgewise.evaluation.known import against_known, youden_j
from edgewise.evaluation.node_circuits import between, circuits_of_nodes, nodes_of, others
from edgewise.evaluation.roc import roc_of_family
from edgewise.graph import Graph
from edgewise.zoo.known import KnownCircuit
from tiny_runs import EDGES

GRAPH = Graph(layers=2, heads=2, key_readers=2)
NONE = ew.Circuit.empty(GRAPH)


@pytest.fixture(scope="module")
def negative():
    bundle = zoo.open_bundle("ioi-negative")
    pairs = ew.task("ioi", bundle.model, 20)
    return bundle, pairs, ew.discover(bundle.model, pairs)


def test_scores_by_truth_leave_out_what_stands_in_for_others(negative):
    bundle, _, scores = negative
    known = bundle.known["corrupted"]
    groups = ew.scores_by_truth(scores, known)
    assert sorted(groups["in the known circuit"]) == sorted(scores.of(edge) for edge in known.circuit)
    sizes = [len(group) for group in groups.values()]
    assert sizes == [len(known.circuit), scores.graph.edge_count - len(known.circuit) - len(known.backups)]


def test_scores_by_role_are_of_the_edges_that_leave_its_heads(negative):
    bundle, _, scores = negative
    known = bundle.known["corrupted"]
    assert known.roles == {
        "repeats": ("a0.h1",),
        "moved": ("a1.h2",),
        "opposed": ("a2.h3",),
        "named": ("a2.h0",),
    }
    groups = ew.scores_by_role(scores, known)
    assert groups["opposed"] == pytest.approx([scores.of("a2.h3->logits")])
    assert len(groups["moved"]) == 4 * 3 + 1
    assert ew.scores_by_role(scores, known, inside=True)["moved"] == pytest.approx(
        [scores.of("a1.h2->a2.h0<q>"), scores.of("a1.h2->a2.h3<q>")]
    )
    with pytest.raises(ew.BadInput, match="with roles was needed"):
        ew.scores_by_role(scores, KnownCircuit(known.circuit, known.backups, known.against))


@given(st.integers(0, 2**31), st.floats(0.1, 0.9), st.floats(0.1, 0.9))
def test_youdens_j_of_a_circuit_is_that_of_its_point_on_the_curve(seed, chosen, inside):
    draw = torch.Generator().manual_seed(seed)
    uniform = torch.rand(3, *GRAPH.shape, generator=draw)
    truth = GRAPH.edges & (uniform[0] < inside)
    backups = GRAPH.edges & ~truth & (uniform[2] < 0.2)
    circuit = ew.Circuit(GRAPH, GRAPH.edges & (uniform[1] < chosen))
    known = KnownCircuit(ew.Circuit(GRAPH, truth), ew.Circuit(GRAPH, backups), NONE)
    judged = truth | ~backups
    if not truth.any() or not (GRAPH.edges & judged & ~truth).any():
        return
    edges = GRAPH.edges
    roc = roc_of_family([circuit.kept[edges]], truth[edges], judged[edges])
    j = youden_j(circuit, known)
    # The curve has (0, 0), too, and keeps no point that another beats.
    assert max(j, 0.0) == pytest.approx(roc.youden.j, abs=1e-6)


def test_the_grid_is_what_a_second_method_leaves_of_the_firsts_strongest_edges(negative):
    bundle, pairs, scores = negative
    known, sizes, taus = bundle.known["corrupted"], (10, 40), (0.01, 0.5)

    def refine(edges, tau):
        return ew.discover(bundle.model, pairs, "acdc", tau=tau, edges=edges).own()

    grid = ew.youden_grid(scores, known, sizes, taus, refine)
    assert grid.j.shape == (2, 2)
    for row, size in enumerate(sizes):
        for column, tau in enumerate(taus):
            circuit = refine(scores.top(size), tau)
            assert grid.circuits[row][column] == circuit
            assert circuit <= scores.top(size)
            assert grid.j[row, column].item() == pytest.approx(youden_j(circuit, known))
    with pytest.raises(ew.BadInput, match="a size and a tau or more were needed"):
        ew.youden_grid(scores, known, (), taus, refine)


def test_a_circuit_of_all_nodes_is_the_full_one_and_of_none_what_no_node_is_needed_for():
    assert between(GRAPH, nodes_of(GRAPH)) == ew.Circuit.full(GRAPH)
    assert list(between(GRAPH, [])) == ["embed->logits"]
    shared = Graph(layers=1, heads=4, key_readers=2)
    one = between(shared, ["a0.h3"])
    assert sorted(one) == [
        "a0.h3->logits",
        "embed->a0.h1<k>",
        "embed->a0.h1<v>",
        "embed->a0.h3<q>",
        "embed->logits",
    ]


def test_circuits_of_nodes_take_the_strongest_by_what_leaves_them():
    scores = ew.Scores.from_edges(
        GRAPH, {"a1.h1->logits": -5.0, "a0.h0->a1.h1<q>": 2.0, "embed->a0.h1<q>": 9.0}
    )
    [two] = circuits_of_nodes(scores, [2])
    assert two == between(GRAPH, ["a0.h0", "a1.h1"])
    [by_value] = circuits_of_nodes(scores, [1], "value")
    assert by_value == between(GRAPH, ["a0.h0"])
    of_nodes = ComponentScores.of_nodes(GRAPH, torch.arange(len(GRAPH.sources)).double())
    assert circuits_of_nodes(of_nodes, [1]) == [between(GRAPH, [nodes_of(GRAPH)[-1]])]


def test_a_curve_of_nodes_ends_at_the_full_model_and_says_what_it_is_made_of(negative):
    bundle, pairs, scores = negative
    found = ew.curve(bundle.model, pairs, scores, granularity="nodes")
    assert [each.granularity for each in found.evaluations] == ["nodes"] * 10
    assert [each.edges for each in found.evaluations][-3:] == [2, 6, 12]
    assert found.faithfulness[-1] == pytest.approx(1)
    assert "6 of 12 nodes" in str(found.evaluations[-2])
    six = ew.evaluate(bundle.model, pairs, circuits_of_nodes(scores, [6])[0])
    assert found.faithfulness[-2] == pytest.approx(six.faithfulness)
    with pytest.raises(ew.BadInput, match="unknown granularity 'node'"):
        ew.curve(bundle.model, pairs, scores, granularity="node")
    with pytest.raises(ew.BadInput, match="scores of edges or of components were needed"):
        ew.curve(bundle.model, pairs, [scores.top(9)], granularity="nodes")


def test_the_command_makes_the_same_curve_of_nodes(home):
    done = edgewise("evaluate", home / "run", "--curve", "--granularity", "nodes", "--completeness", "--json")
    told = json.loads(done.stdout)
    model = ew.load(home / "model")
    pairs = ew.Pairs.from_jsonl(home / "prompts.jsonl", model)
    expected = ew.curve(model, pairs, ew.load_run(home / "run").scores, granularity="nodes")
    assert told["curve"]["cpr"] == pytest.approx(expected.cpr)
    assert {each["granularity"] for each in told["evaluations"] + told["without_the_circuit"]} == {"nodes"}
    counts = [each["edges"] for each in told["evaluations"]]
    every = len(nodes_of(Graph.of(model.config)))
    assert [each["edges"] for each in told["without_the_circuit"]] == [every - count for count in counts]
    scores = ew.load_run(home / "run").scores
    half = circuits_of_nodes(scores, [counts[-2]])[0]
    beyond = ew.evaluate(model, pairs, others(half))
    assert told["without_the_circuit"][-2]["kl"] == pytest.approx(beyond.kl)
    assert others(half) & half == between(half.graph, [])
    wide = {"COLUMNS": "120"}
    shown = edgewise("evaluate", home / "run", "--curve", "--granularity", "nodes", env=wide).stdout
    heading, columns, *_, last = [line.split() for line in shown.splitlines()][:12]
    assert heading[-2:] == ["by", "nodes"]
    assert columns[:2] == ["nodes", "edges"]
    assert last[:2] == [str(len(nodes_of(Graph.of(model.config)))), str(EDGES)]
    [alone] = problems(edgewise("evaluate", home / "run", "--granularity", "nodes"))
    assert alone == "--granularity nodes is of --curve at its ten sizes. Give --curve, and leave --edges out."


def test_scores_are_held_beside_a_circuit_of_ones_own(home):
    run = ew.load_run(home / "run")
    mine = ew.Circuit.of(run.scores.graph, [edge for edge, _ in list(run.scores.ranking())[3:9]])
    mine.save(home / "mine.json")
    found = discover(home, "--edges", 40, "--known", home / "mine.json", "--out", home / "held", "--json")
    assert found.exit_code == 0, found.stderr
    expected = against_known(run.scores, mine)
    told = json.loads(found.stdout)["evaluation"]
    assert {name: told[name] for name in expected} == pytest.approx(expected)
    again = edgewise("evaluate", home / "run", "--known", home / "mine.json", "--json")
    assert again.stderr == ""
    assert (
        f"the run's scores are held beside the circuit of {home / 'mine.json'}."
        in json.loads(again.stdout)["notes"]
    )
    assert json.loads(again.stdout)["evaluations"][0]["edge_auc"] == pytest.approx(expected["edge_auc"])
    ew.Circuit.full(run.scores.graph).save(home / "all.json")
    [whole] = problems(edgewise("evaluate", home / "run", "--known", home / "all.json"))
    assert whole.startswith(f"--known: {home / 'all.json'} must leave some edges out")
    [other] = problems(edgewise("evaluate", home / "run", "--known", home / "nothing.json"))
    assert other.startswith(f"--known: {home / 'nothing.json'} is not there.")
    (home / "typo.csv").write_text("source,reader\nembed,a0.h9<q>\n")
    [typo] = problems(edgewise("evaluate", home / "run", "--known", home / "typo.csv"))
    assert "a0.h9<q>" in typo


def test_what_is_not_known_by_an_ablation_is_told_with_what_is(tmp_path):
    bundle = zoo.open_bundle("tracr-reverse")
    with pytest.raises(
        ew.BadInput, match=r"no circuit is known by ablation 'mean'. Known: zero, corrupted\."
    ):
        bundle.known["mean"]
    asked = [
        "--model",
        "zoo:tracr-reverse",
        "--examples",
        10,
        "--ablation",
        "mean",
        "--out",
        tmp_path / "run",
    ]
    noted = edgewise("discover", *asked).stderr
    assert "beside a known one: none is known by ablation 'mean', only by zero, corrupted." in noted
    known = zoo.DATA / "tracr-reverse" / "known_circuits.json"
    [told] = problems(edgewise("evaluate", tmp_path / "run", "--known", known))
    assert told == f"--known: {known}: no circuit is known by ablation 'mean'. Known: zero, corrupted."
    by_zero = edgewise("evaluate", tmp_path / "run", "--known", known, "--ablation", "zero", "--json")
    assert json.loads(by_zero.stdout)["evaluations"][0]["edge_auc"] is not None
