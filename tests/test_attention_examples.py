"""Where heads look and what tokens do, as a run keeps them: their sums, what is left out, their file."""

import pytest
import torch

from edgewise.circuit import Scores
from edgewise.errors import BrokenFile
from edgewise.graph import Graph
from edgewise.methods.nodes import node_attribution
from edgewise.pages import attention
from edgewise.pages.attention import AttentionExamples, attention_examples, heads_by_strength
from edgewise.patching.replacements import run_tape
from edgewise.tasks.metrics import METRICS
from edgewise.tasks.pairs import Pairs
from graphs import SMALL, small_scores
from node_cases import EVERY_KIND, METRIC, SOME_CASES, replacing, tiny_pairs
from tiny_models import tiny_model


def examples_of(model, pairs, ablation="corrupted", metric=METRIC):
    return attention_examples(model, pairs, metric, replacing(ablation, model, pairs))


@SOME_CASES
def test_effects_at_tokens_add_up_to_node_attribution(kind, ablation):
    model, pairs = tiny_model(kind), tiny_pairs((7, 7))
    found = examples_of(model, pairs, ablation).examples
    assert len(found) == len(pairs)
    mean = torch.stack([example.effects.sum(1) for example in found]).mean(0)
    whole = node_attribution(model, pairs, METRIC, replacing(ablation, model, pairs))
    torch.testing.assert_close(mean.float(), whole.sources, rtol=1e-5, atol=1e-7)


@EVERY_KIND
def test_what_a_head_makes_of_its_values_is_its_pattern_times_them(kind):
    model, pairs = tiny_model(kind), tiny_pairs((7,))
    [example] = examples_of(model, pairs).examples
    for side, prompt in enumerate((pairs[0].clean, pairs[0].corrupted)):
        tape = run_tape(model, torch.tensor([prompt]), "value", "mixed")
        for place, name in enumerate(example.heads):
            layer, head = map(int, name[1:].split(".h"))
            looks = example.attention[place, side].double() / 255
            mixed = looks @ tape["value"][layer][0, :, head].double()
            # To half of a 255th of each value.
            room = tape["value"][layer].abs().sum(1).max() / 255
            assert (mixed - tape["mixed"][layer][0, :, head]).abs().max() <= room


def test_a_token_looks_at_nothing_behind_it_and_its_looks_are_one_in_all():
    model, pairs = tiny_model("plain"), tiny_pairs((7,))
    [example] = examples_of(model, pairs).examples
    assert example.attention.shape == (len(example.heads), 2, 7, 7)
    assert not example.attention.triu(1).any()
    assert (example.attention.int().sum(-1) - 255).abs().max() <= 4


def test_where_there_is_no_gradient_patterns_are_kept_and_it_says_why():
    model, pairs = tiny_model("plain"), tiny_pairs((7,))
    for metric in ("kl", "accuracy"):
        found = examples_of(model, pairs, metric=METRICS[metric])
        assert found.examples[0].effects is None
        assert found.examples[0].attention.any()
        assert found.lacking.startswith("No effects are here: node-attribution ")


def test_long_prompts_are_left_out_and_of_many_heads_the_first_are_kept(monkeypatch):
    model, pairs = tiny_model("plain"), tiny_pairs((7, 5))
    monkeypatch.setattr(attention, "LONGEST", 5)
    monkeypatch.setattr(attention, "ROOM", 3 * 2 * 5**2)
    order = ["a1.h1", "a0.h1"]
    found = attention_examples(model, pairs, METRIC, replacing("corrupted", model, pairs), order)
    assert [len(example.clean) for example in found.examples] == [5]
    assert found.examples[0].heads[:2] == ("a1.h1", "a0.h1")
    assert len(found.examples[0].heads) == 3
    every = sum(".h" in name for name in Graph.of(model.config).sources)
    assert found.lacking == f"Patterns of 3 of {every} heads are here, those of the strongest."
    monkeypatch.setattr(attention, "LONGEST", 4)
    assert examples_of(model, pairs).lacking == "No attention is here: every prompt has more than 4 tokens."


def test_without_corrupted_prompts_there_is_one_pattern_and_a_model_without_a_tokenizer_has_numbers():
    model = tiny_model("plain")
    pairs = Pairs.from_list([{"clean": [1, 2, 3], "correct": 4, "wrong": 5}], model)
    [example] = examples_of(model, pairs, "zero").examples
    assert example.corrupted is None
    assert example.attention.shape[1] == 1
    assert example.clean == ("1", "2", "3")
    assert (example.correct, example.wrong, example.reads) == ("4", "5", (2,))


def test_the_file_gives_back_what_was_saved_and_what_is_broken_is_refused(tmp_path):
    model, pairs = tiny_model("plain"), tiny_pairs((7, 5))
    found = examples_of(model, pairs)
    path = tmp_path / "attention.safetensors"
    found.save(path)
    again = AttentionExamples.load(path)
    assert again.lacking == found.lacking
    for one, other in zip(again.examples, found.examples, strict=True):
        assert (one.clean, one.corrupted, one.heads, one.reads) == (
            *(other.clean, other.corrupted, other.heads),
            other.reads,
        )
        assert torch.equal(one.attention, other.attention)
        assert torch.equal(one.effects, other.effects)
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(BrokenFile, match="could not be read as attention"):
        AttentionExamples.load(path)
    small_scores().save(path)
    with pytest.raises(BrokenFile, match="does not hold an edgewise attention"):
        AttentionExamples.load(path)


def test_heads_come_in_the_order_of_their_strongest_edge():
    assert heads_by_strength(small_scores()) == ["a0.h0"]
    assert SMALL.heads == 1
    graph = Graph(layers=1, heads=3, key_readers=3)
    scores = Scores.from_edges(graph, {"embed->a0.h2<v>": -5, "a0.h1->logits": 3, "a0.h0->m0": 1})
    assert heads_by_strength(scores) == ["a0.h2", "a0.h1", "a0.h0"]
