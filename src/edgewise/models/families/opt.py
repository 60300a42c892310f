"""OPT: GPT-2's shape with ReLU; its table of positions starts with two rows that no prompt reaches."""

from __future__ import annotations

from edgewise.models.config import ModelConfig
from edgewise.models.families.common import Family, Settings, Tensors

BLOCK = "model.decoder.layers.*"
POSITIONS = "model.decoder.embed_positions.weight"


def read(settings: Settings) -> ModelConfig:
    width, heads, biases = settings("hidden_size"), settings("num_attention_heads"), settings("enable_bias")
    if settings("word_embed_proj_dim") != width:
        settings.refuse("word_embed_proj_dim", f"only the model's width, {width}, is")
    return ModelConfig(
        layers=settings("num_hidden_layers"),
        heads=heads,
        head_width=settings.head_width(heads, width),
        width=width,
        vocabulary=settings("vocab_size"),
        mlp_width=settings("ffn_dim"),
        context=settings("max_position_embeddings"),
        final_norm=not settings("_remove_final_layer_norm"),
        activation=settings.activation("activation_function"),
        query_bias=biases,
        output_bias=biases,
        mlp_bias=biases,
    )


def plain(tensors: Tensors, config: ModelConfig) -> Tensors:
    if POSITIONS in tensors:
        tensors[POSITIONS] = tensors[POSITIONS][2:]
    return tensors


FAMILY = Family(
    read,
    {
        "token_embedding": "model.decoder.embed_tokens",
        "position_embedding": "model.decoder.embed_positions",
        "layers.*.attention_norm": f"{BLOCK}.self_attn_layer_norm",
        "layers.*.attention.query": f"{BLOCK}.self_attn.q_proj",
        "layers.*.attention.key": f"{BLOCK}.self_attn.k_proj",
        "layers.*.attention.value": f"{BLOCK}.self_attn.v_proj",
        "layers.*.attention.output": f"{BLOCK}.self_attn.out_proj",
        "layers.*.mlp_norm": f"{BLOCK}.final_layer_norm",
        "layers.*.mlp.up": f"{BLOCK}.fc1",
        "layers.*.mlp.down": f"{BLOCK}.fc2",
        "final_norm": "model.decoder.final_layer_norm",
        "unembed": "lm_head",
    },
    plain,
)
