"""GPT-Neo: GPT-2 with unscaled attention, no biases on q, k and v, and a window on every other layer."""

from __future__ import annotations

from edgewise.models.config import ModelConfig
from edgewise.models.families.common import Family, Settings

BLOCK = "transformer.h.*"


def read(settings: Settings) -> ModelConfig:
    width, heads = settings("hidden_size"), settings("num_heads")
    window = settings("window_size")
    return ModelConfig(
        layers=settings("num_layers"),
        heads=heads,
        head_width=settings.head_width(heads, width),
        width=width,
        vocabulary=settings("vocab_size"),
        mlp_width=settings("intermediate_size") or 4 * width,
        context=settings("max_position_embeddings"),
        norm_epsilon=settings("layer_norm_epsilon"),
        attention_scale=1.0,
        windows=tuple(window if kind == "local" else 0 for kind in settings("attention_layers")),
        activation=settings.activation("activation_function"),
        output_bias=True,
        mlp_bias=True,
    )


FAMILY = Family(
    read,
    {
        "token_embedding": "transformer.wte",
        "position_embedding": "transformer.wpe",
        "layers.*.attention_norm": f"{BLOCK}.ln_1",
        "layers.*.attention.query": f"{BLOCK}.attn.attention.q_proj",
        "layers.*.attention.key": f"{BLOCK}.attn.attention.k_proj",
        "layers.*.attention.value": f"{BLOCK}.attn.attention.v_proj",
        "layers.*.attention.output": f"{BLOCK}.attn.attention.out_proj",
        "layers.*.mlp_norm": f"{BLOCK}.ln_2",
        "layers.*.mlp.up": f"{BLOCK}.mlp.c_fc",
        "layers.*.mlp.down": f"{BLOCK}.mlp.c_proj",
        "final_norm": "transformer.ln_f",
        "unembed": "lm_head",
    },
    # `attention_layers`, which is read, is `attention_types` spelt out.
    harmless=("attention_types",),
)
