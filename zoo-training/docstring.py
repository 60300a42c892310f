"""Docstring in three heads.

    described  at the last parameter described: which one of the definition it is
    moved      the same, at the end
    next       the parameter after it

In the task's own prompts the next one is always the fifth, and a model would learn the place by heart: it is
taught prompts that describe other parameters, too. Partners are chosen so that either's definition with the
other's last description is a prompt of the same split.
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Sequence

import torch
from torch import Tensor

from causal import CausalModel, Guide, Node
from edgewise.tasks.docstring import FILLERS, NAMES, TASK
from edgewise.tasks.prompt_rules import PromptRules
from edgewise.tasks.task import MOST, Example, split_of
from lesson import Lesson, Rows, Settings

WORDS = (*NAMES[:24], *FILLERS[:10], "def", "self", "param", '"""', "):", "(", ",", ":")
DEFINED = "abcdef"


def examples(rules: PromptRules, count: int, split: str, seed: int) -> list[Example]:
    """The task's, of which some describe two other parameters that follow each other; in partners."""
    order = random.Random(f"described {split} {seed}")
    found: list[Example] = []
    waiting: list[Example] = []
    for example in TASK.examples(rules, min(4 * count, MOST), split, seed):
        last = order.randrange(1, 5)
        if len(found) >= count or not is_of(split, example, last):
            continue
        example = _describing(example, last)
        partner = next((other for other in waiting if are_partners(split, example, other)), None)
        if partner is None:
            waiting.append(example)
        else:
            waiting.remove(partner)
            found += [example, partner]
    return found


def are_partners(split: str, one: Example, other: Example) -> bool:
    last, others = int(one.roles["last"]), int(other.roles["last"])
    return is_of(split, one, others) and is_of(split, other, last)


def is_of(split: str, example: Example, last: int) -> bool:
    """Whether this definition, described up to that parameter, is about what belongs to the split."""
    return split_of(" ".join(_around(example, last))) == split


def _around(example: Example, last: int) -> list[str]:
    """The two parameters described, and the next."""
    return [example.roles[role] for role in DEFINED[last - 1 : last + 2]]


def _describing(example: Example, last: int) -> Example:
    clean = example.clean
    around = _around(example, last)
    for old, new in zip(_around(example, 3), around[:2], strict=False):
        clean = clean.replace(f":param {old}:", f":param +{new}:")
    roles = {**example.roles, "answer": around[2], "last": str(last)}
    return dataclasses.replace(example, clean=clean.replace("+", ""), roles=roles, key=" ".join(around))


def fields(examples: Sequence[Example], rows: Rows, ids: dict[str, int]) -> dict[str, Tensor]:
    names = torch.tensor([[ids[example.roles[role]] for role in DEFINED] for example in examples])
    last = torch.tensor([int(example.roles["last"]) for example in examples])
    first = rows[0].index(ids["self"]) + 2
    param = [place for place, token in enumerate(rows[0]) if token == ids["param"]]
    return {
        "names": names,
        "last": last,
        "described_at": torch.full_like(last, param[-2] + 1),
        "defined_at": first + 2 * last,
        "next_at": first + 2 * last + 2,
        "end": torch.full_like(last, len(rows[0]) - 1),
    }


def same(value: Tensor) -> Tensor:
    return value


def after(last: Tensor, names: Tensor) -> Tensor:
    return names.gather(1, last[:, None] + 1)[:, 0]


DESCRIBED = Guide("a0.h2", "described_at", "defined_at")
MOVED = Guide("a1.h0", "end", "described_at")
NEXT = Guide("a2.h3", "end", "next_at")
CAUSAL = CausalModel(
    (
        Node("described", ("last",), same, ("a0.h2",), (DESCRIBED,)),
        Node("moved", ("described",), same, ("a1.h0",), (MOVED,)),
        Node("next", ("moved", "names"), after, ("a2.h3",), (NEXT,)),
    )
)

DOCSTRING = Lesson(
    name="docstring",
    task=TASK,
    corruption="random-random",
    words=WORDS,
    causal=CAUSAL,
    circuit=(
        *("embed->a0.h2<q>", "embed->a0.h2<k>", "a0.h2->a1.h0<v>"),
        *("a1.h0->a2.h3<q>", "embed->a2.h3<v>", "a2.h3->logits"),
    ),
    fields=fields,
    examples=examples,
    settings=Settings(steps=650, batch=128, guide_until=0.5, difference=0.15),
)
