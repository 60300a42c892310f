"""Our own folder format, and random models."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from edgewise.errors import BadInput, BrokenFile
from edgewise.models.config import ModelConfig
from edgewise.models.load import describe, load
from edgewise.models.native import save_model
from edgewise.models.random import random_model
from load_cases import RICH, SMALL, gpt2, llama, rewrite_json, tokens, word_tokenizer
from shared_work import is_used_as_it_lies


def test_a_saved_model_can_be_read_by_whom_other_new_files_can(tmp_path: Path) -> None:
    save_model(random_model(SMALL, seed=0), tmp_path)
    (tmp_path / "other").touch()
    modes = {each.name: each.stat().st_mode for each in tmp_path.iterdir()}
    assert modes["model.safetensors"] == modes["config.json"] == modes["other"]


@pytest.mark.parametrize("config", [SMALL, RICH, replace(SMALL, split_embeddings=True)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_our_own_format_comes_back_bit_for_bit(
    config: ModelConfig, dtype: torch.dtype, tmp_path: Path
) -> None:
    model = random_model(config, seed=3, dtype=dtype)
    model.tokenizer = word_tokenizer()
    save_model(model, tmp_path / "own")
    read = load(tmp_path / "own")
    assert read.config == describe(tmp_path / "own") == config
    assert read.state_dict().keys() == model.state_dict().keys()
    assert all(torch.equal(tensor, model.state_dict()[name]) for name, tensor in read.state_dict().items())
    assert torch.equal(read(tokens()), model(tokens()))
    assert read.tokenizer("sat")["input_ids"] == [3]
    assert read.name == "own"


@pytest.mark.parametrize("dtype", [None, torch.bfloat16])
def test_no_run_of_a_loaded_model_copies_its_output_matrices(
    dtype: torch.dtype | None, tmp_path: Path
) -> None:
    model = random_model(SMALL)
    save_model(model, tmp_path)
    for each in (model, load(tmp_path, dtype=dtype)):
        assert all(is_used_as_it_lies(layer.attention) for layer in each.layers)


@pytest.mark.parametrize("build", [gpt2, llama])
def test_a_hugging_face_model_can_be_saved_in_our_format(build: Any, tmp_path: Path) -> None:
    model = load(build(), grouped_readers=True)
    save_model(model, tmp_path / "own")
    read = load(tmp_path / "own")
    assert read.config == model.config
    assert torch.equal(read(tokens()), model(tokens()))
    tied = "unembed_weight" not in load_file(tmp_path / "own" / "model.safetensors")
    assert tied == (build is gpt2)


def test_a_broken_folder_of_ours_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "own"
    save_model(random_model(SMALL), folder)
    tensors = load_file(folder / "model.safetensors")
    del tensors["final_norm.bias"]
    tensors["unembed_weight"] = tensors["unembed_weight"][:5].clone()
    save_file(tensors, folder / "model.safetensors")
    with pytest.raises(BrokenFile) as caught:
        load(folder)
    assert caught.value.problems == (
        "own: tensors missing: final_norm.bias.",
        "own: tensors of the wrong shape: unembed_weight (needed (37, 32), got (5, 32)).",
    )
    rewrite_json(folder / "config.json", version=2)
    with pytest.raises(BrokenFile, match=r"version 1 of the format was needed. Got 2"):
        describe(folder)
    rewrite_json(folder / "config.json", version=1, config={**SMALL.to_dict(), "glow": 1})
    with pytest.raises(BrokenFile, match=r"unknown switches \['glow'\]"):
        describe(folder)
    (folder / "config.json").write_text('{"format": ')
    with pytest.raises(BrokenFile, match=r"config.json, line 1"):
        describe(folder)


def test_a_random_model_is_the_same_for_the_same_seed() -> None:
    one, same, other = random_model(SMALL, 1), random_model(SMALL, 1), random_model(SMALL, 2)
    assert torch.equal(one(tokens()), same(tokens()))
    assert not torch.allclose(one(tokens()), other(tokens()))
    exact = random_model(SMALL, 1, dtype=torch.float64)
    assert torch.equal(exact.token_embedding.float(), one.token_embedding)
    assert all(
        (value - 1).abs().max() > 0.01 for name, value in one.state_dict().items() if "norm.weight" in name
    )
    assert all(value.abs().max() > 0.01 for name, value in one.state_dict().items() if "bias" in name)


def test_a_model_that_is_there_is_replaced_only_when_asked_for_and_one_of_another_format_never(
    tmp_path: Path,
) -> None:
    save_model(random_model(SMALL, seed=0), tmp_path / "own")
    with pytest.raises(BadInput, match=r"holds a model already\. Give another folder, or overwrite=True"):
        save_model(random_model(SMALL, seed=1), tmp_path / "own")
    save_model(random_model(SMALL, seed=1), tmp_path / "own", overwrite=True)
    assert torch.equal(load(tmp_path / "own")(tokens()), random_model(SMALL, seed=1)(tokens()))
    gpt2().save_pretrained(tmp_path / "other")
    before = {each.name: each.read_bytes() for each in (tmp_path / "other").iterdir()}
    for overwrite in (False, True):
        with pytest.raises(BadInput, match="holds a model that is not of edgewise's own format, and is kept"):
            save_model(random_model(SMALL), tmp_path / "other", overwrite=overwrite)
    assert {each.name: each.read_bytes() for each in (tmp_path / "other").iterdir()} == before
