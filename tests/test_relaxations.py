"""Gates that are half open: what is drawn, how often, and where the gradient goes."""

from __future__ import annotations

import math
from functools import partial

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import Tensor

from edgewise.masks.relaxations import Clamp, HardConcrete, Normal, Relaxation, Sigmoid, Uniform

EVERY: list[Relaxation] = [HardConcrete(), Sigmoid(), Uniform(), Clamp(drop_in=0.5)]
DRAWS = 20_000
numbers = st.floats(-6, 6).map(partial(round, ndigits=3))
chances = st.floats(0.001, 0.999)
some_examples = settings(max_examples=60, deadline=None)
double = partial(torch.tensor, dtype=torch.float64)


def grid(points: int = DRAWS) -> Tensor:
    """What stands for all draws: the middles of as many equal parts of [0, 1]."""
    return (torch.arange(points, dtype=torch.float64) + 0.5) / points


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def drawn(relaxation: Relaxation, parameter: float, uniform: Tensor) -> tuple[Tensor, Tensor]:
    """The numbers for these draws, and the gradient of each at its own parameter."""
    parameters = torch.full_like(uniform, parameter).requires_grad_()
    numbers = relaxation.draw(parameters, uniform)
    numbers.sum().backward()
    assert parameters.grad is not None
    return numbers.detach(), parameters.grad


@some_examples
@given(p=numbers, u=chances, temperature=st.sampled_from([1 / 3, 2 / 3, 1.0]))
def test_hard_concrete_is_the_formula(p: float, u: float, temperature: float) -> None:
    s = 1 / (1 + math.exp(-(math.log(u) - math.log(1 - u) + p) / temperature))
    expected = min(1.0, max(0.0, -0.1 + 1.2 * s))
    found, _ = drawn(HardConcrete(temperature=temperature), p, double([u]))
    assert found.item() == pytest.approx(expected, abs=1e-12)


@some_examples
@given(p=numbers, temperature=st.sampled_from([1 / 3, 2 / 3, 1.0]), stretch=st.sampled_from([0.05, 0.1]))
def test_a_hard_concrete_gate_is_open_as_often_as_expected(
    p: float, temperature: float, stretch: float
) -> None:
    relaxation = HardConcrete(temperature=temperature, stretch=stretch)
    found, gradient = drawn(relaxation, p, grid())
    expected = relaxation.expected(double([p])).item()
    assert expected == pytest.approx((found > 0).double().mean().item(), abs=1 / DRAWS)
    # As often quite open at p as it is quite shut at -p.
    mirrored = relaxation.expected(double([-p])).item()
    assert mirrored == pytest.approx((found < 1).double().mean().item(), abs=1 / DRAWS)
    assert found.min() >= 0
    assert found.max() <= 1
    assert torch.equal(gradient > 0, (found > 0) & (found < 1))
    assert torch.equal(gradient == 0, (found == 0) | (found == 1))


@pytest.mark.parametrize("p", [-3.0, -1.0, 0.0, 2.0])
def test_random_draws_are_open_as_often_as_expected(p: float) -> None:
    relaxation = HardConcrete()
    found, _ = drawn(relaxation, p, torch.rand(DRAWS, generator=seeded(0)))
    expected = relaxation.expected(torch.tensor([p])).item()
    error = math.sqrt(expected * (1 - expected) / DRAWS)
    assert abs((found > 0).double().mean().item() - expected) < 4 * error


def test_hard_concrete_settles_at_a_softer_sigmoid() -> None:
    parameters = torch.linspace(-4, 4, 9, dtype=torch.float64)
    expected = [1 / (1 + math.exp(-0.8 * p / (2 / 3))) for p in parameters.tolist()]
    torch.testing.assert_close(HardConcrete().settled(parameters), double(expected))


@pytest.mark.parametrize("relaxation", EVERY, ids=repr)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_outermost_draws_and_parameters_give_finite_numbers_and_gradients(
    relaxation: Relaxation, dtype: torch.dtype
) -> None:
    for parameter in (0.0, 1.0, 20.0, 200.0, 1e4, 1e30):
        for sign in (-1.0, 1.0):
            uniform = torch.tensor([0.0, 1e-12, 0.3, 1 - 1e-7, 1.0], dtype=dtype)
            found, gradient = drawn(relaxation, sign * parameter, uniform)
            assert found.dtype == dtype
            assert found.min() >= 0
            assert found.max() <= 1
            assert gradient.isfinite().all()
            ends = torch.full((1,), sign * parameter, dtype=dtype)
            for value in (relaxation.expected(ends), relaxation.settled(ends)):
                assert 0 <= value.item() <= 1


