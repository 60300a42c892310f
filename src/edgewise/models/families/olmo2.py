"""OLMo 2: Llama with its norms on what attention and MLP write, none on what they read, and one norm over
all heads' queries and one over all keys.
"""

from __future__ import annotations

from edgewise.models.config import ModelConfig
from edgewise.models.families.common import Family, Settings
from edgewise.models.families.llama import POST_NORM_NAMES, llama_like


def read(settings: Settings) -> ModelConfig:
    return llama_like(settings, pre_norm=False, post_norm=True, query_key_norm="all-heads")


FAMILY = Family(read, POST_NORM_NAMES)
