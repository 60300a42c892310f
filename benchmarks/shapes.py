"""The models that are measured: real shapes, random weights; Hugging Face's model and ours share tensors."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import torch

from edgewise import load
from edgewise.models.transformer import Transformer


@dataclass(frozen=True)
class Shape:
    """A Hugging Face model, ours on the same weights, and the token ids of clean and corrupted prompts."""

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
