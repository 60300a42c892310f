"""Gemma: Llama with GELU, scaled embeddings, and norms that multiply by 1 + weight."""

from __future__ import annotations

from edgewise.models.config import ModelConfig
from edgewise.models.families.common import Family, Settings, Tensors
from edgewise.models.families.llama import NAMES, attention_biases, llama_like


def read(settings: Settings) -> ModelConfig:
    if settings("hidden_activation", None) not in (None, settings("hidden_act")):
        settings.refuse("hidden_activation", f"hidden_act says {settings('hidden_act')!r}")
    return llama_like(settings, embedding_scale=settings("hidden_size") ** 0.5, **attention_biases(settings))


def norms_plus_one(tensors: Tensors, config: ModelConfig) -> Tensors:
    return {name: tensor + 1 if name.endswith("norm.weight") else tensor for name, tensor in tensors.items()}


FAMILY = Family(read, NAMES, norms_plus_one)
