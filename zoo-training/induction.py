"""Induction in two heads.

    noted   at every word: which word came before it
    found   at the end: the word where the last word was noted

A partner is the same words in another order, so that what it has noted means something here.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from causal import CausalModel, Guide, Node
from edgewise.tasks.induction import TASK, WORDS
from edgewise.tasks.prompt_rules import PromptRules
from edgewise.tasks.task import Example, split_of
from lesson import Lesson, Rows, Settings

TRIES = 20_000
USED = WORDS[:32]


def examples(rules: PromptRules, count: int, split: str, seed: int) -> list[Example]:
    order = random.Random(f"partners {split} {seed}")
    found: list[Example] = []
    for example in TASK.examples(rules, count, split, seed):
        if len(found) < count and (partner := _partner(example, split, order)):
            found += [example, partner]
    return found


def _partner(example: Example, split: str, order: random.Random) -> Example | None:
    """The same words in another order, when both are defined, and others, with the other's notes."""
    *said, again = example.clean.split()
    other = next(word for word in order.sample(USED, len(said) + 1) if word not in said)
    for _ in range(TRIES // len(said)):
        shuffled = order.sample(said, len(said))
        place = order.randrange(1, len(said) - 1)
        found = found_with(said, shuffled, again), found_with(shuffled, said, shuffled[place])
        keys = [(shuffled[place], shuffled[place + 1]), (again, found[0]), (shuffled[place], found[1])]
        telling = found[0] != example.roles["answer"] and found[1] != shuffled[place + 1]
        if telling and all(
            after and before != after and split_of(f"{before} {after}") == split for before, after in keys
        ):
            replaced = [*shuffled[:place], other, *shuffled[place + 1 :], shuffled[place]]
            return Example(
                clean=" ".join([*shuffled, shuffled[place]]),
                corrupted={"first-replaced": " ".join(replaced)},
                correct=[" " + shuffled[place + 1]],
                wrong=[],
                key=f"{shuffled[place]} {shuffled[place + 1]}",
                roles={"again": shuffled[place], "answer": shuffled[place + 1], "place": str(place)},
            )
    return None


def found_with(said: Sequence[str], noted: Sequence[str], again: str) -> str | None:
    """The word where, in the order that was noted, `again` comes before."""
    place = noted.index(again) + 1
    return said[place] if place < len(said) else None


def fields(examples: Sequence[Example], rows: Rows, ids: dict[str, int]) -> dict[str, Tensor]:
    words = torch.tensor(rows)
    each = torch.arange(1, words.shape[1]).expand(len(rows), -1)
    return {
        "words": words,
        "before": torch.cat([torch.full((len(rows), 1), -1), words[:, :-1]], 1),
        "again": words[:, -1],
        "each": each,
        "previous": each - 1,
        "end": each[:, -1],
        "after": torch.tensor([int(example.roles["place"]) + 2 for example in examples]),
    }


def found(noted: Tensor, words: Tensor, again: Tensor) -> Tensor:
    """The word at the one place where `again` was noted; -1 where there is not one."""
    here = noted == again[:, None]
    return torch.where(here.sum(1) == 1, (words * here).sum(1), -1)


CAUSAL = CausalModel(
    (
        Node("noted", ("before",), lambda before: before, ("a0.h1",), (Guide("a0.h1", "each", "previous"),)),
        Node("found", ("noted", "words", "again"), found, ("a1.h2",), (Guide("a1.h2", "end", "after"),)),
    )
)

INDUCTION = Lesson(
    name="induction",
    task=TASK,
    corruption="first-replaced",
    words=USED,
    causal=CAUSAL,
    circuit=(*("embed->a0.h1<v>", "a0.h1->a1.h2<k>", "embed->a1.h2<q>", "embed->a1.h2<v>", "a1.h2->logits"),),
    fields=fields,
    layers=2,
    examples=examples,
    settings=Settings(steps=700, difference=0.15),
)

SATURATED = replace(INDUCTION, name="induction-saturated", settings=replace(INDUCTION.settings, sharpen=6))
"""Heads look at one word only, so that gradients through what they look at vanish."""
