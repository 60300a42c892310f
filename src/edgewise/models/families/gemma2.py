"""Gemma 2: Gemma with norms on what attention and MLP write, soft caps, and a window on every other layer."""

from __future__ import annotations

from typing import Any

from edgewise.models.config import ModelConfig
from edgewise.models.families.common import Family, Settings
from edgewise.models.families.gemma import norms_plus_one
from edgewise.models.families.llama import POST_NORM_NAMES, llama_like, windows_by_type


def gemma2_like(settings: Settings, **switches: Any) -> ModelConfig:
    return llama_like(
        settings,
        activation="hidden_activation",
        embedding_scale=settings("hidden_size") ** 0.5,
        post_norm=True,
        attention_scale=settings("query_pre_attn_scalar") ** -0.5,
        windows=windows_by_type(settings),
        logit_softcap=settings("final_logit_softcapping") or 0.0,
        **switches,
    )


def read(settings: Settings) -> ModelConfig:
    return gemma2_like(settings, attention_softcap=settings("attn_logit_softcapping") or 0.0)


# Its code reads `hidden_activation` in the place of `hidden_act`.
FAMILY = Family(read, POST_NORM_NAMES, norms_plus_one, harmless=("hidden_act",))
