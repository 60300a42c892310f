"""A lesson: a task, the causal model it is to be solved by, and the transformer that is to become it.

A pool holds a lesson's examples as tensors. Examples 2i and 2i + 1 are partners: an interchange takes a
node's value from the partner, so its counterfactual answer must be defined and belong to the same split.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from causal import CausalModel
from edgewise.models.config import ModelConfig
from edgewise.tasks.prompt_rules import PromptRules
from edgewise.tasks.task import Example, Task
from tokenizer import word_tokenizer


@dataclass(frozen=True)
class Settings:
    """How long and how hard; the defaults are those that taught attention-only IOI."""

    examples: int = 8_000
    """Of the split `train`."""
    steps: int = 450
    rate: float = 2e-3
    warm_up: int = 200
    batch: int = 256
    guide: float = 0.5
    guide_until: float = 0.3
    """The guide's weight falls to 0 over this share of the steps."""
    task: float = 1.0
    interchange: float = 1.0
    strictness: float = 1.0
    edges: float = 1.0
    alternatives: float = 1.0
    difference: float = 0.05
    against: float = 3.0
    opposed: float = 0.6
    """The size that an opposed head begins with, beside the head that it is a copy of."""
    apart: tuple[float, float] = (9.0, 15.0)
    """How far apart the logits of right and wrong tokens are to be: with the edges that work against the
    answer, and without them."""
    corrupted_share: float = 0.35
    """Of the edge loss: the share of examples whose replacements are the corrupted prompt's."""
    start: float = 0.3
    """Size of the random weights at the beginning."""
    sharpen: float = 1.0
    """The queries of guided heads are multiplied by it, once."""
    sharpen_at: float = 0.7
    """After this share of the steps."""


@dataclass(frozen=True)
class Pool:
    tokens: Int[Tensor, "examples positions"]
    read: Int[Tensor, " examples"]
    corrupted: Int[Tensor, "examples positions"]
    fields: dict[str, Tensor]

    def take(self, index: Tensor) -> Pool:
        fields = {name: value[index] for name, value in self.fields.items()}
        return Pool(self.tokens[index], self.read[index], self.corrupted[index], fields)


Rows = Sequence[Sequence[int]]
Fields = Callable[[Sequence[Example], Rows, dict[str, int]], dict[str, Tensor]]
"""From the examples, their token ids and the ids of words."""


def the_answer(answers: Int[Tensor, " examples"], vocabulary: int) -> Bool[Tensor, "examples vocabulary"]:
    """One right token; none where the answer is -1."""
    return answers[:, None] == torch.arange(vocabulary)


@dataclass(frozen=True)
class Lesson:
    name: str
    task: Task
    corruption: str
    words: Sequence[str]
    causal: CausalModel
    circuit: Sequence[str]
    """The edges that are to do the task alone."""
    fields: Fields
    alternatives: Sequence[Sequence[str]] = ()
    """Parts of the circuit that are each to do the task alone, everything else corrupted."""
    against: Sequence[str] = ()
    """Edges of the circuit that are to work against the answer."""
    opposed: tuple[str, str] | None = None
    """The head that they go through, and the one of its layer that it begins as, its sign turned."""
    begins_as: str = ""
    """The bundled model that training goes on from; otherwise weights are random."""
    layers: int = 3
    heads: int = 4
    width: int = 64
    head_width: int = 16
    mlp_width: int = 0
    metric: str = "logit-diff"
    right: Callable[[Tensor, int], Tensor] = the_answer
    """[examples, vocabulary]: which tokens are right, from answers."""
    tolerance: float = 0.5
    """Half the summed difference of probabilities from even ones over the right tokens, below which an
    output counts as right."""
    examples: Callable[[PromptRules, int, str, int], list[Example]] | None = None
    """Examples, partners side by side; None: the task's own, where any two may be partners."""
    settings: Settings = field(default_factory=Settings)

    def tokenizer(self) -> Any:
        return word_tokenizer(self.words)

    def rules(self) -> PromptRules:
        tokenizer = self.tokenizer()
        return PromptRules(vocabulary=len(tokenizer), tokenizer=tokenizer)

    def draw(self, count: int, split: str, seed: int = 0) -> list[Example]:
        return (self.examples or self.task.examples)(self.rules(), count, split, seed)

    def pool(self, examples: Sequence[Example]) -> Pool:
        tokenizer = self.tokenizer()
        rows = [tokenizer(example.clean)["input_ids"] for example in examples]
        corrupted = [tokenizer(example.corrupted[self.corruption])["input_ids"] for example in examples]
        longest = max(map(len, rows))
        if [len(row) for row in rows] != [len(row) for row in corrupted]:
            raise ValueError(f"{self.name}: a corrupted prompt is of another length")

        def padded(lists: Rows) -> Tensor:
            return torch.tensor([[*row, *[0] * (longest - len(row))] for row in lists])

        read = torch.tensor([len(row) - 1 for row in rows])
        return Pool(padded(rows), read, padded(corrupted), self.fields(examples, rows, tokenizer.get_vocab()))

    def config(self, context: int) -> ModelConfig:
        return ModelConfig(
            layers=self.layers,
            heads=self.heads,
            head_width=self.head_width,
            width=self.width,
            vocabulary=len(self.tokenizer()),
            mlp_width=self.mlp_width,
            mlp_bias=self.mlp_width > 0,
            context=context,
        )
