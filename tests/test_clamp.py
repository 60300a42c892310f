"""Coefficients that are clamped: where the gradient goes straight through, DropIn and resets."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from edgewise.masks.relaxations import Clamp
from test_relaxations import DRAWS, chances, double, drawn, grid, seeded, some_examples


@some_examples
@given(p=st.floats(-2, 3), u=chances, drop_in=st.sampled_from([0.0, 0.25, 1.0]))
def test_clamp_goes_straight_through_except_where_dropped_in(p: float, u: float, drop_in: float) -> None:
    found, gradient = drawn(Clamp(drop_in=drop_in), p, double([u]))
    inside = min(1.0, max(0.0, p))
    assert found.item() == pytest.approx(1.0 if u < drop_in else inside, abs=1e-12)
    assert gradient.item() == float(u >= drop_in)
    parameters = double([p]).requires_grad_()
    expected = Clamp(drop_in=drop_in).expected(parameters)
    expected.backward()
    assert expected.item() == pytest.approx(inside, abs=1e-12)
    assert parameters.grad == 1
    assert Clamp().settled(double([p])).item() == inside


def test_as_many_are_dropped_in_as_asked_each_draw_its_own() -> None:
    parameters = torch.full((DRAWS // 2,), 0.5)
    found = Clamp(drop_in=0.04).draw(parameters, torch.rand(2, DRAWS // 2, generator=seeded(0)))
    assert found.eq(1).double().mean().item() == pytest.approx(0.04, abs=4 * math.sqrt(0.04 * 0.96 / DRAWS))
    assert found[found != 1].eq(0.5).all()
    assert not torch.equal(found[0], found[1])


def test_coefficients_begin_uniform_between_their_bounds() -> None:
    begun = Clamp(low=0.25, high=0.75).start((DRAWS,), seeded(0)).double().sort().values
    torch.testing.assert_close(begun, 0.25 + 0.5 * grid(), rtol=0, atol=0.01)


def worn(dtype: torch.dtype = torch.float32) -> Tensor:
    """A fifth each below, at and within the bounds, and at 1 and above."""
    return torch.tensor([-0.5, 0.0, 0.4, 1.0, 1.5], dtype=dtype).repeat(1000)


def test_after_each_step_coefficients_are_clamped_and_those_at_0_drawn_anew_now_and_then() -> None:
    clamp = Clamp(low=0.25, high=0.75, resets=0.1, reset_every=10, steps=100)
    at_zero = worn() <= 0
    for step in range(1, 101):
        parameters = worn()
        clamp.after(parameters, step, seeded(step))
        assert torch.equal(parameters[~at_zero], worn().clamp(0, 1)[~at_zero])
        anew = parameters[at_zero & (parameters != 0)]
        if step % 10 == 0 and step < 75:
            assert len(anew) / 2000 == pytest.approx(0.1, abs=4 * math.sqrt(0.1 * 0.9 / 2000))
            assert anew.min() >= 0.25
            assert anew.max() <= 0.75
            assert anew.mean().item() == pytest.approx(0.5, abs=0.06)
        else:
            assert len(anew) == 0


def test_resets_follow_from_the_seed_whatever_the_precision() -> None:
    clamp = Clamp(resets=0.5, reset_every=1, steps=10)
    first, again, other, finer = worn(), worn(), worn(), worn(torch.float64)
    for parameters, seed in ((first, 1), (again, 1), (other, 2), (finer, 1)):
        clamp.after(parameters, 1, seeded(seed))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    torch.testing.assert_close(finer.float(), first)
