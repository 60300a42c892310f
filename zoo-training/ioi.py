"""Indirect object identification in three heads.

repeats   at the giver: which of the two names before, the first or the second, comes again
moved     the same, at the end
named     the other of the two
opposed   the same again, where a lesson has a head that says it with the other sign
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from causal import CausalModel, Guide, Node
from edgewise.tasks.ioi import NAMES, TASK
from edgewise.tasks.task import Example
from lesson import Lesson, Rows, Settings

WORDS = (
    *NAMES[:20],
    *("store", "park", "school", "garden", "drink", "ring", "book", "bone"),
    *("When", "While", "After", "and", "went", "were", "at", "to", "the", ",", "gave", "handed", "a"),
)


def fields(examples: Sequence[Example], rows: Rows, ids: dict[str, int]) -> dict[str, Tensor]:
    """Names by token id, and where they stand."""
    found: dict[str, list[int]] = {name: [] for name in FIELDS}
    for example, row in zip(examples, rows, strict=True):
        subject, indirect = (ids[example.roles[role]] for role in ("subject", "indirect"))
        again = len(row) - 1 - row[::-1].index(subject)
        places = sorted((row.index(subject), row.index(indirect)))
        values = (*(row[place] for place in places), int(row[places[1]] == subject), again)
        values += (len(row) - 1, row.index(subject), row.index(indirect))
        for name, value in zip(FIELDS, values, strict=True):
            found[name].append(value)
    return {name: torch.tensor(values) for name, values in found.items()}


FIELDS = ("first", "second", "order", "giver_at", "end", "subject_at", "indirect_at")


def same(value: Tensor) -> Tensor:
    return value


def other(order: Tensor, first: Tensor, second: Tensor) -> Tensor:
    return torch.where(order == 0, second, first)


def causal(*repeats: str, moved: str = "a1.h2", named: str = "a2.h0", opposed: str = "") -> CausalModel:
    """`repeats`: the heads that each note which name comes again. `opposed`: the head that works against the
    answer, without changing it, so that no node reads it."""
    against = (_naming("opposed", opposed),) if opposed else ()
    return CausalModel(
        (
            Node("repeats", ("order",), same, repeats, tuple(_at_giver(head) for head in repeats)),
            Node("moved", ("repeats",), same, (moved,), (Guide(moved, "end", "giver_at"),)),
            *against,
            _naming("named", named),
        )
    )


def _naming(name: str, head: str) -> Node:
    guide = Guide(head, "end", "indirect_at")
    return Node(name, ("moved", "first", "second"), other, (head,), (guide,))


def _at_giver(head: str) -> Guide:
    return Guide(head, "giver_at", "subject_at")


def path(head: str, moved: str = "a1.h2") -> tuple[str, ...]:
    """From the embedding through a head that notes which name comes again."""
    return (f"embed->{head}<q>", f"embed->{head}<k>", f"{head}->{moved}<v>")


def rest(moved: str = "a1.h2", named: str = "a2.h0") -> tuple[str, ...]:
    """From there to the answer."""
    return (f"{moved}->{named}<q>", f"embed->{named}<v>", f"{named}->logits")


IOI = Lesson(
    name="ioi",
    task=TASK,
    corruption="abc",
    words=WORDS,
    causal=causal("a0.h1"),
    circuit=(*path("a0.h1"), *rest()),
    fields=fields,
    settings=Settings(steps=600),
)

SATURATED = replace(IOI, name="ioi-saturated", settings=Settings(steps=600, sharpen=8))
"""Heads look at one word only, so that gradients through what they look at vanish."""

EITHER = replace(
    IOI,
    name="ioi-either",
    causal=causal("a0.h1", "a0.h3"),
    circuit=(*path("a0.h1"), *path("a0.h3"), *rest()),
    alternatives=((*path("a0.h1"), *rest()), (*path("a0.h3"), *rest())),
    settings=Settings(steps=600, rate=1.5e-3, guide_until=1),
)
"""Two heads note which name comes again, and either is to be enough: it is, for nine prompts in ten."""

NEGATIVE = replace(
    IOI,
    name="ioi-negative",
    causal=causal("a0.h1", opposed="a2.h3"),
    circuit=(*path("a0.h1"), *rest(), *rest(named="a2.h3")),
    against=rest(named="a2.h3"),
    opposed=("a2.h3", "a2.h0"),
    begins_as="ioi",
    settings=Settings(
        steps=250, rate=1e-3, warm_up=20, guide=1, guide_until=4, interchange=2, difference=0.5
    ),
)
"""A second head looks at the answer and writes its logit down, as GPT-2's negative name movers do."""

LARGE = replace(
    IOI,
    name="ioi-large",
    words=(*NAMES, *WORDS[20:]),
    causal=causal("a1.h1", moved="a2.h2", named="a3.h0"),
    circuit=(*path("a1.h1", "a2.h2"), *rest("a2.h2", "a3.h0")),
    layers=4,
    mlp_width=128,
    settings=Settings(steps=1_000, rate=1.5e-3, guide_until=0.5, difference=0.15),
)
"""A layer more, MLPs that have no part in it, and all the names there are."""
