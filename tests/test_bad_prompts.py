"""Prompts that are refused, each with its reason in these words."""

import json

import pytest

from edgewise.errors import BadInput, BrokenFile
from edgewise.tasks.pairs import Pairs
from edgewise.tasks.prompt_rules import PromptRules
from tiny_tokenizers import WORDS, byte_tokenizer, word_tokenizer

IDS = PromptRules(vocabulary=10, context=6)


@pytest.fixture(scope="module")
def words():
    return PromptRules(vocabulary=len(WORDS), tokenizer=word_tokenizer())


@pytest.fixture(scope="module")
def bytes_():
    return PromptRules(vocabulary=500, tokenizer=byte_tokenizer())


def problems_of(rules, *entries):
    with pytest.raises(BadInput) as caught:
        Pairs.from_list(entries, rules)
    return list(caught.value.problems)


def only_problem(rules, **entry):
    (problem,) = problems_of(rules, entry)
    return problem.removeprefix("pair 0: ")


def write(tmp_path, *lines):
    path = tmp_path / "mine.jsonl"
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines))
    return path


def test_a_pair_of_unequal_length_is_refused_with_both_tokenisations(words):
    problem = only_problem(words, clean="When John met", corrupted="When Mary and Sue")
    assert problem == (
        "clean and corrupted must have one length. Got 3 and 4 tokens. Change one of them:\n"
        "    clean:     When 1 | John 2 | met 5\n"
        "    corrupted: When 1 | Mary 4 | and 3 | Sue 6"
    )
    assert only_problem(IDS, clean=[1, 2], corrupted=[1]).endswith(
        "Got 2 and 1 tokens. Change one of them:\n    clean:     1 | 2\n    corrupted: 1"
    )


def test_long_prompts_of_unequal_length_are_shown_from_where_they_part():
    alike = [1] * 100
    problem = only_problem(PromptRules(10), clean=[*alike, 2, 3], corrupted=[*alike, 4])
    assert "clean:     ... | 1 | 1 | 1 | 2 | 3\n" in problem
    assert problem.endswith("corrupted: ... | 1 | 1 | 1 | 4")
    problem = only_problem(PromptRules(10), clean=[2, *alike], corrupted=[3, 4, *alike])
    assert problem.count(" | ...") == 2


def test_an_answer_of_several_tokens_is_refused_with_the_spelling_that_is_one(bytes_):
    spaced = bytes_.tokenizer.convert_tokens_to_ids("ĠJohn")
    problem = only_problem(bytes_, clean="met", correct="John")
    assert problem.startswith("correct must be one token. Got 'John', 2 tokens: Jo ")
    assert problem.endswith(f"' John', with a space before it, is one: ĠJohn {spaced}.")
    spaceless = bytes_.tokenizer.convert_tokens_to_ids("Mary")
    problem = only_problem(bytes_, clean="met", wrong=[" Mary"])
    assert problem.startswith("wrong must be one token. Got ' Mary', 2 tokens: Ġ ")
    assert problem.endswith(f"'Mary', without spaces around it, is one: Mary {spaceless}.")
    problem = only_problem(bytes_, clean="met", correct="xyz")
    assert problem.endswith("Choose an answer of one token, or give a token id.")


