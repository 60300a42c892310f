"""Faithfulness: its laws, a slow oracle, and what is said where it has no value."""

import json
import math
from dataclasses import replace

import pytest
import torch

import edgewise as ew
from edgewise.errors import BadInput, BadNumbers
from edgewise.evaluation.evaluation import Evaluation
from edgewise.evaluation.faithfulness import evaluate_circuits
from edgewise.tasks.ablations import replacer_for
from edgewise.tasks.metrics import METRICS
from graphs import some_circuit
from tiny_runs import entries, tiny_model

ABLATIONS = ["corrupted", "zero", "mean"]


@pytest.fixture(scope="module")
def model():
    return tiny_model().double()


@pytest.fixture(scope="module")
def pairs(model):
    return ew.Pairs.from_list(entries(12), model)


@pytest.fixture(scope="module")
def graph(model):
    return ew.Graph.of(model.config)


@pytest.mark.parametrize("metric", ["logit-diff", "prob-diff", "neg-log-prob", "kl", "mean-squared-error"])
@pytest.mark.parametrize("ablation", ABLATIONS)
def test_a_full_circuit_is_the_model_and_an_empty_one_is_everything_replaced(
    model, pairs, graph, metric, ablation
):
    full = ew.evaluate(model, pairs, ew.Circuit.full(graph), metric=metric, ablation=ablation)
    assert full.faithfulness == pytest.approx(1, abs=1e-9)
    assert full.kl == pytest.approx(0, abs=1e-9)
    assert full.accuracy == full.full_accuracy
    empty = ew.evaluate(model, pairs, ew.Circuit.empty(graph), metric=metric, ablation=ablation)
    assert empty.faithfulness == pytest.approx(0, abs=1e-9)
    assert empty.per_example["circuit"] == pytest.approx(empty.per_example["replaced"], abs=1e-9)


