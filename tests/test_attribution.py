"""Edge attribution from plain runs is the gradient of the patched forward at mask 1, for every edge."""

import pytest
import torch

import edgewise.patching.attribution as attribution
from edgewise.circuit import Scores
from edgewise.errors import BadInput
from edgewise.graph import Graph
from edgewise.methods.eap import batch_gradients, eap
from edgewise.patching.forward import patched_logits
from edgewise.patching.replacements import replacer
from edgewise.tasks.metrics import METRICS
from edgewise.tasks.pairs import Batch, Pairs
from tiny_models import KINDS, tiny_model, tiny_tokens

EVERY_KIND = pytest.mark.parametrize("kind", KINDS)
ABLATIONS = pytest.mark.parametrize("ablation", ["corrupted", "zero", "mean"])
GRADED = [name for name, metric in METRICS.items() if metric.differentiable and name != "kl"]


def tiny_batch(examples=3):
    return Batch(
        clean=tiny_tokens(1, examples),
        corrupted=tiny_tokens(2, examples),
        read=torch.tensor([[6], [4], [5]])[:examples],
        correct=torch.tensor([[1], [2], [3]])[:examples],
        wrong=torch.tensor([[4], [5], [6]])[:examples],
        target=torch.tensor([[[0.5]], [[1.0]], [[-1.0]]])[:examples],
        index=torch.arange(examples),
    )


def tiny_pairs(lengths=(7, 7, 7, 5, 5, 4)):
    entries = []
    for index, length in enumerate(lengths):
        clean, corrupted = (tiny_tokens(seed + index, 1, length)[0].tolist() for seed in (10, 30))
        answers = {"correct": [1 + index], "wrong": [20, 21 + index]}
        entries.append({"clean": clean, "corrupted": corrupted, **answers, "target": [0.5]})
    return Pairs.from_list(entries, tiny_model("plain"))


def mask_gradient(model, batch, metric, replacements):
    """The slow way: the gradient of the masked forward where all masks are 1, on real edges."""
    graph = Graph.of(model.config)
    mask = torch.ones(graph.shape, dtype=torch.float64, requires_grad=True)
    logits = patched_logits(model, batch.clean, mask, replacements, read=batch.read)
    goodness = metric.goodness(metric(logits, batch)).sum()
    return torch.autograd.grad(goodness, mask)[0] * graph.edges


@EVERY_KIND
@ABLATIONS
def test_attribution_is_the_masks_gradient_at_the_clean_run(kind, ablation):
    model, batch, metric = tiny_model(kind), tiny_batch(), METRICS["logit-diff"]
    replacing = replacer(ablation, model, lambda: [batch.corrupted], aligned=True)
    expected = mask_gradient(model, batch, metric, replacing.replacements(batch.corrupted))
    torch.testing.assert_close(
        batch_gradients(model, batch, metric, replacing), expected, rtol=1e-9, atol=1e-12
    )
    assert expected.abs().max() > 1e-3


@pytest.mark.parametrize("name", GRADED)
def test_attribution_is_the_masks_gradient_for_every_metric(name):
    model, batch, metric = tiny_model("plain"), tiny_batch(), METRICS[name]
    replacing = replacer("corrupted", model, list)
    expected = mask_gradient(model, batch, metric, replacing.replacements(batch.corrupted))
    torch.testing.assert_close(
        batch_gradients(model, batch, metric, replacing), expected, rtol=1e-9, atol=1e-12
    )
    assert expected.abs().max() > 1e-6


@EVERY_KIND
def test_the_size_of_a_chunk_changes_nothing(kind, monkeypatch):
    model, batch, metric = tiny_model(kind), tiny_batch(), METRICS["logit-diff"]
    replacing = replacer("corrupted", model, list)
    whole = batch_gradients(model, batch, metric, replacing)
    monkeypatch.setattr(attribution, "LARGEST_CHUNK", 1)
    torch.testing.assert_close(
        batch_gradients(model, batch, metric, replacing), whole, rtol=1e-10, atol=1e-13
    )


def test_where_the_model_is_linear_a_score_is_what_removing_the_edge_does():
    """No norm, and edges into the logits: the logits are linear in the stream they read."""
    model, batch, metric = tiny_model("no norm"), tiny_batch(), METRICS["logit-diff"]
    graph = Graph.of(model.config)
    replacing = replacer("corrupted", model, list)
    scores = batch_gradients(model, batch, metric, replacing)
    replacements = replacing.replacements(batch.corrupted)
    masks = torch.ones(len(graph.sources), *graph.shape, dtype=torch.float64)
    masks[range(len(graph.sources)), -1, range(len(graph.sources))] = 0
    full = metric(model(batch.clean, batch.read), batch).sum()
    removed = metric(patched_logits(model, batch.clean, masks, replacements, read=batch.read), batch).sum(-1)
    torch.testing.assert_close(scores[-1], full - removed, rtol=1e-9, atol=1e-10)


