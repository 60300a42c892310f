"""Rules change what backward makes of a layer's parts, as their formulas say, and no number forward."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

import edgewise as ew
from edgewise.graph import Graph
from edgewise.methods.eap import batch_gradients, by_rules
from edgewise.models.config import ModelConfig, Rotary
from edgewise.models.layer import ACTIVATIONS, MLP, Norm
from edgewise.models.random import random_model
from edgewise.models.rules import PLAIN, Rules
from edgewise.patching.replacements import replacer
from edgewise.tasks.metrics import METRICS
from patched_cases import EVERY_KIND
from slow_run import SlowScores
from test_attribution import tiny_batch, tiny_pairs
from tiny_models import COMMON, tiny_model, tiny_tokens

RELP = Rules(frozen_norms=True, secant=True, frozen_pattern=True, gate=0.5, up=0.5)
GIM = Rules(frozen_norms=True, temperature=2.0, query=0.25, key=0.25, value=0.5, gate=0.5, up=0.5)
EXACT = {"rtol": 1e-9, "atol": 1e-12}
ONE_BY_ONE = {
    "frozen norms": Rules(frozen_norms=True),
    "secant": Rules(secant=True),
    "frozen pattern": Rules(frozen_pattern=True),
    "temperature": Rules(temperature=3.0),
    "query, key and value": Rules(query=0.3, key=0.7, value=-1.0),
    "gate and up": Rules(gate=0.3, up=0.7),
}
EVERY_RULE = {**ONE_BY_ONE, "relp": RELP, "gim": GIM}


def numbers(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def gradients(made, *given):
    """Those of a weighted sum of what was made, and the weights."""
    weights = numbers(*made.shape, seed=99)
    return weights, torch.autograd.grad((made * weights).sum(), given, materialize_grads=True)


def input_gradient(model, rules, tokens):
    leaves = [each.clone().requires_grad_() for each in model.embed(tokens)]
    model.run(leaves, rules=rules).log_softmax(-1)[..., 0].sum().backward()
    return torch.stack([leaf.grad for leaf in leaves])


@EVERY_KIND
def test_no_rule_changes_a_number_forward(kind):
    model, tokens = tiny_model(kind), tiny_tokens(1)
    expected = model(tokens)
    for rules in EVERY_RULE.values():
        found = model.run(model.embed(tokens), rules=rules)
        torch.testing.assert_close(found, expected, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("name", EVERY_RULE)
def test_every_rule_changes_what_comes_back(name):
    model, tokens = tiny_model("post-norm"), tiny_tokens(1)
    ordinary = input_gradient(model, PLAIN, tokens)
    assert not torch.allclose(input_gradient(model, EVERY_RULE[name], tokens), ordinary, rtol=0.01)


@EVERY_KIND
def test_rules_that_are_hardly_any_leave_the_gradient_as_it_is(kind):
    """They take the ways of rules all the same: not one part is the model's own."""
    model, tokens = tiny_model(kind), tiny_tokens(1)
    near = 1 + 1e-9
    rules = Rules(temperature=near, query=near, key=near, value=near, gate=near, up=near)
    expected = input_gradient(model, PLAIN, tokens)
    torch.testing.assert_close(input_gradient(model, rules, tokens), expected, rtol=1e-6, atol=1e-8)


# Norms.


@pytest.mark.parametrize("kind", ["layer", "rms", "none"])
def test_frozen_norms_hold_the_scale_and_nothing_else(kind):
    norm = Norm(kind, 6, 1e-5)
    for name, _ in list(norm.named_parameters()):
        getattr(norm, name).data = numbers(6, seed=len(name))
    x = numbers(2, 3, 6).requires_grad_()
    weights, (found,) = gradients(Rules(frozen_norms=True).norm(norm, x), x)
    expected = torch.empty_like(x)
    for example in range(2):
        for position in range(3):
            row, back = x[example, position].tolist(), weights[example, position].tolist()
            if kind != "none":
                back = [g * w for g, w in zip(back, norm.weight.tolist(), strict=True)]
                mean = sum(row) / 6 if kind == "layer" else 0
                scale = 1 / math.sqrt(sum((each - mean) ** 2 for each in row) / 6 + 1e-5)
                # The mean is no constant: what comes back is centred, too.
                shift = sum(back) / 6 if kind == "layer" else 0
                back = [(g - shift) * scale for g in back]
            expected[example, position] = torch.tensor(back, dtype=torch.float64)
    torch.testing.assert_close(found, expected, **EXACT)


def test_frozen_norms_hold_the_scale_of_what_heads_write_too():
    scale = numbers(2, 3, 1).requires_grad_()
    assert Rules(frozen_norms=True).post_norm_scale(scale).requires_grad is False
    assert PLAIN.post_norm_scale(scale) is scale
    assert Rules(frozen_norms=True).post_norm_scale(None) is None


# MLPs.


