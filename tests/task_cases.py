"""Tokenizers that know every word of the text tasks: whole words, and byte-level BPE trained on them."""

import re
from functools import cache

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

from edgewise.tasks.catalogue import TASKS
from edgewise.tasks.prompt_rules import PromptRules

PIECES = r"\d\d|[A-Za-z]+|[^\w\s]"


def texts():
    for task in TASKS.values():
        for words in task.words.values():
            yield from words.candidates
        yield from (text.replace("{", " {") for text in task.texts)


@cache
def whole_words(begin=False):
    """One token a word, and one for each two digits."""
    known = {"<bos>": 0, "<unk>": 1}
    for text in texts():
        for word in re.findall(PIECES, text):
            known.setdefault(word, len(known))
    tokenizer = Tokenizer(models.WordLevel(known, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(PIECES), behavior="removed", invert=True)
    if begin:
        tokenizer.post_processor = processors.TemplateProcessing(
            single="<bos> $A", pair="<bos> $A <bos> $B", special_tokens=[("<bos>", 0)]
        )
    return PromptRules(
        len(known),
        tokenizer=PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="<unk>", bos_token="<bos>"),
    )


@cache
def bytes_of_words(blank_first=False):
    """Byte-level BPE in which " John" is one token and "John" is not; years are two and two digits.

    `blank_first`: it begins every text with a blank of its own, as some tokenizers do.
    """
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(r" ?\d\d"), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=blank_first),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=6000,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    lines = [f"a {text}" for text in texts() for _ in range(3)]
    tokenizer.train_from_iterator(lines, trainer)
    return PromptRules(
        tokenizer.get_vocab_size(), tokenizer=PreTrainedTokenizerFast(tokenizer_object=tokenizer)
    )
