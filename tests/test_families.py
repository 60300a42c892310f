"""Every family against Hugging Face on tiny random models: logits, switches and shared weights."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers.activations import ACT2FN

from edgewise.errors import UnsupportedModel
from edgewise.models.config import ModelConfig
from edgewise.models.families import FAMILIES
from edgewise.models.families.common import ACTIVATIONS as KNOWN_ACTIVATIONS
from edgewise.models.layer import ACTIVATIONS
from edgewise.models.load import load
from edgewise.models.mapped import mapped_state
from edgewise.models.origin import find_origin
from family_cases import CASES, GPT2, SIZES, distance, hf_config, hf_model, tokens, varies


@pytest.mark.parametrize("case", CASES)
def test_logits_are_those_of_hugging_face(case: str) -> None:
    theirs = hf_model(*CASES[case])
    with torch.no_grad():
        reference = theirs(tokens()).logits
    assert varies(reference)
    assert distance(load(theirs)(tokens()), reference) < 1e-5


@pytest.mark.parametrize("model_type", FAMILIES)
def test_every_family_agrees_in_float64(model_type: str) -> None:
    settings = next(settings for kind, settings in CASES.values() if kind == model_type)
    theirs = hf_model(model_type, settings, torch.float64)
    ours = load(theirs)
    assert ours.dtype == torch.float64
    # Hugging Face turns queries and keys by angles of float32 whatever the model's dtype.
    with torch.no_grad():
        assert distance(ours(tokens()), theirs(tokens()).logits) < 1e-5


@pytest.mark.parametrize(
    ("case", "without"),
    [
        ("gpt_neo, windows", {"windows": ()}),
        ("gpt_neo, global", {"attention_scale": None}),
        ("gpt_neox, parallel", {"parallel": False}),
        ("gpt_neox, half of each head turned", {"rotaries": ()}),
        ("mistral, windows", {"windows": ()}),
        ("qwen2, upper layers with windows", {"windows": (5, 5, 5)}),
        ("gemma", {"embedding_scale": 1.0}),
        ("gemma2", {"attention_softcap": 0.0}),
        ("gemma2", {"logit_softcap": 0.0}),
        ("gemma2", {"attention_scale": None}),
        ("gemma2", {"windows": ()}),
        ("gemma3_text", {"windows": ()}),
        ("phi3, longrope, short", {"rotaries": ()}),
        ("smollm3, windows, biases, untied", {"windows": ()}),
        ("smollm3", {"rotaries": ()}),
    ],
)
def test_the_switch_matters_on_these_prompts_so_that_parity_tests_it(
    case: str, without: dict[str, Any]
) -> None:
    ours = load(hf_model(*CASES[case]))
    changed = type(ours)(replace(ours.config, **without))
    changed.load_state_dict(ours.state_dict(), assign=True)
    assert distance(changed(tokens()), ours(tokens())) > 1e-3


def test_windows_are_where_the_settings_put_them() -> None:
    def windows(case: str) -> tuple[int, ...]:
        model_type, settings = CASES[case]
        return FAMILIES[model_type].config(hf_config(model_type, **settings)).windows

    assert windows("gpt_neo, windows") == (0, 5, 0, 5)
    assert windows("mistral, windows") == (5, 5, 5)
    assert windows("qwen2, a window that is not used") == (0, 0, 0)
    assert windows("qwen2, upper layers with windows") == (0, 5, 5)
    assert windows("gemma2") == (5, 0, 5)
    assert windows("gemma3_text, rope linear, soft cap") == (4, 0, 4)
    assert windows("smollm3, windows, biases, untied") == (0, 5, 0)


def test_the_two_rotary_tables_of_gemma_3_and_the_layers_of_smollm3_without_one() -> None:
    gemma3: ModelConfig = FAMILIES["gemma3_text"].config(hf_config("gemma3_text", **CASES["gemma3_text"][1]))
    assert gemma3.rotaries[0] == gemma3.rotaries[2] != gemma3.rotaries[1]
    smollm3 = FAMILIES["smollm3"].config(hf_config("smollm3", **CASES["smollm3"][1]))
    assert [rotary is None for rotary in smollm3.rotaries] == [False, True, False]


@pytest.mark.parametrize(("hf_name", "ours"), KNOWN_ACTIVATIONS.items())
def test_an_activation_is_the_one_that_transformers_has_under_that_name(hf_name: str, ours: str) -> None:
    x = torch.linspace(-8, 8, 401)
    assert (ACTIVATIONS[ours](x) - ACT2FN[hf_name](x)).abs().max() <= 2e-6


def test_weights_of_gpt2_and_llama_are_shared_and_not_copied() -> None:
    theirs = hf_model("gpt2", GPT2)
    ours: Any = load(theirs)
    block = theirs.transformer.h[1]
    weights = ours.layers[1].attention
    assert (
        ours.token_embedding.data_ptr() == ours.unembed_weight.data_ptr() == theirs.lm_head.weight.data_ptr()
    )
    assert weights.query_weight.data_ptr() == block.attn.c_attn.weight.data_ptr()
    assert weights.key_weight.data_ptr() == block.attn.c_attn.weight[:, 32:].data_ptr()
    assert weights.output_weight.data_ptr() == block.attn.c_proj.weight.data_ptr()
    storages = {parameter.untyped_storage().data_ptr() for parameter in theirs.parameters()}
    assert all(parameter.untyped_storage().data_ptr() in storages for parameter in ours.parameters())

    for model_type in ("gpt_neo", "opt", "llama", "phi3", "olmo2"):
        theirs = hf_model(
            model_type, next(settings for kind, settings in CASES.values() if kind == model_type)
        )
        storages = {parameter.untyped_storage().data_ptr() for parameter in theirs.parameters()}
        assert all(
            parameter.untyped_storage().data_ptr() in storages for parameter in load(theirs).parameters()
        )


def test_a_tensor_that_no_part_of_the_model_takes_is_refused_by_name() -> None:
    theirs = hf_model("llama", SIZES)
    theirs.model.layers[1].self_attn.register_parameter("lora", torch.nn.Parameter(torch.zeros(2)))
    with pytest.raises(
        UnsupportedModel, match=r"tensors that are not handled: model.layers.1.self_attn.lora"
    ):
        load(theirs)


@pytest.mark.parametrize("name", CASES)
def test_a_saved_model_is_mapped_as_transformers_reads_it(name: str, tmp_path: Path) -> None:
    theirs = hf_model(*CASES[name])
    theirs.save_pretrained(tmp_path, max_shard_size="40KB")
    mapped = mapped_state(find_origin(str(tmp_path)))
    expected = theirs.state_dict()
    assert mapped.keys() == expected.keys()
    assert all(torch.equal(mapped[each], expected[each]) for each in expected)
