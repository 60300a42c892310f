"""The families of Hugging Face models that edgewise reads, by the `model_type` of their config.

Each is a file here of the same name, imported when it is asked for: to list them takes no time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgewise.models.families.common import Family

NAMES = (
    "gemma",
    "gemma2",
    "gemma3_text",
    "gpt2",
    "gpt_neo",
    "gpt_neox",
    "llama",
    "mistral",
    "olmo2",
    "opt",
    "phi3",
    "qwen2",
    "qwen3",
    "smollm3",
)


class Families(Mapping[str, "Family"]):
    """What each file here has as its `FAMILY`."""

    def __getitem__(self, name: str) -> Family:
        if name not in NAMES:
            raise KeyError(name)
        return import_module(f"{__name__}.{name}").FAMILY

    def __iter__(self) -> Iterator[str]:
        return iter(NAMES)

    def __len__(self) -> int:
        return len(NAMES)


FAMILIES = Families()
