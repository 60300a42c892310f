"""Llama 2 and 3, and what every family in its shape shares: root-mean-square norms, a gated MLP, grouped keys
and values, rotary positions. The others of this shape differ by a few switches passed to `llama_like`.
"""

from __future__ import annotations

from typing import Any

from edgewise.models.config import ModelConfig
from edgewise.models.families.common import Family, Settings
from edgewise.models.families.rope import rotary

BLOCK = "model.layers.*"

NAMES = {
    "token_embedding": "model.embed_tokens",
    "layers.*.attention_norm": f"{BLOCK}.input_layernorm",
    "layers.*.attention.query": f"{BLOCK}.self_attn.q_proj",
    "layers.*.attention.key": f"{BLOCK}.self_attn.k_proj",
    "layers.*.attention.value": f"{BLOCK}.self_attn.v_proj",
    "layers.*.attention.output": f"{BLOCK}.self_attn.o_proj",
    "layers.*.attention.query_norm": f"{BLOCK}.self_attn.q_norm",
    "layers.*.attention.key_norm": f"{BLOCK}.self_attn.k_norm",
    "layers.*.mlp_norm": f"{BLOCK}.post_attention_layernorm",
    "layers.*.mlp.gate": f"{BLOCK}.mlp.gate_proj",
    "layers.*.mlp.up": f"{BLOCK}.mlp.up_proj",
    "layers.*.mlp.down": f"{BLOCK}.mlp.down_proj",
    "final_norm": "model.norm",
    "unembed": "lm_head",
}

POST_NORM_NAMES = {
    **NAMES,
    "layers.*.attention_post_norm": f"{BLOCK}.post_attention_layernorm",
    "layers.*.mlp_norm": f"{BLOCK}.pre_feedforward_layernorm",
    "layers.*.mlp_post_norm": f"{BLOCK}.post_feedforward_layernorm",
}


def llama_like(
    settings: Settings, *, activation: str = "hidden_act", partial_rotary: bool = False, **switches: Any
) -> ModelConfig:
    """The config of this shape, with `switches` of `ModelConfig` added to it."""
    layers, heads, width = (
        settings(name) for name in ("num_hidden_layers", "num_attention_heads", "hidden_size")
    )
    head_width = llama_head_width(settings)
    if "rotaries" not in switches:
        switches["rotaries"] = (rotary(settings, head_width, partial=partial_rotary),) * layers
    return ModelConfig(
        layers=layers,
        heads=heads,
        head_width=head_width,
        width=width,
        vocabulary=settings("vocab_size"),
        key_value_heads=settings("num_key_value_heads"),
        mlp_width=settings("intermediate_size"),
        norm="rms",
        norm_epsilon=settings("rms_norm_eps"),
        positions="none",
        activation=settings.activation(activation),
        gated=True,
        **switches,
    )


def llama_head_width(settings: Settings) -> int:
    given = settings("head_dim", None)
    return given or settings.head_width(settings("num_attention_heads"), settings("hidden_size"))


def attention_biases(settings: Settings) -> dict[str, Any]:
    """One setting puts biases on q, k and v and on the output."""
    return {"query_bias": settings("attention_bias"), "output_bias": settings("attention_bias")}


def windows_by_type(settings: Settings) -> tuple[int, ...]:
    """Each layer's window from `layer_types`."""
    types, window = settings("layer_types"), settings("sliding_window")
    if not set(types) <= {"full_attention", "sliding_attention"}:
        settings.refuse("layer_types", "only 'full_attention' and 'sliding_attention' are")
    if "sliding_attention" in types and not (window and settings("use_sliding_window", True)):
        settings.refuse("layer_types", "it asks for sliding windows and no window is set or in use")
    return tuple(window or 0 if kind == "sliding_attention" else 0 for kind in types)


def read(settings: Settings) -> ModelConfig:
    return llama_like(settings, **attention_biases(settings), mlp_bias=settings("mlp_bias"))


# SmolLM 2 says of itself that it is a Llama.
FAMILY = Family(read, NAMES, harmless=("is_llama_config",))
