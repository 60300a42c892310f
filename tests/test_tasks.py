"""The text tasks: prompts that line up, answers that are right, splits that share nothing."""

import re
from dataclasses import replace

import pytest
import torch

import edgewise as ew
from edgewise.errors import BadInput
from edgewise.models.config import ModelConfig
from edgewise.models.random import random_model
from edgewise.tasks.catalogue import PROGRAMS, TASKS, task, text_task
from edgewise.tasks.gendered_pronoun import MEN, WOMEN
from edgewise.tasks.metrics import METRICS, check_metric
from edgewise.tasks.pairs import Pairs
from edgewise.tasks.prompt_rules import PromptRules
from edgewise.tasks.task import SPLITS, Words, split_of
from task_cases import bytes_of_words, whole_words
from tiny_tokenizers import byte_tokenizer, word_tokenizer

EVERY_TASK = pytest.mark.parametrize("name", sorted(TASKS))
TOKENIZERS = {
    "whole words": whole_words,
    "whole words after a first token": lambda: whole_words(begin=True),
    "bytes": bytes_of_words,
    "bytes with a blank of its own": lambda: bytes_of_words(blank_first=True),
}
EVERY_TOKENIZER = pytest.mark.parametrize("rules", TOKENIZERS.values(), ids=TOKENIZERS)


def examples(name, count=40, split="train", seed=0):
    return TASKS[name].examples(whole_words(), count, split, seed)


@EVERY_TASK
@EVERY_TOKENIZER
def test_every_corruption_of_a_task_gives_pairs_that_its_metric_can_judge(name, rules):
    asked = TASKS[name]
    for corruption in asked.corruptions:
        pairs = text_task(name, rules(), 20, split="test", seed=0, corruption=corruption)
        assert (len(pairs), pairs.metric, pairs.has_corrupted) == (20, asked.metric, True)
        assert check_metric(METRICS[asked.metric], pairs) == []
        assert all(pair.clean != pair.corrupted for pair in pairs)


@EVERY_TASK
@EVERY_TOKENIZER
def test_an_answer_is_the_token_that_goes_on_after_the_clean_prompt(name, rules):
    rules = rules()
    for example in TASKS[name].examples(rules, 10, "train"):
        [entry] = [each for each in TASKS[name].entries(rules, 10, "train") if each["clean"] == example.clean]
        for answers, ids in ((example.correct, entry["correct"]), (example.wrong, entry["wrong"])):
            for answer, token in list(zip(answers, ids, strict=True))[:5]:
                assert rules.encode(example.clean + answer, special=False)[-1] == token


@EVERY_TASK
def test_a_first_token_of_the_tokenizer_begins_every_prompt(name):
    plain, begun = (
        text_task(name, whole_words(begin=begin), 5, split="train", seed=0, corruption=None)
        for begin in (False, True)
    )
    assert [pair.clean for pair in begun] == [(0, *pair.clean) for pair in plain]


@EVERY_TASK
def test_the_same_seed_gives_the_same_prompts_and_another_seed_others(name):
    assert examples(name) == examples(name)
    assert examples(name) != examples(name, seed=1)
    assert [each.clean for each in examples(name, 10)] == [each.clean for each in examples(name)][:10]


@EVERY_TASK
def test_no_prompt_comes_twice_and_no_two_splits_share_what_an_example_is_about(name):
    keys = {}
    for split in SPLITS:
        found = [example for seed in (0, 1) for example in examples(name, 40, split, seed)]
        assert len({example.clean for example in found[:40]}) == 40
        keys[split] = {example.key for example in found}
        assert {split_of(key) for key in keys[split]} == {split}
    assert not keys["train"] & keys["test"]
    assert not keys["train"] & keys["validation"]


def test_no_pronoun_prompt_corrupted_or_not_has_a_name_of_another_split():
    names = {*MEN, *WOMEN}
    for example in examples("gendered-pronoun", 100):
        for text in (example.clean, example.corrupted["other-gender"]):
            assert [split_of(word) for word in text.split() if word in names] == ["train"]


def test_the_splits_share_out_all_keys():
    shares = {split: high - low for split, (low, high) in SPLITS.items()}
    found = [split_of(str(key)) for key in range(4000)]
    for split, share in shares.items():
        assert found.count(split) / len(found) == pytest.approx(share, abs=0.03)


# What each task says is right.


def test_ioi_gives_to_the_one_who_does_not_give():
    orders = set()
    for example in examples("ioi"):
        subject, indirect = example.roles["subject"], example.roles["indirect"]
        assert example.clean.count(subject) == 2
        assert example.clean.count(indirect) == 1
        assert (example.correct, example.wrong) == ([" " + indirect], [" " + subject])
        assert example.corrupted["swapped"].count(indirect) == 2
        assert not re.search(rf"\b({subject}|{indirect})\b", example.corrupted["abc"])
        orders.add(example.roles["order"])
        first = min((subject, indirect), key=example.clean.index)
        assert (first == subject) == (example.roles["order"] == "BABA")
    assert orders == {"ABBA", "BABA"}


def test_greater_than_counts_every_later_ending_as_right():
    for example in examples("greater-than"):
        year = re.search(r"\d{4}", example.clean).group()
        assert example.clean.endswith(" " + year[:2])
        assert all(answer > year[2:] for answer in example.correct)
        assert all(answer <= year[2:] for answer in example.wrong)
        assert sorted((*example.correct, *example.wrong)) == [f"{ending:02}" for ending in range(100)]
        assert re.search(r"\d{4}", example.corrupted["01"]).group() == year[:2] + "01"


