"""What stands in for each source: the corrupted run, zero, the mean over examples, or what is learned.

Values are kept in the compact form of a tape - heads before their output matrix - with axes of examples and
positions that may be 1 and then serve all. A patched run also needs the stream at each reader when every
source is replaced: a reader's input is that stream plus the masked differences.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from jaxtyping import Float, Int
from torch import Tensor

from edgewise.distributed import summed
from edgewise.errors import BadInput
from edgewise.models.tape import SOURCES, STREAMS, Tape
from edgewise.models.transformer import Transformer

Ablation = Literal["corrupted", "zero", "mean", "optimal"]
ABLATIONS: dict[str, str] = {
    "corrupted": "each source takes its value from the corrupted prompt of the pair",
    "zero": "each source writes zero; the bias of an attention output stays",
    "mean": "each source takes its mean over the corrupted prompts (the clean ones where there are none), "
    "per position when all prompts have one length",
    "optimal": "each source takes a constant, learned so that the loss is smallest: with the mask, for each "
    "source alone where none is learned, and for the circuit where one is judged",
}
assert set(ABLATIONS) == set(get_args(Ablation))


@dataclass(frozen=True)
class Sources:
    """A value for every source."""

    embeddings: list[Float[Tensor, "examples positions width"]]
    heads: list[Float[Tensor, "examples positions heads head_width"]]
    """One a layer: what each head writes, before its output matrix and after the run's post-norm scale."""
    mlps: list[Float[Tensor, "examples positions width"]]

    @classmethod
    def of_tape(cls, tape: Tape) -> Sources:
        return cls(*(tape[name] for name in SOURCES))

    def less(self, other: Sources) -> Sources:
        """The differences. Both give up their tensors one by one, so that memory does not grow on the way."""
        fields = ((self.embeddings, other.embeddings), (self.heads, other.heads), (self.mlps, other.mlps))
        return Sources(*([mine.pop(0) - its.pop(0) for _ in range(len(mine))] for mine, its in fields))


@dataclass(frozen=True)
class Replacements:
    """A value for every source, and the stream at each reader when all sources have it."""

    sources: Sources
    attention_inputs: list[Float[Tensor, "examples positions width"]]
    mlp_inputs: list[Float[Tensor, "examples positions width"]]
    final_input: Float[Tensor, "examples positions width"]
    from_a_run: bool = False
    """The values are those of one run: a node whose inputs are all replaced writes its replacement."""

    @property
    def requires_grad(self) -> bool:
        sources = self.sources
        return any(tensor.requires_grad for tensor in (*sources.embeddings, *sources.heads, *sources.mlps))

    @classmethod
    def of_run(cls, model: Transformer, tokens: Int[Tensor, "examples positions"]) -> Replacements:
        """A run's own values: they add up to its own streams."""
        tape = run_tape(model, tokens, *SOURCES, *STREAMS)
        attention, mlp, final = (tape[name] for name in STREAMS)
        return cls(Sources.of_tape(tape), attention, mlp, final[0], from_a_run=True)

    @classmethod
    def of_sources(cls, model: Transformer, sources: Sources) -> Replacements:
        """Any values: the streams are added up from them. Differentiable, so replacements can be learned."""
        stream = torch.stack(torch.broadcast_tensors(*sources.embeddings)).sum(0)
        attention_inputs, mlp_inputs = [], []
        for index, layer in enumerate(model.layers):
            attention_inputs.append(stream)
            attended = stream + layer(layer.write_heads, sources.heads[index])
            if layer.mlp is not None:
                mlp_inputs.append(stream if model.config.parallel else attended)
                attended = attended + sources.mlps[index]
            stream = attended
        return cls(sources, attention_inputs, mlp_inputs, stream)


@torch.no_grad()
def run_tape(model: Transformer, tokens: Int[Tensor, "examples positions"], *names: str) -> Tape:
    """The named tensors of a plain run; no logits are worked out."""
    tape = Tape(*names)
    model(tokens, read=tokens.new_zeros(tokens.shape[0], 0), tape=tape)
    return tape


