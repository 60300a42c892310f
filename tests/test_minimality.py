"""What edges contribute to a circuit, what the rest does without it, and circuits that run together."""

import pytest
import torch

import edgewise as ew
from edgewise.circuit import Circuit
from edgewise.errors import BadInput
from edgewise.evaluation.faithfulness import evaluate_all, evaluate_circuits
from edgewise.evaluation.minimality import contributions
from edgewise.tasks.ablations import replacer_for
from edgewise.tasks.metrics import METRICS
from tiny_runs import entries, tiny_model


@pytest.fixture(scope="module")
def model():
    return tiny_model().double()


@pytest.fixture(scope="module")
def pairs(model):
    return ew.Pairs.from_list(entries(12), model)


@pytest.fixture(scope="module")
def scores(model, pairs):
    return ew.discover(model, pairs)


@pytest.mark.parametrize("ablation", ["corrupted", "zero", "mean"])
def test_a_contribution_is_the_faithfulness_that_goes_with_the_edge(model, pairs, scores, ablation):
    circuit = scores.top(20)
    found = contributions(model, pairs, circuit, ablation=ablation)
    whole = ew.evaluate(model, pairs, circuit, ablation=ablation).faithfulness
    for edge in list(circuit)[::3]:
        without = circuit - Circuit.of(circuit.graph, [edge])
        lost = whole - ew.evaluate(model, pairs, without, ablation=ablation).faithfulness
        assert found.of(edge) == pytest.approx(lost, abs=1e-9)
    assert not found.values[~circuit.kept].any()


def test_in_the_full_model_an_edges_contribution_is_its_exact_effect(model, pairs):
    graph = ew.Graph.of(model.config)
    found = contributions(model, pairs, Circuit.full(graph), metric="logit-diff")
    exact = ew.discover(model, pairs, "activation-patching", metric="logit-diff")
    full = ew.evaluate(model, pairs, Circuit.full(graph), metric="logit-diff")
    assert found.values * (full.full - full.replaced) == pytest.approx(exact.values.double(), abs=1e-6)


def test_an_edge_on_no_path_contributes_nothing(model, pairs):
    graph = ew.Graph.of(model.config)
    circuit = Circuit.of(graph, ["embed->logits", "embed->a0.h0<q>"])
    found = contributions(model, pairs, circuit)
    assert found.of("embed->a0.h0<q>") == pytest.approx(0, abs=1e-12)
    assert found.of("embed->logits") == pytest.approx(
        ew.evaluate(model, pairs, circuit).faithfulness, rel=1e-9
    )


def test_circuits_of_like_sizes_run_together_and_come_to_the_same(model, pairs, scores):
    """In any order, so that there are groups of one and of several, and of several replacers."""
    sizes = [20, 21, 22, 3, 46, 45, 44, 43, 0, 0, 1, 21]
    circuits = [scores.top(size) for size in sizes]
    one, other = (replacer_for(ablation, model, pairs, 16) for ablation in ("corrupted", "mean"))
    replacers = [one if place % 5 else other for place in range(len(sizes))]
    by_circuit = {id(circuit): each for circuit, each in zip(circuits, replacers, strict=True)}
    together = evaluate_circuits(
        model, pairs, circuits, METRICS["logit-diff"], lambda circuit: by_circuit.get(id(circuit), one), 5
    )
    for circuit, replacer, found in zip(circuits, replacers, together, strict=True):
        values = []
        for batch in pairs.batches(1):
            mask, given = circuit.mask(torch.float64), replacer.replacements(batch.corrupted)
            logits = ew.patched_logits(model, batch.clean, mask, given, read=batch.read)
            values += METRICS["logit-diff"](logits, batch).tolist()
        order = torch.cat([batch.index for batch in pairs.batches(1)]).argsort()
        assert found.per_example["circuit"] == pytest.approx(
            torch.tensor(values, dtype=torch.float64)[order].tolist(), rel=1e-9
        )


def test_an_empty_circuit_has_no_contributions(model, pairs):
    graph = ew.Graph.of(model.config)
    assert not contributions(model, pairs, Circuit.empty(graph)).values.any()


def test_the_rest_of_the_model_is_the_complement(model, pairs, scores):
    circuit = scores.top(20)
    [alone, rest] = evaluate_all(model, pairs, [circuit, ~circuit])
    assert alone.edges + rest.edges == circuit.graph.edge_count
    assert rest == ew.evaluate(model, pairs, ~circuit)


def test_all_that_is_wrong_is_told_at_once(model, pairs, scores):
    with pytest.raises(BadInput) as caught:
        contributions(model, pairs, scores.top(3), metric="logit", ablation="none")
    assert len(caught.value.problems) == 2


def test_nothing_contributes_where_nothing_is_lost(model):
    same = [{**entry, "corrupted": entry["clean"]} for entry in entries(6)]
    pairs = ew.Pairs.from_list(same, model)
    with pytest.raises(BadInput, match="no edge contributes to a faithfulness that is not defined"):
        contributions(model, pairs, Circuit.full(ew.Graph.of(model.config)))
