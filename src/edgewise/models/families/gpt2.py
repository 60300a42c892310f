"""GPT-2: learned positions, layer norms, all biases; matrices stored [inputs, outputs], q, k and v in one."""

from __future__ import annotations

from edgewise.models.config import ModelConfig
from edgewise.models.families.common import Family, Settings, Tensors, split

BLOCK = "transformer.h.*"
PROJECTIONS = ("query", "key", "value")


def read(settings: Settings) -> ModelConfig:
    width, heads = settings("n_embd"), settings("n_head")
    return ModelConfig(
        layers=settings("n_layer"),
        heads=heads,
        head_width=settings.head_width(heads, width),
        width=width,
        vocabulary=settings("vocab_size"),
        mlp_width=settings("n_inner") or 4 * width,
        context=settings("n_positions"),
        norm_epsilon=settings("layer_norm_epsilon"),
        attention_scale=None if settings("scale_attn_weights") else 1.0,
        activation=settings.activation("activation_function"),
        query_bias=True,
        output_bias=True,
        mlp_bias=True,
    )


def plain(tensors: Tensors, config: ModelConfig) -> Tensors:
    for name, tensor in tensors.items():
        if name.endswith((".c_attn.weight", ".c_proj.weight", ".c_fc.weight")):
            tensors[name] = tensor.T
    for layer in range(config.layers):
        attention = f"transformer.h.{layer}.attn"
        split(
            tensors,
            f"{attention}.c_attn",
            (f"{attention}.{part}" for part in PROJECTIONS),
            [config.width] * 3,
        )
    return tensors


FAMILY = Family(
    read,
    {
        "token_embedding": "transformer.wte",
        "position_embedding": "transformer.wpe",
        "layers.*.attention_norm": f"{BLOCK}.ln_1",
        **{f"layers.*.attention.{part}": f"{BLOCK}.attn.{part}" for part in PROJECTIONS},
        "layers.*.attention.output": f"{BLOCK}.attn.c_proj",
        "layers.*.mlp_norm": f"{BLOCK}.ln_2",
        "layers.*.mlp.up": f"{BLOCK}.mlp.c_fc",
        "layers.*.mlp.down": f"{BLOCK}.mlp.c_proj",
        "final_norm": "transformer.ln_f",
        "unembed": "lm_head",
    },
    plain,
    # `n_ctx` is an old name of `n_positions`; reordering the attention changes its rounding alone.
    harmless=("n_ctx", "reorder_and_upcast_attn"),
)