def an_mlp(gated, activation="silu"):
    config = ModelConfig(
        1, 1, 1, 4, 5, mlp_width=3, gated=gated, activation=activation, mlp_bias=True, positions="none"
    )
    mlp = MLP(config)
    for seed, (_, parameter) in enumerate(sorted(mlp.named_parameters())):
        parameter.data = numbers(*parameter.shape, seed=10 + seed)
    return mlp


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_by_secant_an_activation_comes_back_as_its_output_over_its_input(activation):
    mlp = an_mlp(gated=False, activation=activation)
    x = numbers(3, 4).requires_grad_()
    weights, (found,) = gradients(Rules(secant=True).mlp(mlp, x), x)
    inner = x.detach() @ mlp.up_weight.T + mlp.up_bias
    ratio = ACTIVATIONS[activation](inner) / inner
    torch.testing.assert_close(found, (weights @ mlp.down_weight * ratio) @ mlp.up_weight, **EXACT)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_by_secant_an_input_of_zero_comes_back_halved(activation):
    mlp = an_mlp(gated=False, activation=activation)
    mlp.up_bias.data.zero_()
    x = torch.zeros(1, 4, dtype=torch.float64, requires_grad=True)
    weights, (found,) = gradients(Rules(secant=True).mlp(mlp, x), x)
    torch.testing.assert_close(found, (weights @ mlp.down_weight) @ mlp.up_weight / 2, **EXACT)


@pytest.mark.parametrize("secant", [False, True])
def test_a_gates_factors_are_those_of_its_two_factors(secant):
    mlp = an_mlp(gated=True)
    x = numbers(3, 4).requires_grad_()
    weights, (found,) = gradients(Rules(secant=secant, gate=0.3, up=0.7).mlp(mlp, x), x)
    gate = x.detach() @ mlp.gate_weight.T + mlp.gate_bias
    up = x.detach() @ mlp.up_weight.T + mlp.up_bias
    open_share = 1 / (1 + (-gate).exp())
    slope = open_share if secant else open_share + gate * open_share * (1 - open_share)
    back = weights @ mlp.down_weight
    expected = 0.3 * (back * up * slope) @ mlp.gate_weight + 0.7 * (back * gate * open_share) @ mlp.up_weight
    torch.testing.assert_close(found, expected, **EXACT)


# Attention.


def heads_at_work(kind="plain", seed=0):
    model = tiny_model(kind)
    attention = model.layers[0].attention
    inputs = [numbers(2, 5, 4, 8, seed=seed + part).requires_grad_() for part in range(3)]
    return attention, inputs, model.places(numbers(2, 5, 32))


def mixed_by(rules, kind="plain"):
    attention, inputs, places = heads_at_work(kind)
    return gradients(rules.mix(attention, *inputs, places, 0), *inputs)[1]


@pytest.mark.parametrize("kind", ["plain", "post-norm", "rotary", "grouped", "split embeddings"])
def test_factors_of_queries_keys_and_values_multiply_their_gradients(kind):
    ordinary = mixed_by(PLAIN, kind)
    found = mixed_by(Rules(query=0.3, key=0.7, value=-2.0), kind)
    for mine, its, factor in zip(found, ordinary, (0.3, 0.7, -2.0), strict=True):
        torch.testing.assert_close(mine, its * factor, **EXACT)
        assert its.abs().max() > 0.01


@pytest.mark.parametrize("kind", ["plain", "post-norm", "rotary", "grouped", "split embeddings"])
def test_with_a_frozen_pattern_values_come_back_as_they_do_and_nothing_to_queries_and_keys(kind):
    ordinary = mixed_by(PLAIN, kind)
    query, key, value = mixed_by(Rules(frozen_pattern=True), kind)
    assert not query.any()
    assert not key.any()
    torch.testing.assert_close(value, ordinary[2], **EXACT)


@pytest.mark.parametrize("temperature", [0.5, 2.0, 7.0])
@pytest.mark.parametrize("softcap", [0.0, 1.5])
def test_a_temperature_is_that_of_the_softmax_that_comes_back(temperature, softcap):
    attention, inputs, places = heads_at_work()
    attention.softcap = softcap
    rules = Rules(temperature=temperature)
    weights, found = gradients(rules.mix(attention, *inputs, places, 0), *inputs)
    query, key, value = (each.detach() for each in inputs)
    expected = [torch.zeros_like(query) for _ in range(3)]
    for example in range(2):
        for head in range(4):
            for at in range(5):
                seen = slice(at + 1)
                q, k, v = query[example, at, head], key[example, seen, head], value[example, seen, head]
                raw, back = k @ q / math.sqrt(8), weights[example, at, head]
                scores = softcap * torch.tanh(raw / softcap) if softcap else raw
                pattern = scores.exp() / scores.exp().sum()
                warm = (scores / temperature).exp() / (scores / temperature).exp().sum()
                to_pattern = v @ back
                to_scores = warm * (to_pattern - (warm * to_pattern).sum())
                if softcap:
                    to_scores = to_scores * (1 - (scores / softcap) ** 2)
                expected[0][example, at, head] += to_scores @ k / math.sqrt(8)
                expected[1][example, seen, head] += to_scores[:, None] * q / math.sqrt(8)
                expected[2][example, seen, head] += pattern[:, None] * back
    for mine, its in zip(found, expected, strict=True):
        torch.testing.assert_close(mine, its, **EXACT)


# RelP conserves what it shares out.

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
