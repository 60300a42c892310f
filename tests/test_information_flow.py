"""Information flow routes beside plain loops over readers, sources, examples and positions."""

import pytest
import torch

import edgewise.methods.information_flow as flow
from edgewise.errors import BadNumbers
from edgewise.graph import Graph
from edgewise.methods.information_flow import batch_importances, check, information_flow
from edgewise.models.tape import SOURCES, STREAMS
from edgewise.patching.replacements import replacer, run_tape
from edgewise.tasks.metrics import METRICS
from edgewise.tasks.pairs import Pairs
from tiny_models import KINDS, tiny_model, tiny_tokens

EVERY_KIND = pytest.mark.parametrize("kind", KINDS)
METRIC = METRICS["logit-diff"]


def tiny_pairs(lengths=(7, 7, 5, 4)):
    rows = [{"clean": tiny_tokens(seed, 1, length)[0].tolist()} for seed, length in enumerate(lengths)]
    return Pairs.from_list(rows, tiny_model("plain"))


def scores_of(model, pairs, **named):
    return information_flow(model, pairs, METRIC, replacer("zero", model, list), **named)


def written_by_name(model, tape):
    """What each source writes, [examples, positions, width]."""
    names = Graph.of(model.config).embeddings
    found = dict(zip(names, tape["embedding"], strict=True))
    for index, layer in enumerate(model.layers):
        for head in range(model.config.heads):
            alone = torch.zeros_like(tape["head"][index])
            alone[:, :, head] = tape["head"][index][:, :, head]
            found[f"a{index}.h{head}"] = layer.write_heads(alone) - layer.write_heads(0 * alone)
        if layer.mlp is not None:
            found[f"m{index}"] = tape["mlp"][index]
    return found


def stream_of(reader, tape):
    if reader == "logits":
        return tape["final_input"][0]
    layer = int(reader[1:].split(".")[0])
    return tape["mlp_input" if reader.startswith("m") else "attention_input"][layer]


def slow_importances(model, tokens):
    """As the formula reads; the mean over positions, summed over examples."""
    graph, tape = Graph.of(model.config), run_tape(model, tokens, *SOURCES, *STREAMS)
    written = written_by_name(model, tape)
    total = torch.zeros(graph.shape, dtype=torch.float64)
    for row, reader in enumerate(graph.readers):
        whole = stream_of(reader, tape)
        seen = graph.sources[: graph.visible[row]]
        for example in range(tokens.shape[0]):
            for position in range(tokens.shape[1]):
                x = whole[example, position]
                near = [
                    max(0.0, float(x.abs().sum() - (written[name][example, position] - x).abs().sum()))
                    for name in seen
                ]
                for column, each in enumerate(near):
                    total[row, column] += each / (sum(near) or 1) / tokens.shape[1]
    return total


@EVERY_KIND
def test_importances_are_what_the_formula_says(kind):
    model, tokens = tiny_model(kind), tiny_tokens(1, 2, 4)
    found, expected = batch_importances(model, tokens), slow_importances(model, tokens)
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-12)
    assert len(expected.unique()) > 20


@EVERY_KIND
def test_what_a_reader_sees_adds_up_to_one(kind):
    scores = scores_of(tiny_model(kind), tiny_pairs()).values
    torch.testing.assert_close(scores.sum(1), torch.ones(len(scores)), rtol=1e-5, atol=1e-5)
    assert (scores >= 0).all()


def test_a_stream_of_nothing_gives_nothing():
    model = tiny_model("rotary")
    model.token_embedding.zero_()
    scores = scores_of(model, tiny_pairs())
    assert not scores.values[scores.graph.head_readers(0)].any()
    assert scores.values[-1].any()


def test_a_source_that_writes_nothing_flows_nowhere():
    model = tiny_model("plain", dtype=torch.float32)
    model.layers[0].attention.output_weight[2] = 0
    scores = scores_of(model, tiny_pairs())
    assert scores.by_source()["a0.h2"].strongest == 0
    assert scores.by_source()["a0.h1"].strongest > 0


