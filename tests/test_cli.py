"""The command line: what is typed, what is printed where, and how it ends."""

import json
import math
import os
import signal
import subprocess
import sys

import pytest
from safetensors.torch import load_file, save_file
from transformers import GPT2Config, GPT2LMHeadModel
from typer.testing import CliRunner

import edgewise as ew
from edgewise.cli import app
from edgewise.formats import FORMATS
from edgewise.methods import METHODS
from edgewise.models.families import FAMILIES
from edgewise.patching.replacements import ABLATIONS
from edgewise.tasks.metrics import METRICS
from tiny_runs import EDGES, entries, save_tiny_model, write_prompts
from tiny_tokenizers import WORDS, word_tokenizer


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder with a model, prompts and a run of them, made by the command itself."""
    folder = tmp_path_factory.mktemp("home")
    save_tiny_model(folder / "model")
    save_tiny_model(folder / "reader", tokenizer=True)
    write_prompts(folder / "prompts.jsonl")
    done = discover(folder, "--edges", "40", "--out", folder / "run")
    assert done.exit_code == 0, done.stderr
    return folder


def edgewise(*arguments, **settings):
    return CliRunner().invoke(app, [str(argument) for argument in arguments], **settings)


def discover(home, *arguments, model="model", prompts="prompts.jsonl"):
    return edgewise("discover", "--model", home / model, "--prompts", home / prompts, *arguments)


def problems(result) -> list[str]:
    """The problems a command ended with, in their order."""
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    heading, *rest = result.stderr.split("\n  • ")
    assert heading == f"edgewise: {len(rest)} problem{'s' * (len(rest) > 1)}"
    return [problem.rstrip("\n") for problem in rest]


def refused(home, *arguments, **given) -> list[str]:
    found = problems(discover(home, "--out", home / "never", *arguments, **given))
    assert not (home / "never").exists()
    return found


# What is printed.


def test_discover_tells_the_strongest_edges_the_sizes_how_good_it_is_and_what_to_do_next(home):
    done = discover(home, "--edges", 40, "--out", home / "told")
    found = ew.load_run(home / "told")
    strongest = next(found.scores.ranking())[0]
    assert strongest in done.stdout
    assert f"{len(found.circuit)} of {EDGES} edges, 40 before pruning" in done.stdout
    assert f"{found.evaluation.faithfulness:.3f}" in done.stdout
    assert "on the 10 prompt pairs the circuit was found on" in " ".join(done.stdout.split())
    assert f"edgewise evaluate {home / 'told'} --prompts" in done.stdout
    for name in ("run.json", "scores.safetensors", "circuit.json", "circuit.txt", "evaluation.json"):
        assert name in done.stdout
        assert (home / "told" / name).is_file()


def test_json_is_one_object_on_standard_output_and_nothing_else(home):
    done = discover(home, "--edges", 40, "--json", "--out", home / "as-json")
    told = json.loads(done.stdout)
    found = ew.load_run(home / "as-json")
    assert told["evaluation"]["faithfulness"] == found.evaluation.faithfulness
    assert told["strongest"][0] == list(next(found.scores.ranking()))
    again = json.loads(edgewise("evaluate", home / "as-json", "--json").stdout)
    assert again["evaluations"] == [told["evaluation"]]


def test_quiet_says_nothing(home):
    done = discover(home, "--quiet", "--out", home / "quiet")
    assert (done.exit_code, done.output) == (0, "")


def test_evaluate_shows_a_line_a_circuit(home):
    done = edgewise(
        "evaluate", home / "run", "--edges", 0, "--edges", EDGES, "--metric", "kl", "--ablation", "mean"
    )
    heading, _, empty, full = done.stdout.strip().splitlines()
    assert heading == "kl on the 10 prompt pairs the circuit was found on, ablation mean"
    assert empty.split()[:3] == ["0", "0", "0.000"]
    assert full.split()[:3] == [str(EDGES), str(EDGES), "1.000"]


def test_list_tells_everything_that_can_be_chosen(home):
    done = edgewise("list")
    for table in (METHODS, METRICS, ABLATIONS, FAMILIES, FORMATS):
        for name in table:
            assert name in done.stdout
    told = json.loads(edgewise("list", "--json").stdout)
    assert set(told["families"]) == set(FAMILIES)
    assert told["methods"]["eap"]["options"] == {}
    assert "eap" not in edgewise("list", "metrics").stdout


@pytest.mark.parametrize("name", FORMATS)
def test_export_writes_each_format(home, name):
    out = home / f"export-{name}"
    done = edgewise("export", home / "run", "--format", name, "--out", out)
    assert done.stdout == f"wrote {out}\n"
    assert out.exists()


def test_version_is_told():
    assert edgewise("--version").stdout.startswith("edgewise 0.")


@pytest.mark.parametrize(
    ("verb", "options"),
    [
        (
            "discover",
            "--model --prompts --out --method --metric --ablation --set --evaluate-on --overwrite --quiet "
            "--json --edges --threshold --sparsity --by --no-prune --batch-size --dtype --device "
            "--grouped-readers",
        ),
        (
            "evaluate",
            "--prompts --metric --ablation --edges --out --overwrite --model --batch-size --dtype --device "
            "--quiet --json",
        ),
        ("export", "--out --format --overwrite"),
        ("list", "--json"),
    ],
)
def test_the_options_of_each_verb_are_exactly_these(verb, options):
    shown = edgewise(verb, "--help", env={"COLUMNS": "200", "TERMINAL_WIDTH": "200"}).stdout
    rows = [line.strip("│* ").split() for line in shown.splitlines() if line.startswith("│")]
    told = [row[0] for row in rows if row and row[0].startswith("--")]
    assert sorted(told) == sorted([*options.split(), "--help"])


# Text prompts, other models, other choices.


def test_text_prompts_are_read_with_the_models_tokenizer(home):
    lines = [
        {"clean": "When John met Mary", "corrupted": "When Sue met Mary", "correct": "Mary", "wrong": "John"},
        {"clean": [1, 2, 3, 4], "corrupted": [1, 6, 3, 4], "correct": 4, "wrong": [2]},
    ]
    write_prompts(home / "text.jsonl", lines)
    done = discover(home, "--out", home / "from-text", model="reader", prompts="text.jsonl")
    assert done.exit_code == 0, done.stderr
    assert refused(home, prompts="text.jsonl") == [
        "the model has no tokenizer to read text with, and 1 pair holds text "
        f"({home / 'text.jsonl'}:1). Give token ids, or a model with a tokenizer."
    ]


def test_a_hugging_face_folder_goes_from_prompts_to_circuit(home):
    sizes = {"n_layer": 1, "n_head": 2, "n_embd": 8, "n_positions": 8, "vocab_size": len(WORDS)}
    GPT2LMHeadModel(GPT2Config(**sizes, bos_token_id=0, eos_token_id=0)).save_pretrained(home / "gpt2")
    word_tokenizer().save_pretrained(home / "gpt2")
    done = discover(
        home,
        "--out",
        home / "hf",
        "--ablation",
        "zero",
        "--sparsity",
        0.5,
        "--dtype",
        "float64",
        model="gpt2",
    )
    assert done.exit_code == 0, done.stderr
    found = ew.load_run(home / "hf")
    assert found.circuit.selected == round(found.circuit.graph.edge_count / 2)
    assert found.evaluation.ablation == "zero"


def test_without_a_choice_of_edges_all_of_a_small_graph_are_kept(home):
    discover(home, "--out", home / "all", "--no-prune")
    assert len(ew.load_run(home / "all").circuit) == EDGES


# Bad input: a clear message, exit 2, nothing lost.


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
        "metric 'logit-diff' needs correct answers",
        "metric 'logit-diff' needs wrong answers",
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
        "unknown dtype 'int8'. Known: bfloat16, float16, float32, float64.",
        "eap has no options of its own. Got 'steps'.",
        "eap has no options of its own. Got 'bare'.",
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


def test_wrong_verbs_options_and_values_end_with_2_and_the_nearest_name(home):
    for arguments, said in (
        (["discvr"], "discover"),
        (["discover", "--modle", "x"], "--model"),
        (["discover", "--model", "x"], "--prompts"),
        (["discover", "--edges", "many"], "--edges"),
    ):
        result = edgewise(*arguments)
        assert (result.exit_code, said in result.stderr) == (2, True)
    assert "unknown list 'metric'. Did you mean 'metrics'?" in problems(edgewise("list", "metric"))[0]


def test_a_bad_export_or_evaluation_is_refused(home):
    found = problems(edgewise("export", home / "model", "--format", "mob", "--out", home / "run"))
    assert [problem.split(".")[0] for problem in found[1:]] == [
        "unknown format 'mob'",
        f"{home / 'run'} is a folder, and a file is to be written",
    ]
    assert "has no run.json: it is not the folder of a run" in found[0]
    assert "is no folder" in problems(edgewise("evaluate", home / "nothing"))[0]


# The real thing, in a process of its own.


def python(*arguments, **settings):
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    given = [sys.executable, *map(str, arguments)]
    return subprocess.run(given, capture_output=True, text=True, env=environment, check=False, **settings)


def test_python_m_edgewise_ends_with_2_and_no_traceback(home):
    done = python(
        "-m", "edgewise", "discover", "--model", home / "model", "--prompts", "none", "--out", home / "run"
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("edgewise: 2 problems\n  • prompts file none does not exist")


def test_a_full_disk_ends_with_2_and_the_old_run_stays(home):
    discover(home, "--out", home / "full", "--quiet")
    before = {path.name: path.read_bytes() for path in (home / "full").iterdir()}
    code = (
        "import resource, sys; from edgewise.__main__ import main\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1500, 1500))\n"
        "sys.argv[0] = 'edgewise'; main()"
    )
    given = ["--model", home / "model", "--prompts", home / "prompts.jsonl", "--edges", 9, "--quiet"]
    done = python("-c", code, "discover", *given, "--out", home / "full", "--overwrite")
    assert (done.returncode, done.stdout) == (2, "")
    assert (
        f"{home / 'full'} could not be written: File too large. What was there is unchanged." in done.stderr
    )
    assert {path.name: path.read_bytes() for path in (home / "full").iterdir()} == before


def test_ctrl_c_ends_with_130_and_one_line(home):
    write_prompts(home / "many.jsonl", entries(4_000))
    given = [
        "--model",
        home / "model",
        "--prompts",
        home / "many.jsonl",
        "--out",
        home / "stopped",
        "--batch-size",
        "1",
    ]
    command = [sys.executable, "-m", "edgewise", "discover", *map(str, given)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as started:
        assert started.stderr is not None
        # The first line of progress: the work has begun.
        assert "scoring edges" in started.stderr.readline()
        started.send_signal(signal.SIGINT)
        told = started.stderr.read()
    assert (started.returncode, told) == (130, "edgewise: stopped\n")
    assert not (home / "stopped").exists()
