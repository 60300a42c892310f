"""The table of methods, and a method's own options read from its signature."""

import inspect
from typing import Literal

import pytest
import torch

import edgewise as ew
from edgewise.errors import BadInput
from edgewise.methods import METHODS
from edgewise.methods.learned import LEARNED
from edgewise.methods.options import COMMON, describe_kind, own_options, read_options
from edgewise.models.config import ModelConfig
from edgewise.models.random import random_model
from edgewise.tasks.metrics import METRICS
from edgewise.tasks.pairs import Pairs
from tiny_runs import entries, tiny_model

OPTIONS = {
    "acdc": {"tau": 1e-9},
    "eap-then-acdc": {"tau": 1e-9, "share": 1.0},
    **{name: {"steps": 3, "hold": None} for name in LEARNED},
}
"""By which methods that take edges away leave some on a model that knows nothing, and others soon end."""
every_method = pytest.mark.parametrize("method", METHODS.values(), ids=list(METHODS))


@every_method
def test_each_method_takes_what_all_methods_take_and_the_rest_are_options_that_can_be_typed(method):
    parameters = inspect.signature(method.discover, eval_str=True).parameters
    assert list(parameters)[:4] == ["model", "pairs", "metric", "replacer"]
    assert set(COMMON) <= set(parameters)
    for option in own_options(method.discover).values():
        assert describe_kind(option.annotation)


@every_method
def test_each_method_tells_what_it_costs_where_it_comes_from_and_when_to_choose_it(method):
    assert all((method.cost, method.paper, method.choose, method.ranks))


@every_method
def test_each_method_scores_every_edge_and_batch_size_changes_nothing(method):
    model = tiny_model().double()
    # So that the answer is worse off when everything is replaced: what is learned is held to that.
    harmed = [{**entry, "correct": entry["wrong"][0], "wrong": entry["correct"]} for entry in entries(4)]
    pairs, options = Pairs.from_list(harmed, model), OPTIONS.get(method.name, {})
    whole = ew.discover(model, pairs, method.name, **options)
    single = ew.discover(model, pairs, method.name, batch_size=1, **options)
    assert whole.graph == ew.Graph.of(model.config)
    assert whole.values.isfinite().all()
    assert whole.values.any()
    assert not whole.values[~whole.graph.edges].any()
    assert (whole.values - single.values).abs().max() <= 1e-5 * whole.values.abs().max()
    assert whole.chosen == single.chosen
    assert ew.discover(model, pairs, method.name, **options) == whole


def helping_and_harming():
    """One layer, no norm, no MLP: what head 0 writes speaks for the answer; what head 1 writes speaks against
    it, half as loud."""
    config = ModelConfig(
        layers=1, heads=2, head_width=4, width=8, vocabulary=9, context=12, norm="none", final_norm=False
    )
    model = random_model(config, seed=3, dtype=torch.float64)
    pairs = Pairs.from_list([{"clean": [1, 2], "corrupted": [3, 2], "correct": 5, "wrong": 6}], model)
    with torch.no_grad():
        towards = model.unembed_weight[5] - model.unembed_weight[6]
        layer = model.layers[0].attention
        for head, sign in ((0, 2.0), (1, -1.0)):
            told = [model.embed(torch.tensor([tokens]))[0][0] for tokens in ([1, 2], [3, 2])]
            reads = (told[0] - told[1])[0]
            layer.query_weight[head].zero_()
            layer.value_weight[head].zero_()
            layer.value_weight[head, 0] = reads / reads.square().sum()
            layer.output_weight[head].zero_()
            layer.output_weight[head, :, 0] = sign * towards / towards.square().sum()
    return model, pairs


SIGNED = [name for name in METHODS if name not in ("hisp", "information-flow-routes", "weight-gradients")]


TO_THE_ANSWER = {
    "acdc": {"loss": "metric", "tau": 1e-6},
    "eap-then-acdc": {"loss": "metric", "tau": 1e-6, "share": 1.0},
    **{name: {"loss": "metric", "steps": 60, "rate": 0.3} for name in LEARNED},
}


@pytest.mark.parametrize("name", SIGNED)
def test_an_edge_that_helps_scores_above_0_and_one_that_harms_below_or_is_taken_away(name):
    model, pairs = helping_and_harming()
    scores = ew.discover(model, pairs, name, **TO_THE_ANSWER.get(name, {}))
    helps, harms = scores.of("a0.h0->logits"), scores.of("a0.h1->logits")
    assert helps > 0.1
    if METHODS[name].by_tau:
        assert harms == 0
    elif name in LEARNED and name != "interpolation-descent":
        assert 0 <= harms < 0.5 * helps
        assert "a0.h0->logits" in scores.own()
    else:
        assert harms < -0.1


def test_without_its_adversary_interpolation_descent_gives_no_score_below_0():
    model, pairs = helping_and_harming()
    options = {**TO_THE_ANSWER["interpolation-descent"], "adversary": False}
    scores = ew.discover(model, pairs, "interpolation-descent", **options)
    assert scores.values.min() >= 0
    assert scores.of("a0.h1->logits") < 0.5 * scores.of("a0.h0->logits")


