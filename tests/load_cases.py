"""Tiny models, a tokenizer and tokens for the tests of loading."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer, models, pre_tokenizers
from torch import Tensor

from edgewise.models.config import ModelConfig, Rotary

SMALL = ModelConfig(layers=2, heads=4, head_width=8, width=32, vocabulary=37, mlp_width=48, context=16)
RICH = ModelConfig(
    layers=2,
    heads=4,
    head_width=8,
    width=32,
    vocabulary=37,
    key_value_heads=2,
    mlp_width=48,
    norm="rms",
    positions="none",
    rotaries=(Rotary((1.0, 0.1), 1.5, (0.5, 0.05), 9), None),
    attention_softcap=5.0,
    windows=(4, 0),
    query_key_norm="head",
    query_bias=True,
    output_bias=True,
    activation="silu",
    gated=True,
    mlp_bias=True,
    unembed_bias=True,
)


def tokens() -> Tensor:
    return torch.randint(0, 37, (2, 12), generator=torch.Generator().manual_seed(7))


def gpt2() -> transformers.GPT2LMHeadModel:
    sizes: Any = {"n_layer": 2, "n_head": 4, "n_embd": 32, "n_positions": 16, "vocab_size": 37}
    torch.manual_seed(0)
    return transformers.GPT2LMHeadModel(transformers.GPT2Config(**sizes, bos_token_id=0, eos_token_id=1))


def llama(**settings: Any) -> transformers.LlamaForCausalLM:
    sizes = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4}
    ids = {"bos_token_id": 0, "eos_token_id": 1, "vocab_size": 37, "num_key_value_heads": 2}
    torch.manual_seed(0)
    return transformers.LlamaForCausalLM(transformers.LlamaConfig(**sizes, **ids, **settings))


def word_tokenizer() -> transformers.PreTrainedTokenizerFast:
    words = Tokenizer(models.WordLevel({"[UNK]": 0, "the": 1, "cat": 2, "sat": 3}, unk_token="[UNK]"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    return transformers.PreTrainedTokenizerFast(tokenizer_object=words, unk_token="[UNK]")


def rewrite_json(path: Path, **changes: Any) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
