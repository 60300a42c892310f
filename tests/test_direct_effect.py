"""The direct effect on the logit difference: what a source tells the logits itself, the final norm held."""

import pytest
import torch

from edgewise.errors import BadInput
from edgewise.graph import Graph
from edgewise.methods.direct_effect import batch_effects, check, direct_effect
from edgewise.methods.eap import batch_gradients
from edgewise.models.config import ModelConfig
from edgewise.models.random import random_model
from edgewise.models.rules import Rules
from edgewise.patching.forward import patched_logits
from edgewise.patching.replacements import Replacements, replacer
from edgewise.tasks.metrics import METRICS
from edgewise.tasks.pairs import Batch, Pairs
from tiny_models import COMMON, KINDS, tiny_model, tiny_tokens

EVERY_KIND = pytest.mark.parametrize("kind", KINDS)
ABLATIONS = pytest.mark.parametrize("ablation", ["corrupted", "zero", "mean"])
METRIC = METRICS["logit-diff"]


def tiny_batch():
    return Batch(
        clean=tiny_tokens(1),
        corrupted=tiny_tokens(2),
        read=torch.tensor([[6, 2], [4, 5], [5, 0]]),
        correct=torch.tensor([[1, -1], [2, 8], [3, -1]]),
        wrong=torch.tensor([[4], [5], [6]]),
        target=None,
        index=torch.arange(3),
    )


def tiny_pairs(model):
    entries = []
    for index, length in enumerate((7, 7, 5, 5, 4)):
        clean, corrupted = (tiny_tokens(seed + index, 1, length)[0].tolist() for seed in (10, 30))
        entries.append({"clean": clean, "corrupted": corrupted, "correct": 1 + index, "wrong": [20, 21]})
    return Pairs.from_list(entries, model)


def writes(model, replacements: Replacements):
    """What every source writes, one after the other, [sources, examples, positions, width]."""
    sources, found = replacements.sources, []
    found += sources.embeddings
    for index, layer in enumerate(model.layers):
        for head in range(model.config.heads):
            alone = torch.zeros_like(sources.heads[index])
            alone[..., head, :] = sources.heads[index][..., head, :]
            found.append(layer.write_heads(alone) - layer.write_heads(torch.zeros_like(alone)))
        if layer.mlp is not None:
            found.append(sources.mlps[index])
    return found


def by_hand(model, batch, replaced: Replacements):
    """One source at a time, through the norm's own formula with the clean run's scale."""
    clean = Replacements.of_run(model, batch.clean)
    norm, rows = model.final_norm, model.unembed_weight
    if norm.kind != "none":
        _, scale = norm.statistics(clean.final_input)
    effects = []
    for live, other in zip(writes(model, clean), writes(model, replaced), strict=True):
        moved = live - other
        if norm.kind == "layer":
            moved = moved - moved.mean(-1, keepdim=True)
        if norm.kind != "none":
            moved = moved * scale * norm.weight
        total = 0.0
        for example, reads in enumerate(batch.read.tolist()):
            correct, wrong = (
                rows[[token for token in each[example].tolist() if token >= 0]].mean(0)
                for each in (batch.correct, batch.wrong)
            )
            total += sum(float(moved[example, read] @ (correct - wrong)) for read in reads) / len(reads)
        effects.append(total)
    return torch.tensor(effects, dtype=torch.float64)


@EVERY_KIND
@ABLATIONS
def test_it_is_each_write_through_the_frozen_norm_and_the_unembedding(kind, ablation):
    model, batch = tiny_model(kind), tiny_batch()
    replacing = replacer(ablation, model, lambda: [batch.corrupted], aligned=True)
    expected = by_hand(model, batch, replacing.replacements(batch.corrupted))
    found = batch_effects(model, batch, replacing)
    torch.testing.assert_close(found[-1], expected, rtol=1e-9, atol=1e-11)
    assert not found[:-1].any()
    # Positions alone are the same in both prompts.
    assert (expected.abs() > 1e-6).sum() >= len(expected) - 1


