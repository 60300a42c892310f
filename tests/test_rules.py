"""Rules change what backward makes of a layer's parts, as their formulas say, and no number forward."""

from __future__ import annotations

import math

import pytest
import torch

from edgewise.models.config import ModelConfig
from edgewise.models.layer import ACTIVATIONS, MLP, Norm
from edgewise.models.rules import PLAIN, Rules
from patched_cases import EVERY_KIND
from rule_cases import EVERY_RULE, EXACT, gradients, input_gradient, numbers
from tiny_models import tiny_model, tiny_tokens


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
