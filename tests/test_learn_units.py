"""`ew.learn_units` and `ew.evaluate_units`: names, options and what is refused; what is shown of a mask."""

from dataclasses import fields

import jaxtyping
import pytest
import torch

import edgewise as ew
from edgewise.errors import BadInput
from edgewise.masks.settings import Settings
from edgewise.masks.units import UNIT_GRAINS, EachUnit, shapes_of
from edgewise.methods.fine_pruning import LEARNERS, OF_EDGES
from edgewise.methods.options import own_options
from edgewise.reports.units import SHOWN, notes_on_units, parts, parts_table, units_line
from tiny_runs import entries, tiny_model

SHORT = {"steps": 2, "examples": 2, "draws": 2}
MODEL = tiny_model()
PAIRS = ew.Pairs.from_list(entries(), MODEL)
every_grain = pytest.mark.parametrize("grain", UNIT_GRAINS)


@pytest.fixture(autouse=True)
def _as_users_run_it(monkeypatch):
    """Without the checks of annotations, which would say it first."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)


def problems_of(called, *given, **options):
    with pytest.raises(BadInput) as caught:
        called(*given, **options)
    return list(caught.value.problems)


def units_that_keep(grain, mask, model=MODEL):
    """As if they had been learned."""
    numbers = EachUnit(shapes_of(model, grain)).by_name(mask.float())
    return ew.Units(grain, numbers, int(mask.sum()), 0.0, 0.0)


def some_units(grain, model=MODEL):
    count = EachUnit(shapes_of(model, grain)).count
    return units_that_keep(grain, torch.rand(count, generator=torch.manual_seed(3)) < 0.3, model)


def test_the_metric_is_that_of_the_pairs_task_unless_one_is_given():
    judged = PAIRS.judged_by("prob-diff")
    given = {"loss": "metric", "unit": "own", **SHORT}
    own, same, other = (
        ew.learn_units(MODEL, pairs, metric=metric, **given)
        for pairs, metric in ((judged, None), (PAIRS, "prob-diff"), (judged, "logit-diff"))
    )
    assert own.loss == same.loss != other.loss
    assert ew.evaluate_units(MODEL, judged, own).metric == "prob-diff"
    assert ew.evaluate_units(MODEL, judged, own, metric="kl").metric == "kl"
    assert ew.evaluate_units(MODEL, PAIRS, own).metric == "logit-diff"


def test_options_are_read_from_text_and_reach_the_training():
    typed = ew.learn_units(MODEL, PAIRS, "stream", price="2", **{**SHORT, "steps": "3"})
    meant = ew.learn_units(MODEL, PAIRS, "stream", price=2.0, **{**SHORT, "steps": 3})
    assert torch.equal(typed.numbers["stream"], meant.numbers["stream"])
    other = ew.learn_units(MODEL, PAIRS, "stream", price=2.0, seed=1, **{**SHORT, "steps": 3})
    assert not torch.equal(typed.numbers["stream"], other.numbers["stream"])


def test_all_grains_have_the_same_options_and_only_weights_have_steps_and_draws_of_their_own():
    options = {grain: own_options(learner) for grain, learner in LEARNERS.items()}
    assert set(options) == set(UNIT_GRAINS)
    plain, of_weights = (
        {name: each.default for name, each in options[grain].items()} for grain in ("neurons", "weights")
    )
    for grain in UNIT_GRAINS:
        expected = of_weights if grain == "weights" else plain
        assert {name: each.default for name, each in options[grain].items()} == expected
    assert {name for name in plain if plain[name] != of_weights[name]} == {"steps", "draws"}


def test_every_field_of_how_a_mask_is_trained_is_an_option_or_of_edges_alone():
    trained = {each.name for each in fields(Settings)}
    assert set(OF_EDGES.left_out) < trained
    assert set(own_options(LEARNERS["neurons"])) & trained == trained - set(OF_EDGES.left_out)


@pytest.mark.parametrize("name", [name for name in OF_EDGES.left_out if name != "grain"])
def test_what_only_a_mask_of_edges_has_is_no_option(name):
    [problem] = problems_of(ew.learn_units, MODEL, PAIRS, **{name: 1})
    assert problem.startswith(f"unknown option of learn-units {name!r}.")
    assert f" {name}," not in problem.partition("Known:")[2]


@pytest.mark.parametrize(
    ("option", "wrong", "needed"),
    [
        ("price", -1, "a number from 0"),
        ("price", "much", "a number from 0"),
        ("rise", 0, "a number above 0 and at most 1"),
        ("spread", -0.1, "a number from 0"),
        ("limit", 0, "a number above 0"),
        ("mean", "high", "a number"),
        ("steps", 0, "a whole number from 1"),
        ("steps", 2.5, "a whole number from 1"),
        ("rate", 0, "a number above 0"),
        ("memory", 1, "a number from 0 and at most 0.999999"),
        ("loss", "kkl", "auto, kl or metric"),
        ("seed", None, "a whole number"),
    ],
)
def test_an_option_out_of_its_range_is_refused_by_its_name(option, wrong, needed):
    said = f"option {option!r} of learn-units must be {needed}. Got {wrong!r}."
    assert problems_of(ew.learn_units, MODEL, PAIRS, **{option: wrong}) == [said]


def test_all_that_is_wrong_is_told_at_once():
    model = tiny_model(mlp_width=0)
    pairs = ew.Pairs.from_list([{"clean": [1, 2, 3]}], model)
    found = problems_of(
        ew.learn_units, model, pairs, "neurons", metric="accuracy", batch_size=0, loss="metric", price=-1
    )
    assert [problem.split(".")[0] for problem in found] == [
        "metric 'accuracy' needs 'correct' answers in every pair",
        "ablation 'corrupted' needs a corrupted prompt in every pair",
        "batch size must be a whole number from 1",
        "a mask of neurons needs a model with MLPs",
        "learn-units learns by gradients, and metric 'accuracy' has none",
        "option 'price' of learn-units must be a number from 0",
    ]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"grain": "channel"}, "unknown grain 'channel'. Did you mean 'channels'?"),
        ({"grain": 3}, "the name of the grain was needed, as text. Got a whole number."),
        ({"metric": "logits"}, "unknown metric 'logits'. Did you mean 'logit-diff'?"),
        ({"ablation": "corupted"}, "unknown ablation 'corupted'. Did you mean 'corrupted'?"),
        (
            {"ablation": "optimal"},
            "a mask of units needs one of the ablations corrupted, zero, mean. Got 'optimal'.",
        ),
        ({"pairs": PAIRS[:0]}, "prompt pairs were needed. Got none."),
        ({"pairs": entries()}, "an ew.Pairs was needed. Got a list."),
        ({"model": "zoo:ioi"}, "an edgewise model was needed. Got text."),
        ({"model": tiny_model(vocabulary=4)}, "token ids must be below the model's 4."),
        ({"tensorboard": "folder"}, "option 'tensorboard' needs the package tensorboard."),
    ],
)
def test_what_cannot_be_learned_of_is_refused(given, said, monkeypatch):
    monkeypatch.setattr("edgewise.masks.log.find_spec", lambda name: None)
    asked = {"model": MODEL, "pairs": PAIRS, "grain": "channels", **given}
    assert problems_of(ew.learn_units, **asked)[0].startswith(said)


def test_prompts_whose_two_sides_are_the_same_teach_nothing():
    pairs = ew.Pairs.from_list([{**entry, "corrupted": entry["clean"]} for entry in entries(2)], MODEL)
    assert "Got the same two in every pair" in problems_of(ew.learn_units, MODEL, pairs)[0]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            {"units": {}},
            "an ew.Units was needed. Got a dictionary. ew.learn_units and ew.Units.load give them.",
        ),
        ({"metric": "logits"}, "unknown metric 'logits'."),
        ({"ablation": "optimal"}, "a mask of units needs one of the ablations corrupted, zero, mean."),
        ({"pairs": PAIRS[:0]}, "prompt pairs were needed. Got none."),
        ({"batch_size": 0}, "batch size must be a whole number from 1. Got 0."),
        ({"model": tiny_model(width=8)}, "stream of this model were needed: stream [8]. Got stream [16]."),
    ],
)
def test_what_cannot_be_measured_is_refused(given, said):
    asked = {"model": MODEL, "pairs": PAIRS, "units": some_units("stream"), **given}
    assert problems_of(ew.evaluate_units, **asked)[0].startswith(said)


def test_neurons_of_a_model_without_mlps_cannot_be_measured():
    units = units_that_keep("neurons", torch.ones(EachUnit(shapes_of(MODEL, "neurons")).count))
    found = problems_of(ew.evaluate_units, tiny_model(mlp_width=0), PAIRS, units)
    assert found[0].startswith("a mask of neurons needs a model with MLPs.")


@every_grain
def test_units_are_shown_in_one_short_line(grain):
    shown = repr(some_units(grain))
    assert shown.startswith("Units(")
    assert len(shown) < 80
    assert "\n" not in shown


@every_grain
def test_the_parts_that_are_shown_add_up_to_what_is_kept(grain):
    units = some_units(grain)
    found = parts(units)
    assert (sum(part.kept for part in found), sum(part.of for part in found)) == (
        (0, 0) if grain == "stream" else (units.chosen, units.count)
    )
    assert f"{units.chosen:,} of {units.count:,} " in units_line(units)


def test_a_part_is_told_by_the_name_that_it_has_in_the_graph():
    graph = ew.Graph.of(MODEL.config)
    names = [part.name for grain in ("channels", "neurons") for part in parts(some_units(grain))]
    assert sorted([*names, "embed"]) == sorted(graph.sources)
    assert [part.name for part in parts(some_units("weights"))] == list(shapes_of(MODEL, "weights"))


def test_a_long_table_ends_in_all_that_it_does_not_show():
    model = tiny_model(layers=20)
    found = parts(some_units("channels", model))
    table = parts_table(found)
    names, kept, of, _ = (list(column.cells) for column in table.columns)
    assert len(names) == SHOWN + 1
    assert names[-1] == f"{len(found) - SHOWN} others"
    assert sum(map(int, kept)) == sum(part.kept for part in found)
    assert sum(map(int, of)) == sum(part.of for part in found)
    shown = [part.name for part in found if part.name in names]
    assert names[:-1] == shown, "in the model's order"


def test_a_mask_of_nothing_and_one_of_everything_are_noted():
    count = EachUnit(shapes_of(MODEL, "stream")).count
    nothing, everything = (units_that_keep("stream", torch.full((count,), each)) for each in (0.0, 1.0))
    assert "Choose a lower price" in notes_on_units(nothing)[0]
    assert "Choose a higher price" in notes_on_units(everything)[0]
    assert notes_on_units(some_units("stream")) == []