def test_an_answer_that_the_tokenizer_does_not_know_is_refused(words):
    needed = "correct must be one token. Got 'Jhon', which the tokenizer does not know."
    assert only_problem(words, clean="When", correct="Jhon").startswith(needed)
    assert only_problem(words, clean="When", correct="").startswith("correct must be one token. Got ''")
    assert Pairs.from_list([{"clean": "When", "correct": "<unk>"}], words)[0].correct == (0,)


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ({}, "missing key 'clean': the prompt, as text or a list of token ids."),
        (
            {"clean": [1], "corect": 2},
            "unknown key 'corect'. Did you mean 'correct'? "
            "Known: clean, correct, corrupted, position, target, wrong.",
        ),
        ({"clean": []}, "clean is empty. Give at least one token."),
        ({"clean": [1], "corrupted": []}, "corrupted is empty. Give at least one token."),
        ({"clean": 3}, "clean must be text or a list of token ids. Got 3."),
        ({"clean": [1, True]}, "clean must be text or a list of token ids. Got [1, True]."),
        ({"clean": [1, 2.0]}, "clean must be text or a list of token ids. Got [1, 2.0]."),
        ({"clean": [1, 10, -1, 10]}, "clean must be token ids from 0 to 9. Got 10, -1."),
        ({"clean": [1], "correct": [1, 12]}, "correct must be token ids from 0 to 9. Got 12."),
        ({"clean": [1], "correct": 1.5}, "correct must be text or token ids. Got 1.5."),
        ({"clean": [1], "wrong": False}, "wrong must be text or token ids. Got False."),
        ({"clean": [1] * 7}, "clean must have at most 6 tokens, the model's context. Got 7. Shorten it."),
        (
            {"clean": [1], "correct": [3, 4], "wrong": [4]},
            "token 4 is both correct and wrong. Keep it in one of them.",
        ),
        ({"clean": [1], "correct": [3, 3]}, "correct names 3 more than once. Keep it once."),
        (
            {"clean": [1, 2], "position": 2},
            "position must be from 0 to 1, or from -2 to -1 to count from the end. Got 2.",
        ),
        (
            {"clean": [1, 2], "position": [0, -3, 5]},
            "position must be from 0 to 1, or from -2 to -1 to count from the end. Got -3, 5.",
        ),
        ({"clean": [1], "position": True}, "position must be one index or a list of them. Got True."),
        ({"clean": [1], "position": []}, "position must be one index or a list of them. Got []."),
        ({"clean": [1], "position": "last"}, "position must be one index or a list of them. Got 'last'."),
        (
            {"clean": [1, 2], "position": [1, -1]},
            "position names one token more than once. Got [1, -1]. Keep it once.",
        ),
        (
            {"clean": [1], "target": 1},
            "target must be finite numbers, "
            "1 (one per position) x 10 (one per token of the vocabulary). Got 1.",
        ),
        (
            {"clean": [1, 2], "correct": [3], "position": [0, 1], "target": [1]},
            "target must be finite numbers, 2 (one per position) x 1 (one per correct answer). Got [1].",
        ),
    ],
)
def test_a_bad_entry_is_refused_in_these_words(entry, problem):
    assert only_problem(IDS, **entry) == problem


@pytest.mark.parametrize("number", [float("nan"), float("inf"), True, "1", 10**400])
def test_a_target_that_is_no_finite_number_is_refused(number):
    problem = only_problem(IDS, clean=[1], correct=2, target=number)
    assert problem.startswith(
        "target must be finite numbers, 1 (one per position) x 1 (one per correct answer)."
    )


def test_an_empty_text_is_refused_though_the_tokenizer_would_begin_it():
    rules = PromptRules(500, tokenizer=byte_tokenizer(begin=True))
    assert only_problem(rules, clean="") == "clean is empty. Give at least one token."


def test_half_a_surrogate_pair_is_refused(tmp_path, bytes_):
    needed = r"clean must be Unicode text\. Got 'a.ud800', with half of a surrogate pair\."
    with pytest.raises(BadInput, match=needed):
        Pairs.from_jsonl(write(tmp_path, '{"clean": "a\\ud800"}'), bytes_)


def test_a_token_of_the_tokenizer_beyond_the_models_vocabulary_is_refused():
    rules = PromptRules(4, tokenizer=word_tokenizer())
    assert only_problem(rules, clean="When Mary", correct=3) == "clean must be token ids from 0 to 3. Got 4."


def test_a_bad_answer_is_not_reported_as_a_bad_target_too():
    (problem,) = problems_of(IDS, {"clean": [1], "correct": ["text", 2], "target": [0, 1]})
    assert problem.startswith("the model has no tokenizer to read text with, and 1 pair holds text (pair 0)")


