"""Prompt pairs: what is read from a file or a list, and the batches that are made of them."""

import json
from dataclasses import FrozenInstanceError

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewise.errors import BadInput
from edgewise.models.config import ModelConfig
from edgewise.models.transformer import Transformer
from edgewise.tasks.entries import Pair
from edgewise.tasks.pairs import Pairs, prompt_rules
from edgewise.tasks.prompt_rules import PromptRules
from tiny_tokenizers import WORDS, byte_tokenizer, word_tokenizer

IDS = PromptRules(vocabulary=10, context=6)


@pytest.fixture(scope="module")
def words():
    return PromptRules(vocabulary=len(WORDS), tokenizer=word_tokenizer())


@pytest.fixture(scope="module")
def bytes_():
    return PromptRules(vocabulary=500, tokenizer=byte_tokenizer())


def write(tmp_path, *lines):
    path = tmp_path / "mine.jsonl"
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines))
    return path


# What is read.


def test_a_pair_of_token_ids_needs_no_tokenizer():
    (pair,) = Pairs.from_list(
        [{"clean": [1, 2, 3], "corrupted": [1, 4, 3], "correct": 5, "wrong": [6, 7]}], IDS
    )
    assert pair == Pair((1, 2, 3), (2,), (1, 4, 3), (5,), (6, 7), place="pair 0")


def test_a_pair_of_text_is_tokenised_and_keeps_its_texts(words):
    entry = {
        "clean": "When John met Mary",
        "corrupted": "When Sue met Mary",
        "correct": "John",
        "wrong": ["Mary", 6],
    }
    (pair,) = Pairs.from_list([entry], words)
    assert (pair.clean, pair.corrupted, pair.correct, pair.wrong) == (
        (1, 2, 5, 4),
        (1, 6, 5, 4),
        (2,),
        (4, 6),
    )
    assert (pair.clean_text, pair.corrupted_text) == (entry["clean"], entry["corrupted"])


def test_prompts_get_the_tokenizers_special_tokens_and_answers_do_not():
    tokenizer = byte_tokenizer(begin=True)
    (pair,) = Pairs.from_list(
        [{"clean": "met John", "correct": " John"}], PromptRules(500, tokenizer=tokenizer)
    )
    assert pair.clean[0] == tokenizer.bos_token_id
    assert pair.correct == (pair.clean[-1],)


def test_a_file_is_read_as_the_same_list_would_be(tmp_path, words):
    entries = [
        {"clean": "When John", "correct": "met"},
        {"clean": [1, 2, 3], "position": -2, "target": [0.5] * 9},
    ]
    from_file = Pairs.from_jsonl(write(tmp_path, entries[0], "  ", entries[1], ""), words)
    assert [(p.clean, p.correct, p.read, p.target) for p in from_file] == [
        (p.clean, p.correct, p.read, p.target) for p in Pairs.from_list(entries, words)
    ]
    assert [p.place for p in from_file] == [f"{tmp_path}/mine.jsonl:1", f"{tmp_path}/mine.jsonl:3"]


def test_a_byte_order_mark_windows_line_ends_and_unicode_separators_are_no_trouble(tmp_path, bytes_):
    path = tmp_path / "mine.jsonl"
    path.write_bytes('\ufeff{"clean": "a\u2028b"}\r\n{"clean": "c"}\r\n'.encode())
    assert [pair.clean_text for pair in Pairs.from_jsonl(path, bytes_)] == ["a\u2028b", "c"]


@pytest.mark.parametrize(
    ("position", "read"), [(None, (2,)), (0, (0,)), (-3, (0,)), ([0, -1], (0, 2)), ([2, 1], (2, 1))]
)
def test_positions_are_counted_from_either_end_and_default_to_the_last(position, read):
    assert Pairs.from_list([{"clean": [1, 2, 3], "position": position}], IDS)[0].read == read


@pytest.mark.parametrize(
    ("entry", "target"),
    [
        ({"target": 0.5, "correct": 4}, ((0.5,),)),
        ({"target": [0.5, 2], "correct": [4, 5]}, ((0.5, 2.0),)),
        ({"target": [0.5, 2], "correct": 4, "position": [0, 1]}, ((0.5,), (2.0,))),
        ({"target": [[0.5], [2]], "correct": 4, "position": [0, 1]}, ((0.5,), (2.0,))),
        ({"target": list(range(10))}, (tuple(map(float, range(10))),)),
    ],
)
def test_targets_are_numbers_per_position_and_output(entry, target):
    assert Pairs.from_list([{"clean": [1, 2, 3], **entry}], IDS)[0].target == target


def test_tensors_and_arrays_are_read_as_lists():
    (pair,) = Pairs.from_list([{"clean": torch.tensor([1, 2]), "correct": torch.tensor(3)}], IDS)
    assert (pair.clean, pair.correct) == ((1, 2), (3,))
    (pair,) = Pairs.from_list([{"clean": list(torch.tensor([1, 2]).numpy())}], IDS)
    assert pair.clean == (1, 2)
    assert type(pair.clean[0]) is int


