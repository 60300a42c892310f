"""The models that are measured: real shapes, random weights; Hugging Face's model and ours share tensors."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from edgewise import load
from edgewise.models.config import ModelConfig
from edgewise.models.families import FAMILIES
from edgewise.models.random import random_model
from edgewise.models.transformer import Transformer


@dataclass(frozen=True)
class Shape:
    """A Hugging Face model, or none, ours on the same weights, and the token ids of clean and corrupted
    prompts."""

    theirs: Any
    ours: Transformer
    clean: torch.Tensor
    corrupted: torch.Tensor


def with_prompts(shape: Shape, pairs: int, tokens: int) -> Shape:
    """The same model on other random prompts."""
    clean, corrupted = torch.randint(0, shape.ours.config.vocabulary, (2, pairs, tokens))
    return replace(shape, clean=clean, corrupted=corrupted)


def first_pairs(shape: Shape, pairs: int) -> Shape:
    return replace(shape, clean=shape.clean[:pairs], corrupted=shape.corrupted[:pairs])


def gpt2_small(pairs: int, tokens: int, layers: int = 12) -> Shape:
    from transformers import GPT2Config, GPT2LMHeadModel

    return _shape(GPT2LMHeadModel, GPT2Config(n_layer=layers), pairs, tokens)


def small_llama(pairs: int, tokens: int) -> Shape:
    """Llama's layout at the size of SmolLM2-135M: 30 layers, 9 heads that share 3 key/value heads."""
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        hidden_size=576,
        intermediate_size=1536,
        num_hidden_layers=30,
        num_attention_heads=9,
        num_key_value_heads=3,
        vocab_size=49152,
        tie_word_embeddings=True,
    )
    return _shape(LlamaForCausalLM, config, pairs, tokens)


def _shape(kind: Any, config: Any, pairs: int, tokens: int) -> Shape:
    torch.manual_seed(0)
    theirs = kind(config).eval().requires_grad_(False)
    nothing = torch.empty(2, 0, 0, dtype=torch.long)
    return with_prompts(Shape(theirs, load(theirs, quiet=True), *nothing), pairs, tokens)


SHAPES = {"gpt2-small": gpt2_small, "small-llama": small_llama}

REAL = {
    "GPT-2 small": "gpt2",
    "GPT-2 XL": "gpt2-xl",
    "Pythia-2.8B": "pythia-2.8b",
    "Llama-3.1-8B": "llama-3.1-8b",
    "CodeLlama-13B": "codellama-13b",
}
"""By the name of the file that has what of its config gives it its shape."""
CONFIGS = Path(__file__).parents[1] / "docs" / "scaling"
CUT_DOWN: dict[str, dict[str, Any]] = {
    "gpt2": {"n_layer": 2, "n_head": 4, "n_embd": 32, "vocab_size": 100, "n_positions": 64},
    "gpt_neox": {
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "hidden_size": 64,
        "intermediate_size": 64,
    },
    "llama": {
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "hidden_size": 64,
        "intermediate_size": 64,
        "vocab_size": 100,
    },
}
"""To try code with."""


def real_config(name: str, small: bool = False) -> ModelConfig:
    """Of a model of `REAL`, as its family reads it."""
    from transformers import AutoConfig

    values = json.loads((CONFIGS / f"{REAL[name]}.json").read_text())
    kind = values.pop("model_type")
    given = {**values, **(CUT_DOWN[kind] if small else {})}
    return FAMILIES[kind].config(AutoConfig.for_model(kind, **given))


def real_shape(
    name: str, pairs: int, tokens: int, dtype: torch.dtype, device: torch.device | str, small: bool = False
) -> Shape:
    """Random weights, made where they are to be; there is no model of Hugging Face's."""
    torch.manual_seed(0)
    ours = random_model(real_config(name, small), dtype=dtype, device=device)
    nothing = torch.empty(2, 0, 0, dtype=torch.long)
    return with_prompts(Shape(None, ours, *nothing), pairs, tokens)
