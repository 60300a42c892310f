"""Several processes at one run find what one finds, each the very same as the others."""

import pytest
import safetensors.torch
import torch

import shared_work
from processes import begin, ended
from shared_work import found


@pytest.fixture(scope="module")
def alone():
    return found()


@pytest.fixture(scope="module", params=[2, 3])
def shared(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("shared") / "found.safetensors"
    told = ended(begin(request.param, shared_work.__file__, path))
    assert [status for status, *_ in told] == [0] * request.param, told
    return safetensors.torch.load_file(path)


def test_every_method_finds_the_same_with_two_and_three_processes(alone, shared):
    assert shared.keys() == alone.keys()
    for name, expected in alone.items():
        largest = expected.double().abs().max().item() if expected.numel() else 0.0
        torch.testing.assert_close(
            shared[name],
            expected,
            rtol=1e-6,
            atol=1e-7 * largest,
            msg=lambda told, name=name: f"{name}: {told}",
        )


def test_circuits_of_acdc_are_identical(alone, shared):
    assert torch.equal(shared["acdc"] != 0, alone["acdc"] != 0)
    assert 0 < (alone["acdc"] != 0).sum() < alone["acdc"].numel()
