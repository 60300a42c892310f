"""The run of an empty circuit: every source replaced."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor

from edgewise.models.transformer import Transformer, read_positions
from edgewise.patching.replacements import Replacements


def replaced_logits(
    model: Transformer, tokens: Tensor, read: Tensor, replacements: Replacements
) -> Float[Tensor, "examples reads vocabulary"]:
    """What `logits` makes of the stream of replacements alone."""
    stream = replacements.final_input.expand(*tokens.shape, -1)
    return model.unembed(read_positions(stream, read))
