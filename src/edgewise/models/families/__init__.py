"""The families of Hugging Face models that edgewise reads, by the `model_type` of their config."""

from __future__ import annotations

from edgewise.models.families import (
    gemma,
    gemma2,
    gemma3_text,
    gpt2,
    gpt_neo,
    gpt_neox,
    llama,
    mistral,
    olmo2,
    opt,
    phi3,
    qwen2,
    qwen3,
    smollm3,
)
from edgewise.models.families.common import Family

FAMILIES: dict[str, Family] = {
    "gemma": gemma.FAMILY,
    "gemma2": gemma2.FAMILY,
    "gemma3_text": gemma3_text.FAMILY,
    "gpt2": gpt2.FAMILY,
    "gpt_neo": gpt_neo.FAMILY,
    "gpt_neox": gpt_neox.FAMILY,
    "llama": llama.FAMILY,
    "mistral": mistral.FAMILY,
    "olmo2": olmo2.FAMILY,
    "opt": opt.FAMILY,
    "phi3": phi3.FAMILY,
    "qwen2": qwen2.FAMILY,
    "qwen3": qwen3.FAMILY,
    "smollm3": smollm3.FAMILY,
}

__all__ = ["FAMILIES", "Family"]
