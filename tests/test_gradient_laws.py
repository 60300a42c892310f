"""What holds of every method that scores by gradients: linear models, metrics, batches, options."""

import pytest
import torch

import edgewise.patching.attribution as attribution
from edgewise.errors import BadInput
from edgewise.methods import METHODS
from edgewise.models.config import ModelConfig
from edgewise.models.random import random_model
from edgewise.patching.replacements import replacer
from edgewise.tasks.metrics import METRICS
from edgewise.tasks.pairs import Pairs
from gradient_cases import AT_CLEAN, GRADIENTS, INTEGRATED, same_as_float32, score
from patched_cases import ABLATIONS
from slow_run import mean_of_batches
from test_attribution import tiny_pairs
from tiny_models import COMMON, tiny_model

# Where the model is linear.


def linear_model(layers):
    """What heads look at depends on nothing, and there are no norms and no MLPs."""
    sizes = {**COMMON, "layers": layers, "mlp_width": 0, "norm": "none", "final_norm": False}
    model = random_model(ModelConfig(**sizes), dtype=torch.float64)
    for layer in model.layers:
        layer.attention.query_weight.data.zero_()
        layer.attention.query_bias.data.zero_()
    return model


@pytest.mark.parametrize("method", ["relp", "gim", *INTEGRATED])
def test_edges_into_logits_that_are_linear_in_their_input_score_as_by_eap(method):
    model, pairs = tiny_model("no norm"), tiny_pairs((7, 7, 5))
    expected, found = (score(name, model, pairs)[-1] for name in ("eap", method))
    # With masks between the ends what heads write is itself between them.
    linear = slice(1) if method == "eap-ig-mask" else slice(None)
    same_as_float32(found[linear], expected[linear])
    assert expected[linear].abs().max() > 0.01


@pytest.mark.parametrize("method", ["relp", "eap-ig-inputs", "clean-corrupted"])
@ABLATIONS
def test_in_a_linear_model_every_edge_scores_as_by_eap(method, ablation):
    model, pairs = linear_model(layers=3), tiny_pairs((7, 7, 5))
    expected = score("eap", model, pairs, ablation=ablation)
    same_as_float32(score(method, model, pairs, ablation=ablation), expected)
    assert (expected.abs() > 1e-3).sum() > 20


@ABLATIONS
def test_where_a_groups_outputs_are_given_nothing_comes_back_to_what_they_are_made_of(ablation):
    """One layer, linear, has two groups: the embedding; and the heads, whose inputs then do not matter."""
    model, pairs = linear_model(layers=1), tiny_pairs((7, 7, 5))
    expected = score("eap", model, pairs, ablation=ablation)
    expected[:-1] /= 2
    same_as_float32(score("eap-ig-activations", model, pairs, ablation=ablation), expected)
    assert (expected.abs() > 1e-3).sum() > 8


@pytest.mark.parametrize("steps", [1, 3])
def test_masks_share_a_path_of_two_edges_evenly(steps):
    """Goodness is linear in both masks of a path, so that each has half of what EAP gives to both."""
    model, pairs = linear_model(layers=1), tiny_pairs((7, 7, 5))
    expected = score("eap", model, pairs) / 2
    expected[-1, 0] *= 2
    same_as_float32(score("eap-ig-mask", model, pairs, steps=steps), expected)
    assert (expected.abs() > 1e-3).sum() > 8


# Metrics.


def untargeted(pairs, model):
    return Pairs.from_list([{"clean": pair.clean, "corrupted": pair.corrupted} for pair in pairs], model)


@pytest.mark.parametrize("metric", ["kl", "mean-squared-error"])
@pytest.mark.parametrize("method", AT_CLEAN)
def test_at_the_clean_run_a_metric_that_compares_with_it_is_refused_with_the_reason(method, metric):
    model = tiny_model("plain")
    pairs = untargeted(tiny_pairs((7, 7, 5)), model)
    with pytest.raises(BadInput, match=f"^{method} takes gradients at the clean run, and metric '{metric}'"):
        score(method, model, pairs, metric)
    with pytest.raises(BadInput, match="its minimum, so every gradient there is zero"):
        METHODS[method].discover(model, pairs, METRICS[metric], replacer("corrupted", model, list))