class Replacer:
    """Gives the replacements for a batch, from its corrupted prompts where the ablation needs them."""

    def __init__(self, ablation: Ablation, model: Transformer, fixed: Sources | None = None) -> None:
        self.ablation, self.model, self.fixed = ablation, model, fixed
        self.fixed_replacements = None if fixed is None else Replacements.of_sources(model, fixed)
        self.learned: Sequence[Tensor] = ()
        """What replacements are worked out from anew each time, while it is learned."""

    @torch.no_grad()
    def reset(self) -> None:
        """What is learned begins anew."""
        for each in self.learned:
            each.zero_()

    def settled(self) -> Replacer:
        """The same, where nothing is learned any more."""
        return self

    def sources(self, corrupted: Int[Tensor, "examples positions"] | None) -> Sources:
        """The values alone; for methods that need no streams. The lists are the caller's to empty."""
        if self.fixed is not None:
            return Sources(list(self.fixed.embeddings), list(self.fixed.heads), list(self.fixed.mlps))
        return Sources.of_tape(run_tape(self.model, _needed(corrupted), *SOURCES))

    def replacements(self, corrupted: Int[Tensor, "examples positions"] | None) -> Replacements:
        return self.fixed_replacements or Replacements.of_run(self.model, _needed(corrupted))


def _needed(corrupted: Tensor | None) -> Tensor:
    if corrupted is None:
        raise BadInput(
            "the ablation 'corrupted' needs corrupted prompts. Got none. Add them, or choose another."
        )
    return corrupted


def replacer(
    ablation: Ablation,
    model: Transformer,
    prompts: Callable[[], Iterable[Tensor]],
    aligned: bool = False,
    counted: Iterable[bool] = itertools.repeat(True),
) -> Replacer:
    """The replacer of an ablation. `prompts` gives the batches to average over, and `counted` which of them
    count; `aligned`: of one length."""
    with torch.no_grad():
        if ablation == "zero":
            return Replacer(ablation, model, zero_sources(model))
        if ablation == "mean":
            return Replacer(ablation, model, mean_sources(model, prompts(), aligned, counted))
    assert ablation == "corrupted", "what is learned is not made here"
    return Replacer(ablation, model)


def zero_sources(model: Transformer) -> Sources:
    """Each source writes zero. The bias of an attention output belongs to no head and stays."""
    config = model.config
    stream = model.like.new_zeros(1, 1, config.width)
    head = model.like.new_zeros(1, 1, config.heads, config.head_width)
    mlps = config.layers if config.mlp_width else 0
    return Sources([stream] * (1 + config.split_embeddings), [head] * config.layers, [stream] * mlps)


def mean_sources(
    model: Transformer,
    batches: Iterable[Tensor],
    per_position: bool,
    counted: Iterable[bool] = itertools.repeat(True),
) -> Sources:
    """Each source writes its mean over examples; over positions, too, unless the prompts line up.

    batches: [examples, positions] token ids each, this process's share; `counted`: those that are its own.
    """
    axes = (0,) if per_position else (0, 1)
    total: Sources | None = None
    count = 0
    for tokens, counts in zip(batches, counted, strict=False):
        run = Sources.of_tape(run_tape(model, tokens, *SOURCES))
        sums = _each(run, lambda value, own=counts: own * value.double().sum(axes, keepdim=True))
        total = sums if total is None else _each(total, torch.add, sums)
        count += counts * (tokens.shape[0] if per_position else tokens.numel())
    if total is None:
        raise ValueError("mean replacements need at least one prompt. Got none.")
    whole = summed(torch.tensor(count)).item()
    return _each(total, lambda value: (summed(value) / whole).to(model.dtype))


def _each(sources: Sources, change: Callable[..., Tensor], *others: Sources) -> Sources:
    """`change` applied to every value, with those of `others` beside it."""
    all_of_them = (sources, *others)
    return Sources(
        *(
            [change(*values) for values in zip(*(getattr(one, field) for one in all_of_them), strict=True)]
            for field in ("embeddings", "heads", "mlps")
        )
    )
