"""Pairs that were made for another model are refused before they are run."""

import pytest

import edgewise as ew
from edgewise.models.config import ModelConfig
from edgewise.models.random import random_model
from tiny_models import COMMON, tiny_model


def pairs(clean, answer):
    wide = random_model(ModelConfig(**{**COMMON, "vocabulary": 90, "context": 40}))
    return ew.Pairs.from_list(
        [{"clean": clean, "corrupted": [5, *clean[1:]], "correct": answer, "wrong": 1}], wide
    )


@pytest.mark.parametrize(
    ("clean", "answer", "problem"),
    [
        ([60, 2, 3], 4, "token ids must be below the model's 50. Got 60. Make the pairs with this model."),
        ([1, 2, 3], 70, "answers must be below the model's 50. Got 70. Make the pairs with this model."),
        ([3] * 30, 4, "at most the model's 20 tokens. Got 30. Make the pairs with this model."),
    ],
)
def test_pairs_of_a_larger_model_are_refused_by_a_smaller_one(clean, answer, problem):
    model, made = tiny_model("plain"), pairs(clean, answer)
    circuit = ew.Circuit.full(ew.Graph.of(model.config))
    for run in (lambda: ew.discover(model, made), lambda: ew.evaluate(model, made, circuit)):
        with pytest.raises(ew.BadInput) as caught:
            run()
        assert problem in str(caught.value)


def test_no_pairs_are_too_few():
    model, made = tiny_model("plain"), pairs([1, 2, 3], 4)[:0]
    with pytest.raises(ew.BadInput, match=r"prompt pairs were needed\. Got none"):
        ew.discover(model, made)
