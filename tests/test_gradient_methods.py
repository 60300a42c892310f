"""The methods that score by gradients at several runs, against slow oracles."""

import itertools

import pytest
import torch

import edgewise as ew
from edgewise.graph import Graph
from edgewise.methods.clean_corrupted import BOTH_ENDS
from edgewise.methods.eap import batch_gradients
from edgewise.methods.eap_ig_activations import batch_scores
from edgewise.methods.gradients import between_ends
from edgewise.patching.forward import patched_logits
from edgewise.patching.replacements import replacer
from edgewise.tasks.metrics import METRICS
from gradient_cases import (
    EXACT,
    SOME_KINDS,
    replacing_for,
    same_as_float32,
    score,
    with_ablations,
)
from patched_cases import EVERY_KIND, slow_patched_logits
from slow_run import SlowScores, mean_of_batches, slow_run
from test_attribution import tiny_batch, tiny_pairs
from tiny_models import KINDS, tiny_model, tiny_tokens

# The oracle itself.


@EVERY_KIND
def test_the_slow_run_is_the_models_own(kind):
    model, tokens = tiny_model(kind), tiny_tokens(1)
    run = slow_run(model, model.embed(tokens))
    torch.testing.assert_close(run.logits, model(tokens), rtol=1e-11, atol=1e-12)


@with_ablations(KINDS)
def test_the_slow_scores_at_the_clean_run_are_eap(kind, ablation):
    model, batch, metric = tiny_model(kind), tiny_batch(), METRICS["neg-log-prob"]
    replacing = replacing_for(ablation, model, batch)
    slow = SlowScores(model, batch, metric, replacing).scores()
    torch.testing.assert_close(batch_gradients(model, batch, metric, replacing), slow, **EXACT)
    assert slow.abs().max() > 1e-3


# Runs between the ends.


@with_ablations(KINDS)
def test_scores_between_the_ends_are_those_of_the_slow_runs(kind, ablation):
    model, batch, metric = tiny_model(kind), tiny_batch(), METRICS["neg-log-prob"]
    replacing = replacing_for(ablation, model, batch)
    slow = SlowScores(model, batch, metric, replacing)
    for shares in (BOTH_ENDS, {0.0: 0.5, 0.3: 0.3, 0.9: 0.2}):
        expected = sum(
            weight * slow.scores(slow.between(share, slow.graph.embeddings))
            for share, weight in shares.items()
        )
        torch.testing.assert_close(between_ends(model, batch, metric, replacing, shares), expected, **EXACT)
        assert not torch.allclose(expected, slow.scores(), rtol=0.01)


@pytest.mark.parametrize("ablation", ["corrupted", "mean"])
@pytest.mark.parametrize(
    ("method", "options", "shares"),
    [
        ("eap-ig-inputs", {"steps": 4}, (0, 0.25, 0.5, 0.75)),
        ("eap-ig-inputs", {"steps": 2, "points": "left"}, (0, 0.5)),
        ("eap-ig-inputs", {"steps": 2, "points": "midpoint"}, (0.25, 0.75)),
        ("eap-ig-inputs", {"steps": 2, "points": "right"}, (0.5, 1)),
        ("clean-corrupted", {}, (0, 1)),
    ],
)
def test_each_method_averages_over_the_shares_it_tells(ablation, method, options, shares):
    model, pairs = tiny_model("grouped readers"), tiny_pairs((7, 7, 5))
    prompts = [batch.corrupted for batch in pairs.batches(2)]
    replacing = replacer(ablation, model, lambda: prompts, pairs.aligned)

    def expected(slow):
        each = [slow.scores(slow.between(share, slow.graph.embeddings)) for share in shares]
        return torch.stack(each).mean(0)

    expected = mean_of_batches(model, pairs, METRICS["logit-diff"], replacing, expected)
    same_as_float32(score(method, model, pairs, ablation=ablation, **options), expected)


def test_integrated_inputs_take_five_steps_from_the_left_unless_told_otherwise():
    model, pairs = tiny_model("plain"), tiny_pairs((7, 7))
    told = score("eap-ig-inputs", model, pairs, steps=5, points="left")
    assert torch.equal(ew.discover(model, pairs, "eap-ig-inputs").values, told)
    assert not torch.allclose(told, score("eap-ig-inputs", model, pairs, steps=5, points="right"), rtol=0.01)


