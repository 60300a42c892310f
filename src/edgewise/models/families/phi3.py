"""Phi-3 and Phi-4: Llama with q, k and v in one matrix, gate and up in another; rotary positions on a part of
each head, with other frequencies for long prompts.
"""

from __future__ import annotations

from edgewise.models.config import ModelConfig
from edgewise.models.families.common import Family, Settings, Tensors, split
from edgewise.models.families.llama import NAMES, llama_like


def read(settings: Settings) -> ModelConfig:
    for name in ("full_attn_mod", "interpolate_factor"):
        if settings(name, 1) != 1:
            settings.refuse(name, "only 1 is")
    return llama_like(
        settings,
        partial_rotary=True,
        windows=(settings("sliding_window") or 0,) * settings("num_hidden_layers"),
    )


def plain(tensors: Tensors, config: ModelConfig) -> Tensors:
    queries, keys = (heads * config.head_width for heads in (config.heads, config.key_value_heads))
    for layer in range(config.layers):
        attention, mlp = f"model.layers.{layer}.self_attn", f"model.layers.{layer}.mlp"
        parts = (f"{attention}.{part}_proj" for part in "qkv")
        split(tensors, f"{attention}.qkv_proj", parts, [queries, keys, keys])
        split(tensors, f"{mlp}.gate_up_proj", (f"{mlp}.gate_proj", f"{mlp}.up_proj"), [config.mlp_width] * 2)
    return tensors


# Both are in `rope_parameters` by the time they are read.
FAMILY = Family(read, NAMES, plain, harmless=("original_max_position_embeddings", "partial_rotary_factor"))
