"""Loading from a live model, a folder and a name, and what is said when that cannot be."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file
from transformers.utils import logging as transformers_logging

from edgewise.distributed import ALONE, Processes
from edgewise.errors import BadInput, BrokenFile, UnsupportedModel
from edgewise.models import load as load_module
from edgewise.models.load import check_placement, describe, load
from load_cases import gpt2, llama, rewrite_json, tokens, word_tokenizer


@pytest.mark.parametrize("build", [gpt2, llama])
def test_a_saved_and_loaded_folder_equals_the_live_model(build: Any, tmp_path: Path) -> None:
    theirs = build()
    theirs.save_pretrained(tmp_path / "tiny")
    live, read = load(theirs), load(tmp_path / "tiny")
    assert live.config == read.config == describe(str(tmp_path / "tiny"))
    assert torch.equal(live(tokens()), read(tokens()))
    assert read.name == "tiny"
    assert live.name == type(theirs).__name__
    assert not any(parameter.requires_grad or parameter.is_meta for parameter in read.parameters())
    assert not read.training


def test_the_tokenizer_of_a_folder_is_loaded_and_another_can_take_its_place(tmp_path: Path) -> None:
    gpt2().save_pretrained(tmp_path / "tiny")
    assert load(tmp_path / "tiny").tokenizer is None
    word_tokenizer().save_pretrained(tmp_path / "tiny")
    assert load(tmp_path / "tiny").tokenizer("the cat sat")["input_ids"] == [1, 2, 3]
    other = object()
    assert load(tmp_path / "tiny", tokenizer=other).tokenizer is other
    assert load(gpt2()).tokenizer is None
    theirs = transformers.GPT2LMHeadModel.from_pretrained(tmp_path / "tiny")
    assert load(theirs).tokenizer("cat")["input_ids"] == [2]


def test_the_live_model_is_left_as_it_was() -> None:
    theirs = gpt2().train()
    theirs.transformer.wte.requires_grad_(False)
    config = theirs.config.to_dict()
    weights = {name: tensor.clone() for name, tensor in theirs.state_dict().items()}
    flags = {name: parameter.requires_grad for name, parameter in theirs.named_parameters()}
    ours = load(theirs, dtype="float64")
    ours(tokens())
    assert theirs.training
    assert theirs.config.to_dict() == config
    assert {name: parameter.requires_grad for name, parameter in theirs.named_parameters()} == flags
    assert all(torch.equal(tensor, weights[name]) for name, tensor in theirs.state_dict().items())
    assert not any(parameter.requires_grad for parameter in ours.parameters())


@pytest.mark.parametrize("dtype", ["bfloat16", torch.bfloat16, "float16", "float64"])
def test_another_dtype_is_near_and_tied_embeddings_stay_one_tensor(dtype: Any, tmp_path: Path) -> None:
    theirs = gpt2()
    theirs.save_pretrained(tmp_path / "tiny")
    reference = load(theirs)(tokens())
    for source in (theirs, tmp_path / "tiny"):
        ours = load(source, dtype=dtype)
        assert str(ours.dtype).removeprefix("torch.") == str(dtype).removeprefix("torch.")
        assert all(parameter.dtype == ours.dtype for parameter in ours.parameters())
        assert ours.token_embedding.data_ptr() == ours.unembed_weight.data_ptr()
        assert (ours(tokens()).float() - reference).abs().max() < 0.03 * reference.abs().max()


def test_the_dtype_is_that_of_the_file_unless_given(tmp_path: Path) -> None:
    half: Any = llama()
    half.to(torch.bfloat16).save_pretrained(tmp_path / "half")
    assert load(tmp_path / "half").dtype == torch.bfloat16
    assert load(tmp_path / "half", dtype="float32", device="cpu").dtype == torch.float32


def test_describe_reads_no_weights(tmp_path: Path) -> None:
    theirs = llama()
    theirs.config.save_pretrained(tmp_path / "config only")
    config = describe(tmp_path / "config only", grouped_readers=True)
    assert (config.layers, config.key_readers) == (2, 2)
    with pytest.raises(BrokenFile, match=r"config only: its weights could not be read: .*no file named"):
        load(tmp_path / "config only")


def test_a_quiet_load_says_nothing_and_a_load_leaves_the_verbosity_as_it_was(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    rope = {"rope_type": "linear", "factor": 2.0, "rope_theta": 10.0}
    llama(rope_parameters=rope).save_pretrained(tmp_path / "tiny")
    rewrite_json(tmp_path / "tiny" / "config.json", bos_token_id=99)
    capfd.readouterr()
    transformers.logging.set_verbosity(logging.INFO)
    try:
        load(tmp_path / "tiny", quiet=True)
        assert transformers.logging.get_verbosity() == logging.INFO
    finally:
        transformers.logging.set_verbosity_warning()
    assert capfd.readouterr() == ("", "")
    assert transformers.logging.is_progress_bar_enabled()


def test_what_a_name_or_a_folder_lacks_is_said(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("")
    cases = [
        (tmp_path / "nowhere", r"the model folder .*nowhere does not exist"),
        (str(tmp_path / "nowhere"), r"the model folder .*nowhere does not exist"),
        ("./nowhere", r"the model folder ./nowhere does not exist"),
        (tmp_path / "empty", r"empty has no config.json. A model's folder holds config.json and its weights"),
        (tmp_path / "file", r"file is a file. A model is a folder"),
        ("", r"a model is a Hugging Face name, a folder, .* Got ''"),
        (3, r"a model is a Hugging Face name, a folder, .* Got 'int'"),
    ]
    for source, said in cases:
        with pytest.raises(BadInput, match=said):
            describe(source)


def test_without_a_connection_a_name_that_was_downloaded_loads_and_another_is_refused_within_seconds(
    tmp_path: Path,
) -> None:
    cached = tmp_path / "hub" / "models--someone--tiny"
    gpt2().save_pretrained(cached / "snapshots" / "0123")
    word_tokenizer().save_pretrained(cached / "snapshots" / "0123")
    (cached / "refs").mkdir()
    (cached / "refs" / "main").write_text("0123")
    script = """
