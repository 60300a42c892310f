"""Where NaN and infinity come from: the first part of a model that writes them."""

from __future__ import annotations

import torch
from jaxtyping import Int
from torch import Tensor

from edgewise.models.tape import STREAMS, Tape
from edgewise.models.transformer import Transformer


@torch.no_grad()
def first_broken_layer(
    model: Transformer, tokens: Int[Tensor, "examples positions"], read: Int[Tensor, "examples reads"]
) -> str | None:
    """What first makes the stream of a plain run other than finite, in words; None where all is well."""
    config = model.config
    tape = Tape(*STREAMS)
    logits = model(tokens, read, tape)
    writer = "the embedding"
    for layer, stream in enumerate(tape["attention_input"]):
        if not stream.isfinite().all():
            return writer
        writer = f"the attention of layer {layer}"
        if config.mlp_width and not config.parallel:
            if not tape["mlp_input"][layer].isfinite().all():
                return writer
            writer = f"the MLP of layer {layer}"
        elif config.parallel:
            writer = f"layer {layer}"
    if not tape["final_input"][0].isfinite().all():
        return writer
    return None if logits.isfinite().all() else "the logits' own norm and matrix"
