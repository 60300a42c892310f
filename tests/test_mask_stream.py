"""Which pairs a step is made of: every one once a round, from the step's number alone."""

from __future__ import annotations

from collections import Counter
from itertools import product

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import edgewise.masks.stream as stream
from edgewise.masks.stream import Stream, generator_for
from edgewise.tasks.entries import Pair
from edgewise.tasks.pairs import Pairs

some_examples = settings(max_examples=60, deadline=None)
lengths = st.lists(st.sampled_from([3, 5, 8]), min_size=1, max_size=30)
sizes = st.integers(1, 9)
seeds = st.integers(0, 50)


def pairs_of(lengths: list[int]) -> Pairs:
    return Pairs(tuple(Pair(clean=tuple(range(length)), read=(length - 1,)) for length in lengths))


def steps_of(found: Stream, rounds: int = 1, start: int = 0) -> list[list[int]]:
    return [found.at(step) for step in range(start, start + rounds * found.steps)]


@some_examples
@given(lengths=lengths, examples=sizes, seed=seeds)
def test_in_a_round_every_pair_comes_once(lengths: list[int], examples: int, seed: int) -> None:
    found = Stream(pairs_of(lengths), examples, seed)
    for turn in range(3):
        steps = steps_of(found, start=turn * found.steps)
        assert sorted(index for step in steps for index in step) == list(range(len(lengths)))


@some_examples
@given(lengths=lengths, examples=sizes, seed=seeds)
def test_a_step_is_of_one_shape_and_as_large_as_the_shape_allows(
    lengths: list[int], examples: int, seed: int
) -> None:
    pairs = pairs_of(lengths)
    found = Stream(pairs, examples, seed)
    made: dict[int, list[int]] = {}
    for step in steps_of(found):
        (length,) = {lengths[index] for index in step}
        assert pairs.batch(step).clean.shape == (len(step), length)
        made.setdefault(length, []).append(len(step))
    for length, count in Counter(lengths).items():
        whole, rest = divmod(count, examples)
        assert sorted(made[length], reverse=True) == [examples] * whole + [rest] * (rest > 0)
    assert found.steps == sum(len(of_length) for of_length in made.values())


@some_examples
@given(lengths=lengths, examples=sizes, seed=seeds, asked=st.lists(st.integers(0, 40), max_size=20))
def test_a_step_depends_on_its_number_alone(
    lengths: list[int], examples: int, seed: int, asked: list[int]
) -> None:
    pairs = pairs_of(lengths)
    in_order = Stream(pairs, examples, seed)
    expected = [in_order.at(step) for step in range(41)]
    found = Stream(pairs, examples, seed)
    for step in asked:
        assert found.at(step) == expected[step] == Stream(pairs, examples, seed).at(step)


def test_rounds_and_seeds_have_orders_and_company_of_their_own() -> None:
    pairs = pairs_of([3, 5] * 20)
    rounds = [
        steps_of(found, start=turn * found.steps)
        for found in (Stream(pairs, 4, seed) for seed in range(4))
        for turn in range(3)
    ]
    together = [{frozenset(step) for step in steps} for steps in rounds]
    shapes = [[step[0] % 2 for step in steps] for steps in rounds]
    for index, one in enumerate(together):
        assert all(one != other for other in together[:index])
    # Shapes take turns, too, and not in the same way each time.
    assert len({tuple(order) for order in shapes}) > len(rounds) // 2


def test_every_pair_comes_as_often_at_the_start_as_at_the_end() -> None:
    """And with every other: the order is drawn evenly."""
    pairs, rounds = pairs_of([3] * 6), 600
    first: Counter[int] = Counter()
    beside: Counter[frozenset[int]] = Counter()
    found = Stream(pairs, 2, 0)
    for turn in range(rounds):
        steps = steps_of(found, start=turn * found.steps)
        first.update(steps[0])
        beside.update(frozenset(step) for step in steps)
    assert all(abs(first[pair] - rounds / 3) < 5 * (rounds * 2 / 9) ** 0.5 for pair in range(6))
    assert len(beside) == 15
    assert all(abs(count - rounds / 5) < 5 * (rounds * 4 / 25) ** 0.5 for count in beside.values())


class Counted(tuple):
    """Pairs that count how many of them were looked at."""

    looked = 0

    def __getitem__(self, index):
        Counted.looked += 1
        return super().__getitem__(index)

    def __iter__(self):
        for index in range(len(self)):
            yield self[index]


@pytest.mark.parametrize("count", [16, 400])
def test_a_step_looks_at_its_own_pairs_alone_and_a_round_is_drawn_once(
    count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    pairs = Pairs(Counted(pairs_of([3, 5] * (count // 2)).pairs))
    found, drawn = Stream(pairs, 4, 0), []

    def counted(seed: int, number: int, what: str) -> torch.Generator:
        drawn.append(number)
        return generator_for(seed, number, what)

    monkeypatch.setattr(stream, "generator_for", counted)
    monkeypatch.setattr(Counted, "looked", 0)
    for step in range(3 * found.steps):
        index = found.at(step)
        assert Counted.looked == 0
        pairs.batch(index)
        assert 0 < Counted.looked <= 2 * len(index)
        Counted.looked = 0
    assert drawn == [0, 1, 2]


def test_random_numbers_differ_by_seed_step_purpose_and_set_of_gates() -> None:
    asked = list(
        product((0, 1, 2, 66), (0, 1, 2, 1000), ("examples", "start", "gates", "resets"), (0, 1, 2, 15))
    )
    drawn = {tuple(torch.rand(4, generator=generator_for(*each)).tolist()) for each in asked}
    assert len(drawn) == len(asked)
    for each in asked[::17]:
        first, again = (torch.rand(4, generator=generator_for(*each)) for _ in range(2))
        assert torch.equal(first, again)


@pytest.mark.parametrize("seed", [-1, 2**40, 2**64])
def test_any_whole_number_is_a_seed(seed: int) -> None:
    torch.rand(1, generator=generator_for(seed, 3, "gates", 1))


@pytest.mark.parametrize(
    ("one", "other"), [((0, 5), (1 << 26, 5)), ((0, 1517), (3087, 0)), ((67, 108_663), (0, 0))]
)
def test_seeds_far_apart_have_nothing_in_common(one: tuple[int, int], other: tuple[int, int]) -> None:
    first, second = (torch.rand(4, generator=generator_for(*each, "gates")) for each in (one, other))
    assert not torch.equal(first, second)