@pytest.mark.parametrize("name", LEARNED)
def test_what_a_learned_mask_comes_to_follows_from_its_seed(name):
    model, pairs = helping_and_harming()
    # Trimmed circuits are the same from most seeds, and should be.
    options = {"loss": "metric", "steps": 2, "trim": None}
    runs = [ew.discover(model, pairs, name, seed=seed, **options) for seed in (3, 3, 4)]
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]


def method_with_options(
    model,
    pairs,
    metric,
    replacer,
    *,
    steps: int,
    rate: float = 0.5,
    signed: bool = False,
    end: Literal["clean", "corrupted", 3] = "clean",
    name: str = "",
    limit: int | None = None,
    batch_size: int = 16,
    progress=None,
): ...


def read(**given):
    return read_options("probe", method_with_options, given)


@pytest.mark.parametrize(
    ("option", "given", "value"),
    [
        ("steps", "7", 7),
        ("steps", 7, 7),
        ("steps", 7.0, 7),
        ("rate", "1e-3", 0.001),
        ("rate", 2, 2.0),
        ("signed", "true", True),
        ("signed", "No", False),
        ("signed", True, True),
        ("end", "corrupted", "corrupted"),
        ("end", "3", 3),
        ("name", "7", "7"),
        ("limit", "none", None),
        ("limit", None, None),
        ("limit", "4", 4),
    ],
)
def test_an_option_is_read_as_its_annotation_says_from_text_and_from_a_value(option, given, value):
    values, problems = read(**{"steps": 1, option: given})
    assert problems == []
    assert values[option] == value
    assert type(values[option]) is type(value)


@pytest.mark.parametrize(
    ("option", "given", "needed"),
    [
        ("steps", "7.5", "a whole number"),
        ("steps", "many", "a whole number"),
        ("steps", True, "a whole number"),
        ("steps", None, "a whole number"),
        ("rate", "fast", "a number"),
        ("signed", "perhaps", "true or false"),
        ("signed", 1, "true or false"),
        ("end", "middle", "clean, corrupted or 3"),
        ("name", None, "text"),
        ("limit", "some", "a whole number or none"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_what_was_needed(option, given, needed):
    _, problems = read(**{"steps": 1, option: given})
    assert problems == [f"option {option!r} of probe must be {needed}. Got {given!r}."]


def test_wrong_names_are_told_with_the_nearest_and_missing_options_by_name():
    _, problems = read(step="3", rte="1")
    assert problems == [
        "unknown option of probe 'step'. Did you mean 'steps'? Known: end, limit, name, rate, signed, steps.",
        "unknown option of probe 'rte'. Did you mean 'rate'? Known: end, limit, name, rate, signed, steps.",
        "probe needs the option 'steps', a whole number.",
    ]


def test_a_method_without_options_says_so():
    _, problems = read_options("relp", METHODS["relp"].discover, {"steps": "3"})
    assert problems == ["relp has no options of its own. Got 'steps'."]


def test_what_every_method_is_given_is_no_option_of_one():
    assert read_options("probe", method_with_options, {"steps": 1, "metric": "kl", "ablate": 1})[1] == [
        "'metric' is no option of probe alone. Give it on its own, without --set.",
        "probe has no such option. Got 'ablate'. Did you mean 'ablation'?",
    ]


def test_all_that_is_wrong_with_a_discovery_is_told_at_once():
    model = tiny_model()
    pairs = Pairs.from_list([{"clean": [1, 2]}], model)
    with pytest.raises(BadInput) as caught:
        ew.discover(model, pairs, "eep", metric="logits", ablation="corupted", batch_size=0)
    assert [problem.split(".")[0] for problem in caught.value.problems] == [
        "unknown method 'eep'",
        "unknown metric 'logits'",
        "unknown ablation 'corupted'",
        "batch size must be a whole number from 1",
    ]
    with pytest.raises(BadInput) as caught:
        ew.discover(model, pairs, "relp", metric="kl", steps=3)
    assert [problem.split(".")[0] for problem in caught.value.problems] == [
        "ablation 'corrupted' needs a corrupted prompt in every pair",
        "relp takes gradients at the clean run, and metric 'kl' compares the run with the full model: "
        "the clean run is its minimum, so every gradient there is zero",
        "relp has no options of its own",
    ]


@pytest.mark.parametrize("metric", [name for name in METRICS if name not in ("kl", "accuracy")])
@pytest.mark.parametrize("ablation", ["zero", "mean"])
def test_zero_and_mean_need_no_corrupted_prompts(metric, ablation):
    model = tiny_model()
    lines = [{**entry, "target": [0.5]} for entry in entries(4)]
    for line in lines[:2]:
        del line["corrupted"]
    scores = ew.discover(model, Pairs.from_list(lines, model), metric=metric, ablation=ablation)
    assert scores.values.abs().max() > 0