def test_no_draw_shuts_a_gate_that_is_open_for_good_nor_opens_one_that_is_shut() -> None:
    """In float32 one draw in 2^24 is exactly 0: far more often than such a gate should be shut."""
    for dtype in (torch.float32, torch.float64):
        uniform = torch.tensor([0.0, 1e-9, 0.5, 1.0], dtype=dtype)
        assert drawn(HardConcrete(), 20.0, uniform)[0].eq(1).all()
        assert drawn(HardConcrete(), -20.0, uniform)[0].eq(0).all()


@some_examples
@given(p=numbers, u=chances)
def test_uniform_is_the_formula_and_its_slope_is_1_within_the_window(p: float, u: float) -> None:
    q = 1 / (1 + math.exp(-p))
    width = q * (1 - q)
    place = (u - q) / width
    assume(abs(abs(place) - 0.5) > 1e-6)
    found, gradient = drawn(Uniform(), p, double([u]))
    assert found.item() == pytest.approx(1 - min(1.0, max(0.0, place + 0.5)), abs=1e-9)
    # dz/dp = (1 / w) dq/dp, and dq/dp is q (1 - q), as w is.
    assert gradient.item() == pytest.approx(float(abs(place) < 0.5), abs=1e-9)


@some_examples
@given(p=numbers)
def test_uniform_is_0_between_or_1_with_its_probabilities_and_q_on_the_average(p: float) -> None:
    q = Uniform().expected(double([p])).item()
    found, _ = drawn(Uniform(), p, grid())
    width = q * (1 - q)
    near = 2 / DRAWS
    assert (found == 1).double().mean().item() == pytest.approx(q - width / 2, abs=near)
    assert (found == 0).double().mean().item() == pytest.approx(1 - q - width / 2, abs=near)
    assert found.mean().item() == pytest.approx(q, abs=near)
    between = found[(found > 0) & (found < 1)].sort().values
    torch.testing.assert_close(between, grid(len(between)), rtol=0, atol=1 / len(between))


@some_examples
@given(p=numbers, power=st.integers(1, 4))
def test_uniform_has_on_the_average_the_gradient_of_a_coin_that_is_1_with_probability_q(
    p: float, power: int
) -> None:
    """Of any function of z, here z to a power: q (1 - q) [f(1) - f(0)]; what uniform sampling is for."""
    q = Uniform().expected(double([p])).item()
    uniform = grid()
    parameters = torch.full_like(uniform, p).requires_grad_()
    (Uniform().draw(parameters, uniform) ** power - 3).mean().backward()
    assert parameters.grad is not None
    assert parameters.grad.sum().item() == pytest.approx(q * (1 - q), abs=5 / DRAWS)


def test_sigmoid_draws_nothing() -> None:
    parameters = torch.randn(5, generator=seeded(0))
    found = Sigmoid().draw(parameters, torch.rand(3, 5))
    torch.testing.assert_close(found, (1 / (1 + (-parameters).exp())).expand(3, 5))
    assert torch.equal(Sigmoid().settled(parameters), found[0])
    assert torch.equal(Sigmoid().expected(parameters), found[0])


@pytest.mark.parametrize("relaxation", [HardConcrete, Sigmoid, Uniform])
def test_parameters_begin_at_normal_draws_and_stay_within_their_limits(relaxation: type[Normal]) -> None:
    begun = relaxation(mean=2.0, spread=0.5).start((DRAWS,), seeded(0))
    assert begun.mean().item() == pytest.approx(2.0, abs=4 * 0.5 / math.sqrt(DRAWS))
    assert begun.std().item() == pytest.approx(0.5, rel=0.03)
    parameters = double([-100.0, -5.0, 1.0, 10.0, 100.0])
    relaxation().after(parameters, 1, seeded(0))
    assert parameters.tolist() == [-100.0, -5.0, 1.0, 10.0, 100.0]
    relaxation(limit=5.0).after(parameters, 1, seeded(0))
    assert parameters.tolist() == [-5.0, -5.0, 1.0, 10.0, 10.0]
