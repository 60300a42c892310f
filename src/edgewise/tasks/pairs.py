"""Prompt pairs as a value, and the batches they are run in.

A batch holds pairs of one shape - as many tokens, reads and targets - so that nothing is padded but lists of
answers, and nothing is ever averaged across padding. `batch.index` says where its pairs stand among all:
results per example go back with `results[batch.index] = ...`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from os import PathLike
from typing import Literal, overload

import torch
from jaxtyping import Float, Int
from torch import Tensor

from edgewise.distributed import cut, dealt
from edgewise.errors import BadInput, check_kind, kind_of
from edgewise.models.sending import sent
from edgewise.models.transformer import Transformer, check_model
from edgewise.tasks.entries import Pair, read_entries
from edgewise.tasks.prompt_rules import PromptRules
from edgewise.tasks.prompts_file import read_jsonl

Field = Literal["corrupted", "correct", "wrong", "target"]
"""What a pair may lack."""
MOST_PROBLEMS = 20


@dataclass(frozen=True)
class Batch:
    """Some pairs of one shape, as tensors."""

    clean: Int[Tensor, "examples positions"]
    corrupted: Int[Tensor, "examples positions"] | None
    read: Int[Tensor, "examples reads"]
    correct: Int[Tensor, "examples correct_answers"]
    """Token ids, filled up with -1."""
    wrong: Int[Tensor, "examples wrong_answers"]
    """Token ids, filled up with -1."""
    target: Float[Tensor, "examples reads outputs"] | None
    """The outputs are the correct answers where there are any, otherwise the vocabulary."""
    index: Int[Tensor, " examples"]
    """Where these pairs stand in the `Pairs` they came from."""
    counts: bool = True
    """False where it is another process's, and run for company."""
    where: slice | None = None
    """From the first position that is read to the last, as the host knows it; None: it does not."""

    def __len__(self) -> int:
        return len(self.index)


@dataclass(frozen=True, repr=False)
class Pairs(Sequence[Pair]):
    """Checked prompt pairs, in the order given."""

    pairs: tuple[Pair, ...]
    metric: str | None = None
    """What a task judges them by; None: they belong to no task."""

    @classmethod
    def from_jsonl(cls, path: str | PathLike[str], model: Transformer | PromptRules) -> Pairs:
        """Read a file of one JSON object a line (its keys: see `entries.py`), or raise every problem it has.

        Prompt rules do in the place of the model, so that a file can be checked before weights are loaded.
        """
        what_to_do = "Pairs.from_list takes a list."
        wrong = check_kind(path, (str, PathLike), "the path of a JSONL file", what_to_do)
        if wrong := wrong + _check_rules(model):
            raise BadInput(*wrong)
        pairs, problems = cls.read(path, prompt_rules(model))
        if problems:
            raise BadInput(*problems)
        return pairs

    @classmethod
    def read(cls, path: str | PathLike[str], rules: PromptRules) -> tuple[Pairs, list[str]]:
        """The pairs of a file that are right, and every problem of those that are not."""
        entries, problems = read_jsonl(path)
        return cls._read(entries, rules) if entries else (cls(()), problems)

    @classmethod
    def from_list(cls, entries: Iterable[object], model: Transformer | PromptRules) -> Pairs:
        """The same from dictionaries with the keys of the file."""
        if wrong := _check_list(entries) + _check_rules(model):
            raise BadInput(*wrong)
        placed = [(f"pair {index}", entry) for index, entry in enumerate(entries)]
        if not placed:
            raise BadInput("no prompts were given. Give at least one dictionary, with the key 'clean'.")
        pairs, problems = cls._read(placed, prompt_rules(model))
        if problems:
            raise BadInput(*problems)
        return pairs

    @classmethod
    def _read(cls, entries: list[tuple[str, object]], rules: PromptRules) -> tuple[Pairs, list[str]]:
        pairs, problems = read_entries(entries, rules)
        if len(problems) > MOST_PROBLEMS:
            more = f"and {len(problems) - MOST_PROBLEMS:,} more problems"
            problems = [*problems[:MOST_PROBLEMS], more]
        return cls(tuple(pairs)), problems

    @overload
    def __getitem__(self, index: int) -> Pair: ...
    @overload
    def __getitem__(self, index: slice) -> Pairs: ...
    def __getitem__(self, index: int | slice) -> Pair | Pairs:
        return replace(self, pairs=self.pairs[index]) if isinstance(index, slice) else self.pairs[index]

    def __len__(self) -> int:
        return len(self.pairs)

    def __repr__(self) -> str:
        lengths = sorted({len(pair.clean) for pair in self.pairs})
        span = " to ".join(f"{length:,}" for length in dict.fromkeys((*lengths[:1], *lengths[-1:])))
        pairs = f"{len(self):,} prompt pair" + "s" * (len(self) != 1)
        return f"Pairs({pairs}{', ' + span + ' tokens' if span else ''})"

    def judged_by(self, metric: str) -> Pairs:
        """The same pairs, with a metric of their own."""
        return replace(self, metric=metric)

    @property
    def aligned(self) -> bool:
        """All prompts have one length, so that a position means the same in each."""
        return len({len(pair.clean) for pair in self.pairs}) <= 1

    @property
    def has_corrupted(self) -> bool:
        return not self.missing("corrupted")

    def missing(self, field: Field) -> tuple[str, ...]:
        """The places of the pairs without it."""
        return tuple(pair.place for pair in self.pairs if getattr(pair, field) in (None, ()))

    def batches(self, batch_size: int, device: torch.device | str | None = None) -> Iterator[Batch]:
        """Every pair once, at most `batch_size` at a time, in their order within each shape."""
        if batch_size < 1:
            raise BadInput(f"batch size must be 1 or more. Got {batch_size}.")
        for alike in self.by_shape():
            for start in range(0, len(alike), batch_size):
                yield self.batch(alike[start : start + batch_size], device)

    def own_batches(
        self, batch_size: int, device: torch.device | str | None = None, done: Tensor | None = None
    ) -> list[Batch]:
        """This process's share of all, which alone is everything. What does not count is not to be added.

        `done` [pairs]: other than 0 for those to be left out.
        """
        out = [False] * len(self) if done is None else done.tolist()
        left = [[place for place in group if not out[place]] for group in self.by_shape()]
        places = dealt(cut([group for group in left if group], batch_size))
        return [replace(self.batch([*part], device), counts=counts) for part, counts in places]

    def by_shape(self) -> list[list[int]]:
        """The places of the pairs that can be run together."""
        alike: dict[tuple[object, ...], list[int]] = {}
        for index, pair in enumerate(self.pairs):
            alike.setdefault(_shape(pair), []).append(index)
        return list(alike.values())

    def batch(self, index: list[int], device: torch.device | str | None = None) -> Batch:
        """The pairs at these places, which must be of one shape."""
        pairs = [self.pairs[each] for each in index]
        corrupted = [pair.corrupted for pair in pairs if pair.corrupted is not None]
        targets = [pair.target for pair in pairs if pair.target is not None]
        reads = [place for pair in pairs for place in pair.read]
        clean, replaced, read, correct, wrong, places = _filled(
            [
                [pair.clean for pair in pairs],
                corrupted,
                [pair.read for pair in pairs],
                [pair.correct for pair in pairs],
                [pair.wrong for pair in pairs],
                [(each,) for each in index],
            ],
            device,
        )
        return Batch(
            clean=clean,
            corrupted=replaced if corrupted else None,
            read=read,
            correct=correct,
            wrong=wrong,
            target=sent(torch.tensor(targets, dtype=torch.float32), device) if targets else None,
            index=places[:, 0],
            where=slice(min(reads), max(reads) + 1),
        )


