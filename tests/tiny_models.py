"""Small random models of every kind that the patched forward must be exact on, in float64."""

import torch

from edgewise.models.config import ModelConfig, Rotary
from edgewise.models.random import random_model
from edgewise.models.transformer import Transformer

COMMON = {
    "layers": 3,
    "heads": 4,
    "head_width": 8,
    "width": 32,
    "vocabulary": 50,
    "mlp_width": 48,
    "context": 20,
    "query_bias": True,
    "mlp_bias": True,
}

KINDS = {
    "plain": {"output_bias": True},
    "parallel": {"parallel": True, "output_bias": True},
    "attention-only": {"mlp_width": 0, "output_bias": True},
    "no norm": {"norm": "none", "final_norm": False, "activation": "relu"},
    "post-norm": {"norm": "rms", "post_norm": True, "gated": True, "attention_softcap": 5.0},
    "norms after and across heads": {
        "norm": "rms",
        "pre_norm": False,
        "post_norm": True,
        "query_key_norm": "all-heads",
        "key_value_heads": 2,
    },
    "grouped": {"norm": "rms", "key_value_heads": 2, "query_key_norm": "head", "windows": (0, 3, 2)},
    "grouped readers": {"norm": "rms", "key_value_heads": 2, "grouped_readers": True},
    "rotary": {"positions": "none", "rotaries": (Rotary((1.0, 0.1)), None, Rotary((1.0, 0.1, 0.01, 0.001)))},
    "positions on queries and keys": {"positions": "query-key", "output_bias": True},
    "split embeddings": {"split_embeddings": True, "causal": False},
}


def tiny_model(kind: str, seed: int = 0, dtype: torch.dtype = torch.float64) -> Transformer:
    return random_model(ModelConfig(**{**COMMON, **KINDS[kind]}), seed=seed, dtype=dtype)


def smaller_model(kind: str, seed: int = 0, dtype: torch.dtype = torch.float64) -> Transformer:
    """Two layers of two heads, for what goes edge by edge."""
    fewer = {"layers": 2, "heads": 2, "head_width": 16}
    own = {**COMMON, **KINDS[kind], **fewer}
    if "rotaries" in own:
        own["rotaries"] = own["rotaries"][:2]
    if "windows" in own:
        own["windows"] = own["windows"][:2]
    if own.get("key_value_heads"):
        own["key_value_heads"] = 1
    return random_model(ModelConfig(**own), seed=seed, dtype=dtype)


def tiny_tokens(seed: int, examples: int = 3, positions: int = 7) -> torch.Tensor:
    return torch.randint(
        0, COMMON["vocabulary"], (examples, positions), generator=torch.Generator().manual_seed(seed)
    )