def test_a_positive_score_means_that_keeping_the_edge_helps_whichever_way_the_metric_points():
    model, pairs = tiny_model("no norm"), tiny_pairs()
    replacing = replacer("corrupted", model, list)
    up, down = (eap(model, pairs, METRICS[name], replacing) for name in ("prob-diff", "neg-log-prob"))
    batch = next(pairs[:1].batches(1))
    replacements = replacing.replacements(batch.corrupted)
    for scores, metric in ((up, METRICS["prob-diff"]), (down, METRICS["neg-log-prob"])):
        graph = scores.graph
        alone = eap(model, pairs[:1], metric, replacing)
        for edge in list(dict(alone.ranking()))[:5]:
            mask = torch.ones(graph.shape, dtype=torch.float64)
            mask[graph.edge_index(edge)] = 1 - 1e-4
            less = metric(patched_logits(model, batch.clean, mask, replacements, read=batch.read), batch)
            full = metric(model(batch.clean, batch.read), batch)
            assert (metric.goodness(full - less) > 0) == (alone.of(edge) > 0)


@pytest.mark.parametrize("ablation", ["corrupted", "zero", "mean"])
def test_batch_size_and_order_of_examples_change_no_score(ablation):
    model, pairs = tiny_model("plain"), tiny_pairs()
    metric = METRICS["logit-diff"]
    prompts = [batch.corrupted for batch in pairs.batches(2)]
    replacing = replacer(ablation, model, lambda: prompts, pairs.aligned)
    whole = eap(model, pairs, metric, replacing)
    for batch_size in (1, 2, 100):
        again = eap(model, pairs, metric, replacing, batch_size=batch_size)
        torch.testing.assert_close(again.values, whole.values, rtol=1e-6, atol=1e-9)
    backwards = eap(model, Pairs(pairs.pairs[::-1]), metric, replacing)
    torch.testing.assert_close(backwards.values, whole.values, rtol=1e-6, atol=1e-9)


def test_scores_are_the_mean_over_examples_of_each_examples_score():
    model, pairs = tiny_model("plain"), tiny_pairs()
    replacing = replacer("corrupted", model, list)
    each = [eap(model, pairs[i : i + 1], METRICS["logit-diff"], replacing).values for i in range(len(pairs))]
    whole = eap(model, pairs, METRICS["logit-diff"], replacing)
    torch.testing.assert_close(whole.values, torch.stack(each).mean(0), rtol=1e-5, atol=1e-8)
    assert isinstance(whole, Scores)


def test_a_metric_that_is_flat_at_the_clean_run_is_refused_with_the_reason():
    model, pairs = tiny_model("plain"), tiny_pairs()
    with pytest.raises(BadInput, match="its minimum, so every gradient there is zero"):
        eap(model, pairs, METRICS["kl"], replacer("corrupted", model, list))
    with pytest.raises(BadInput, match="has none"):
        eap(model, pairs, METRICS["accuracy"], replacer("corrupted", model, list))


def test_gradients_leave_nothing_behind_on_the_model():
    model, batch = tiny_model("plain"), tiny_batch()
    batch_gradients(model, batch, METRICS["logit-diff"], replacer("corrupted", model, list))
    assert all(parameter.grad is None for parameter in model.parameters())
    assert not any(parameter.requires_grad for parameter in model.parameters())


def test_half_precision_scores_are_near_those_of_float32():
    batch, metric = tiny_batch(), METRICS["logit-diff"]
    exact, rough = (
        batch_gradients(model, batch, metric, replacer("corrupted", model, list)).double()
        for model in (tiny_model("plain", dtype=dtype) for dtype in (torch.float32, torch.bfloat16))
    )
    correlation = torch.corrcoef(torch.stack((exact.flatten(), rough.flatten())))[0, 1]
    assert correlation > 0.99


def test_pairs_without_corrupted_prompts_are_not_run_against_themselves():
    model = tiny_model("plain")
    pairs = Pairs.from_list([{"clean": [1, 2, 3], "correct": 1, "wrong": 2}], model)
    with pytest.raises(BadInput, match="needs corrupted prompts"):
        eap(model, pairs, METRICS["logit-diff"], replacer("corrupted", model, list))
    assert eap(model, pairs, METRICS["logit-diff"], replacer("zero", model, list)).values.any()
