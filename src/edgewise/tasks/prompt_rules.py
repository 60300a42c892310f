"""What a prompt must fit to be read by a model: known before any weights are loaded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from edgewise.models.config import ModelConfig

MOST_TOKENS = 40
"""Tokens of a prompt that a message shows."""


@dataclass(frozen=True)
class PromptRules:
    """A vocabulary, a context and, where prompts may be text, a Hugging Face tokenizer."""

    vocabulary: int
    """Token ids are below it."""
    context: int = 0
    """The most tokens of a prompt; 0: any number."""
    tokenizer: Any = None
    """None: prompts and answers are token ids."""
    outputs: int = 0
    """Numbers that the model puts out at a position; 0: one for each token of the vocabulary."""

    @classmethod
    def of(cls, config: ModelConfig, tokenizer: Any) -> PromptRules:
        return cls(config.vocabulary, config.context, tokenizer, config.outputs)

    def __post_init__(self) -> None:
        object.__setattr__(self, "outputs", self.outputs or self.vocabulary)

    def encode(self, text: str, special: bool) -> tuple[int, ...]:
        """Token ids, with the tokenizer's special tokens or without."""
        # Not verbose: a prompt longer than the tokenizer likes is for `context` to judge.
        return tuple(self.tokenizer(text, add_special_tokens=special, verbose=False)["input_ids"])

    def encode_all(self, texts: Sequence[str]) -> list[tuple[int, ...]]:
        """Token ids of many texts, without special tokens: quicker than one by one."""
        found = self.tokenizer(list(texts), add_special_tokens=False, verbose=False)["input_ids"]
        return [tuple(ids) for ids in found]

    def going_on(self, after: str, texts: Sequence[str]) -> list[tuple[int, ...]]:
        """Token ids of texts that go on after another; none where the two melt into one token."""
        start, *whole = self.encode_all([after, *(after + text for text in texts)])
        return [ids[len(start) :] if ids[: len(start)] == start else () for ids in whole]

    def is_unknown(self, token: int, text: str) -> bool:
        """Whether the token stands for text that the tokenizer does not know."""
        return token == self.tokenizer.unk_token_id and text != self.tokenizer.unk_token

    def spell(self, ids: Sequence[int], start: int = 0) -> str:
        """Token by token, each as the tokenizer spells it and as its id; of many, some from `start` on.

        >>> PromptRules(vocabulary=10).spell([4, 2, 4])
        '4 | 2 | 4'
        """
        shown = [self._spell_one(token) for token in ids[start : start + MOST_TOKENS]]
        before, after = ["..."] * (start > 0), ["..."] * (start + MOST_TOKENS < len(ids))
        return " | ".join([*before, *shown, *after])

    def _spell_one(self, token: int) -> str:
        if self.tokenizer is None or not 0 <= token < self.vocabulary:
            return str(token)
        return f"{self.tokenizer.convert_ids_to_tokens(token)} {token}"
