"""Which settings of a Hugging Face config are refused, and which are known."""

from __future__ import annotations

from typing import Any

import pytest
import transformers

from edgewise.errors import UnsupportedModel
from edgewise.models.families import FAMILIES
from family_cases import hf_config

REFUSED = [
    (
        "gpt2",
        {"scale_attn_by_inverse_layer_idx": True},
        "scale_attn_by_inverse_layer_idx=True is not handled: only Fal",
    ),
    ("gpt2", {"add_cross_attention": True}, "add_cross_attention=True"),
    ("gpt2", {"activation_function": "gelu_nwe"}, "unknown activation 'gelu_nwe'. Did you mean 'gelu_new'?"),
    ("gpt2", {"rotate_everything": 3}, "rotate_everything=3 is not handled: it is not known what it does"),
    ("gpt2", {"quantization_config": {"bits": 4}}, "quantization_config="),
    ("opt", {"do_layer_norm_before": False}, "do_layer_norm_before=False is not handled: only True is"),
    (
        "opt",
        {"word_embed_proj_dim": 16},
        "word_embed_proj_dim=16 is not handled: only the model's width, 768, is",
    ),
    ("opt", {"layer_norm_elementwise_affine": False}, "layer_norm_elementwise_affine=False"),
    ("llama", {"rope_parameters": {"rope_type": "dynamic", "factor": 2.0}}, "unknown rope_type 'dynamic'"),
    ("llama", {"rope_parameters": {"mrope_section": [1, 2]}}, "mrope_section=[1, 2] is not handled"),
    ("llama", {"partial_rotary_factor": 0.5}, "partial_rotary_factor=0.5 is not handled: only 1.0 is"),
    (
        "llama",
        {"num_attention_heads": 4, "num_key_value_heads": 3},
        "heads must be a multiple of key_value_heads",
    ),
    ("gemma", {"use_bidirectional_attention": True}, "use_bidirectional_attention=True"),
    (
        "gemma",
        {"hidden_activation": "relu"},
        "hidden_activation='relu' is not handled: hidden_act says 'gelu_pytorch",
    ),
    ("gemma2", {"attention_bias": True}, "attention_bias=True is not handled: only False is"),
    (
        "gemma3_text",
        {"attn_logit_softcapping": 50.0},
        "attn_logit_softcapping=50.0 is not handled: only None is",
    ),
    ("olmo2", {"attention_bias": True}, "attention_bias=True"),
    ("phi3", {"full_attn_mod": 2}, "full_attn_mod=2 is not handled: only 1 is"),
    (
        "qwen3",
        {"layer_types": ["sliding_attention"] * 32},
        "it asks for sliding windows and no window is set or in use",
    ),
    (
        "qwen2",
        {"layer_types": ["chunked_attention"] * 32},
        "only 'full_attention' and 'sliding_attention' are",
    ),
    (
        "smollm3",
        {"no_rope_layers": [1], "layer_types": ["full_attention"] * 36},
        "rotaries must have one entry a layer",
    ),
]


@pytest.mark.parametrize(("model_type", "settings", "said"), REFUSED)
def test_a_setting_that_is_not_handled_is_refused_by_name(
    model_type: str, settings: dict[str, Any], said: str
) -> None:
    with pytest.raises(UnsupportedModel) as caught:
        FAMILIES[model_type].config(transformers.CONFIG_MAPPING[model_type](**settings))
    assert said in str(caught.value)
    assert model_type in str(caught.value)
    assert len(caught.value.problems) == 1


def test_all_that_is_not_handled_is_told_at_once() -> None:
    config = hf_config("opt", do_layer_norm_before=False, word_embed_proj_dim=16, activation_function="tanh")
    with pytest.raises(UnsupportedModel) as caught:
        FAMILIES["opt"].config(config)
    assert len(caught.value.problems) == 3


@pytest.mark.parametrize("model_type", FAMILIES)
def test_the_defaults_of_every_family_are_accepted_and_the_config_is_left_as_it_was(model_type: str) -> None:
    config = transformers.CONFIG_MAPPING[model_type]()
    if model_type == "gpt_neo":
        config = hf_config("gpt_neo", attention_types=[[["global", "local"], 12]], num_layers=24)
    before = config.to_dict()
    assert FAMILIES[model_type].config(config).layers > 1
    assert config.to_dict() == before


PUBLISHED: list[tuple[str, dict[str, Any]]] = [
    ("gpt2", {"n_ctx": 1024, "task_specific_params": {"text-generation": {"do_sample": True}}}),
    (
        "gpt_neo",
        {"attention_types": [[["global", "local"], 12]], "summary_type": "cls_index", "num_layers": 24},
    ),
    ("gpt_neox", {"rotary_emb_base": 10000, "rotary_pct": 0.25, "hidden_dropout_prob": 0}),
    ("opt", {"prefix": "</s>", "activation_dropout": 0.0, "word_embed_proj_dim": 768}),
    (
        "llama",
        {"is_llama_config": True, "rope_interleaved": False, "transformers.js_config": {"dtype": "q4"}},
    ),
    ("qwen2", {"use_mrope": False, "max_window_layers": 21, "sliding_window": 32768}),
    ("gemma", {"hidden_act": "gelu", "hidden_activation": None}),
    ("gemma2", {"hidden_act": "gelu_pytorch_tanh", "cache_implementation": "hybrid"}),
    ("gemma3_text", {"rope_local_base_freq": 10000, "rope_theta": 1000000, "sliding_window_pattern": 6}),
    (
        "phi3",
        {"full_attn_mod": 1, "interpolate_factor": 1, "lm_head_bias": False, "auto_map": {"AutoConfig": "x"}},
    ),
    ("smollm3", {"max_window_layers": 28, "pretraining_tp": 2, "no_rope_layers": [1, 1, 1, 0] * 9}),
]


@pytest.mark.parametrize(("model_type", "settings"), PUBLISHED)
def test_what_published_configs_say_besides_is_known(model_type: str, settings: dict[str, Any]) -> None:
    config = transformers.CONFIG_MAPPING[model_type].from_dict(settings)
    assert FAMILIES[model_type].config(config).layers > 1