def test_null_is_the_same_as_a_missing_key():
    (pair,) = Pairs.from_list([{"clean": [1], "corrupted": None, "wrong": None, "target": None}], IDS)
    assert pair == Pair((1,), (0,), place="pair 0")


def test_a_model_is_as_good_as_its_prompt_rules():
    model = Transformer(ModelConfig(layers=1, heads=1, head_width=2, width=2, vocabulary=10, context=6))
    assert prompt_rules(model) == IDS
    assert Pairs.from_list([{"clean": [9]}], model) == Pairs.from_list([{"clean": [9]}], IDS)


# The value, and its batches.


def test_pairs_are_an_immutable_sequence_and_a_slice_is_pairs():
    pairs = Pairs.from_list([{"clean": [token]} for token in range(5)], IDS)
    assert (len(pairs), pairs[-1].clean, pairs[1:3]) == (5, (4,), Pairs(pairs.pairs[1:3]))
    assert isinstance(pairs[1:3], Pairs)
    with pytest.raises(FrozenInstanceError):
        pairs.pairs = ()
    assert len({pairs, pairs[:]}) == 1


def test_pairs_know_whether_they_line_up_and_what_they_lack():
    pairs = Pairs.from_list([{"clean": [1], "corrupted": [2], "correct": 3}, {"clean": [1, 2]}], IDS)
    assert (pairs.aligned, pairs.has_corrupted) == (False, False)
    assert (pairs[:1].aligned, pairs[:1].has_corrupted) == (True, True)
    assert pairs.missing("corrupted") == pairs.missing("correct") == ("pair 1",)
    assert pairs.missing("wrong") == ("pair 0", "pair 1")


def test_a_batch_fills_up_answers_with_minus_one():
    entries = [
        {"clean": [1, 2], "corrupted": [3, 4], "correct": 5, "wrong": [6, 7]},
        {"clean": [8, 9], "corrupted": [1, 2], "correct": [3, 4]},
    ]
    (batch,) = Pairs.from_list(entries, IDS).batches(8)
    assert batch.clean.tolist() == [[1, 2], [8, 9]]
    assert batch.corrupted is not None
    assert batch.corrupted.tolist() == [[3, 4], [1, 2]]
    assert batch.read.tolist() == [[1], [1]]
    assert batch.correct.tolist() == [[5, -1], [3, 4]]
    assert batch.wrong.tolist() == [[6, 7], [-1, -1]]
    assert (batch.target, batch.index.tolist(), len(batch)) == (None, [0, 1], 2)


def test_a_batch_of_no_pairs_is_refused():
    with pytest.raises(BadInput, match=r"batch size must be 1 or more\. Got 0\."):
        list(Pairs.from_list([{"clean": [1]}], IDS).batches(0))


@st.composite
def entries(draw):
    length = draw(st.integers(1, 3))
    prompt = st.lists(st.integers(0, 9), min_size=length, max_size=length)
    tokens = draw(st.permutations(range(10)))
    correct, wrong = draw(st.integers(0, 3)), draw(st.integers(0, 3))
    read = draw(st.lists(st.integers(-length, -1), min_size=1, unique=True))
    entry = {
        "clean": draw(prompt),
        "correct": tokens[:correct],
        "wrong": tokens[5 : 5 + wrong],
        "position": read,
    }
    if draw(st.booleans()):
        entry["corrupted"] = draw(prompt)
    if draw(st.booleans()):
        entry["target"] = [[draw(st.floats(-8, 8, width=32)) for _ in range(correct or 10)] for _ in read]
    return entry


@settings(deadline=None, max_examples=60)
@given(st.lists(entries(), min_size=1, max_size=12), st.integers(1, 4))
def test_batches_hold_every_pair_once_whole_and_in_a_stable_order(given_entries, batch_size):
    pairs = Pairs.from_list(given_entries, IDS)
    batches = list(pairs.batches(batch_size))
    assert sorted(index for batch in batches for index in batch.index.tolist()) == list(range(len(pairs)))
    assert [batch.index.tolist() for batch in batches] == [
        b.index.tolist() for b in pairs.batches(batch_size)
    ]
    firsts = [batch.index[0].item() for batch in pairs.batches(len(pairs))]
    assert firsts == sorted(firsts)
    for batch in batches:
        assert len(batch) <= batch_size
        assert batch.index.tolist() == sorted(batch.index.tolist())
        for row, index in enumerate(batch.index.tolist()):
            pair = pairs[index]
            assert tuple(batch.clean[row].tolist()) == pair.clean
            assert (
                None if batch.corrupted is None else tuple(batch.corrupted[row].tolist())
            ) == pair.corrupted
            assert tuple(batch.read[row].tolist()) == pair.read
            assert tuple(token for token in batch.correct[row].tolist() if token >= 0) == pair.correct
            assert tuple(token for token in batch.wrong[row].tolist() if token >= 0) == pair.wrong
            target = None if batch.target is None else tuple(map(tuple, batch.target[row].tolist()))
            assert target == pair.target
