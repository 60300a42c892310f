"""A task: prompt pairs without end, drawn from words that a tokenizer spells as they are needed.

    ew.task("ioi", model, examples=100)            -> Pairs
    ew.task("ioi", model, examples=100, split="test", corruption="swapped", seed=3)

A task file holds its templates, its words, its corruptions and how one example is drawn. Everything else is
here: which words one tokenizer spells as one token each, which split an example belongs to, and that no two
examples are alike. A split belongs to what an example is about - its `key`, e.g. the two names - and not to
the draw: whatever the seeds, two splits never share a key.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from edgewise.errors import BadInput, Problems, check_name
from edgewise.tasks.prompt_rules import PromptRules

SPLITS = {"train": (0.0, 0.6), "validation": (0.6, 0.8), "test": (0.8, 1.0)}
"""The share of all keys that belongs to each."""
BEFORE = "a"
"""What a word is read after: some tokenizers begin whatever they are given with a blank."""
MOST = 20_000
"""Examples of one draw."""
PATIENCE = 2_000
"""Draws in a row that bring nothing new before it is taken that there is no more."""


@dataclass(frozen=True)
class Example:
    """One clean prompt with its corruptions, before tokens."""

    clean: str
    corrupted: Mapping[str, str]
    """By the corruption's name."""
    correct: Sequence[str]
    wrong: Sequence[str]
    key: str
    """What it is about, in a word or two: no two splits share one."""
    roles: Mapping[str, str] = field(default_factory=dict)
    """Which word plays which part, e.g. {"subject": "John"}."""
    after: str = BEFORE
    """Text that the answers go on from, where it matters how they are spelt."""


@dataclass(frozen=True)
class Words:
    """Candidates for one place of a prompt. Those stay whose pieces are one token each to a tokenizer."""

    candidates: Sequence[str]
    least: int
    """How many must stay."""
    pieces: Callable[[str], Sequence[str]] = lambda word: (" " + word,)

    def known_to(self, rules: PromptRules) -> list[str]:
        """The candidates whose pieces, one after the other, each add one token that the tokenizer knows."""
        pieces = [self.pieces(word) for word in self.candidates]
        grown = [BEFORE + "".join(each[:count]) for each in pieces for count in range(len(each) + 1)]
        tokens = iter(rules.encode_all(grown))
        return [
            word
            for word, each in zip(self.candidates, pieces, strict=True)
            if _adds_one_by_one([next(tokens) for _ in range(len(each) + 1)], rules)
        ]


Draw = Callable[[Mapping[str, list[str]], random.Random], Example]


@dataclass(frozen=True)
class Task:
    name: str
    what: str
    """One sentence."""
    paper: str
    metric: str
    corruptions: Mapping[str, str]
    """What each changes; the first is the one it is run with unless another is asked for."""
    words: Mapping[str, Words]
    texts: Sequence[str]
    """Templates; those are used whose own words the tokenizer knows."""
    draw: Draw
    """One example from the words that stay (the templates among them, as "texts")."""

    def entries(
        self,
        rules: PromptRules,
        examples: int,
        split: str = "train",
        seed: int = 0,
        corruption: str | None = None,
    ) -> list[dict[str, Any]]:
        """Entries of a prompts file: as many as asked for, no clean prompt twice."""
        wanted = next(iter(self.corruptions)) if corruption is None else corruption
        if problems := check_name("corruption", wanted, self.corruptions) + check_draw(split, examples, seed):
            raise BadInput(*problems)
        return [
            {
                "clean": each.clean,
                "corrupted": each.corrupted[wanted],
                "correct": _answers(each.correct, each.after, rules),
                "wrong": _answers(each.wrong, each.after, rules),
            }
            for each in self.examples(rules, examples, split, seed)
        ]

    def examples(self, rules: PromptRules, count: int, split: str = "train", seed: int = 0) -> list[Example]:
        if problems := check_draw(split, count, seed):
            raise BadInput(*problems)
        words = self.usable(rules)
        order = random.Random(f"{self.name} {split} {seed}")
        found: dict[str, Example] = {}
        in_vain = 0
        while len(found) < count and in_vain < PATIENCE:
            example = self.draw(words, order)
            is_new = split_of(example.key) == split and example.clean not in found
            in_vain = 0 if is_new else in_vain + 1
            if is_new:
                found[example.clean] = example
        if len(found) == count:
            return list(found.values())
        raise BadInput(
            f"task {self.name!r}, split {split!r}: {count:,} different examples were wanted. With this "
            f"tokenizer and this seed {len(found):,} were found. Ask for fewer."
        )

    def usable(self, rules: PromptRules) -> dict[str, list[str]]:
        """What one tokenizer leaves of the words and of the templates, or how few those are."""
        if rules.tokenizer is None:
            raise BadInput(f"task {self.name!r} is text, and the model has no tokenizer to read it with.")
        problems = Problems()
        left = {name: each.known_to(rules) for name, each in self.words.items()}
        for name, each in self.words.items():
            if len(left[name]) < each.least:
                pieces = " and ".join(map(repr, each.pieces(each.candidates[0])))
                problems.add(
                    f"task {self.name!r} needs {each.least} {name} that the tokenizer spells as one token a "
                    f"piece, as {pieces}. It leaves {len(left[name])} of {len(each.candidates)}. "
                    "Choose another task or model."
                )
        left["texts"] = [text for text in self.texts if _is_known(text, rules)]
        if not left["texts"]:
            problems.add(
                f"task {self.name!r}: the tokenizer has no token for some word or mark of each of its "
                "templates. Choose another task or model."
            )
        problems.raise_any()
        return left


def fill(text: str, **words: str) -> str:
    """A template with a blank and a word in each of its places."""
    return text.format_map({place: " " + word for place, word in words.items()})


def check_draw(split: object, examples: object, seed: object) -> list[str]:
    problems = check_name("split", split, SPLITS)
    if not isinstance(examples, int) or isinstance(examples, bool) or not 1 <= examples <= MOST:
        problems.append(f"examples must be a whole number from 1 to {MOST:,}. Got {examples!r}.")
    if not isinstance(seed, int) or isinstance(seed, bool):
        problems.append(f"seed must be a whole number. Got {seed!r}.")
    return problems


def split_of(key: str) -> str:
    """Which split whatever has this key belongs to, always and everywhere."""
    share = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big") / 2**64
    return next(name for name, (low, high) in SPLITS.items() if low <= share < high)


def _answers(texts: Sequence[str], after: str, rules: PromptRules) -> list[int]:
    return [ids[0] for ids in rules.going_on(after, texts)]


def _adds_one_by_one(grown: Sequence[tuple[int, ...]], rules: PromptRules) -> bool:
    """Whether each text goes on from the one before by one token, which is not the unknown one."""
    return all(
        longer[:-1] == shorter and not rules.is_unknown(longer[-1], "") for shorter, longer in pairwise(grown)
    )


def _is_known(text: str, rules: PromptRules) -> bool:
    """Whether no word of a template is unknown to the tokenizer."""
    blank = text.format_map(_Blanks())
    return not any(rules.is_unknown(token, "") for token in rules.encode(blank, special=False))


class _Blanks(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return ""
