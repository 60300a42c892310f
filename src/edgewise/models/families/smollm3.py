"""SmolLM3: Llama with no positions at all in every fourth layer."""

from __future__ import annotations

from edgewise.models.config import ModelConfig
from edgewise.models.families.common import Family, Settings
from edgewise.models.families.llama import (
    NAMES,
    attention_biases,
    llama_head_width,
    llama_like,
    windows_by_type,
)
from edgewise.models.families.rope import rotary


def read(settings: Settings) -> ModelConfig:
    turned = rotary(settings, llama_head_width(settings))
    return llama_like(
        settings,
        rotaries=tuple(turned if has_rope else None for has_rope in settings("no_rope_layers")),
        windows=windows_by_type(settings),
        mlp_bias=settings("mlp_bias"),
        **attention_biases(settings),
    )


# What these say is in `no_rope_layers` and `layer_types` by the time they are read.
FAMILY = Family(read, NAMES, harmless=("no_rope_layer_interval", "use_sliding_window", "max_window_layers"))
