"""One entry of a prompts file (or of a Python list) to one `Pair` of token ids, or to every problem it has.

    clean      text or token ids; the only key that is always needed
    corrupted  text or token ids, as many as clean
    correct    one or several answers: text or token ids, each one token
    wrong      the same
    position   the index or indices where the model is read; negative counts from the end; default the last
    target     the numbers the logits should have there: one per correct answer where there are any, otherwise
               one per token of the vocabulary. A number; a list; or a list of lists, one per position

Text prompts are tokenised as the tokenizer does by default, with its special tokens; answers without.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, TypeGuard

from edgewise.errors import kind_of, several, unknown
from edgewise.tasks.prompt_rules import MOST_TOKENS, PromptRules
from edgewise.tasks.prompts_file import NotJson

KEYS = ("clean", "corrupted", "correct", "wrong", "position", "target")


@dataclass(frozen=True)
class Pair:
    """Two prompts of one length, where they are read, and what is right there."""

    clean: tuple[int, ...]
    read: tuple[int, ...]
    """Positions, all of them >= 0."""
    corrupted: tuple[int, ...] | None = None
    correct: tuple[int, ...] = ()
    wrong: tuple[int, ...] = ()
    target: tuple[tuple[float, ...], ...] | None = None
    """[reads, outputs]. The outputs are those of the correct answers where there are any, otherwise all."""
    clean_text: str | None = None
    corrupted_text: str | None = None
    place: str = ""
    """Where it came from, e.g. `mine.jsonl:3`."""


def read_entries(entries: Iterable[tuple[str, object]], rules: PromptRules) -> tuple[list[Pair], list[str]]:
    """The pairs of all entries that are right, and the problems of all that are not."""
    pairs: list[Pair] = []
    problems: list[str] = []
    unreadable: list[str] = []
    for place, value in entries:
        entry = _Entry(rules)
        pair = entry.pair(value, place)
        problems += [f"{place}: {problem}" for problem in entry.problems]
        if entry.is_unreadable:
            unreadable.append(place)
        elif pair is not None and not entry.problems:
            pairs.append(pair)
    if unreadable:
        count = "1 pair holds" if len(unreadable) == 1 else f"{len(unreadable):,} pairs hold"
        asked = f"the model has no tokenizer to read text with, and {count} text ({several(unreadable)})."
        problems.insert(0, f"{asked} Give token ids, or a model with a tokenizer.")
    return pairs, problems


class _Entry:
    """One entry while it is read. What is wrong is said and reading goes on with what is left."""

    def __init__(self, rules: PromptRules) -> None:
        self.rules = rules
        self.problems: list[str] = []
        self.is_unreadable = False
        """It holds text and there is no tokenizer: told once for all entries."""

    def say(self, problem: str) -> None:
        self.problems.append(problem)

    def pair(self, value: object, place: str) -> Pair | None:
        if isinstance(value, NotJson):
            self.say(value.problem)
            return None
        if not isinstance(value, Mapping):
            got = f"{kind_of(value)}: {_shown(value)}"
            self.say(f"an entry must be an object with keys such as 'clean'. Got {got}.")
            return None
        given = {str(key): _plain(part) for key, part in value.items() if part is not None}
        for key in given:
            if key not in KEYS:
                self.say(unknown("key", key, KEYS))
        if "clean" not in given:
            self.say("missing key 'clean': the prompt, as text or a list of token ids.")
        prompts = {key: self.prompt(key, given[key]) for key in ("clean", "corrupted") if key in given}
        clean, corrupted = prompts.get("clean"), prompts.get("corrupted")
        if clean and corrupted and len(clean) != len(corrupted):
            self.say(self.unequal(clean, corrupted))
        correct, wrong = (self.answers(key, given.get(key, [])) for key in ("correct", "wrong"))
        for answer in sorted({*correct} & {*wrong}):
            self.say(f"token {self.rules.spell([answer])} is both correct and wrong. Keep it in one of them.")
        read = self.read(given.get("position", -1), len(clean)) if clean else None
        if clean is None or read is None:
            return None
        # As many outputs as answers were meant, so that a bad answer is not reported as a bad target too.
        answers = len(_listed(given.get("correct", [])))
        target = self.target(given["target"], len(read), answers) if "target" in given else None
        texts = {f"{key}_text": given[key] for key in prompts if isinstance(given[key], str)}
        return Pair(clean, read, corrupted, correct, wrong, target, **texts, place=place)

    def prompt(self, key: str, value: Any) -> tuple[int, ...] | None:
        if isinstance(value, str):
            if not self.is_readable(key, value):
                return None
            # An empty text is refused even where the tokenizer would begin it with a token of its own.
            ids = self.rules.encode(value, special=True) if value else ()
        elif _is_list(value) and all(map(_is_integer, value)):
            ids = tuple(map(int, value))
        else:
            self.say(f"{key} must be text or a list of token ids. Got {_shown(value)}.")
            return None
        if not ids:
            self.say(f"{key} is empty. Give at least one token.")
        self.check_ids(key, ids, self.rules.vocabulary)
        if 0 < self.rules.context < len(ids):
            most = f"{self.rules.context:,} tokens, the model's context"
            self.say(f"{key} must have at most {most}. Got {len(ids):,}. Shorten it.")
        return ids

    def unequal(self, clean: tuple[int, ...], corrupted: tuple[int, ...]) -> str:
        shorter, longer = sorted((len(clean), len(corrupted)))
        alike = next((i for i in range(shorter) if clean[i] != corrupted[i]), shorter)
        start = max(0, alike - 3) if longer > MOST_TOKENS else 0
        return (
            f"clean and corrupted must have one length. Got {len(clean)} and {len(corrupted)} tokens. "
            "Change one of them:\n"
            f"    clean:     {self.rules.spell(clean, start)}\n"
            f"    corrupted: {self.rules.spell(corrupted, start)}"
        )

    def answers(self, key: str, value: Any) -> tuple[int, ...]:
        ids = [answer for each in _listed(value) if (answer := self.answer(key, each)) is not None]
        self.check_ids(key, ids, self.rules.outputs)
        for answer, times in Counter(ids).items():
            if times > 1:
                self.say(f"{key} names {self.rules.spell([answer])} more than once. Keep it once.")
        return tuple(ids)

    def answer(self, key: str, value: Any) -> int | None:
        if _is_integer(value):
            return int(value)
        if not isinstance(value, str):
            self.say(f"{key} must be text or token ids. Got {_shown(value)}.")
            return None
        if not self.is_readable(key, value):
            return None
        ids = self.rules.encode(value, special=False)
        if len(ids) == 1 and not self.rules.is_unknown(ids[0], value):
            return ids[0]
        tokens = (
            f"{len(ids)} tokens: {self.rules.spell(ids)}"
            if len(ids) > 1
            else "which the tokenizer does not know"
        )
        self.say(f"{key} must be one token. Got {value!r}, {tokens}. {self.one_token_hint(value)}")
        return None

    def one_token_hint(self, text: str) -> str:
        for other, how in (
            (f" {text}", "with a space before it"),
            (text.strip(), "without spaces around it"),
        ):
            ids = self.rules.encode(other, special=False)
            if len(ids) == 1 and not self.rules.is_unknown(ids[0], other):
                return f"{other!r}, {how}, is one: {self.rules.spell(ids)}."
        return "Choose an answer of one token, or give a token id."

    def read(self, value: Any, length: int) -> tuple[int, ...] | None:
        given = _listed(value)
        if not given or not all(map(_is_integer, given)):
            self.say(f"position must be one index or a list of them. Got {_shown(value)}.")
            return None
        outside = [str(index) for index in given if not -length <= index < length]
        if outside:
            choices = f"from 0 to {length - 1}, or from -{length} to -1 to count from the end"
            self.say(f"position must be {choices}. Got {', '.join(outside)}.")
            return None
        read = tuple(int(index) % length for index in given)
        if len(set(read)) < len(read):
            self.say(f"position names one token more than once. Got {_shown(value)}. Keep it once.")
        return read

    def target(self, value: Any, reads: int, answers: int) -> tuple[tuple[float, ...], ...] | None:
        rows = _listed(value)
        if not any(map(_is_list, rows)):
            rows = [rows] if reads == 1 else [[number] for number in rows]
        outputs = answers or self.rules.outputs
        if len(rows) == reads and all(_is_row(row, outputs) for row in rows):
            return tuple(tuple(map(float, row)) for row in rows)
        whole = "token of the vocabulary" if outputs == self.rules.vocabulary else "output of the model"
        what = "correct answer" if answers else whole
        needed = f"{reads} (one per position) x {outputs:,} (one per {what})"
        self.say(f"target must be finite numbers, {needed}. Got {_shown(value)}.")
        return None

    def is_readable(self, key: str, text: str) -> bool:
        if self.rules.tokenizer is None:
            self.is_unreadable = True
            return False
        try:
            text.encode()
        except UnicodeEncodeError:
            self.say(f"{key} must be Unicode text. Got {_shown(text)}, with half of a surrogate pair.")
            return False
        return True

    def check_ids(self, key: str, ids: Sequence[int], known: int) -> None:
        outside = dict.fromkeys(str(token) for token in ids if not 0 <= token < known)
        if outside:
            self.say(f"{key} must be token ids from 0 to {known - 1}. Got {', '.join(outside)}.")


def _plain(value: Any) -> Any:
    """Arrays and tensors as lists."""
    return value.tolist() if hasattr(value, "tolist") else value


def _is_list(value: object) -> TypeGuard[list[Any] | tuple[Any, ...]]:
    return isinstance(value, (list, tuple))


def _listed(value: Any) -> Sequence[Any]:
    return value if _is_list(value) else [value]


def _is_integer(value: object) -> TypeGuard[int]:
    return isinstance(value, Integral) and not isinstance(value, bool)


def _is_row(value: object, length: int) -> bool:
    return _is_list(value) and len(value) == length and all(map(_is_finite, value))


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _is_finite(value: Any) -> bool:
    return _is_number(value) and -sys.float_info.max <= value <= sys.float_info.max


def _shown(value: object) -> str:
    return f"{value!r:.60}"
