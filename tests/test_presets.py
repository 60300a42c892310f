"""Presets: options as they were published, by one name."""

import json

import pytest

import edgewise as ew
from cli_cases import discover, refused
from edgewise.errors import BadInput
from edgewise.methods import METHODS
from edgewise.methods.options import own_options, read_options
from edgewise.run import run
from test_methods_table import helping_and_harming
from tiny_runs import request

ROOM = {"target": 0.8}
"""A sparsity that a model of few edges can have."""
HAVING = {name: method.presets for name, method in METHODS.items() if method.presets}
EVERY_PRESET = pytest.mark.parametrize(
    ("method", "preset"), [(name, preset) for name, presets in HAVING.items() for preset in presets]
)


@EVERY_PRESET
def test_every_preset_holds_options_of_its_method_with_values_that_it_takes(method, preset):
    values, problems = read_options(method, METHODS[method].discover, HAVING[method][preset])
    assert problems == []
    assert values == HAVING[method][preset]
    assert any(value != own_options(METHODS[method].discover)[name].default for name, value in values.items())


@EVERY_PRESET
def test_a_preset_is_its_options_given_by_hand(method, preset):
    model, pairs = helping_and_harming()
    few = {"steps": 3, "loss": "metric", **(ROOM if method == "edge-pruning" else {})}
    found = ew.discover(model, pairs, method, preset=preset, **few)
    by_hand = ew.discover(model, pairs, method, **{**HAVING[method][preset], **few})
    assert found == by_hand
    assert found.chosen == by_hand.chosen
    assert found != ew.discover(model, pairs, method, **few)


def test_options_that_are_given_go_before_those_of_the_preset():
    model, pairs = helping_and_harming()
    few = {"loss": "metric", "steps": 3, **ROOM}
    changes = [{}, {"rate": 0.8}, {"rate": 0.1}, {"mean": 3.0}]
    found = [ew.discover(model, pairs, "edge-pruning", preset="paper", **few, **each) for each in changes]
    paper = HAVING["edge-pruning"]["paper"]
    by_hand = [ew.discover(model, pairs, "edge-pruning", **{**paper, **few, **each}) for each in changes]
    assert found == by_hand
    assert found[0] == found[1]
    assert found[2] != found[0] != found[3]


def test_presets_are_left_as_they_are_by_what_uses_them():
    model, pairs = helping_and_harming()
    before = json.dumps(HAVING["edge-pruning"]["paper"])
    ew.discover(model, pairs, "edge-pruning", preset="paper", steps=1, loss="metric", **ROOM)
    assert json.dumps(METHODS["edge-pruning"].presets["paper"]) == before


@pytest.mark.parametrize("preset", [None, ""])
def test_no_preset_is_none(preset):
    model, pairs = helping_and_harming()
    few = {"loss": "metric", "steps": 1}
    assert ew.discover(model, pairs, "ugs", preset=preset, **few) == ew.discover(model, pairs, "ugs", **few)


@pytest.mark.parametrize(
    ("method", "preset", "said"),
    [
        (
            "edge-pruning",
            "papr",
            "unknown preset of edge-pruning 'papr'. Did you mean 'paper'? "
            f"Known: {', '.join(sorted(HAVING['edge-pruning']))}.",
        ),
        ("eap", "paper", f"eap has no presets. Got 'paper'. Those that have: {', '.join(HAVING)}."),
    ],
)
def test_a_preset_that_is_not_there_is_refused_with_those_that_are(method, preset, said):
    model, pairs = helping_and_harming()
    with pytest.raises(BadInput) as caught:
        ew.discover(model, pairs, method, preset=preset)
    assert caught.value.problems == (said,)


def test_what_is_wrong_with_preset_metric_and_options_is_told_at_once():
    model, pairs = helping_and_harming()
    with pytest.raises(BadInput) as caught:
        ew.discover(model, pairs, "edge-pruning", metric="logits", preset="papr", steps=0)
    assert [problem.split(".")[0] for problem in caught.value.problems] == [
        "unknown preset of edge-pruning 'papr'",
        "unknown metric 'logits'",
        "option 'steps' of edge-pruning must be a whole number from 1",
    ]
    with pytest.raises(BadInput) as caught:
        ew.discover(model, pairs, "edge-prunning", preset="papr")
    assert [problem.split(".")[0] for problem in caught.value.problems] == ["unknown method 'edge-prunning'"]


def test_the_command_line_takes_a_preset_and_its_record_says_what_it_came_to(home):
    given = ["--method", "edge-pruning", "--preset", "paper", "--set", "steps=3", "--set", "target=0.8"]
    done = discover(home, *given, "--out", home / "preset")
    assert done.exit_code == 0, done.stderr
    paper = HAVING["edge-pruning"]["paper"]
    asked = json.loads((home / "preset" / "run.json").read_text())["request"]
    assert asked["preset"] == "paper"
    assert asked["options"] == {**paper, "steps": "3", "target": "0.8"}
    options = {**paper, **ROOM, "steps": 3}
    by_hand = run(request(home, out=str(home / "by-hand"), method="edge-pruning", options=options))
    assert ew.load_run(home / "preset").scores == by_hand.scores
    # What the record says is enough for the same again.
    asked = request(home, **{**asked, "out": str(home / "once-more")})
    assert run(asked).scores == by_hand.scores


def test_a_request_with_a_wrong_preset_is_told_with_whatever_else_is_wrong(home):
    given = ["--preset", "papr", "--set", "steps=0", "--ablation", "corupted", "--edges", 999]
    found = refused(home, "--method", "edge-pruning", *given)
    assert [problem.split(".")[0] for problem in found[:3]] == [
        "unknown preset of edge-pruning 'papr'",
        "unknown ablation 'corupted'",
        "option 'steps' of edge-pruning must be a whole number from 1",
    ]
    assert found[3].startswith("edges must be from 0")
    assert refused(home, "--method", "gim", "--preset", "paper") == [
        f"gim has no presets. Got 'paper'. Those that have: {', '.join(HAVING)}."
    ]
    assert refused(home, "--method", "edge-pruning", "--preset", "paper", "--set", "stps=3") == [
        problem
        for problem in refused(home, "--method", "edge-pruning", "--set", "stps=3")
        if "Did you mean 'steps'?" in problem
    ]
