"""Options that are the fields of one dataclass, and numbers within bounds."""

import inspect
import json
import math
from dataclasses import dataclass, fields, replace
from typing import Annotated, Literal

import pytest

import edgewise as ew
from cli_cases import edgewise
from edgewise.bounds import Above, Count, NotNegative, Part, Positive, Share, Target
from edgewise.errors import BadInput
from edgewise.methods import METHODS
from edgewise.methods.learned import LEARNED
from edgewise.methods.options import as_arguments, describe_kind, own_options, read_options
from edgewise.tasks.pairs import Pairs
from test_methods_table import helping_and_harming


@dataclass(frozen=True)
class Pace:
    steps: Count
    rate: Positive = 0.5
    shape: Literal["flat", "steep"] = "flat"
    careful: bool = False
    limit: int | None = None
    taus: tuple[NotNegative, ...] = (0.25,)


BRISK = Pace(steps=40, rate=0.25, shape="steep")


def paced(
    model, pairs, metric, replacer, *, price: float = 2.0, pace: Pace = BRISK, batch_size: int = 16
): ...


def read(**given):
    return read_options("paced", paced, given)


def test_the_fields_of_a_dataclass_are_options_with_the_values_of_the_instance_that_is_the_default():
    found = {name: each.default for name, each in own_options(paced).items()}
    assert found == {
        "price": 2.0,
        "steps": 40,
        "rate": 0.25,
        "shape": "steep",
        "careful": False,
        "limit": None,
        "taus": (0.25,),
    }
    assert [each.kind for each in own_options(paced).values()] == [own_options(paced)["price"].kind] * 7


def test_they_are_read_from_text_with_their_types_and_put_back_together():
    given = {"steps": "7", "rate": "2", "shape": "flat", "careful": "yes", "limit": "none", "taus": ".5,0"}
    values, problems = read(**given, price="3")
    assert problems == []
    assert as_arguments(paced, values) == {"price": 3.0, "pace": Pace(7, 2.0, "flat", True, None, (0.5, 0.0))}
    assert type(values["rate"]) is float


@pytest.mark.parametrize("given", [{}, {"price": 1.5}, {"rate": 4.0}, {"steps": 3, "careful": True}], ids=str)
def test_what_is_not_given_stays_as_it_is_in_the_default(given):
    made = as_arguments(paced, given)
    inside = {name: value for name, value in given.items() if name != "price"}
    assert made["pace"] == replace(BRISK, **inside)
    assert {name: value for name, value in made.items() if name != "pace"} == {
        name: value for name, value in given.items() if name == "price"
    }
    assert as_arguments(paced, given) == made, "what was given has been changed"


def test_wrong_values_and_names_are_told_as_those_of_any_option():
    _, problems = read(
        steps="0", rate="0", shape="round", careful="maybe", limit="2.5", taus="1,-1", pace="3"
    )
    known = "careful, limit, price, rate, shape, steps, taus"
    assert problems == [
        "option 'steps' of paced must be a whole number from 1. Got '0'.",
        "option 'rate' of paced must be a number above 0. Got '0'.",
        "option 'shape' of paced must be flat or steep. Got 'round'.",
        "option 'careful' of paced must be true or false. Got 'maybe'.",
        "option 'limit' of paced must be a whole number or none. Got '2.5'.",
        "option 'taus' of paced must be a number from 0, or several with commas between. Got '1,-1'.",
        f"unknown option of paced 'pace'. Did you mean 'price'? Known: {known}.",
    ]


@pytest.mark.parametrize("name", LEARNED)
def test_no_field_of_how_a_mask_is_trained_is_called_as_another_option(name):
    parameters = inspect.signature(METHODS[name].discover).parameters
    inside = {each.name for each in fields(parameters["training"].default)}
    assert not inside & set(parameters)
    assert inside < set(own_options(METHODS[name].discover))


@pytest.mark.parametrize("name", LEARNED)
def test_how_a_mask_is_trained_is_listed_option_by_option_with_the_methods_own_defaults(name):
    told = json.loads(edgewise("list", "methods", "--json").stdout)["methods"][name]["options"]
    assert "training" not in told
    defaults = inspect.signature(METHODS[name].discover).parameters["training"].default
    assert told["rate"] == f"a number above 0, default {defaults.rate}"
    assert told["grain"] == f"edges, tied, layers or sources, default {defaults.grain}"
    assert told["steps"] == f"a whole number from 1, default {defaults.steps}"


def test_what_is_given_reaches_the_method_and_what_is_wrong_with_it_is_told_at_once():
    model, pairs = helping_and_harming()
    runs = [
        ew.discover(model, pairs, "ugs", loss="metric", steps=2, trim=None, **given)
        for given in ({}, {"rate": 0.1, "examples": 8}, {"rate": 0.2})
    ]
    assert runs[0] == runs[1] != runs[2]
    with pytest.raises(BadInput) as caught:
        ew.discover(model, pairs, "ugs", steps=2.5, loss="kkl", optimizer="sgd", price=-1)
    assert [problem.split(" must")[0].split(". ")[0] for problem in caught.value.problems] == [
        "option 'steps' of ugs",
        "option 'loss' of ugs",
        "unknown option of ugs 'optimizer'",
        "option 'price' of ugs",
    ]


