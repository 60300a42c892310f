"""Mistral: Llama with one sliding window in every layer."""

from __future__ import annotations

from edgewise.models.config import ModelConfig
from edgewise.models.families.common import Family, Settings
from edgewise.models.families.llama import NAMES, llama_like


def read(settings: Settings) -> ModelConfig:
    return llama_like(settings, windows=(settings("sliding_window") or 0,) * settings("num_hidden_layers"))


FAMILY = Family(read, NAMES)
