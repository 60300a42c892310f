"""Claims put to the test on models: what they are held beside, what they tell, what is refused."""

import json
import math
from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import edgewise as ew
from cli_cases import edgewise, problems
from edgewise import zoo
from edgewise.circuit import Circuit
from edgewise.errors import BadInput
from edgewise.evaluation.claims import claims
from edgewise.evaluation.random_circuits import Draws
from graphs import SMALL, graphs, seeds, some_circuit
from tiny_runs import entries, tiny_model


@pytest.fixture(scope="module")
def model():
    return tiny_model().double()


@pytest.fixture(scope="module")
def pairs(model):
    return ew.Pairs.from_list(entries(12), model)


@settings(max_examples=60, deadline=None)
@given(graphs, seeds, st.floats(0, 1))
def test_a_random_circuit_is_whole_paths_of_at_least_so_many_edges(graph, seed, share):
    size = int(share * graph.edge_count)
    found = Draws(graph, seed).circuit(size)
    assert len(found) >= size
    assert found == Draws(graph, seed).circuit(size)
    if size < 0.3 * graph.edge_count:
        assert found.prune() == found
        assert len(found) < size + 1 + 4 * graph.layers


@settings(max_examples=60, deadline=None)
@given(graphs, seeds)
def test_an_inflated_circuit_has_a_path_more_and_loses_an_edge_of_it(graph, seed):
    circuit = some_circuit(graph, seed)
    pair = Draws(graph, seed).inflated(circuit)
    if pair is None:
        return
    larger, smaller = pair
    [gone] = larger - smaller
    assert circuit <= larger
    assert smaller <= larger
    assert gone not in circuit
    # A path passes an embedding, and a head and an MLP of each layer, at most.
    assert len(larger - circuit) <= 1 + 2 * graph.layers


def test_a_full_circuit_cannot_be_inflated_and_every_edge_is_on_some_path():
    assert Draws(SMALL).inflated(Circuit.full(SMALL)) is None
    draws = Draws(SMALL, 3)
    seen = Circuit.empty(SMALL)
    for _ in range(200):
        seen = seen | Circuit(SMALL, draws.marked(draws.path()))
    assert seen == Circuit.full(SMALL)


def test_the_known_circuit_stands_and_one_without_its_strongest_edge_does_not():
    bundle = zoo.open_bundle("induction")
    known = bundle.known["corrupted"].circuit
    others = ew.task("induction", bundle.model, 40, split="test")
    verdicts = {each.name: each for each in claims(bundle.model, others, known, draws=60)}
    assert list(verdicts) == ["equivalence", "independence", "minimality", "sufficiency", "partial necessity"]
    assert verdicts["sufficiency"].verdict == "shown"
    assert verdicts["minimality"].verdict == "not refuted"
    broken = known - Circuit.of(known.graph, [next(iter(known))])
    verdicts = {each.name: each for each in claims(bundle.model, others, broken, draws=60)}
    assert verdicts["equivalence"].verdict == "refuted"
    assert verdicts["sufficiency"].verdict == "not shown"


def test_edges_that_do_nothing_are_named():
    bundle = zoo.open_bundle("induction")
    known = bundle.known["corrupted"].circuit
    others = ew.task("induction", bundle.model, 40, split="test")
    # What enters an MLP-less head that nothing reads does nothing.
    needless = next(edge for edge in ~known if edge.startswith("embed->a1.h0"))
    found = claims(bundle.model, others, known | Circuit.of(known.graph, [needless]), draws=60)
    [minimality] = [each for each in found if each.name == "minimality"]
    assert (minimality.verdict, minimality.edges) == ("refuted", (needless,))


def test_the_full_model_is_equivalent_to_itself_and_has_nothing_beside_it(model, pairs):
    graph = ew.Graph.of(model.config)
    found = claims(model, pairs, Circuit.full(graph), draws=5)
    assert [each.name for each in found] == ["equivalence", "independence"]
    assert found[0].p == 1
    with pytest.raises(ew.BadInput, match="an empty one: it claims nothing"):
        claims(model, pairs, Circuit.empty(graph), draws=5)


