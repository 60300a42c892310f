"""Models whose circuits are known exactly.

They are opened by name, or made of a program; either way a folder of one is a model that `--model` takes:

    bundle = edgewise.zoo.open_bundle("tracr-reverse")      # or from_rasp(a program of your own)
    bundle.model, bundle.task, bundle.known["zero"].circuit
    bundle.save("folder")
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any

from edgewise.errors import BadInput
from edgewise.models.bundled import FOLDER, PREFIX, bundled_folder, bundled_names
from edgewise.progress import Progress
from edgewise.zoo.bundle import Bundle
from edgewise.zoo.compiled import BOS, PAD, compile_program

DATA, names = FOLDER, bundled_names
MOST_PAIRS = 2_000_000


def open_bundle(name: str) -> Bundle:
    """A model that comes with the package, by its name, with or without `zoo:`."""
    bundle = Bundle.load(bundled_folder(name))
    bundle.model.name = f"{PREFIX}{name.removeprefix(PREFIX)}"
    return bundle


def from_rasp(
    program: Any,
    *,
    vocab: Iterable[Hashable],
    max_len: int,
    name: str = "program",
    progress: bool = False,
) -> Bundle:
    """Any RASP program as a model with its known circuits, worked out by trying all prompts.

    - program: an expression of `tracr.rasp.rasp`.
    - vocab: the words of its prompts, all strings or all numbers.
    - max_len: the most words that a prompt has. There are len(vocab) ** max_len prompts of that length, and
      under the corrupted ablation every pair of them is tried: keep both small.
    - progress: tell how far it has come.
    """
    words = list(dict.fromkeys(vocab))
    problems = []
    if len(words) < 2 or not all(isinstance(word, str | int) for word in words) or {BOS, PAD} & set(words):
        problems.append(
            f"vocab: two words or more, strings or whole numbers and not {BOS!r} or {PAD!r}, were needed. "
            f"Got {words!r}."
        )
    if not isinstance(max_len, int) or max_len < 1:
        problems.append(f"max_len: a whole number of words, 1 or more, was needed. Got {max_len!r}.")
    elif (pairs := sum(len(words) ** (2 * length) for length in range(1, max_len + 1))) > MOST_PAIRS:
        problems.append(
            f"vocab and max_len: at most {MOST_PAIRS:,} pairs of prompts can be tried. Got {pairs:,}. "
            "Give fewer words, or shorter prompts."
        )
    if not isinstance(name, str) or not name or "/" in name:
        problems.append(f"name: a word without / was needed. Got {name!r}.")
    if problems:
        raise BadInput(*problems)
    return Bundle.of(compile_program(program, words, max_len, name), name, Progress(progress))
