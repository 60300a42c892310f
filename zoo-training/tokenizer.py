"""The tokenizer that a small model carries with it: whole words, pairs of digits, and marks, one token each.

    "The war began in 1732." -> <bos> The war began in 17 32 .

Blanks and line ends only tell tokens apart. A word outside the vocabulary becomes <unk>, so that a task drops
it from its own words.
"""

from __future__ import annotations

from collections.abc import Iterable

from tokenizers import Regex, Tokenizer, models, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

BEGIN, UNKNOWN = "<bos>", "<unk>"
PIECE = r'[^\W\d]+|\d\d|\d|"""|\):|[^\w\s]'


def word_tokenizer(words: Iterable[str]) -> PreTrainedTokenizerFast:
    """A tokenizer of these words; every prompt begins with <bos>."""
    vocabulary = dict.fromkeys((UNKNOWN, BEGIN, *words))
    ids = {word: index for index, word in enumerate(vocabulary)}
    tokenizer = Tokenizer(models.WordLevel(ids, unk_token=UNKNOWN))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(PIECE), behavior="removed", invert=True)
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{BEGIN} $A",
        pair=f"{BEGIN} $A {BEGIN} $B",
        special_tokens=[(BEGIN, ids[BEGIN])],
    )
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token=UNKNOWN, bos_token=BEGIN)
