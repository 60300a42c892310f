"""Masks of units that are learned: what they keep, how they go on, and what is measured of them."""

import pytest
import torch

import edgewise as ew
from edgewise.checkpoint import Checkpoint
from edgewise.errors import BrokenFile
from edgewise.graph import Graph
from edgewise.masks import training
from edgewise.masks.training import Training
from edgewise.masks.units import UNIT_GRAINS, EachUnit, Units, rounded, shapes_of
from learning_cases import lines_of
from node_cases import tiny_pairs
from tiny_models import tiny_model

every_grain = pytest.mark.parametrize("grain", UNIT_GRAINS)
STEPS = 6
SHORT = {"steps": STEPS, "rate": 0.5, "examples": 2, "draws": 2, "unit": "own"}


def learned(grain, kind="plain", **given):
    return ew.learn_units(tiny_model(kind), tiny_pairs(), grain, **{**SHORT, **given})


def same(one, other):
    assert one.numbers.keys() == other.numbers.keys()
    for name, numbers in one.numbers.items():
        torch.testing.assert_close(numbers, other.numbers[name], rtol=1e-5, atol=1e-7)
    assert (one.loss, one.settled_loss) == pytest.approx((other.loss, other.settled_loss), rel=1e-6)
    assert one.chosen == other.chosen


def units_that_keep(model, grain, mask):
    """As if they had been learned."""
    numbers = EachUnit(shapes_of(model, grain)).by_name(mask.float())
    return Units(grain, numbers, int(mask.sum()), 0.0, 0.0)


@pytest.mark.parametrize("grain", ["neurons", "weights"])
def test_units_that_matter_are_kept_and_no_others(grain):
    model, pairs = tiny_model("no norm"), tiny_pairs()
    matter = torch.zeros(model.config.layers, model.config.mlp_width, dtype=torch.bool)
    matter[0, [3, 10]] = matter[2, [5, 20]] = True
    for layer, kept in zip(model.layers, matter, strict=True):
        layer.attention.output_weight.zero_()
        layer.mlp.down_weight.mul_(3 * kept)
    draws = 1 if grain == "weights" else 4
    given = {"steps": 150, "rate": 0.3, "examples": 3, "draws": draws}
    found = ew.learn_units(model, pairs, grain, ablation="mean", **given)
    assert found.loss < 0.05
    kept = found.kept()
    if grain == "neurons":
        assert kept["neurons"].any()
        assert not (kept["neurons"] & ~matter).any()
        return
    for layer, neurons in enumerate(matter):
        assert not kept[f"layers.{layer}.attention.value_weight"].any()
        down = kept[f"layers.{layer}.mlp.down_weight"]
        assert not down[:, ~neurons].any()
        assert down.any() == neurons.any()


@every_grain
@pytest.mark.parametrize("ablation", ["corrupted", "zero", "mean"])
def test_what_is_kept_is_the_mask_rounded(grain, ablation):
    found = learned(grain, ablation=ablation)
    numbers = torch.cat([each.flatten() for each in found.numbers.values()])
    assert found.count == len(numbers)
    assert found.chosen == round(numbers.double().sum().item()) == int(found.mask.sum())
    assert 0 < found.share < 1
    assert numbers[found.mask].min() >= numbers[~found.mask].max()
    assert sum(int(each.sum()) for each in found.kept().values()) == found.chosen


def test_of_equals_the_first_are_kept():
    assert rounded(torch.tensor([0.5, 0.9, 0.5, 0.5]), 3).tolist() == [True, True, True, False]


@every_grain
def test_how_examples_are_run_changes_no_result(grain):
    same(learned(grain), learned(grain, batch_size=1))


@every_grain
def test_a_higher_price_keeps_fewer(grain):
    dear = learned(grain, price=100.0, rise=0.1)
    assert dear.chosen < learned(grain, price=0.0).chosen


