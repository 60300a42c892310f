"""Rotary positions from a Hugging Face config's `rope_parameters`.

The default frequencies are theta ** (-2 i / width); how linear, llama3, yarn and longrope bend them is taken
from transformers' own functions, so that ours are its numbers to the bit.
"""

from __future__ import annotations

from typing import Any

import torch

from edgewise.errors import unknown
from edgewise.models.config import Rotary
from edgewise.models.families.common import Settings

KINDS = ("default", "linear", "llama3", "longrope", "yarn")
PARAMETERS = frozenset().union(
    (
        "rope_type",
        "type",
        "rope_theta",
        "factor",
        "partial_rotary_factor",
        "original_max_position_embeddings",
    ),
    ("low_freq_factor", "high_freq_factor", "short_factor", "long_factor", "attention_factor"),
    ("beta_fast", "beta_slow", "mscale", "mscale_all_dim", "truncate"),
)


def rotary(
    settings: Settings, head_width: int, *, layer_type: str | None = None, partial: bool = False
) -> Rotary | None:
    """The rotary positions of all layers, or of those of one type; None when a problem was noted.

    `partial`: whether this family's Hugging Face code turns only a part of a head when it is asked to.
    """
    parameters = settings("rope_parameters")
    if layer_type is not None:
        parameters = parameters.get(layer_type) or {}
    problems = _problems(parameters, partial)
    for problem in problems:
        settings.problems.add(f"{settings.config.model_type}: rope_parameters: {problem}")
    return None if problems else _from_parameters(settings.config, parameters, head_width, layer_type)


def _problems(parameters: dict[str, Any], partial: bool) -> list[str]:
    kind = str(parameters.get("rope_type"))
    turned = parameters.get("partial_rotary_factor", 1.0)
    return [
        problem
        for is_wrong, problem in (
            (kind not in KINDS, unknown("rope_type", kind, KINDS)),
            (turned != 1.0 and not partial, f"partial_rotary_factor={turned!r} is not handled: only 1.0 is."),
            *(
                (name not in PARAMETERS, f"{name}={value!r} is not handled: it is not known what it does.")
                for name, value in parameters.items()
            ),
        )
        if is_wrong
    ]


def _from_parameters(
    config: Any, parameters: dict[str, Any], head_width: int, layer_type: str | None
) -> Rotary:
    kind = parameters["rope_type"]
    if kind == "default":
        width = int(head_width * parameters.get("partial_rotary_factor", 1.0))
        exponents = torch.arange(0, width, 2, dtype=torch.float) / width
        return Rotary(tuple((1.0 / parameters["rope_theta"] ** exponents).tolist()))

    from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

    try:
        frequencies, scale = ROPE_INIT_FUNCTIONS[kind](config, layer_type=layer_type)
        rope = Rotary(tuple(frequencies.tolist()), scale=float(scale))
        if kind != "longrope":
            return rope
        # The scale stays what it is at short lengths: transformers works it out once, from the config alone.
        short_until = parameters["original_max_position_embeddings"]
        long_frequencies, _ = ROPE_INIT_FUNCTIONS[kind](config, seq_len=short_until + 1)
        return Rotary(rope.frequencies, rope.scale, tuple(long_frequencies.tolist()), short_until)
    except (KeyError, TypeError, RuntimeError) as error:
        raise ValueError(f"rope_parameters={parameters!r} cannot be used: {error}") from error