def _filled(tables: list[list[tuple[int, ...]]], device: torch.device | str | None) -> list[Tensor]:
    """Tables of numbers, their rows filled up with -1; all by one copy to the device."""
    filled: list[int] = []
    shapes: list[tuple[int, int]] = []
    for rows in tables:
        longest = max(map(len, rows), default=0)
        filled += [number for row in rows for number in (*row, *[-1] * (longest - len(row)))]
        shapes.append((len(rows), longest))
    there = sent(torch.tensor(filled, dtype=torch.long), device)
    parts = there.split([rows * longest for rows, longest in shapes])
    return [part.view(shape) for part, shape in zip(parts, shapes, strict=True)]


def prompt_rules(model: Transformer | PromptRules) -> PromptRules:
    """What a prompt for this model must fit."""
    if isinstance(model, PromptRules):
        return model
    config = model.config
    return PromptRules.of(config, model.tokenizer)


def pairs_hash(pairs: Pairs) -> str:
    """SHA-256 of what pairs hold, wherever they came from."""
    told = [(pair.clean, pair.corrupted, pair.correct, pair.wrong, pair.read, pair.target) for pair in pairs]
    return hashlib.sha256(repr(told).encode()).hexdigest()


def check_pairs(pairs: object) -> list[str]:
    """Why these are no prompt pairs."""
    what_to_do = "Pairs.from_jsonl and Pairs.from_list give them."
    if isinstance(pairs, (str, PathLike)):
        what_to_do = "Read the file: ew.Pairs.from_jsonl(path, model)."
    elif isinstance(pairs, (list, tuple)):
        what_to_do = "Make pairs of the rows: ew.Pairs.from_list(rows, model)."
    return check_kind(pairs, Pairs, "an ew.Pairs", what_to_do)


def _check_rules(model: object) -> list[str]:
    return [] if isinstance(model, PromptRules) else check_model(model)


def _check_list(entries: object) -> list[str]:
    """Why these are no list of entries. Text and a dictionary can be gone through, but hold none."""
    what_to_do = "Put the dictionaries of the prompt pairs in one."
    if isinstance(entries, (str, PathLike)):
        what_to_do = "A file is read by Pairs.from_jsonl."
    elif isinstance(entries, Mapping):
        what_to_do = "Wrap it in a list: [entry]."
    elif isinstance(entries, Iterable):
        return []
    return [f"a list of dictionaries was needed. Got {kind_of(entries)}. {what_to_do}"]


def _shape(pair: Pair) -> tuple[object, ...]:
    """What two pairs must share to be stacked."""
    outputs = None if pair.target is None else len(pair.target[0])
    return len(pair.clean), len(pair.read), outputs, bool(pair.correct), pair.corrupted is not None
