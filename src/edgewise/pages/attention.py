"""Where heads look on a few prompt pairs, and what each source's output at a token does for the metric.

    attention   softmax of a head's scores, on the clean and on the corrupted prompt
    effect      (live - replacement) . d goodness / d output  at one position of the clean run

Summed over positions and averaged over examples, effects are what node attribution gives. Attention is kept
in 255ths; of a model with many heads or of long prompts the heads that come first in `order` are kept, as
many as there is room for.

    attention.safetensors   `attention.N` [heads, prompts, to, from] and `effects.N` [sources, positions] of
                            example N; metadata `edgewise`: JSON {format, version, lacking, examples: [{clean,
                            corrupted, correct, wrong, reads, heads}]}
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from edgewise.circuit import Scores
from edgewise.errors import BrokenFile
from edgewise.files import atomic_write
from edgewise.graph import Graph
from edgewise.methods.nodes import check, position_products
from edgewise.models.tape import PROJECTIONS, Tape
from edgewise.models.transformer import Transformer
from edgewise.patching.replacements import Replacer
from edgewise.tasks.entries import Pair
from edgewise.tasks.metrics import Metric
from edgewise.tasks.pairs import Pairs

FORMAT, VERSION = "edgewise attention", 1
EXAMPLES, LONGEST, ROOM = 3, 64, 400_000
"""Pairs that are looked at, the most tokens of a prompt, and the bytes that patterns may take in all."""


@dataclass(frozen=True, eq=False)
class AttentionExample:
    """One prompt pair, token by token as text."""

    clean: tuple[str, ...]
    corrupted: tuple[str, ...] | None
    correct: str
    wrong: str
    reads: tuple[int, ...]
    heads: tuple[str, ...]
    attention: UInt8[Tensor, "heads prompts to from_"] = field(repr=False)
    effects: Float[Tensor, "sources positions"] | None = field(repr=False)


@dataclass(frozen=True)
class AttentionExamples:
    examples: tuple[AttentionExample, ...]
    lacking: str = ""
    """What is not there, and why."""

    def save(self, path: str | Path) -> None:
        """Write a file that `load` reads."""
        tensors: dict[str, Tensor] = {}
        told: list[dict[str, Any]] = []
        for index, example in enumerate(self.examples):
            tensors[f"attention.{index}"] = example.attention.contiguous()
            if example.effects is not None:
                tensors[f"effects.{index}"] = example.effects.contiguous()
            names = [one.name for one in fields(example) if one.name not in ("attention", "effects")]
            told.append({name: getattr(example, name) for name in names})
        header = {"format": FORMAT, "version": VERSION, "lacking": self.lacking, "examples": told}
        atomic_write(path, safetensors.torch.save(tensors, {"edgewise": json.dumps(header)}))

    @classmethod
    def load(cls, path: str | Path) -> AttentionExamples:
        try:
            with safetensors.safe_open(path, framework="pt") as file:
                header = json.loads((file.metadata() or {}).get("edgewise", "null"))
                if not isinstance(header, dict) or header.get("format") != FORMAT:
                    raise BrokenFile(f"{path} does not hold an {FORMAT}.")
                if header["version"] > VERSION:
                    raise BrokenFile(f"{path} is version {header['version']}. Update edgewise.")
                names = set(file.keys())
                found = [
                    AttentionExample(
                        clean=tuple(told["clean"]),
                        corrupted=None if told["corrupted"] is None else tuple(told["corrupted"]),
                        correct=told["correct"],
                        wrong=told["wrong"],
                        reads=tuple(told["reads"]),
                        heads=tuple(told["heads"]),
                        attention=file.get_tensor(f"attention.{index}"),
                        effects=file.get_tensor(f"effects.{index}") if f"effects.{index}" in names else None,
                    )
                    for index, told in enumerate(header["examples"])
                ]
            return cls(tuple(found), header["lacking"])
        except BrokenFile:
            raise
        except (OSError, safetensors.SafetensorError, KeyError, TypeError, ValueError) as error:
            raise BrokenFile(f"{path} could not be read as attention: {error}.") from error


def attention_examples(
    model: Transformer, pairs: Pairs, metric: Metric, replacer: Replacer, order: Sequence[str] = ()
) -> AttentionExamples:
    """Of the first pairs that are short enough. `order`: heads, those first that are to be kept."""
    short = [pair for pair in pairs if len(pair.clean) <= LONGEST][:EXAMPLES]
    if not short:
        return AttentionExamples((), f"No attention is here: every prompt has more than {LONGEST} tokens.")
    graph = Graph.of(model.config)
    every = [name for name in graph.sources if ".h" in name]
    order = list(dict.fromkeys((*order, *every)))
    a_head = sum((2 if pair.corrupted else 1) * len(pair.clean) ** 2 for pair in short)
    kept = order[: max(1, ROOM // a_head)]
    why_no_effects = check(metric, pairs)
    lacking = []
    if len(kept) < len(order):
        lacking.append(f"Patterns of {len(kept)} of {len(order)} heads are here, those of the strongest.")
    if why_no_effects:
        lacking.append(f"No effects are here: {why_no_effects[0]}")
    found = []
    for pair in short:
        one = Pairs((pair,))
        [batch] = one.batches(1, model.device)
        patterns = patterns_of(model, pair, kept, graph)
        effects = None if why_no_effects else position_products(model, batch, metric, replacer)[0].cpu()
        found.append(_example(model, pair, kept, patterns, effects))
    return AttentionExamples(tuple(found), " ".join(lacking))


@torch.no_grad()
def patterns_of(
    model: Transformer, pair: Pair, heads: Sequence[str], graph: Graph
) -> UInt8[Tensor, "heads prompts to from_"]:
    """In 255ths."""
    wanted: dict[int, list[int]] = {}
    for name in heads:
        layer, head = name[1:].split(".h")
        wanted.setdefault(int(layer), []).append(int(head))
    found: dict[str, list[Tensor]] = {name: [] for name in heads}
    for prompt in (pair.clean, pair.corrupted):
        if prompt is None:
            continue
        tokens = torch.tensor([prompt], device=model.device)
        query, key, _ = PROJECTIONS
        tape = Tape(query, key)
        embedded = model.embed(tokens)
        model.run(embedded, torch.zeros_like(tokens[:, :1]), tape)
        places = model.places(embedded[0])
        for layer, chosen in wanted.items():
            attention = model.layers[layer].attention
            looks = attention.scores(tape[query][layer], tape[key][layer], places, layer)[0].softmax(-1)
            for head in chosen:
                found[f"a{layer}.h{head}"].append((255 * looks[head]).round().to(torch.uint8).cpu())
    return torch.stack([torch.stack(prompts) for prompts in found.values()])


def heads_by_strength(scores: Scores) -> list[str]:
    """Heads, those first that the strongest edges leave or enter."""
    graph = scores.graph
    strongest = {name: score.strongest for name, score in scores.by_source().items()}
    for reader, score in scores.by_reader().items():
        for node in graph.head_of_reader(reader):
            strongest[node] = max(strongest[node], score.strongest)
    heads = [name for name in graph.sources if ".h" in name]
    return sorted(heads, key=lambda name: -strongest[name])


def _example(
    model: Transformer, pair: Pair, heads: Sequence[str], attention: Tensor, effects: Tensor | None
) -> AttentionExample:
    def spelled(ids: Sequence[int]) -> tuple[str, ...]:
        if model.tokenizer is None:
            return tuple(map(str, ids))
        return tuple(model.tokenizer.decode([token]) for token in ids)

    return AttentionExample(
        clean=spelled(pair.clean),
        corrupted=None if pair.corrupted is None else spelled(pair.corrupted),
        correct=", ".join(spelled(pair.correct)),
        wrong=", ".join(spelled(pair.wrong)),
        reads=tuple(pair.read),
        heads=tuple(heads),
        attention=attention,
        effects=effects,
    )
