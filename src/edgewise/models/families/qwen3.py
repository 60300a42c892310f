"""Qwen 3: Llama with a norm on each head's query and key; upper layers may have a sliding window."""

from __future__ import annotations

from edgewise.models.config import ModelConfig
from edgewise.models.families.common import Family, Settings
from edgewise.models.families.llama import NAMES, attention_biases, llama_like, windows_by_type
from edgewise.models.families.qwen2 import SAID_BY_LAYER_TYPES


def read(settings: Settings) -> ModelConfig:
    return llama_like(
        settings, query_key_norm="head", windows=windows_by_type(settings), **attention_biases(settings)
    )


FAMILY = Family(read, NAMES, harmless=SAID_BY_LAYER_TYPES)