@every_grain
@pytest.mark.parametrize("done", [1, 4])
def test_what_was_broken_off_goes_on_to_the_same_mask(grain, done, tmp_path, monkeypatch):
    whole = learned(grain)
    monkeypatch.setattr(training, "SECONDS_BETWEEN_SAVES", 0.0)
    checkpoint, log = Checkpoint(tmp_path / "so far", {}), tmp_path / "log.jsonl"
    step = Training.step

    def breaks_off(self):
        if self.done == done:
            raise KeyboardInterrupt
        return step(self)

    with monkeypatch.context() as patched:
        patched.setattr(Training, "step", breaks_off)
        with pytest.raises(KeyboardInterrupt):
            learned(grain, checkpoint=checkpoint, log=log)
    assert int(checkpoint.load()["done"]) == done
    found = learned(grain, checkpoint=checkpoint, log=log)
    assert all(torch.equal(each, found.numbers[name]) for name, each in whole.numbers.items())
    assert (found.chosen, found.loss) == (whole.chosen, whole.loss)
    *lines, last = lines_of(log.read_text())
    assert [line["step"] for line in lines] == [*range(1, STEPS + 1)]
    assert all(grain in line for line in lines)
    assert (last["settled loss"], last["rounded loss"]) == (whole.settled_loss, whole.loss)
    assert last[f"{grain} after rounding"] == whole.chosen
    told = log.read_text()
    again = learned(grain, checkpoint=checkpoint, log=log)
    assert all(torch.equal(each, again.numbers[name]) for name, each in whole.numbers.items())
    assert (again.chosen, again.loss, log.read_text()) == (whole.chosen, whole.loss, told)


@every_grain
@pytest.mark.parametrize("ablation", ["corrupted", "zero", "mean"])
def test_all_units_are_the_full_model(grain, ablation):
    model, pairs = tiny_model("parallel"), tiny_pairs()
    everything = units_that_keep(model, grain, torch.ones(EachUnit(shapes_of(model, grain)).count))
    found = ew.evaluate_units(model, pairs, everything, ablation=ablation)
    assert found.faithfulness == pytest.approx(1, abs=1e-9)
    assert found.kl == pytest.approx(0, abs=1e-9)
    assert (found.granularity, found.edges, found.sparsity) == (grain, everything.count, 0)
    assert f"{everything.count:,} of {everything.count:,} {grain}" in str(found)


@pytest.mark.parametrize("ablation", ["corrupted", "zero", "mean"])
def test_a_stream_that_is_shut_is_measured_like_an_empty_circuit(ablation):
    model, pairs = tiny_model("post-norm"), tiny_pairs()
    nothing = units_that_keep(model, "stream", torch.zeros(model.config.width))
    found = ew.evaluate_units(model, pairs, nothing, ablation=ablation, batch_size=1)
    expected = ew.evaluate(model, pairs, ew.Circuit.empty(Graph.of(model.config)), ablation=ablation)
    assert found.faithfulness == pytest.approx(0, abs=1e-9)
    assert found.kl == pytest.approx(expected.kl)
    assert found.per_example["circuit"] == pytest.approx(expected.per_example["circuit"])


def test_whole_heads_are_measured_like_the_circuit_of_the_others():
    model, pairs = tiny_model("post-norm"), tiny_pairs()
    graph = Graph.of(model.config)
    edges, mask = graph.edges.clone(), torch.ones(shapes_of(model, "channels")["channels"])
    mask[1, 2] = 0
    edges[:, graph.head_sources(1).start + 2] = False
    units = units_that_keep(model, "channels", mask.flatten())
    found = ew.evaluate_units(model, pairs, units)
    expected = ew.evaluate(model, pairs, ew.Circuit(graph, edges))
    assert found.per_example["circuit"] == pytest.approx(expected.per_example["circuit"])
    assert found.faithfulness == pytest.approx(expected.faithfulness)


@every_grain
def test_units_are_read_back_as_they_were_saved(grain, tmp_path):
    units = learned(grain)
    units.save(tmp_path / "units.safetensors")
    found = Units.load(tmp_path / "units.safetensors")
    assert list(found.numbers) == list(units.numbers)
    assert all(torch.equal(each, found.numbers[name]) for name, each in units.numbers.items())
    told = ("grain", "chosen", "settled_loss", "loss")
    assert [getattr(found, name) for name in told] == [getattr(units, name) for name in told]
    assert torch.equal(found.mask, units.mask)


def test_a_file_of_something_else_is_no_units(tmp_path):
    (tmp_path / "broken").write_bytes(b"nothing")
    with pytest.raises(BrokenFile, match="could not be read as units"):
        Units.load(tmp_path / "broken")
    scores = ew.discover(tiny_model("plain"), tiny_pairs())
    scores.save(tmp_path / "scores.safetensors")
    with pytest.raises(BrokenFile, match="edgewise units, version 1, was needed"):
        Units.load(tmp_path / "scores.safetensors")