@EVERY_KIND
@ABLATIONS
def test_it_is_eap_of_the_edges_into_the_logits_with_the_norm_frozen(kind, ablation):
    model, batch = tiny_model(kind), tiny_batch()
    replacing = replacer(ablation, model, lambda: [batch.corrupted], aligned=True)
    eap = batch_gradients(model, batch, METRIC, replacing, Rules(frozen_norms=True))
    torch.testing.assert_close(batch_effects(model, batch, replacing)[-1], eap[-1], rtol=1e-9, atol=1e-12)


def test_a_cap_on_the_logits_is_taken_to_first_order_as_eap_takes_it():
    settings = {**COMMON, **KINDS["post-norm"], "logit_softcap": 0.5}
    model, batch = random_model(ModelConfig(**settings), seed=0, dtype=torch.float64), tiny_batch()
    replacing = replacer("corrupted", model, list)
    eap = batch_gradients(model, batch, METRIC, replacing, Rules(frozen_norms=True))
    found = batch_effects(model, batch, replacing)
    torch.testing.assert_close(found[-1], eap[-1], rtol=1e-9, atol=1e-12)
    uncapped = by_hand(model, batch, replacing.replacements(batch.corrupted))
    assert not torch.allclose(found[-1], uncapped, rtol=1e-3)


@ABLATIONS
def test_without_a_final_norm_it_is_what_removing_the_edge_does(ablation):
    model, batch = tiny_model("no norm"), tiny_batch()
    graph = Graph.of(model.config)
    replacing = replacer(ablation, model, lambda: [batch.corrupted], aligned=True)
    sources = len(graph.sources)
    masks = torch.ones(sources, *graph.shape, dtype=torch.float64)
    masks[range(sources), -1, range(sources)] = 0
    logits = patched_logits(
        model, batch.clean, masks, replacing.replacements(batch.corrupted), read=batch.read
    )
    removed = METRIC(logits, batch).sum(-1)
    full = METRIC(model(batch.clean, batch.read), batch).sum()
    torch.testing.assert_close(
        batch_effects(model, batch, replacing)[-1], full - removed, rtol=1e-9, atol=1e-10
    )


def test_only_edges_into_the_logits_have_a_score_and_the_metric_has_no_part_in_it():
    model = tiny_model("plain")
    pairs, replacing = tiny_pairs(model), replacer("corrupted", model, list)
    scores = direct_effect(model, pairs, METRIC, replacing)
    assert not scores.values[:-1].any()
    assert (scores.values[-1] != 0).all()
    for name in ("kl", "accuracy"):
        assert direct_effect(model, pairs, METRICS[name], replacing) == scores
    assert scores.by_source()["a1.h2"].total == scores.of("a1.h2->logits")


def test_scores_are_the_mean_over_examples_and_batch_size_changes_none():
    model = tiny_model("plain")
    pairs, replacing = tiny_pairs(model), replacer("corrupted", model, list)
    whole = direct_effect(model, pairs, METRIC, replacing).values
    each = [direct_effect(model, pairs[i : i + 1], METRIC, replacing).values for i in range(len(pairs))]
    torch.testing.assert_close(torch.stack(each).mean(0), whole)
    torch.testing.assert_close(direct_effect(model, pairs, METRIC, replacing, batch_size=2).values, whole)


def test_nothing_is_left_on_the_model():
    model = tiny_model("plain")
    batch_effects(model, tiny_batch(), replacer("corrupted", model, list))
    assert all(parameter.grad is None for parameter in model.parameters())
    assert not any(parameter.requires_grad for parameter in model.parameters())


def test_pairs_without_answers_are_refused_with_everything_that_is_missing():
    model = tiny_model("plain")
    lines = [{"clean": [1, 2, 3], "corrupted": [1, 2, 4], "target": [0.5] * 50}]
    pairs = Pairs.from_list(lines, model)
    problems = [
        f"direct-effect needs {field!r} answers in every pair. Got none in pair 0. Add {field!r}, or choose "
        "another method."
        for field in ("correct", "wrong")
    ]
    assert check(METRIC, pairs) == problems
    with pytest.raises(BadInput) as caught:
        direct_effect(model, pairs, METRIC, replacer("corrupted", model, list))
    assert list(caught.value.problems) == problems
