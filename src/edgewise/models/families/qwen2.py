"""Qwen 2 and 2.5: Llama with biases on q, k and v; upper layers may have a sliding window."""

from __future__ import annotations

from edgewise.models.config import ModelConfig
from edgewise.models.families.common import Family, Settings
from edgewise.models.families.llama import NAMES, llama_like, windows_by_type

# What these two say is in `layer_types` and `sliding_window` by the time they are read.
SAID_BY_LAYER_TYPES = ("use_sliding_window", "max_window_layers")


def read(settings: Settings) -> ModelConfig:
    return llama_like(settings, query_bias=True, windows=windows_by_type(settings))


FAMILY = Family(read, NAMES, harmless=SAID_BY_LAYER_TYPES)