def test_text_without_a_tokenizer_is_one_problem_for_all_pairs():
    text = {"clean": "a", "corrupted": "b", "correct": "c", "wrong": ["d", "e"]}
    assert problems_of(IDS, {"clean": [1]}, *[text] * 4, {"clean": []}, {"clean": [1], "wrong": "a"}) == [
        "the model has no tokenizer to read text with, and 5 pairs hold text (pair 1, pair 2, pair 3 "
        "and 2 more). Give token ids, or a model with a tokenizer.",
        "pair 5: clean is empty. Give at least one token.",
    ]


def test_all_problems_are_raised_at_once_each_with_its_line(tmp_path):
    path = write(
        tmp_path, {"clean": [1, 99], "corrupted": [1], "wrnog": 1}, '{"clean": [1,}', [1], {"clean": [2]}
    )
    with pytest.raises(BadInput) as caught:
        Pairs.from_jsonl(path, IDS)
    assert [problem.split("\n")[0] for problem in caught.value.problems] == [
        f"{path}:1: unknown key 'wrnog'. Did you mean 'wrong'? "
        "Known: clean, correct, corrupted, position, target, wrong.",
        f"{path}:1: clean must be token ids from 0 to 9. Got 99.",
        f"{path}:1: clean and corrupted must have one length. Got 2 and 1 tokens. Change one of them:",
        f"{path}:2: column 14: a line must be one JSON object. Expecting value.",
        f"{path}:3: an entry must be an object with keys such as 'clean'. Got a list: [1].",
    ]


def test_of_very_many_problems_the_first_are_shown_and_the_rest_counted():
    problems = problems_of(IDS, *[{"clean": []}] * 1020)
    assert len(problems) == 21
    assert problems[-1] == "and 1,000 more problems"
    assert len(problems_of(IDS, *[{"clean": []}] * 20)) == 20


def test_a_file_without_prompts_is_refused(tmp_path):
    path = write(tmp_path, "", "  ")
    with pytest.raises(BadInput) as caught:
        Pairs.from_jsonl(path, IDS)
    needed = "Write one JSON object a line, with at least the key 'clean'."
    assert caught.value.problems == (f"no prompts in {path}. {needed}",)
    with pytest.raises(BadInput, match="no prompts were given"):
        Pairs.from_list([], IDS)


def test_a_file_that_cannot_be_read_is_refused(tmp_path):
    with pytest.raises(BrokenFile, match=r"none\.jsonl does not exist\. Give the path of a JSONL file\."):
        Pairs.from_jsonl(tmp_path / "none.jsonl", IDS)
    with pytest.raises(BrokenFile, match=r"cannot be read: Is a directory\."):
        Pairs.from_jsonl(tmp_path, IDS)
    path = tmp_path / "latin.jsonl"
    path.write_bytes('{"clean": [1]}\n{"clean": "Zoë"}'.encode("latin-1"))
    with pytest.raises(
        BrokenFile, match=r"latin.jsonl:2: the file must be UTF-8 text. Got byte 0xeb. Save it as UTF-8."
    ):
        Pairs.from_jsonl(path, IDS)


def test_json_that_python_cannot_hold_is_refused_with_its_line(tmp_path):
    path = write(tmp_path, {"clean": [1]}, "[" * 200_000, "9" * 5000)
    with pytest.raises(BadInput) as caught:
        Pairs.from_jsonl(path, IDS)
    assert [problem.split(": ")[0] for problem in caught.value.problems] == [f"{path}:2", f"{path}:3"]


def test_a_key_that_stands_twice_in_a_line_is_refused_with_its_line(tmp_path):
    path = write(tmp_path, {"clean": [1]}, '{"clean": [1], "clean": [2]}')
    with pytest.raises(BadInput) as caught:
        Pairs.from_jsonl(path, IDS)
    (problem,) = caught.value.problems
    assert problem.startswith(f"{path}:2: ")
    assert "the key 'clean' stands there more than once; keep one." in problem
