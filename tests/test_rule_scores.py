"""RelP conserves what it shares out; scores by rules are those of the slow run under them."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

import edgewise as ew
from edgewise.graph import Graph
from edgewise.methods.eap import batch_gradients, by_rules
from edgewise.models.config import ModelConfig, Rotary
from edgewise.models.random import random_model
from edgewise.models.rules import PLAIN, Rules
from edgewise.patching.replacements import replacer
from edgewise.tasks.metrics import METRICS
from patched_cases import EVERY_KIND
from rule_cases import EVERY_RULE, EXACT, GIM, RELP
from slow_run import SlowScores
from test_attribution import tiny_batch, tiny_pairs
from tiny_models import COMMON, tiny_model, tiny_tokens

GATED = {**COMMON, "norm": "rms", "gated": True, "activation": "silu", "query_bias": False, "mlp_bias": False}
CONSERVING = {
    "no positions": {"positions": "none"},
    "rotary": {"positions": "none", "rotaries": (Rotary((1.0, 0.1)),) * 3},
    "grouped": {"key_value_heads": 2, "query_key_norm": "head"},
    "parallel": {"parallel": True},
    "post-norm": {"post_norm": True},
    "not gated": {"gated": False, "activation": "gelu"},
}
CONSERVED = pytest.mark.parametrize("kind", CONSERVING)


def conserving_model(kind):
    return random_model(ModelConfig(**{**GATED, **CONSERVING[kind]}), dtype=torch.float64)


@CONSERVED
def test_the_embedding_times_its_relevance_adds_up_to_the_logit(kind):
    model, tokens = conserving_model(kind), tiny_tokens(1)
    found = {}
    for name, rules in {"relp": RELP, "plain": PLAIN}.items():
        leaves = [each.clone().requires_grad_() for each in model.embed(tokens)]
        logit = model.run(leaves, rules=rules)[:, -1, 7]
        logit.sum().backward()
        found[name] = sum((leaf * leaf.grad).sum((1, 2)).detach() for leaf in leaves)
    torch.testing.assert_close(found["relp"], logit.detach(), **EXACT)
    assert not torch.allclose(found["plain"], logit, rtol=0.01)


@CONSERVED
def test_by_relp_what_comes_into_a_node_goes_out_of_it(kind):
    model, batch, metric = conserving_model(kind), tiny_batch(), METRICS["logit-diff"]
    scores = batch_gradients(model, batch, metric, replacer("zero", model, list), RELP)
    graph = Graph.of(model.config)
    for name in graph.sources[1:]:
        rows = [row for row, reader in enumerate(graph.readers) if name in graph.head_of_reader(reader)]
        source = graph.source_index[name]
        torch.testing.assert_close(scores[rows].sum(), scores[:, source].sum(), **EXACT)
    whole = metric(model(batch.clean, batch.read), batch).sum()
    torch.testing.assert_close(scores[-1].sum(), whole, **EXACT)
    torch.testing.assert_close(scores[:, 0].sum(), whole, **EXACT)
    assert whole.abs() > 0.1


@EVERY_KIND
def test_by_relp_edges_into_queries_and_keys_score_zero_and_those_into_values_do_not(kind):
    scores = ew.discover(tiny_model(kind), tiny_pairs((7, 7)), "relp", metric="logit-diff")
    for layer in range(3):
        for part in "qk":
            assert not scores.values[scores.graph.part_readers(layer, part)].any()
        assert scores.values[scores.graph.part_readers(layer, "v")].abs().max() > 1e-4


# Scores by rules.


@EVERY_KIND
@pytest.mark.parametrize("name", ["frozen norms", "relp", "gim"])
def test_scores_by_rules_are_those_of_the_slow_run_under_the_same_rules(kind, name):
    model, batch, metric = tiny_model(kind), tiny_batch(), METRICS["neg-log-prob"]
    replacing = replacer("corrupted", model, list)
    slow = SlowScores(model, batch, metric, replacing)
    expected = slow.scores(rules=EVERY_RULE[name])
    found = batch_gradients(model, batch, metric, replacing, EVERY_RULE[name])
    torch.testing.assert_close(found, expected, rtol=1e-7, atol=1e-11)
    if name != "frozen norms" or kind != "no norm":
        assert not torch.allclose(expected, slow.scores(), rtol=0.01)


def test_frozen_norms_where_there_are_none_are_eap():
    model, batch, metric = tiny_model("no norm"), tiny_batch(), METRICS["logit-diff"]
    found, expected = (
        batch_gradients(model, batch, metric, replacer("corrupted", model, list), rules)
        for rules in (Rules(frozen_norms=True), PLAIN)
    )
    torch.testing.assert_close(found, expected, **EXACT)


@pytest.mark.parametrize("kind", ["plain", "post-norm"])
@pytest.mark.parametrize(
    ("method", "options", "rules"),
    [
        ("relp", {}, RELP),
        ("gim", {}, GIM),
        ("gim", {"temperature": 1.0}, replace(GIM, temperature=1.0)),
        ("eap", {}, PLAIN),
    ],
)
def test_each_method_goes_by_its_own_rules(kind, method, options, rules):
    model, pairs = tiny_model(kind), tiny_pairs((7, 7, 5))
    found = ew.discover(model, pairs, method, metric="logit-diff", **options)
    expected = by_rules(
        model, pairs, METRICS["logit-diff"], replacer("corrupted", model, list), rules, 2, None
    )
    torch.testing.assert_close(found.values, expected.values, rtol=1e-5, atol=1e-7)
