"""Objects of the wrong kind are refused where they come in: what was needed, what came, what to do."""

import jaxtyping
import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel

import edgewise as ew
from edgewise.circuit import Circuit
from edgewise.errors import BadInput
from edgewise.evaluation.curve import curve
from edgewise.graph import Graph
from edgewise.methods import METHODS
from edgewise.tasks.prompt_rules import PromptRules
from tiny_models import tiny_model
from tiny_tokenizers import word_tokenizer

ROWS = [{"clean": [1, 2], "corrupted": [1, 3], "correct": 4, "wrong": 5}]
MODEL = tiny_model("plain")
HUGGING_FACE = GPT2LMHeadModel(GPT2Config(n_layer=1, n_head=2, n_embd=4, n_positions=4, vocab_size=9))
PAIRS = ew.Pairs.from_list(ROWS, MODEL)
GRAPH = ew.Graph(layers=1, heads=1, key_readers=1)

NEEDS_A_MODEL = "an edgewise model was needed. Got"
NEEDS_PAIRS = "an ew.Pairs was needed. Got"


@pytest.fixture(autouse=True)
def _as_users_run_it(monkeypatch):
    """Without the checks of annotations, which would say it first."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)


def problems_of(called, *arguments, **options):
    with pytest.raises(BadInput) as caught:
        called(*arguments, **options)
    return list(caught.value.problems)


@pytest.mark.parametrize(
    ("model", "problem"),
    [
        (HUGGING_FACE, "an object of class GPT2LMHeadModel. Load it: ew.load(model)."),
        ("gpt2", "text. Load it: ew.load('gpt2')."),
        (None, "None. ew.load gives one."),
    ],
)
def test_whoever_needs_a_model_says_how_to_load_one(model, problem, tmp_path):
    (tmp_path / "mine.jsonl").write_text("{}")
    mask, replacements = torch.ones(3, 3), ew.Replacements.of_run(MODEL, torch.tensor([[1, 2]]))
    for called, *arguments in (
        (ew.discover, model, PAIRS),
        (ew.Pairs.from_list, ROWS, model),
        (ew.Pairs.from_jsonl, tmp_path / "mine.jsonl", model),
        (ew.patched_logits, model, torch.tensor([[1, 2]]), mask, replacements),
    ):
        assert problems_of(called, *arguments) == [f"{NEEDS_A_MODEL} {problem}"]


def test_pairs_for_a_tokenizer_need_its_model():
    assert problems_of(ew.Pairs.from_list, ROWS, word_tokenizer())[0].startswith(NEEDS_A_MODEL)


@pytest.mark.parametrize(
    ("pairs", "problem"),
    [
        (ROWS, "a list. Make pairs of the rows: ew.Pairs.from_list(rows, model)."),
        ("mine.jsonl", "text. Read the file: ew.Pairs.from_jsonl(path, model)."),
        (None, "None. Pairs.from_jsonl and Pairs.from_list give them."),
    ],
)
def test_discover_says_how_to_make_pairs(pairs, problem):
    assert problems_of(ew.discover, MODEL, pairs) == [f"{NEEDS_PAIRS} {problem}"]


def test_a_model_and_pairs_the_other_way_round_are_one_problem():
    (problem,) = problems_of(ew.discover, PAIRS, MODEL)
    assert problem.endswith("Got them the other way round. Swap them.")


def test_wrong_kinds_are_told_with_the_other_problems():
    problems = problems_of(ew.discover, HUGGING_FACE, ROWS, method="eep", batch_size=0)
    assert len(problems) == 4
    assert len(problems_of(ew.Pairs.from_list, "mine.jsonl", HUGGING_FACE)) == 2


@pytest.mark.parametrize(
    ("entries", "problem"),
    [
        ("mine.jsonl", "text. A file is read by Pairs.from_jsonl."),
        (ROWS[0], "a dictionary. Wrap it in a list: [entry]."),
        (3, "a whole number. Put the dictionaries of the prompt pairs in one."),
    ],
)
def test_what_is_no_list_of_entries_is_one_problem(entries, problem):
    assert problems_of(ew.Pairs.from_list, entries, MODEL) == [
        f"a list of dictionaries was needed. Got {problem}"
    ]


def test_a_file_of_prompts_is_a_path():
    assert problems_of(ew.Pairs.from_jsonl, ROWS, MODEL) == [
        "the path of a JSONL file was needed. Got a list. Pairs.from_list takes a list."
    ]


def test_replacements_are_not_tokens():
    tokens = torch.tensor([[1, 2]])
    assert problems_of(ew.patched_logits, MODEL, tokens, torch.ones(3, 3), tokens) == [
        "an ew.Replacements was needed. Got an object of class Tensor. "
        "Replacements.of_run(model, corrupted tokens) gives them."
    ]


def test_a_circuit_and_what_is_none_do_not_combine():
    circuit = ew.Circuit.full(GRAPH)
    for operation in ("__or__", "__and__", "__sub__", "__xor__", "__le__"):
        assert getattr(circuit, operation)({"embed->m0"}) is NotImplemented
    with pytest.raises(TypeError, match=r"unsupported operand type\(s\) for \|: 'Circuit' and 'set'"):
        _ = circuit | {"embed->m0"}
    with pytest.raises(TypeError, match="'<=' not supported between instances of 'Circuit' and 'list'"):
        _ = circuit <= ["embed->m0"]


def test_a_circuit_is_likened_to_a_circuit():
    assert problems_of(ew.Circuit.full(GRAPH).jaccard, ["embed->m0"]) == [
        "a circuit was needed. Got a list. Circuit.of(graph, names) makes one of edge names."
    ]


def test_methods_metrics_and_ablations_are_given_by_name_and_the_batch_size_as_a_number():
    choices = {"method": None, "metric": len, "ablation": ["zero"], "batch_size": "16"}
    assert problems_of(ew.discover, MODEL, PAIRS, **choices) == [
        f"the name of the method was needed, as text. Got None. Known: {', '.join(sorted(METHODS))}.",
        "the name of the metric was needed, as text. Got a function. "
        "Known: accuracy, kl, logit-diff, mean-squared-error, neg-log-prob, prob-diff.",
        "the name of the ablation was needed, as text. Got a list. Known: corrupted, mean, optimal, zero.",
        "batch size must be a whole number from 1. Got '16'.",
    ]
    circuit = ew.Circuit.full(ew.Graph.of(MODEL.config))
    assert len(problems_of(ew.evaluate, MODEL, PAIRS, circuit, metric=len, batch_size=True)) == 2


def test_one_edge_name_is_not_a_list_of_letters():
    assert problems_of(ew.Circuit.of, GRAPH, "embed->m0") == [
        "several edge names were needed. Got text. Put it in a list: ['embed->m0']."
    ]


@pytest.mark.parametrize("count", [2.0, "2", None, True])
def test_a_number_of_edges_is_whole(count):
    scores = ew.Scores.from_edges(GRAPH, {})
    assert problems_of(scores.top, count) == [
        f"a number of edges from 0 to {GRAPH.edge_count} was needed. Got {count!r}."
    ]


def test_a_loaded_model_is_not_loaded_again():
    assert problems_of(ew.load, MODEL) == [f"the model {MODEL.name} is loaded already. Use it as it is."]


def test_a_tokenizer_is_not_its_name():
    assert problems_of(ew.load, HUGGING_FACE, tokenizer="gpt2") == [
        "a Hugging Face tokenizer was needed. Got text. "
        "Make it: transformers.AutoTokenizer.from_pretrained('gpt2')."
    ]


@pytest.mark.parametrize(
    ("given", "meant"), [("metrics", "metric"), ("ablate", "ablation"), ("batchsize", "batch_size")]
)
def test_a_misspelled_keyword_of_discover_is_told_the_right_one(given, meant):
    (problem,) = problems_of(ew.discover, MODEL, PAIRS, **{given: 1})
    assert problem == f"eap has no such option. Got {given!r}. Did you mean {meant!r}?"


def test_models_and_pairs_are_shown_in_a_line():
    assert repr(MODEL) == f"Transformer({MODEL.name}: 3 layers x 4 heads, width 32, float64, cpu)"
    rules = PromptRules(10)
    longer = [{"clean": [1] * 1500}, {"clean": [1, 2]}, {"clean": [1, 2, 3]}]
    assert repr(ew.Pairs.from_list(longer, rules)) == "Pairs(3 prompt pairs, 2 to 1,500 tokens)"
    assert repr(PAIRS) == "Pairs(1 prompt pair, 2 tokens)"
    assert repr(ew.Pairs(())) == "Pairs(0 prompt pairs)"


def test_a_patched_run_says_what_is_wrong_with_tokens_mask_and_replacements():
    tokens, mask = torch.tensor([[1, 2], [3, 4]]), torch.ones(Graph.of(MODEL.config).shape)
    replacements = ew.Replacements.of_run(MODEL, tokens)
    for given, problem in (
        ({"tokens": [[1, 2]]}, "a tensor of token ids was needed. Got a list."),
        (
            {"tokens": tokens.float()},
            "token ids [examples, positions] were needed. Got (2, 2), torch.float32.",
        ),
        ({"tokens": tokens + 5_000}, "the model's own, were needed. Got 5,001 to 5,004."),
        ({"mask": Circuit.full(Graph.of(MODEL.config))}, "A circuit gives one: circuit.mask()."),
        ({"mask": mask * float("nan")}, "a mask needs numbers. Got NaN."),
        ({"tokens": tokens.repeat(2, 1)}, "replacements for 4 examples were needed. Got those of 2."),
    ):
        asked = {"tokens": tokens, "mask": mask, "replacements": replacements, **given}
        [told] = problems_of(ew.patched_logits, MODEL, **asked)
        assert problem in told


def test_a_curve_is_of_scores_or_of_circuits():
    scores = ew.discover(MODEL, PAIRS)
    told = problems_of(curve, MODEL, PAIRS, [scores, scores])
    assert told == [
        "an ew.Circuit was needed. Got an object of class Scores. Scores give one: scores.top(200)."
    ]


def test_what_has_no_page_says_how_to_read_a_run():
    assert problems_of(ew.view, "runs/demo") == [
        "a run, scores or a circuit was needed. Got text. ew.load_run reads a run."
    ]
