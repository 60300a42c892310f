"""Several processes at one run find what one finds, each the very same as the others."""

import pytest
import safetensors.torch
import torch

import edgewise as ew
import shared_work
from edgewise.checkpoint import STATE
from family_cases import CASES, hf_model
from gradient_cases import same_as_float32
from node_cases import tiny_pairs
from processes import begin, ended
from shared_work import HELD, LENGTHS, found
from tiny_models import tiny_model

MODELS = ("gpt2", "llama, grouped, biases, tied")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Models as transformers saves them, in several files."""
    made = tmp_path_factory.mktemp("models")
    for name in MODELS:
        kind, settings = CASES[name]
        # Of more tokens than fit into a piece that is no larger than a layer.
        model = hf_model(kind, {**settings, "vocab_size": 50 if kind == "gpt2" else 700})
        model.save_pretrained(made / kind, max_shard_size="40KB")
    return made


@pytest.fixture(scope="module")
def alone(folder):
    return found(folder)


@pytest.fixture(scope="module", params=[2, 3])
def shared(request, folder, tmp_path_factory):
    path = tmp_path_factory.mktemp("shared") / "found.safetensors"
    # Weights are shared out by two.
    models = folder if request.param == 2 else tmp_path_factory.mktemp("none")
    told = ended(begin(request.param, shared_work.__file__, models, path))
    assert [status for status, *_ in told] == [0] * request.param, told
    return request.param, safetensors.torch.load_file(path), path.parent


def test_every_method_finds_the_same_with_two_and_three_processes(alone, shared):
    """Also with weights that are shared out."""
    count, others, _ = shared
    assert others.keys() <= alone.keys()
    assert (others.keys() == alone.keys()) == (count == 2)
    for name in others:
        if name.startswith(HELD):
            continue
        expected = alone[name]
        # Models of Hugging Face are in float32 here.
        of_float32 = name.startswith(("gpt2", "llama"))
        rtol, atol = (1e-4, 1e-5) if of_float32 else (1e-6, 1e-7)
        largest = expected.double().abs().max().item() if expected.numel() else 0.0
        off = (others[name].double() - expected.double()).abs().max().item() if expected.numel() else 0.0
        assert off <= rtol * largest + atol, name


def test_circuits_of_acdc_are_identical(alone, shared):
    count, others, _ = shared
    for name in ("acdc", "gpt2 acdc") if count == 2 else ("acdc",):
        assert torch.equal(others[name] != 0, alone[name] != 0)
        assert 0 < (alone[name] != 0).sum() < alone[name].numel()


def test_what_several_processes_kept_one_goes_on_from(alone, shared):
    count, _, folder = shared
    kept = safetensors.torch.load_file(folder / STATE)
    assert kept["done"].sum() == count
    assert kept["done"].max() == 1
    model, pairs = tiny_model("plain"), tiny_pairs(LENGTHS)
    scores = ew.discover(model, pairs, "eap", batch_size=1, checkpoint=folder)
    same_as_float32(scores.values, alone["eap"])
    assert not (folder / STATE).exists()


def test_a_process_holds_its_part_of_the_weights(shared):
    count, others, _ = shared
    for name in ("gpt2", "llama") if count == 2 else ():
        held, whole = others[f"{HELD} {name}"].tolist()
        # Norms and biases each process has for itself, and parts are rounded up.
        assert whole / count <= held <= (1 / count + 0.1) * whole