@pytest.mark.parametrize("ablation", ABLATIONS)
def test_batch_size_changes_nothing_and_examples_stay_in_their_order(model, pairs, graph, ablation):
    circuit = some_circuit(graph, seed=3)
    together = ew.evaluate(model, pairs, circuit, ablation=ablation)
    alone = ew.evaluate(model, pairs, circuit, ablation=ablation, batch_size=1)
    assert together.faithfulness == pytest.approx(alone.faithfulness, rel=1e-9)
    assert together.kl == pytest.approx(alone.kl, rel=1e-9)
    for name, values in together.per_example.items():
        assert values == pytest.approx(alone.per_example[name], rel=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_every_number_equals_a_slow_example_by_example_account(model, pairs, graph, seed):
    circuit = some_circuit(graph, seed)
    kl, hits, values = [], [], {"full": [], "replaced": [], "circuit": []}
    for pair in pairs:
        clean, corrupted = torch.tensor([pair.clean]), torch.tensor([pair.corrupted])
        replaced = ew.Replacements.of_run(model, corrupted)
        alone = ew.patched_logits(model, clean, circuit.mask(model.dtype), replaced, live_only=False)[0, -1]
        full = model(clean)[0, -1]
        for name, logits in (("full", full), ("replaced", model(corrupted)[0, -1]), ("circuit", alone)):
            values[name].append((logits[pair.correct[0]] - logits[pair.wrong[0]]).item())
        kl.append(torch.nn.functional.kl_div(alone.log_softmax(0), full.softmax(0), reduction="sum").item())
        hits.append(alone.argmax().item() == pair.correct[0])
    got = ew.evaluate(model, pairs, circuit, batch_size=5)
    for name, expected in values.items():
        assert got.per_example[name] == pytest.approx(expected, rel=1e-9)
    means = {name: sum(numbers) / len(numbers) for name, numbers in values.items()}
    assert (got.full, got.replaced, got.circuit) == pytest.approx(tuple(means.values()))
    ratio = (means["circuit"] - means["replaced"]) / (means["full"] - means["replaced"])
    assert got.faithfulness == pytest.approx(ratio)
    assert got.kl == pytest.approx(sum(kl) / len(kl))
    assert got.accuracy == sum(hits) / len(hits)
    assert (got.edges, got.graph_edges) == (len(circuit), graph.edge_count)


def test_several_circuits_together_equal_one_at_a_time(model, pairs, graph):
    circuits = [some_circuit(graph, seed) for seed in range(4)]
    replacer = replacer_for("corrupted", model, pairs, 16)
    together = evaluate_circuits(model, pairs, circuits, METRICS["logit-diff"], lambda _: replacer)
    assert together == [ew.evaluate(model, pairs, circuit) for circuit in circuits]


def test_where_nothing_is_lost_by_replacing_faithfulness_is_not_defined_and_the_reason_is_told(model, graph):
    same = [{**entry, "corrupted": entry["clean"]} for entry in entries(3)]
    found = ew.evaluate(model, ew.Pairs.from_list(same, model), ew.Circuit.empty(graph))
    assert found.faithfulness is None
    assert "full model and everything replaced have the same logit-diff" in str(found)


def test_without_correct_answers_there_is_no_accuracy(model, graph):
    pairs = ew.Pairs.from_list([{"clean": [1, 2, 3], "corrupted": [1, 4, 3]}], model)
    found = ew.evaluate(model, pairs, ew.Circuit.full(graph), metric="kl")
    assert found.accuracy is None
    assert "accuracy" not in str(found)


@pytest.mark.parametrize(
    ("metric", "full", "replaced", "right", "doubted"),
    [
        ("logit-diff", 2.0, 1.0, 0.9, ""),
        ("logit-diff", 1.0, 2.0, 0.9, "by logit-diff the full model does no better than with everything"),
        ("neg-log-prob", 1.0, 2.0, 0.5, ""),
        ("neg-log-prob", 2.0, 2.0, 0.9, "by neg-log-prob the full model does no better"),
        ("kl", 0.0, 2.0, None, ""),
        ("kl", 0.0, 2.0, 0.25, "the full model is right on 25% of these prompts"),
    ],
)
def test_a_model_that_cannot_do_the_task_is_told(model, pairs, graph, metric, full, replaced, right, doubted):
    found = ew.evaluate(model, pairs, ew.Circuit.full(graph), metric=metric)
    found = replace(found, full=full, replaced=replaced, full_accuracy=right)
    assert len(found.doubts) == bool(doubted)
    assert "".join(found.doubts).startswith(doubted)


def test_an_evaluation_goes_through_json_and_names_how_it_was_made(model, pairs, graph):
    found = ew.evaluate(model, pairs, some_circuit(graph, 1), ablation="zero")
    written = json.loads(json.dumps(found.to_dict()))
    assert Evaluation.from_dict(written) == found
    assert {name: written[name] for name in ("ablation", "granularity", "averaging")} == {
        "ablation": "zero",
        "granularity": "edges",
        "averaging": "ratio-of-means",
    }
    for words in ("logit-diff on 12 prompt pairs, ablation zero, by edges", "(ratio-of-means)"):
        assert words in str(found)
    with pytest.raises(BadInput, match="must hold kl"):
        Evaluation.from_dict({name: value for name, value in written.items() if name != "kl"})


def test_all_problems_are_told_at_once(model, graph):
    pairs = ew.Pairs.from_list([{"clean": [1, 2]}], model)
    with pytest.raises(BadInput) as caught:
        ew.evaluate(model, pairs, ew.Circuit.full(graph))
    assert [problem.split(".")[0] for problem in caught.value.problems] == [
        "metric 'logit-diff' needs 'correct' answers in every pair",
        "metric 'logit-diff' needs 'wrong' answers in every pair",
        "ablation 'corrupted' needs a corrupted prompt in every pair",
    ]


def test_a_circuit_of_another_graph_is_refused(model, pairs):
    with pytest.raises(BadInput, match="scores and circuits of one graph"):
        ew.evaluate(model, pairs, ew.Circuit.full(ew.Graph(1, 2, 2)))


BREAK = {
    "the embedding": lambda model: model.token_embedding,
    "the attention of layer 1": lambda model: model.layers[1].attention.output_weight,
    "the MLP of layer 0": lambda model: model.layers[0].mlp_norm.weight,
    "the logits' own norm and matrix": lambda model: model.unembed_weight,
}


@pytest.mark.parametrize("where", BREAK)
@pytest.mark.parametrize("number", [math.nan, math.inf])
def test_numbers_that_are_not_finite_are_refused_with_where_they_begin(where, number):
    model = tiny_model()
    weight = BREAK[where](model).data
    weight[(0,) * weight.ndim] = number
    pairs = ew.Pairs.from_list(
        [{**entry, "clean": [0, 0, 0], "corrupted": [0, 1, 0]} for entry in entries(2)], model
    )
    asked = f"clean prompt of pair number 1: {where} is the first"
    with pytest.raises(BadNumbers, match=asked):
        ew.discover(model, pairs)
    with pytest.raises(BadNumbers, match=asked):
        ew.evaluate(model, pairs, ew.Circuit.full(ew.Graph.of(model.config)))


def test_numbers_that_break_on_a_corrupted_prompt_alone_are_found_there():
    model = tiny_model()
    model.token_embedding.data[8] = math.inf
    pairs = ew.Pairs.from_list(
        [{"clean": [1, 2, 3], "corrupted": [1, 2 + 6 * row, 3], "correct": 1, "wrong": 2} for row in (0, 1)],
        model,
    )
    with pytest.raises(BadNumbers, match="corrupted prompt of pair number 2: the embedding is the first"):
        ew.discover(model, pairs)
