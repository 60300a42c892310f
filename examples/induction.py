"""A small model whose circuit is known, because it is written by hand, and prompts that need it.

The task is induction: a word comes a second time, and what followed it the first time should follow it again,
`hen cow owl rat cow -> owl`. Two heads do it. One notes at each word which word came before it. The other
looks for the place where the current word is noted, and says the word that stands there.

The residual stream has four blocks of one width: the word, its place, the word before it, and the word that
should come next. Every matrix also holds a little noise, so that no edge does nothing at all.
"""

from __future__ import annotations

import json
import random
from pathlib import Path

import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

import edgewise as ew
from edgewise.models.config import ModelConfig
from edgewise.models.random import random_model
from edgewise.models.transformer import Transformer

ANIMALS = (
    "ant ape bat bee bug cat cod cow cub dog doe eel elk emu ewe fly "
    "fox gnu hen hog jay koi owl pig pug ram rat sow yak wasp wren"
)
UNKNOWN = "[unknown]"
WORDS = [*ANIMALS.split(), UNKNOWN]
BLOCK = len(WORDS)
WORD, PLACE, BEFORE, NEXT = (slice(start, start + BLOCK) for start in range(0, 4 * BLOCK, BLOCK))
SHARPNESS = 6.0
"""What looking at the right word adds to an attention score, and saying the right word to a logit."""
NOISE = 0.1

CIRCUIT = (
    "embed->a0.h2<v>",
    "a0.h2->a1.h1<k>",
    "embed->a1.h1<q>",
    "embed->a1.h1<v>",
    "a1.h1->logits",
)
"""The edges that carry words. What head a0.h2 reads of places is the same in both prompts of a pair."""


def induction_model() -> Transformer:
    config = ModelConfig(
        layers=2,
        heads=4,
        head_width=BLOCK,
        width=4 * BLOCK,
        vocabulary=BLOCK,
        mlp_width=BLOCK,
        context=BLOCK,
        norm="none",
        attention_scale=1.0,
    )
    model = random_model(config, seed=0, scale=NOISE)
    model.tokenizer = word_tokenizer()
    same = torch.eye(BLOCK)
    model.token_embedding[:, WORD] += same
    model.get_parameter("position_embedding")[:, PLACE] += same
    model.unembed_weight[:, NEXT] += SHARPNESS * same

    note, head = model.layers[0].attention, 2
    note.query_weight[head, :, PLACE] += SHARPNESS * same
    note.key_weight[head, :, PLACE] += same.roll(1, 0)
    note.value_weight[head, :, WORD] += same
    note.output_weight[head, BEFORE] += same

    look, head = model.layers[1].attention, 1
    look.query_weight[head, :, WORD] += SHARPNESS * same
    look.key_weight[head, :, BEFORE] += same
    look.value_weight[head, :, WORD] += same
    look.output_weight[head, NEXT] += same
    return model


def word_tokenizer() -> PreTrainedTokenizerFast:
    words = models.WordLevel({word: token for token, word in enumerate(WORDS)}, unk_token=UNKNOWN)
    tokenizer = Tokenizer(words)
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token=UNKNOWN)


def prompt_pairs(count: int, seed: int, length: int = 8) -> list[dict[str, str]]:
    """The corrupted prompt is another prompt of the task, of other words."""
    draw = random.Random(seed)
    pairs = []
    for _ in range(count):
        words = draw.sample(ANIMALS.split(), 2 * length)
        clean, other = words[:length], words[length:]
        # Never the first word: the head that looks one back has nothing to look at there.
        again = draw.randrange(1, length - 1)
        pairs.append(
            {
                "clean": " ".join([*clean, clean[again]]),
                "corrupted": " ".join([*other, other[again]]),
                "correct": clean[again + 1],
                "wrong": other[again + 1],
            }
        )
    return pairs


def save(folder: Path) -> None:
    """The model's folder, and two files of prompt pairs that share no pair."""
    ew.save_model(induction_model(), folder / "model", overwrite=True)
    pairs = prompt_pairs(128, seed=0)
    for name, part in (("prompts", pairs[:64]), ("other-prompts", pairs[64:])):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(pair) + "\n" for pair in part))