@pytest.mark.parametrize("metric", ["kl", "mean-squared-error"])
@pytest.mark.parametrize("method", INTEGRATED)
def test_away_from_the_clean_run_such_a_metric_has_gradients(method, metric):
    model = tiny_model("plain")
    pairs = untargeted(tiny_pairs((7, 7)), model)
    assert score(method, model, pairs, metric).abs().max() > 1e-4


@pytest.mark.parametrize("metric", ["kl", "mean-squared-error"])
def test_a_metric_that_compares_with_the_full_model_is_taken_at_the_same_runs(metric):
    model = tiny_model("plain")
    pairs = untargeted(tiny_pairs((7, 7, 5)), model)
    replacing = replacer("corrupted", model, list)

    def expected(slow):
        return sum(slow.scores(slow.between(share, slow.graph.embeddings)) for share in (0, 0.5)) / 2

    expected = mean_of_batches(model, pairs, METRICS[metric], replacing, expected)
    same_as_float32(score("eap-ig-inputs", model, pairs, metric, steps=2), expected)


@pytest.mark.parametrize("method", GRADIENTS)
def test_a_metric_without_a_gradient_is_refused(method):
    with pytest.raises(BadInput, match=f"^{method} needs a metric with a gradient. Got 'accuracy'"):
        score(method, tiny_model("plain"), tiny_pairs((7, 7, 5)), "accuracy")


# What must change nothing.


@pytest.mark.parametrize(("method", "steps"), [("eap-ig-inputs", 6), ("eap-ig-activations", 3)])
@pytest.mark.parametrize("together", [1, 2, 100])
def test_how_many_runs_are_contracted_together_changes_nothing(method, steps, together, monkeypatch):
    model, pairs = tiny_model("plain"), tiny_pairs((7, 7))
    expected = score(method, model, pairs, steps=steps)
    monkeypatch.setattr(attribution, "TOGETHER", together)
    same_as_float32(score(method, model, pairs, steps=steps), expected)


@pytest.mark.parametrize("method", GRADIENTS)
def test_batch_size_changes_no_score(method):
    model, pairs = tiny_model("post-norm"), tiny_pairs((7, 7))
    whole = score(method, model, pairs, ablation="mean")
    same_as_float32(score(method, model, pairs, ablation="mean", batch_size=1), whole)


@pytest.mark.parametrize("method", GRADIENTS)
def test_a_method_leaves_nothing_behind_on_the_model(method):
    model = tiny_model("plain")
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    score(method, model, tiny_pairs((7, 7)))
    assert all(parameter.grad is None and not parameter.requires_grad for parameter in model.parameters())
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


# Options.


@pytest.mark.parametrize("method", ["eap-ig-inputs", "eap-ig-activations", "eap-ig-mask"])
@pytest.mark.parametrize("steps", [0, -1, "0", 1.5])
def test_steps_must_be_a_whole_number_from_1(method, steps):
    with pytest.raises(BadInput, match=f"'steps' of {method} must be a whole number from 1. Got {steps!r}"):
        score(method, tiny_model("plain"), tiny_pairs((7, 7, 5)), steps=steps)


@pytest.mark.parametrize("temperature", [0, -1.0, "0", "nan"])
def test_a_temperature_must_be_above_0(temperature):
    with pytest.raises(BadInput, match=r"'temperature' of gim must be a number above 0\. Got"):
        score("gim", tiny_model("plain"), tiny_pairs((7, 7, 5)), temperature=temperature)


def test_unknown_points_are_refused_with_those_there_are():
    with pytest.raises(
        BadInput, match=r"'points' of eap-ig-inputs must be left, midpoint or right\. Got 'mid'"
    ):
        score("eap-ig-inputs", tiny_model("plain"), tiny_pairs((7, 7, 5)), points="mid")
