"""What a run costs."""

import numpy as np
import pytest
import torch

import edgewise as ew
from edgewise.checkpoint import Checkpoint
from edgewise.costs import forget_peak, peak_bytes, search

CPU = torch.device("cpu")


@pytest.fixture
def work():
    model = ew.load("zoo:ioi")
    return model, ew.task("ioi", model, 20)


def test_the_peak_of_a_search_is_told_though_its_memory_is_free_again():
    forget_peak(CPU)
    before = peak_bytes(CPU)
    held = np.ones(50_000_000)
    del held
    after = peak_bytes(CPU)
    assert before is not None
    assert after is not None
    assert after - before == pytest.approx(400e6, rel=0.1)
    forget_peak(CPU)
    assert peak_bytes(CPU) < after - 300e6


def test_a_search_is_as_many_plain_runs_as_take_as_long(work):
    seconds: dict[str, float] = {}
    model, pairs = work
    with search("discover", seconds, *work, 4, None) as costs, torch.no_grad():
        for _ in range(60):
            for batch in pairs.batches(4, CPU):
                model(batch.clean, batch.read)
    # Machines are noisy.
    assert 20 < costs["forwards"] < 180
    assert seconds["discover"] > 0


def test_how_long_a_search_took_that_went_on_from_a_checkpoint_is_not_known(work, tmp_path):
    keeper = Checkpoint(tmp_path, {})
    keeper.save({"done": torch.ones(1)})
    with search("discover", {}, *work, 4, keeper) as costs:
        pass
    assert costs["forwards"] is None
    assert costs["peak_bytes"] > 0
