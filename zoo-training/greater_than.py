"""Greater-than in a head and an MLP.

    read     at the end: the last two digits of the first year
    greater  every ending above them

Partners share noun and template, so that a partner's digits after this noun are a prompt of the same split.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from causal import CausalModel, Guide, Node
from edgewise.tasks.greater_than import NOUNS, TASK
from edgewise.tasks.prompt_rules import PromptRules
from edgewise.tasks.task import Example
from lesson import Lesson, Rows, Settings

ENDINGS = tuple(f"{ending:02}" for ending in range(100))
"""First in the vocabulary, after <unk> and <bos>, so that a token's id tells its number."""
BEFORE = 2
WORDS = (*ENDINGS, *NOUNS[:8], "The", "lasted", "from", "the", "year", "to")


def examples(rules: PromptRules, count: int, split: str, seed: int) -> list[Example]:
    alike: dict[tuple[str, int], list[Example]] = {}
    for example in TASK.examples(rules, count, split, seed):
        length = len(rules.tokenizer(example.clean)["input_ids"])
        alike.setdefault((example.roles["noun"], length), []).append(example)
    return [example for group in alike.values() for example in group[: len(group) // 2 * 2]]


def fields(examples: Sequence[Example], rows: Rows, ids: dict[str, int]) -> dict[str, Tensor]:
    endings = [ids[example.roles["ending"]] - BEFORE for example in examples]
    years = [[ids[example.roles["century"]], ids[example.roles["ending"]]] for example in examples]
    at = [
        next(place for place in range(1, len(row)) if list(row[place - 1 : place + 1]) == year)
        for row, year in zip(rows, years, strict=True)
    ]
    values = {"ending": endings, "ending_at": at, "end": [len(row) - 1 for row in rows]}
    return {name: torch.tensor(numbers) for name, numbers in values.items()}


def greater(answers: Tensor, vocabulary: int) -> Tensor:
    number = torch.arange(vocabulary) - BEFORE
    return (number > answers[:, None]) & (number < len(ENDINGS))


CAUSAL = CausalModel(
    (
        Node("read", ("ending",), lambda ending: ending, ("a0.h1",), (Guide("a0.h1", "end", "ending_at"),)),
        Node("greater", ("read",), lambda ending: ending, ("m1",)),
    )
)

GREATER_THAN = Lesson(
    name="greater-than",
    task=TASK,
    corruption="01",
    words=WORDS,
    causal=CAUSAL,
    circuit=("embed->a0.h1<v>", "a0.h1->m1", "m1->logits"),
    fields=fields,
    layers=2,
    mlp_width=128,
    metric=TASK.metric,
    right=greater,
    tolerance=0.2,
    examples=examples,
    settings=Settings(steps=1_000, examples=6_000),
)