def test_what_differs_by_rounding_alone_is_the_same():
    bundle = zoo.open_bundle("tracr-xproportion")
    known = bundle.known["corrupted"].circuit
    pairs = ew.task("tracr-xproportion", bundle.model, 60)
    alone = ew.evaluate(bundle.model, pairs, known)
    both = (alone.per_example[name] for name in ("circuit", "full"))
    differ = [one for one in zip(*both, strict=True) if one[0] != one[1]]
    assert differ, "the circuit is exact but for rounding"
    [equivalence, *_] = claims(bundle.model, pairs, known, draws=5)
    assert (equivalence.p, equivalence.told) == (1.0, "higher than the full model on 0 of 0, 60 the same")


def test_the_seed_decides_and_the_level_is_told(model, pairs):
    circuit = ew.discover(model, pairs).top(15).prune()
    one, again, other = (claims(model, pairs, circuit, draws=20, seed=seed) for seed in (0, 0, 1))
    assert one == again
    assert one != other
    strict = claims(model, pairs, circuit, draws=20, level=1e-9)
    assert all(each.level == 1e-9 for each in strict)
    assert not [each for each in strict if not each.null and each.holds]


def test_what_makes_no_test_is_told_at_once(model, pairs):
    circuit = some_circuit(ew.Graph.of(model.config), 0)
    few = ew.Pairs.from_list(entries(3), model)
    with pytest.raises(BadInput) as caught:
        claims(model, few, circuit, ablation="optimal", level=0.0, share=1.5, margin=math.nan, draws=0)
    assert len(caught.value.problems) == 4
    with pytest.raises(BadInput) as caught:
        claims(model, few, circuit, ablation="optimal", metric="kl")
    told = list(caught.value.problems)
    assert told[0].startswith("tests need a score that every run has of its own. Got 'kl'")
    assert told[1].startswith("tests need hundreds of circuits")
    assert told[2] == "tests need 10 examples or more. Got 3."


def test_the_command_tells_the_claims_of_the_python_call(home):
    done = edgewise("evaluate", home / "run", "--tests", "--json")
    assert done.exit_code == 0, done.stderr
    run, model = ew.load_run(home / "run"), ew.load(home / "model")
    pairs = ew.Pairs.from_jsonl(home / "prompts.jsonl", model)
    expected = [each.to_dict() for each in claims(model, pairs, run.circuit)]
    assert json.loads(done.stdout)["tests"] == json.loads(json.dumps(expected))
    shown = edgewise("evaluate", home / "run", "--tests", env={"COLUMNS": "80"}).stdout
    assert "Claims, at a level of 0.05" in shown
    for each in expected:
        assert each["verdict"] in shown
    assert not [row for row in shown.splitlines() if row != row.rstrip() or len(row) > 80]


def test_the_command_refuses_several_sizes_and_learned_constants(home):
    told = problems(edgewise("evaluate", home / "run", "--tests", "--curve", "--ablation", "optimal"))
    assert told[0] == "--tests is of one circuit. Got --curve, too. Leave one of them out."
    assert told[1].startswith("tests need hundreds of circuits")


def test_paths_begin_at_an_embedding_and_end_at_the_logits():
    graph = ew.Graph(layers=3, heads=4, key_readers=2, embeddings=("tok", "pos"))
    draws = Draws(graph, 1)
    for _ in range(20):
        path = draws.path()
        assert graph.readers[path[0][0]] == "logits"
        assert graph.sources[path[-1][1]] in graph.embeddings
        for (_, source), (reader, _) in pairwise(path):
            assert graph.sources[source] in graph.head_of_reader(graph.readers[reader])
        assert torch.equal(
            Circuit(graph, draws.marked(path)).prune().kept, Circuit(graph, draws.marked(path)).kept
        )