@pytest.mark.parametrize("kind", SOME_KINDS)
def test_one_step_that_ends_at_the_clean_run_is_eap(kind):
    model, pairs = tiny_model(kind), tiny_pairs((7, 7, 5))
    same_as_float32(score("eap-ig-inputs", model, pairs, steps=1, points="right"), score("eap", model, pairs))


# Runs in which one group of outputs lies between the ends.


def groups_of(graph):
    yield graph.embeddings
    for layer in range(graph.layers):
        yield graph.sources[graph.head_sources(layer)]
        if graph.mlps:
            yield (graph.sources[graph.mlp_source(layer)],)


@with_ablations(KINDS)
def test_scores_by_groups_are_those_of_the_slow_runs(kind, ablation):
    model, batch, metric = tiny_model(kind), tiny_batch(), METRICS["neg-log-prob"]
    replacing = replacing_for(ablation, model, batch)
    slow = SlowScores(model, batch, metric, replacing)
    runs = list(itertools.product(groups_of(slow.graph), (0.5, 1)))
    expected = sum(slow.scores(slow.between(share, group)) for group, share in runs) / len(runs)
    torch.testing.assert_close(batch_scores(model, batch, metric, replacing, 2), expected, **EXACT)
    assert len(runs) == 2 * (1 + 3 * (1 + slow.graph.mlps))


def test_integrated_activations_are_the_mean_over_examples():
    model, pairs = tiny_model("post-norm"), tiny_pairs((7, 5))
    replacing = replacer("corrupted", model, list)

    def expected(slow):
        runs = list(itertools.product(groups_of(slow.graph), (1 / 3, 2 / 3, 1)))
        return sum(slow.scores(slow.between(share, group)) for group, share in runs) / len(runs)

    expected = mean_of_batches(model, pairs, METRICS["logit-diff"], replacing, expected)
    same_as_float32(score("eap-ig-activations", model, pairs, steps=3), expected)


# Masks between the ends.


@with_ablations(SOME_KINDS)
def test_scores_by_masks_are_the_gradients_of_the_patched_run_taken_literally(kind, ablation):
    model, pairs, metric = tiny_model(kind), tiny_pairs((7, 7)), METRICS["neg-log-prob"]
    batch, graph = next(pairs.batches(2)), Graph.of(model.config)
    replacements = replacing_for(ablation, model, batch).replacements(batch.corrupted)
    expected = torch.zeros(graph.shape, dtype=torch.float64)
    for share in (0.25, 0.75):
        mask = torch.full(graph.shape, share, dtype=torch.float64, requires_grad=True)
        logits = slow_patched_logits(model, batch.clean, mask, replacements)
        logits = logits.gather(1, batch.read[..., None].expand(-1, -1, logits.shape[-1]))
        goodness = metric.goodness(metric(logits, batch)).sum()
        expected += torch.autograd.grad(goodness, mask)[0] / 2 / len(pairs)
    same_as_float32(
        score("eap-ig-mask", model, pairs, metric.name, ablation, steps=2), expected * graph.edges
    )


@pytest.mark.parametrize("metric", ["logit-diff", "kl"])
@pytest.mark.parametrize(
    ("kind", "ablation"),
    # A norm jumps where the stream is zero: with both, no number of steps is enough.
    [("plain", "corrupted"), ("grouped readers", "mean"), ("post-norm", "corrupted"), ("no norm", "zero")],
)
def test_scores_by_masks_add_up_to_what_the_whole_graph_does(kind, ablation, metric):
    model, pairs = tiny_model(kind), tiny_pairs((7, 7, 7))
    batch, judged = next(pairs.batches(3)), METRICS[metric]
    replacements = replacing_for(ablation, model, batch).replacements(batch.corrupted)
    nothing = torch.zeros(Graph.of(model.config).shape, dtype=torch.float64)
    full = model(batch.clean, batch.read)
    replaced = patched_logits(model, batch.clean, nothing, replacements, read=batch.read)
    kept, removed = (
        judged.goodness(judged(logits, batch, full)).mean().item() for logits in (full, replaced)
    )
    few, many = (
        abs(score("eap-ig-mask", model, pairs, metric, ablation, steps=steps).sum().item() - (kept - removed))
        for steps in (2, 16)
    )
    assert abs(kept - removed) > 0.02
    assert many < 0.05 * abs(kept - removed)
    assert many < few / 3