def test_docstring_asks_for_the_parameter_after_the_two_described():
    for example in examples("docstring"):
        parameters = re.search(r"\(self, (.*)\)", example.clean).group(1).split(", ")
        described = re.findall(r":param (\w+):", example.clean)
        place = parameters.index(example.roles["answer"])
        assert described == parameters[place - 2 : place]
        assert set(parameters) - {example.roles["answer"]} < {word.strip() for word in example.wrong}
        defined = re.search(r"\(self, (.*)\)", example.corrupted["random-def"]).group(1).split(", ")
        assert not set(parameters) & set(defined)
        assert not set(re.findall(r":param (\w+):", example.corrupted["random-doc"])) & set(parameters)


def test_induction_asks_for_what_followed_before_and_no_corruption_can_tell():
    for example in examples("induction"):
        *said, again = example.clean.split()
        assert said.count(again) == 1
        assert example.correct == [" " + said[said.index(again) + 1]]
        answer = example.correct[0].strip()
        replaced = example.corrupted["first-replaced"].split()
        assert (replaced.count(again), replaced[-1]) == (1, again)
        *other, repeated = example.corrupted["other-word"].split()
        assert other == said
        assert other[other.index(repeated) + 1] != answer
        assert answer not in example.corrupted["answer-replaced"].split()


def test_gendered_pronoun_changes_with_the_name_alone():
    for example in examples("gendered-pronoun"):
        name = example.roles["name"]
        before, after = example.clean.split(name)
        other = example.corrupted["other-gender"]
        assert (other.startswith(before), other.endswith(after)) == (True, True)
        assert {*example.correct, *example.wrong} == {" he", " she"}


# What cannot be had is told.


def test_a_tokenizer_that_splits_the_words_is_told_what_it_leaves():
    with pytest.raises(BadInput, match=r"needs 5 names .* leaves 1 of \d+"):
        TASKS["ioi"].entries(PromptRules(500, tokenizer=byte_tokenizer()), 5)
    with pytest.raises(BadInput) as error:
        TASKS["ioi"].entries(PromptRules(9, tokenizer=word_tokenizer()), 5)
    assert "leaves 2 of" in str(error.value)
    assert "of each of its templates" in str(error.value)


def test_a_model_without_a_tokenizer_is_told():
    with pytest.raises(BadInput, match="no tokenizer"):
        TASKS["ioi"].entries(PromptRules(100), 5)


def test_more_examples_than_there_are_are_told_with_how_many_there_are(monkeypatch):
    monkeypatch.setattr("edgewise.tasks.task.PATIENCE", 200)
    pronoun = TASKS["gendered-pronoun"]
    one_way = {place: Words(words.candidates[:5], 1) for place, words in pronoun.words.items()}
    few = replace(pronoun, words={**one_way, "qualities": Words(["great"], 1), "kinds": Words(["friend"], 1)})
    names = [*MEN[:5], *WOMEN[:5]]
    there = len(pronoun.texts) * sum(split_of(name) == "train" for name in names)
    assert len(few.examples(whole_words(), there)) == there
    with pytest.raises(BadInput, match=rf"{there + 1} different .* {there} were found\. Ask for fewer"):
        few.examples(whole_words(), there + 1)


def test_what_is_not_there_is_named():
    with pytest.raises(BadInput, match=r"unknown split 'tests'.*\n.*from 1 to 20,000\. Got 0"):
        TASKS["ioi"].entries(whole_words(), 0, "tests")
    with pytest.raises(BadInput, match="Did you mean 'swapped'"):
        TASKS["ioi"].entries(whole_words(), 5, corruption="swaped")
    with pytest.raises(BadInput, match="Did you mean 'ioi'"):
        task("oio", ew.load("zoo:tracr-reverse"))
    with pytest.raises(BadInput, match="belongs to the model zoo:tracr-reverse"):
        task("tracr-reverse", ew.load("zoo:tracr-xproportion"))


# On a model.


def test_a_task_is_pairs_that_discover_and_evaluate_judge_by_its_own_metric():
    rules = whole_words(begin=True)
    config = ModelConfig(layers=2, heads=2, head_width=4, width=8, vocabulary=rules.vocabulary, context=64)
    model = random_model(config, seed=0)
    model.tokenizer = rules.tokenizer
    pairs = ew.task("greater-than", model, examples=6)
    assert isinstance(pairs, Pairs)
    assert pairs[:3].metric == "prob-diff"
    scores = ew.discover(model, pairs)
    assert scores == ew.discover(model, pairs, metric="prob-diff")
    found = ew.evaluate(model, pairs, scores.top(5))
    assert found.metric == "prob-diff"
    assert ew.evaluate(model, pairs, scores.top(5), metric="kl").metric == "kl"


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_task_of_a_program_asks_for_its_own_numbers(name):
    model = ew.load(f"zoo:{name}")
    pairs = ew.task(name, model, examples=20, split="test", seed=3)
    assert (len(pairs), pairs.metric) == (20, "mean-squared-error")
    for batch in pairs.batches(20):
        torch.testing.assert_close(model(batch.clean, batch.read), batch.target)
