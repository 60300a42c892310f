"""The Lagrangian: its formula, its rising target, and multipliers that ascend, also where broken off."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from edgewise.graph import Graph
from edgewise.masks.gates import Gates
from edgewise.masks.penalties import Lagrangian
from edgewise.masks.relaxations import HardConcrete
from graphs import graphs, seeds
from test_penalties import edge_by_edge, few_positions, filled, gates, numbers, some_examples


def shortfall(each: Gates, target: float, share: float) -> float:
    opened = edge_by_edge(each, each.relaxation.settled(each.parameters.detach()))
    return target * share - (1 - sum(chance for _, chance in opened) / len(opened))


@some_examples
@given(
    graph=graphs,
    seed=seeds,
    positions=few_positions,
    step=st.integers(0, 20),
    node_target=st.sampled_from([None, 0.4]),
)
def test_the_lagrangian_is_its_formula_and_its_target_rises(
    graph: Graph, seed: int, positions: int | None, step: int, node_target: float | None
) -> None:
    names = ("edges", "sources")
    some = [
        gates(HardConcrete(0.0, 1.0), name, graph, seed, positions, place) for place, name in enumerate(names)
    ]
    penalty = Lagrangian([1.1, node_target], 10, 0.1, None)
    by_set = [(0.5, 2.0), (-0.25, 1.0)]
    penalty.restore({"multipliers": torch.tensor(by_set), "running loss": torch.zeros(())})
    found = penalty.of(some, numbers(some), step)
    expected = 0.0
    for each, target, (first, second) in zip(some, (1.1, node_target), by_set, strict=True):
        if target is not None:
            short = shortfall(each, target, min(step, 10) / 10)
            expected += first * short + second * short**2
    assert found.item() == pytest.approx(expected, rel=1e-6)
    told = penalty.told()
    assert told["target"] == pytest.approx(1.1 * min(step, 10) / 10)
    assert (told["l1"], told["l2"]) == by_set[0]
    of_nodes = {name: told[name] for name in told if name.endswith(" 2")}
    if node_target is None:
        assert of_nodes == {}
    else:
        assert of_nodes["target 2"] == pytest.approx(0.4 * min(step, 10) / 10)
        assert (of_nodes["l1 2"], of_nodes["l2 2"]) == by_set[1]


def pushed(some: list[Gates], penalty: Lagrangian, steps: range, loss: float = 0.0) -> None:
    """As training does, with the parameters left where they are."""
    for step in steps:
        penalty.of(some, numbers(some), step).backward()
        penalty.learn(loss)


@pytest.mark.parametrize(("openness", "first_way"), [(3.0, 1), (-6.0, -1)])
def test_multipliers_ascend(openness: float, first_way: int) -> None:
    """l1 follows the sign of what is lacking; l2 grows by its square, be it too little or too much."""
    some, penalty = [filled(openness)], Lagrangian([0.5], 1, 0.01, None)
    before = penalty.told()
    for steps in (range(1, 2), range(2, 3), range(3, 10)):
        pushed(some, penalty, steps)
        told = penalty.told()
        assert (told["l1"] - before["l1"]) * first_way > 0.005
        assert told["l2"] - before["l2"] > 0.005
        before = told


def test_what_is_lacking_closes_gates_and_what_is_too_much_opens_them() -> None:
    for openness, way in ((1.0, 1), (-6.0, -1)):
        some, penalty = [filled(openness)], Lagrangian([0.5], 1, 0.01, None)
        pushed(some, penalty, range(1, 20))
        some[0].parameters.grad = None
        penalty.of(some, numbers(some), 20).backward()
        assert some[0].parameters.grad is not None
        assert (some[0].parameters.grad * way > 0).all()


def test_the_multipliers_are_those_of_adam_on_this_steps_gradient_alone() -> None:
    some, penalty = [filled(0.5)], Lagrangian([0.9], 30, 0.02, None)
    found, mean, square = [0.0, 0.0], [0.0, 0.0], [0.0, 0.0]
    for step in range(30):
        short = shortfall(some[0], 0.9, step / 30)
        for place, gradient in enumerate((short, short**2)):
            mean[place] += 0.1 * (gradient - mean[place])
            square[place] += 0.001 * (gradient**2 - square[place])
            unbiased = mean[place] / (1 - 0.9 ** (step + 1)), square[place] / (1 - 0.999 ** (step + 1))
            found[place] += 0.02 * unbiased[0] / (unbiased[1] ** 0.5 + 1e-8)
        pushed(some, penalty, range(step, step + 1))
        told = penalty.told()
        assert (told["l1"], told["l2"]) == pytest.approx(tuple(found), rel=1e-3, abs=1e-6)


def test_a_set_without_a_target_pushes_nothing() -> None:
    some, penalty = [filled(1.0), filled(1.0, "sources")], Lagrangian([0.5, None], 1, 0.1, None)
    pushed(some, penalty, range(1, 5))
    assert some[0].parameters.grad is not None
    assert some[1].parameters.grad is None
    assert penalty.state()["multipliers"][1].tolist() == [0, 0]


def test_multipliers_above_0_shrink_while_the_running_loss_is_too_large() -> None:
    some, penalty = [filled(-6.0)], Lagrangian([0.5], 1, 0.05, 0.3)
    pushed(some, penalty, range(1, 5))
    running, last = 0.0, penalty.told()
    assert last["l1"] < 0 < last["l2"]
    held = 0
    for step, loss in enumerate([1.0] * 8 + [0.0] * 12, start=5):
        moments = {name: value.clone() for name, value in penalty.state().items() if "ascent" in name}
        pushed(some, penalty, range(step, step + 1), loss)
        running = 0.9 * running + 0.1 * loss
        told = penalty.told()
        assert penalty.state()["running loss"].item() == pytest.approx(running)
        if running > 0.3:
            held += 1
            assert told["l1"] == last["l1"]
            assert told["l2"] == pytest.approx(0.95 * last["l2"])
            kept = penalty.state()
            assert all(torch.equal(kept[name], value) for name, value in moments.items())
        else:
            assert told["l1"] < last["l1"]
            assert told["l2"] > last["l2"]
        last = told
    assert 5 < held < 15


def saved(penalty: Lagrangian) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in penalty.state().items()}


@pytest.mark.parametrize("before", [0, 1, 6, 12])
@pytest.mark.parametrize("hold", [None, 0.3])
def test_multipliers_that_are_broken_off_go_on_to_the_very_same(before: int, hold: float | None) -> None:
    some = [gates(HardConcrete(1.0, 0.5), name, seed=1) for name in ("edges", "sources")]
    at_once, first, second = (Lagrangian([1.1, 0.6], 15, 0.05, hold) for _ in range(3))
    for penalty, steps in ((at_once, range(20)), (first, range(before))):
        for step in steps:
            pushed(some, penalty, range(step, step + 1), float(step % 12 < 6))
    second.restore(saved(first))
    for step in range(before, 20):
        pushed(some, second, range(step, step + 1), float(step % 12 < 6))
    expected, found = at_once.state(), second.state()
    assert expected.keys() == found.keys()
    assert all(torch.equal(expected[name], found[name]) for name in expected)
    assert second.told() == at_once.told()
