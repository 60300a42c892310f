"""Gemma 3, text: Gemma 2 with a norm on each head's query and key in the place of the attention's soft cap,
and rotary positions of their own for the layers that have a window.
"""

from __future__ import annotations

from edgewise.models.config import ModelConfig
from edgewise.models.families.common import Family, Settings
from edgewise.models.families.gemma import norms_plus_one
from edgewise.models.families.gemma2 import gemma2_like
from edgewise.models.families.llama import POST_NORM_NAMES
from edgewise.models.families.rope import rotary


def read(settings: Settings) -> ModelConfig:
    types = settings("layer_types")
    tables = {kind: rotary(settings, settings("head_dim"), layer_type=kind) for kind in set(types)}
    return gemma2_like(settings, query_key_norm="head", rotaries=tuple(tables[kind] for kind in types))


# What the pattern says is in `layer_types` by the time it is read.
FAMILY = Family(
    read, POST_NORM_NAMES, norms_plus_one, harmless=("sliding_window_pattern", "_sliding_window_pattern")
)
