"""Tiny random Hugging Face models: every family and its notable switches."""

from __future__ import annotations

from typing import Any

import torch
import transformers
from torch import Tensor

TOKENS = 12
IDS = {"bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 2, "vocab_size": 37}
SIZES = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "max_position_embeddings": 64,
}
GROUPED = {**SIZES, "num_key_value_heads": 2}
GPT2 = {"n_layer": 3, "n_head": 4, "n_embd": 32, "n_positions": 20}
NEO = {"num_layers": 4, "num_heads": 4, "hidden_size": 32, "max_position_embeddings": 20, "window_size": 5}
NEO_TYPES = {"attention_types": [[["global", "local"], 2]]}
OPT = {
    "hidden_size": 32,
    "ffn_dim": 48,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "max_position_embeddings": 20,
}
ALTERNATING = ["sliding_attention", "full_attention", "sliding_attention"]
THETA = {"rope_theta": 100.0}
LLAMA3 = {
    "rope_type": "llama3",
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 16,
    **THETA,
}
YARN = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 16, **THETA}


def longrope(turned: int, short_until: int, **more: Any) -> dict[str, Any]:
    factors = {
        "short_factor": [1.0 + 0.1 * i for i in range(turned)],
        "long_factor": [3.0 + i for i in range(turned)],
    }
    return {
        "rope_parameters": {"rope_type": "longrope", **factors, **THETA, **more},
        "original_max_position_embeddings": short_until,
    }


CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "gpt2": ("gpt2", GPT2),
    "gpt2, untied, other inner width": ("gpt2", {**GPT2, "tie_word_embeddings": False, "n_inner": 24}),
    "gpt2, unscaled attention, relu": (
        "gpt2",
        {**GPT2, "scale_attn_weights": False, "activation_function": "relu"},
    ),
    "gpt_neo, windows": ("gpt_neo", {**NEO, **NEO_TYPES}),
    "gpt_neo, global": ("gpt_neo", {**NEO, "attention_types": [[["global"], 4]]}),
    "gpt_neox, parallel": ("gpt_neox", SIZES),
    "gpt_neox, one after the other, no attention bias": (
        "gpt_neox",
        {**SIZES, "use_parallel_residual": False, "attention_bias": False, "tie_word_embeddings": True},
    ),
    "gpt_neox, half of each head turned": ("gpt_neox", {**SIZES, "rotary_pct": 0.5, "rotary_emb_base": 50}),
    "opt": ("opt", OPT),
    "opt, no biases, untied": ("opt", {**OPT, "enable_bias": False, "tie_word_embeddings": False}),
    "opt, no final norm, gelu": (
        "opt",
        {**OPT, "_remove_final_layer_norm": True, "activation_function": "gelu"},
    ),
    "llama": ("llama", SIZES),
    "llama, grouped, biases, tied": (
        "llama",
        {**GROUPED, "attention_bias": True, "mlp_bias": True, "tie_word_embeddings": True},
    ),
    "llama, wide heads": ("llama", {**GROUPED, "head_dim": 16}),
    "llama, rope llama3": ("llama", {**GROUPED, "rope_parameters": LLAMA3}),
    "llama, rope linear, as old configs say it": (
        "llama",
        {**GROUPED, "rope_scaling": {"type": "linear", "factor": 3.0}, **THETA},
    ),
    "llama, rope yarn": ("llama", {**GROUPED, "rope_parameters": YARN}),
    "mistral": ("mistral", {**GROUPED, "sliding_window": None}),
    "mistral, windows": ("mistral", {**GROUPED, "sliding_window": 5}),
    "qwen2": ("qwen2", {**GROUPED, "tie_word_embeddings": True}),
    "qwen2, a window that is not used": ("qwen2", {**GROUPED, "sliding_window": 5, "max_window_layers": 1}),
    "qwen2, upper layers with windows": (
        "qwen2",
        {**GROUPED, "sliding_window": 5, "max_window_layers": 1, "use_sliding_window": True},
    ),
    "qwen2, rope yarn": ("qwen2", {**GROUPED, "rope_parameters": YARN}),
    "qwen3": ("qwen3", {**GROUPED, "head_dim": 16}),
    "qwen3, windows, biases": (
        "qwen3",
        {
            **GROUPED,
            "head_dim": 8,
            "layer_types": ALTERNATING,
            "use_sliding_window": True,
            "sliding_window": 4,
        }
        | {"attention_bias": True},
    ),
    "gemma": ("gemma", {**GROUPED, "head_dim": 16, "num_key_value_heads": 1}),
    "gemma, biases, untied": (
        "gemma",
        {**GROUPED, "head_dim": 8, "attention_bias": True, "tie_word_embeddings": False},
    ),
    "gemma2": (
        "gemma2",
        {**GROUPED, "head_dim": 16, "sliding_window": 5, "query_pre_attn_scalar": 10}
        | {"attn_logit_softcapping": 2.0, "final_logit_softcapping": 3.0},
    ),
    "gemma2, no soft caps": (
        "gemma2",
        {**GROUPED, "head_dim": 8, "attn_logit_softcapping": None, "final_logit_softcapping": None},
    ),
    "gemma3_text": (
        "gemma3_text",
        {
            **GROUPED,
            "head_dim": 16,
            "sliding_window": 5,
            "layer_types": ALTERNATING,
            "query_pre_attn_scalar": 10,
        },
    ),
    "gemma3_text, rope linear, soft cap": (
        "gemma3_text",
        {
            **GROUPED,
            "head_dim": 8,
            "sliding_window_pattern": 2,
            "sliding_window": 4,
            "final_logit_softcapping": 3.0,
        }
        | {"rope_scaling": {"rope_type": "linear", "factor": 8.0}},
    ),
    "phi3": ("phi3", GROUPED),
    "phi3, windows, part of each head turned": (
        "phi3",
        {**GROUPED, "sliding_window": 5, "partial_rotary_factor": 0.5},
    ),
    "phi3, longrope, short": ("phi3", {**GROUPED, **longrope(4, TOKENS)}),
    "phi3, longrope, long": ("phi3", {**GROUPED, **longrope(4, TOKENS - 1)}),
    "phi3, longrope, part of each head turned": (
        "phi3",
        {**GROUPED, **longrope(2, 4, partial_rotary_factor=0.5)},
    ),
    "olmo2": ("olmo2", GROUPED),
    "olmo2, ungrouped, tied": ("olmo2", {**SIZES, "tie_word_embeddings": True}),
    "smollm3": ("smollm3", {**GROUPED, "no_rope_layer_interval": 2, "rope_theta": 100.0}),
    "smollm3, windows, biases, untied": (
        "smollm3",
        {**GROUPED, "no_rope_layers": [1, 0, 1], "use_sliding_window": True, "sliding_window": 5}
        | {"attention_bias": True, "mlp_bias": True, "tie_word_embeddings": False},
    ),
}


def hf_config(model_type: str, **settings: Any) -> Any:
    return transformers.CONFIG_MAPPING[model_type](**{**IDS, **settings})


def hf_model(model_type: str, settings: dict[str, Any], dtype: torch.dtype = torch.float32) -> Any:
    """A tiny random model in which no bias is 0 and no norm is 1."""
    config = hf_config(model_type, **settings)
    model: Any = transformers.AutoModelForCausalLM.from_config(
        config, attn_implementation="eager", dtype=dtype
    )
    torch.manual_seed(len(str(settings)))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.25)
    return model.eval()


def tokens() -> Tensor:
    return torch.randint(3, 37, (2, TOKENS), generator=torch.Generator().manual_seed(7))


def distance(ours: Tensor, theirs: Tensor) -> float:
    """The largest difference as a part of the largest logit."""
    return ((ours - theirs).abs().max() / theirs.abs().max()).item()


def varies(logits: Tensor) -> bool:
    """Over the vocabulary, over positions and over examples: else parity would say little."""
    large = logits.abs().max()
    return all((logits.std(axis) / large).mean() > 0.01 for axis in range(3))