def test_what_belongs_to_no_source_is_part_of_the_stream():
    """An output bias as large as all else makes the embedding's part of the stream less like the whole."""
    model, pairs = tiny_model("attention-only"), tiny_pairs()
    before = scores_of(model, pairs)
    model.layers[0].attention.output_bias += 5.0
    after = scores_of(model, pairs)
    assert torch.equal(
        after.values[before.graph.head_readers(0)], before.values[before.graph.head_readers(0)]
    )
    assert (after.values - before.values).abs().max() > 0.01


def test_edges_to_the_q_k_and_v_of_a_layer_tie():
    scores = scores_of(tiny_model("grouped readers"), tiny_pairs())
    for layer in range(scores.graph.layers):
        rows = scores.values[scores.graph.head_readers(layer)]
        assert torch.equal(rows, rows[:1].expand_as(rows))


@EVERY_KIND
def test_the_size_of_a_chunk_changes_nothing(kind, monkeypatch):
    model, tokens = tiny_model(kind), tiny_tokens(1, 3, 5)
    whole = batch_importances(model, tokens)
    graph = Graph.of(model.config)
    for tokens_at_once in (1, 4):
        size = tokens_at_once * len(graph.sources) * model.config.width * 8
        monkeypatch.setattr(flow, "LARGEST_CHUNK", size)
        torch.testing.assert_close(batch_importances(model, tokens), whole, rtol=1e-10, atol=1e-13)


def test_no_more_than_a_chunk_is_ever_written_out(monkeypatch):
    model, tokens = tiny_model("plain"), tiny_tokens(1, 3, 5)
    sources, width = len(Graph.of(model.config).sources), model.config.width
    monkeypatch.setattr(flow, "LARGEST_CHUNK", 2 * sources * width * 8)
    seen = []
    expand = flow.expand

    def noting(*given):
        seen.append(given[-1])
        return expand(*given)

    monkeypatch.setattr(flow, "expand", noting)
    batch_importances(model, tokens)
    assert sorted(each.shape[1] for each in seen) == [1] + [2] * 7


def test_batch_size_and_order_of_examples_change_no_score():
    model, pairs = tiny_model("plain"), tiny_pairs((7, 5, 7, 4, 7))
    whole = scores_of(model, pairs).values
    for batch_size in (1, 2):
        again = scores_of(model, pairs, batch_size=batch_size).values
        torch.testing.assert_close(again, whole, rtol=1e-6, atol=1e-8)
    backwards = scores_of(model, Pairs(pairs.pairs[::-1])).values
    torch.testing.assert_close(backwards, whole, rtol=1e-6, atol=1e-8)


def test_each_example_counts_alike_however_long_it_is():
    model, pairs = tiny_model("plain"), tiny_pairs()
    each = [scores_of(model, pairs[index : index + 1]).values for index in range(len(pairs))]
    torch.testing.assert_close(scores_of(model, pairs).values, torch.stack(each).mean(0))


def test_neither_metric_nor_replacements_are_used():
    model = tiny_model("plain")
    rows = [{"clean": [1, 2, 3, 4], "corrupted": [5, 2, 3, 4], "correct": 1, "wrong": 2}]
    pairs = Pairs.from_list(rows, model)
    expected = scores_of(model, pairs)
    for name, metric in METRICS.items():
        assert check(metric, pairs) == [], name
        for ablation in ("zero", "corrupted"):
            again = information_flow(model, pairs, metric, replacer(ablation, model, list))
            assert again == expected


def test_half_precision_is_taken_apart_in_float32():
    tokens = tiny_tokens(1)
    rough = batch_importances(tiny_model("plain", dtype=torch.bfloat16), tokens)
    exact = batch_importances(tiny_model("plain", dtype=torch.float32), tokens)
    assert rough.dtype == torch.float32
    torch.testing.assert_close(rough, exact, rtol=0.1, atol=0.05)


def test_numbers_that_are_not_finite_are_refused():
    model = tiny_model("plain")
    model.layers[1].mlp.down_bias[0] = torch.nan
    with pytest.raises(BadNumbers, match="layer 1"):
        scores_of(model, tiny_pairs())
