"""The task of a compiled program: its prompts, each with another of its length, and its numbers to match.

Every prompt there is belongs to one of three splits, by a shuffle that is always the same, so that the splits
share no prompt. A pair's corrupted prompt comes from its own split, too.
"""

from __future__ import annotations

import random
from itertools import zip_longest
from typing import Any

import torch

from edgewise.errors import BadInput, check_name
from edgewise.models.transformer import Transformer
from edgewise.tasks.pairs import Pairs
from edgewise.tasks.task import SPLITS
from edgewise.zoo.compiled import Compiled
from edgewise.zoo.exhaustive import all_prompts

Entry = dict[str, list[int]]
PROGRAMS = {
    "tracr-reverse": "The words of a prompt, last first.",
    "tracr-xproportion": "At each word, the part of the words so far that are x.",
}
"""Those that come with the package."""
CORRUPTIONS = {"another": "another prompt of its length"}
EXAMPLES = 100
METRIC = "mean-squared-error"
"""What a program is judged by: its targets are its own numbers."""


def program_pairs(
    compiled: Compiled, examples: int | None = None, split: str = "train", seed: int = 0
) -> Pairs:
    """Pairs of different clean prompts, of every length in turn: some edges matter for some lengths only.

    As many as there are, and no more than 100, unless a number is given.
    """
    if wrong := check_name("split", split, SPLITS):
        raise BadInput(*wrong)
    order = random.Random(seed)
    by_length: list[list[Entry]] = []
    for prompts in all_prompts(compiled).values():
        own = _of_split(prompts.tolist(), split)
        if len(own) > 1:
            by_length.append([{"clean": clean, "corrupted": _another(own, clean, order)} for clean in own])
            order.shuffle(by_length[-1])
    found = [entry for turn in zip_longest(*by_length) for entry in turn if entry is not None]
    if not found:
        raise BadInput(
            f"split {split!r} has no two prompts of one length. Make the program of longer prompts."
        )
    examples = min(EXAMPLES, len(found)) if examples is None else examples
    if not 1 <= examples <= len(found):
        raise BadInput(f"examples of split {split!r}: from 1 to {len(found)} there are. Got {examples}.")
    entries = [_with_targets(compiled.model, entry) for entry in found[:examples]]
    return Pairs.from_list(entries, compiled.model).judged_by(METRIC)


def _of_split(prompts: list[list[int]], split: str) -> list[list[int]]:
    random.Random(0).shuffle(prompts)
    low, high = (round(share * len(prompts)) for share in SPLITS[split])
    return prompts[low:high]


def _another(prompts: list[list[int]], prompt: list[int], order: random.Random) -> list[int]:
    return order.choice([other for other in prompts if other != prompt])


def _with_targets(model: Transformer, entry: Entry) -> dict[str, Any]:
    """What the model puts out at every word; BOS, the first token, has no answer."""
    with torch.no_grad():
        outputs = model(torch.tensor([entry["clean"]], device=model.device))[0, 1:]
    return {**entry, "position": list(range(1, len(outputs) + 1)), "target": outputs.tolist()}
