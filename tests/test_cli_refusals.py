"""Bad input on the command line: a clear message, exit 2, nothing lost."""

import math

import pytest
from safetensors.torch import load_file, save_file
from transformers import GPT2Config

from cli_cases import discover, edgewise, problems, refused
from tiny_runs import entries, save_tiny_model, write_prompts
from tiny_tokenizers import WORDS


def test_several_problems_are_told_together(home):
    write_prompts(home / "bad.jsonl", [{"clean": [1, 2], "corrupted": [1]}, "{", {"clean": [99]}])
    given = (
        "--method eep --metric logits --ablation corupted --edges 5 --sparsity 2 --by size --dtype float31"
    )
    starts = [
        "unknown dtype 'float31'. Did you mean 'float32'?",
        f"{home / 'bad.jsonl'}:1: clean and corrupted must have one length. Got 2 and 1 tokens",
        f"{home / 'bad.jsonl'}:2: column 2: a line must be one JSON object",
        f"{home / 'bad.jsonl'}:3: clean must be token ids from 0 to {len(WORDS) - 1}. Got 99",
        "unknown method 'eep'. Did you mean 'eap'?",
        "unknown metric 'logits'. Did you mean 'logit-diff'?",
        "unknown ablation 'corupted'. Did you mean 'corrupted'?",
        "one of edges, threshold and sparsity chooses the circuit. Got edges and sparsity.",
        "sparsity must be from 0 (every edge stays) to 1 (none does). Got 2.",
        "unknown order of edges 'size'.",
    ]
    found = refused(home, *given.split(), prompts="bad.jsonl")
    for problem, start in zip(found, starts, strict=True):
        assert problem.startswith(start)


def test_a_pair_of_unequal_length_is_shown_with_both_tokenisations(home):
    write_prompts(home / "uneven.jsonl", [{"clean": "When John met Mary", "corrupted": "Sue met Mary"}])
    (found,) = [
        problem
        for problem in refused(home, "--metric", "mean-squared-error", model="reader", prompts="uneven.jsonl")
        if "length" in problem
    ]
    assert "clean:     When 1 | John 2 | met 5 | Mary 4" in found
    assert "corrupted: Sue 6 | met 5 | Mary 4" in found


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            {"clean": "John", "corrupted": "Sue", "correct": "John met", "wrong": "Sue"},
            "correct must be one token",
        ),
        (
            {"clean": "John", "corrupted": "Sue", "correct": 9, "wrong": "Sue"},
            "correct must be token ids from 0 to 8",
        ),
        ({"clean": "John", "corrupted": "Sue", "corect": 9}, "unknown key 'corect'. Did you mean 'correct'?"),
        ({"clean": "John " * 13, "corrupted": "Sue " * 13}, "clean must have at most 12 tokens"),
    ],
)
def test_a_wrong_line_of_the_prompts_is_told_with_its_number(home, line, said):
    path = write_prompts(home / "line.jsonl", [*entries(2), line])
    found = refused(home, "--metric", "mean-squared-error", model="reader", prompts="line.jsonl")
    assert any(problem.startswith(f"{path}:3: {said}") for problem in found)


def test_missing_empty_and_broken_prompts_are_refused(home):
    assert refused(home, prompts="none.jsonl") == [
        f"prompts file {home / 'none.jsonl'} does not exist. Give the path of a JSONL file."
    ]
    write_prompts(home / "empty.jsonl", [""])
    assert "no prompts in" in refused(home, prompts="empty.jsonl")[0]
    (home / "latin.jsonl").write_bytes(b'{"clean": [1]}\n{"clean": "caf\xe9"}\n')
    assert f"{home / 'latin.jsonl'}:2: the file must be UTF-8 text" in refused(home, prompts="latin.jsonl")[0]


def test_pairs_that_lack_what_metric_and_ablation_need_are_told(home):
    write_prompts(home / "bare.jsonl", [{"clean": [1, 2]}])
    found = refused(home, prompts="bare.jsonl")
    assert [problem.split(" in every pair")[0] for problem in found] == [
        "metric 'logit-diff' needs 'correct' answers",
        "metric 'logit-diff' needs 'wrong' answers",
        "ablation 'corrupted' needs a corrupted prompt",
    ]


def test_kl_with_eap_is_refused_with_the_reason_even_when_there_are_no_prompts(home):
    assert (
        "the clean run is its minimum, so every gradient there is zero" in refused(home, "--metric", "kl")[0]
    )
    assert "every gradient there is zero" in refused(home, "--metric", "kl", prompts="none.jsonl")[1]


def test_models_that_are_not_there_or_not_handled_are_refused(home):
    found = refused(home, model="modle", prompts="none.jsonl")
    assert found[0].startswith(f"the model folder {home / 'modle'} does not exist")
    assert "none.jsonl does not exist" in found[1]
    (home / "bert").mkdir(exist_ok=True)
    (home / "bert" / "config.json").write_text('{"model_type": "bert"}')
    assert "unknown model_type 'bert'" in refused(home, model="bert")[0]
    (home / "odd").mkdir(exist_ok=True)
    GPT2Config(scale_attn_by_inverse_layer_idx=True).save_pretrained(home / "odd")
    assert "scale_attn_by_inverse_layer_idx" in refused(home, model="odd")[0]


def test_options_of_the_method_are_checked_with_the_rest(home):
    assert refused(home, "--set", "steps=3", "--set", "bare", "--dtype", "int8") == [
        "--set needs a name and a value. Got 'bare'. Write bare=VALUE.",
        "unknown dtype 'int8'. Known: bfloat16, float16, float32, float64.",
        "unknown option of eap 'steps'. Known: drop, qk_fix.",
    ]


def test_an_existing_folder_is_kept_and_how_to_overwrite_it_is_said(home):
    before = {path.name: path.read_bytes() for path in (home / "run").iterdir()}
    (found,) = problems(discover(home, "--out", home / "run"))
    assert "is there already and was left as it is" in found
    assert "--overwrite" in found
    assert {path.name: path.read_bytes() for path in (home / "run").iterdir()} == before


def test_numbers_that_are_not_finite_are_told_with_their_layer(home):
    save_tiny_model(home / "nan")
    path = home / "nan" / "model.safetensors"
    weights = load_file(path)
    weights["layers.1.mlp_norm.weight"][0] = math.nan
    save_file(weights, path)
    (found,) = refused(home, model="nan")
    assert "the MLP of layer 1 is the first to write it" in found


def test_a_bad_export_or_evaluation_is_refused(home):
    found = problems(edgewise("export", home / "model", "--format", "mob", "--out", home / "run"))
    assert [problem.split(".")[0] for problem in found[1:]] == [
        "unknown format 'mob'",
        f"{home / 'run'} is a folder, and a file is to be written",
    ]
    assert "has no run.json: it is not the folder of a run" in found[0]
    assert "is no folder" in problems(edgewise("evaluate", home / "nothing"))[0]


def test_a_wrong_line_of_the_prompts_does_not_hide_what_the_others_lack(home):
    path = write_prompts(home / "both.jsonl", ["{", {"clean": [1, 2], "corrupted": [1, 3], "correct": 4}])
    broken, lacking = refused(home, prompts="both.jsonl")
    assert broken.startswith(f"{path}:1: column 2")
    assert lacking.startswith(
        f"metric 'logit-diff' needs 'wrong' answers in every pair. Got none in {path}:2."
    )