from edgewise.errors import BadInput
from edgewise.models.load import load
model = load("someone/tiny", quiet=True)
print(model.name, model.config.layers, model.tokenizer("sat")["input_ids"])
try:
    load("nobody/no-such-model")
except BadInput as error:
    print(error)
"""
    environment = {
        **os.environ,
        "HF_HOME": str(tmp_path),
        "HF_ENDPOINT": "http://127.0.0.1:9",
        "HF_HUB_OFFLINE": "0",
    }
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
    )
    assert time.monotonic() - started < 20
    assert done.stdout.splitlines() == [
        "someone/tiny 2 [3]",
        "nobody/no-such-model is no folder here, it was not downloaded before, and the Hugging Face Hub "
        "cannot be reached. Check the path, or the connection and HF_HUB_OFFLINE.",
    ]
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("RepositoryNotFoundError", "and the Hugging Face Hub has no such model, or not for you"),
        (
            "GatedRepoError",
            "its owner limits who may read it. Ask for access at https://huggingface.co/some/model",
        ),
        ("RemoteEntryNotFoundError", "and the Hugging Face Hub's some/model has no config.json"),
    ],
)
def test_what_the_hub_answers_is_said(kind: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    error_class = getattr(huggingface_hub.errors, kind)

    def answer(*_: Any, **__: Any) -> None:
        raise error_class.__new__(error_class)

    monkeypatch.setattr(huggingface_hub, "get_hf_file_metadata", answer)
    with pytest.raises(BadInput, match=said):
        describe("some/model")


def test_an_unknown_model_type_and_another_head_are_refused(tmp_path: Path) -> None:
    gpt2().save_pretrained(tmp_path / "tiny")
    path = tmp_path / "tiny" / "config.json"
    rewrite_json(path, architectures=["GPT2ForSequenceClassification"], reorder=3)
    with pytest.raises(UnsupportedModel) as caught:
        describe(tmp_path / "tiny")
    assert (
        "GPT2LMHeadModel or GPT2Model) was needed. Got a checkpoint of GPT2ForSequenceClass"
        in caught.value.problems[0]
    )
    assert "reorder=3" in caught.value.problems[1]
    rewrite_json(path, model_type="llamma")
    with pytest.raises(
        UnsupportedModel, match=r"unknown model_type 'llamma'. Did you mean 'llama'\? Known: gemma, "
    ):
        describe(tmp_path / "tiny")
    rewrite_json(path, model_type="gpt2", n_head="four")
    with pytest.raises(UnsupportedModel, match=r"transformers does not accept this config: .*n_head"):
        describe(tmp_path / "tiny")
    path.write_text("{}")
    with pytest.raises(BrokenFile, match="a Hugging Face config with a model_type was needed"):
        describe(tmp_path / "tiny")


def test_a_live_model_of_another_head_is_refused() -> None:
    config = gpt2().config
    config.pad_token_id = 0
    for other in (transformers.GPT2ForSequenceClassification(config), transformers.GPT2Model(config)):
        with pytest.raises(UnsupportedModel, match=r"a GPT2LMHeadModel was needed. Got a GPT2"):
            load(other)
    bert = transformers.BertConfig(
        hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8
    )
    with pytest.raises(UnsupportedModel, match="unknown model_type 'bert'"):
        load(transformers.BertLMHeadModel(bert))


def test_a_checkpoint_that_lacks_a_tensor_or_has_another_shape_is_refused(tmp_path: Path) -> None:
    llama().save_pretrained(tmp_path / "tiny")
    path = tmp_path / "tiny" / "model.safetensors"
    tensors = load_file(path)
    taken = tensors.pop("model.layers.0.mlp.up_proj.weight")
    save_file(tensors, path, metadata={"format": "pt"})
    with pytest.raises(BrokenFile, match=r"its checkpoint lacks model.layers.0.mlp.up_proj.weight"):
        load(tmp_path / "tiny")
    save_file(
        {**tensors, "model.layers.0.mlp.up_proj.weight": taken[:3].clone()}, path, metadata={"format": "pt"}
    )
    with pytest.raises(BrokenFile, match=r"its weights could not be read: .*size"):
        load(tmp_path / "tiny")
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(BrokenFile, match="tiny: its weights could not be read"):
        load(tmp_path / "tiny")


def test_a_tensor_of_the_checkpoint_that_is_not_read_is_told_unless_quiet(tmp_path: Path) -> None:
    llama().save_pretrained(tmp_path / "tiny")
    path = tmp_path / "tiny" / "model.safetensors"
    stray = {"model.layers.0.self_attn.q_proj.bias": torch.zeros(32)}
    save_file({**load_file(path), **stray}, path, metadata={"format": "pt"})
    with pytest.warns(
        UserWarning, match=r"tiny: transformers reads no such tensors .*0.self_attn.q_proj.bias"
    ):
        load(tmp_path / "tiny")
    load(tmp_path / "tiny", quiet=True)


def test_all_wrong_options_are_told_together(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as caught:
        load(tmp_path / "nowhere", dtype="float31", device="warp")
    assert [problem.split(".")[0].split(":")[0] for problem in caught.value.problems[:2]] == [
        "unknown dtype 'float31'",
        "unknown device 'warp'",
    ]
    assert "does not exist" in caught.value.problems[2]
    with pytest.raises(BadInput, match="split_embeddings needs learned positions"):
        load(llama(), split_embeddings=True)


def test_a_device_that_there_is_not_is_told_those_of_the_machine_and_the_nearest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    here = "On this machine: cpu, cuda, cuda:0."
    assert check_placement(None, "gpu") == [f"unknown device 'gpu'. Did you mean 'cuda'? {here}"]
    assert check_placement(None, "cuda0") == [f"unknown device 'cuda0'. Did you mean 'cuda:0'? {here}"]
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    for name in ("gpu", "cuda0"):
        assert check_placement(None, name) == [f"unknown device {name!r}. On this machine: cpu."]
    assert check_placement(None, "cpu") == []
    assert check_placement(None, "cuda:99")[0].startswith("the device 'cuda:99' cannot be used here: ")


@pytest.mark.parametrize("hub", [True, False])
@pytest.mark.parametrize("own", [True, False])
def test_no_bar_of_transformers_is_shown_while_a_model_is_loaded_and_its_settings_stay(
    hub: bool, own: bool, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    gpt2().save_pretrained(tmp_path / "tiny")
    capfd.readouterr()
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    bars = huggingface_hub.utils
    (transformers_logging.enable_progress_bar if own else transformers_logging.disable_progress_bar)()
    (bars.enable_progress_bars if hub else bars.disable_progress_bars)()
    try:
        load(tmp_path / "tiny")
        assert transformers_logging.is_progress_bar_enabled() == own
        assert bars.are_progress_bars_disabled() != hub
    finally:
        transformers_logging.enable_progress_bar()
    told = capfd.readouterr().err
    assert "loading tiny" in told
    assert not any(sign in told for sign in "%|#")


def test_an_older_torch_that_cannot_share_weights_out_is_told_with_what_else_is_wrong(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch, "__version__", "2.6.1+cpu")
    monkeypatch.setattr(load_module, "here", lambda: Processes(0, 2))
    with pytest.raises(BadInput) as refused:
        load("zoo:ioi", dtype="float12", shard_weights=True)
    assert len(refused.value.problems) == 2
    assert "--shard-weights needs torch 2.7 or newer. Got 2.6.1+cpu. Update torch" in str(refused.value)
    monkeypatch.setattr(load_module, "here", lambda: ALONE)
    with pytest.warns(UserWarning, match="none to share them with: torchrun starts several"):
        load("zoo:ioi", shard_weights=True)
