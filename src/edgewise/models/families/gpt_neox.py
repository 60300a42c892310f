"""GPT-NeoX and Pythia: attention and MLP in parallel, rotary positions on a part of each head; q, k and v in
one matrix, head by head.
"""

from __future__ import annotations

from edgewise.models.config import ModelConfig
from edgewise.models.families.common import Family, Settings, Tensors
from edgewise.models.families.rope import rotary

BLOCK = "gpt_neox.layers.*"
PROJECTIONS = ("query", "key", "value")


def read(settings: Settings) -> ModelConfig:
    layers, heads, width = (
        settings(name) for name in ("num_hidden_layers", "num_attention_heads", "hidden_size")
    )
    head_width = settings.head_width(heads, width)
    return ModelConfig(
        layers=layers,
        heads=heads,
        head_width=head_width,
        width=width,
        vocabulary=settings("vocab_size"),
        mlp_width=settings("intermediate_size"),
        norm_epsilon=settings("layer_norm_eps"),
        positions="none",
        rotaries=(rotary(settings, head_width, partial=True),) * layers,
        parallel=settings("use_parallel_residual"),
        activation=settings.activation("hidden_act"),
        query_bias=settings("attention_bias"),
        output_bias=settings("attention_bias"),
        mlp_bias=True,
    )


def plain(tensors: Tensors, config: ModelConfig) -> Tensors:
    for layer in range(config.layers):
        attention = f"gpt_neox.layers.{layer}.attention"
        for kind in ("weight", "bias"):
            if (fused := tensors.pop(f"{attention}.query_key_value.{kind}", None)) is not None:
                per_head = fused.unflatten(0, (config.heads, 3, config.head_width)).unbind(1)
                # As views, no part would be one matrix, and every forward pass would copy it.
                tensors.update(
                    {
                        f"{attention}.{part}.{kind}": each.contiguous()
                        for part, each in zip(PROJECTIONS, per_head, strict=True)
                    }
                )
    return tensors


FAMILY = Family(
    read,
    {
        "token_embedding": "gpt_neox.embed_in",
        "layers.*.attention_norm": f"{BLOCK}.input_layernorm",
        **{f"layers.*.attention.{part}": f"{BLOCK}.attention.{part}" for part in PROJECTIONS},
        "layers.*.attention.output": f"{BLOCK}.attention.dense",
        "layers.*.mlp_norm": f"{BLOCK}.post_attention_layernorm",
        "layers.*.mlp.up": f"{BLOCK}.mlp.dense_h_to_4h",
        "layers.*.mlp.down": f"{BLOCK}.mlp.dense_4h_to_h",
        "final_norm": "gpt_neox.final_layer_norm",
        "unembed": "lm_head",
    },
    plain,
    # Its code is a causal decoder whatever `is_decoder` says.
    harmless=("is_decoder",),
)
