"""Models whose circuits are known exactly.

bundle = edgewise.zoo.open_bundle("tracr-reverse")      # or from_rasp(a program of your own)
bundle.compiled.model, bundle.known["zero"].circuit
bundle.save("folder")                                   # a folder that --model takes
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from pathlib import Path
from typing import Any

from edgewise.errors import BadInput, unknown
from edgewise.zoo.bundle import Bundle
from edgewise.zoo.compiled import compile_program

DATA = Path(__file__).parent / "data"


def names() -> list[str]:
    """The models that come with the package."""
    return sorted(each.name for each in DATA.iterdir())


def open_bundle(name: str) -> Bundle:
    """A model that comes with the package, by its name."""
    if name not in names():
        raise BadInput(unknown("zoo model", name, names()))
    bundle = Bundle.load(DATA / name)
    bundle.compiled.model.name = f"zoo:{name}"
    return bundle


def from_rasp(program: Any, *, vocab: Iterable[Hashable], max_len: int, name: str = "program") -> Bundle:
    """Any RASP program as a model with its known circuits, worked out by trying all prompts.

    - program: an expression of `tracr.rasp.rasp`.
    - vocab: the words of its prompts, all strings or all numbers.
    - max_len: the most words that a prompt has. There are len(vocab) ** max_len prompts of that length, and
      under the corrupted ablation every pair of them is tried: keep both small.
    """
    words = list(dict.fromkeys(vocab))
    problems = []
    if not words or not all(isinstance(word, str | int) for word in words):
        problems.append(f"vocab: some words, strings or whole numbers, were needed. Got {words!r}.")
    if not isinstance(max_len, int) or max_len < 1:
        problems.append(f"max_len: a whole number of words, 1 or more, was needed. Got {max_len!r}.")
    if problems:
        raise BadInput(*problems)
    return Bundle.of(compile_program(program, words, max_len, name))
