"""The instruments of `make bench` measure what they say."""

import torch
from benchmarks.measure import operations, peak_bytes, seconds_in_turns


def test_peak_memory_counts_what_is_alive_at_once():
    def work():
        for _ in range(3):
            first = torch.empty(1_000_000)
            second = torch.empty(500_000)
            del first, second

    assert 6_000_000 <= peak_bytes(work) < 6_100_000


def test_operations_are_those_of_the_products_in_place_ones_too():
    left, right, into = torch.randn(3, 5), torch.randn(5, 7), torch.zeros(3, 7)
    assert operations(lambda: left @ right) == 2 * 3 * 5 * 7
    assert operations(lambda: into.addmm_(left, right)) == 2 * 3 * 5 * 7
    batched = into[None].clone()
    assert operations(lambda: batched.baddbmm_(left[None], right[None])) == 2 * 3 * 5 * 7
    out = torch.empty(2, 3, 7)
    assert (
        operations(lambda: torch.bmm(left.expand(2, 3, 5), right.expand(2, 5, 7), out=out)) == 4 * 3 * 5 * 7
    )


def test_each_piece_of_work_takes_its_turn_and_the_first_round_is_not_counted():
    turns: list[str] = []
    seconds = seconds_in_turns(
        {"one": lambda: turns.append("one"), "two": lambda: turns.append("two")}, rounds=2
    )
    assert turns == ["one", "two"] * 3
    assert set(seconds) == {"one", "two"}