@pytest.mark.parametrize(
    ("method", "idle", "needed"),
    [
        *((name, {"share": 0.5}, {"first": "eap"}) for name in LEARNED),
        ("edge-pruning", {"node_target": 0.5, "nodes": False}, {"nodes": True}),
        ("interpolation-descent", {"adversary_price": 0.1, "adversary": False}, {"adversary": True}),
        ("interpolation-descent", {"reset_every": 3, "resets": 0.0}, {"resets": 0.1}),
    ],
)
def test_an_option_that_would_do_nothing_is_refused_and_taken_beside_what_it_needs(method, idle, needed):
    model, pairs = helping_and_harming()
    [option, *_], [other] = idle, needed
    with pytest.raises(BadInput, match=f"^option '{option}' of {method} does nothing while {other} is "):
        ew.discover(model, pairs, method, steps=1, **idle)
    ew.discover(model, pairs, method, steps=1, loss="metric", **{**idle, **needed})


@pytest.mark.parametrize("metric", ["accuracy", "mean-squared-error"])
def test_where_there_can_be_no_adversary_the_mask_is_learned_without_one(metric):
    model, pairs = helping_and_harming()
    given = {"metric": metric, "steps": 2, "loss": "kl"}
    with pytest.raises(BadInput, match="an adversary looks by gradients"):
        ew.discover(model, pairs, "interpolation-descent", adversary=True, **given)
    scores = ew.discover(model, pairs, "interpolation-descent", **given)
    assert scores == ew.discover(model, pairs, "interpolation-descent", adversary=False, **given)


def test_where_replacing_everything_does_the_metric_good_an_adversary_has_nothing_to_begin_from():
    model, pairs = helping_and_harming()
    [pair] = pairs
    turned = Pairs((replace(pair, correct=pair.wrong, wrong=pair.correct),))
    given = {"steps": 2, "loss": "kl"}
    with pytest.raises(BadInput, match=r"(?s)leaves it no worse than it is.*adversary=false"):
        ew.discover(model, turned, "interpolation-descent", adversary=True, **given)
    assert ew.discover(model, turned, "interpolation-descent", **given).values.min() >= 0


def test_an_adversary_is_refused_a_metric_that_nothing_betters_when_it_is_asked_for():
    model, pairs = helping_and_harming()
    with pytest.raises(
        BadInput, match=r"an adversary looks by gradients for what makes the model do better.* Got 'kl'"
    ):
        ew.discover(model, pairs, "interpolation-descent", metric="kl", steps=1, adversary=True)
    scores = ew.discover(model, pairs, "interpolation-descent", metric="kl", steps=1)
    assert scores.values.min() >= 0


@pytest.mark.parametrize(
    ("kind", "words", "held", "refused"),
    [
        (Count, "a whole number from 1", ["1", "1000"], ["0", "-1", "1.5", "1e3"]),
        (Positive, "a number above 0", ["1e-9", "1e9"], ["0", "-1"]),
        (NotNegative, "a number from 0", ["0", "1e9"], ["-1e-9"]),
        (Share, "a number above 0 and at most 1", ["1e-9", "1"], ["0", "1.001"]),
        (Target, "a number above 0 and at most 2", ["1e-9", "1.1", "2"], ["0", "2.001"]),
        (Part, "a number from 0 and at most 1", ["0", "1"], ["-1e-9", "1.001"]),
    ],
)
def test_a_number_is_taken_within_its_bounds_and_no_infinity_nor_what_is_no_number(
    kind, words, held, refused
):
    assert describe_kind(kind) == words

    def method(model, pairs, metric, replacer, *, number: kind = 1): ...

    for text in held:
        assert read_options("probe", method, {"number": text})[1] == []
    for text in (*refused, "nan", "inf", "-inf", "many", None, True):
        said = f"option 'number' of probe must be {words}. Got {text!r}."
        assert read_options("probe", method, {"number": text})[1] == [said]


def test_a_bound_is_part_of_the_range_or_not_as_it_says():
    assert [Above(2.0).holds(number) for number in (1.9, 2, 2.1, math.inf, math.nan)] == [0, 1, 1, 0, 0]
    assert [Above(2.0, inclusive=False).holds(number) for number in (2, 2.1)] == [False, True]
    assert [Above(2.0, most=3.0).holds(number) for number in (2, 3, 3.1)] == [True, True, False]
    assert describe_kind(Annotated[int, Above(2.0, most=3.0)] | None) == (
        "a whole number from 2 and at most 3 or none"
    )
