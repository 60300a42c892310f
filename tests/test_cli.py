"""The command line: what is typed and what is printed where."""

import json
import shlex

import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel

import edgewise as ew
from cli_cases import discover, edgewise, refused
from edgewise.formats import FORMATS
from edgewise.methods import METHODS
from edgewise.methods.learned import LEARNED
from edgewise.models.families import FAMILIES
from edgewise.patching.replacements import ABLATIONS
from edgewise.tasks.metrics import METRICS
from tiny_runs import EDGES, entries, write_prompts
from tiny_tokenizers import WORDS, word_tokenizer


def test_discover_tells_the_strongest_edges_the_sizes_how_good_it_is_and_what_to_do_next(home):
    done = discover(home, "--edges", 40, "--out", home / "told")
    found = ew.load_run(home / "told")
    strongest = next(found.scores.ranking())[0]
    assert strongest in done.stdout
    assert f"{len(found.circuit)} of {EDGES} edges, 40 before pruning" in done.stdout
    assert f"{found.evaluation.faithfulness:.3f}" in done.stdout
    assert "on the 10 prompt pairs the circuit was found on" in " ".join(done.stdout.split())
    command, hint = done.stdout.strip().splitlines()[-2:]
    assert hint == "On other prompts: the same with --prompts FILE.jsonl in place of --edges."
    assert command.startswith(f"  edgewise evaluate {home / 'told'} --edges ")
    assert edgewise(*shlex.split(command)[1:]).exit_code == 0
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
    heading, _, empty, full, _, ends = done.stdout.strip().splitlines()
    assert heading == "kl on the 10 prompt pairs the circuit was found on, ablation mean"
    assert empty.split()[:3] == ["0", "0", "0.000"]
    assert full.split()[:3] == [str(EDGES), str(EDGES), "1.000"]
    assert ends.startswith("full model 0, replaced ")
    assert ends.endswith("; faithfulness by ratio-of-means")


def test_list_tells_everything_that_can_be_chosen(home):
    done = edgewise("list")
    for table in (METHODS, METRICS, ABLATIONS, FAMILIES, FORMATS):
        for name in table:
            assert name in done.stdout
    told = json.loads(edgewise("list", "--json").stdout)
    assert set(told["families"]) == set(FAMILIES)
    assert told["methods"]["relp"]["options"] == {}
    assert told["methods"]["gim"]["options"] == {"temperature": "a number above 0, default 2.0"}
    assert "arXiv" not in edgewise("list", "metrics").stdout


AT_THE_CLEAN_RUN = ["eap", "relp", "gim", "node-attribution", "hisp", "eap-then-acdc"]
BY_GRADIENTS = [
    *("eap", "eap-ig-inputs", "eap-ig-activations", "eap-ig-mask", "clean-corrupted", "relp", "gim"),
    *("node-attribution", "hisp", "eap-then-acdc", *LEARNED),
]


def test_list_tells_which_metrics_a_method_cannot_use_and_why():
    told = json.loads(edgewise("list", "metrics", "--json").stdout)
    assert {name: facts["not for"] for name, facts in told["metrics"].items() if facts["not for"]} == {
        "kl": [f"{', '.join(AT_THE_CLEAN_RUN)} (flat at the clean run)"],
        "accuracy": [f"{', '.join(BY_GRADIENTS)} (no gradient)"],
    }
    assert "not for: eap, relp, gim" in edgewise("list", "metrics").stdout
    assert told["metrics"]["mean-squared-error"]["needs"] == [f"a target, for {', '.join(AT_THE_CLEAN_RUN)}"]


def test_after_other_prompts_were_evaluated_other_sizes_are_suggested(home):
    other = write_prompts(home / "held-out.jsonl", entries(4, seed=9))
    done = discover(home, "--edges", 40, "--out", home / "held-out", "--evaluate-on", other)
    assert "On other prompts" not in done.stdout
    command = done.stdout.strip().splitlines()[-1].split()
    assert command[:3] == ["edgewise", "evaluate", str(home / "held-out")]
    assert command[3:] == ["--edges", "20", "--edges", "40", "--edges", str(min(80, EDGES))]
    again = edgewise(*command[1:])
    assert again.exit_code == 0
    assert len(again.stdout.split("\n\n")[0].splitlines()) == 5


def test_help_tells_how_edges_are_ranked():
    wide = {"COLUMNS": "200", "TERMINAL_WIDTH": "200"}
    shown = " ".join(edgewise("discover", "--help", env=wide).stdout.replace("│", "").split())
    assert "Those whose absolute score is at least this; see --by." in shown
    assert "absolute, how far its score is from 0, or value, the score itself; else as the method" in shown


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
            "--model --task --prompts --examples --seed --corruption --out --method --metric --ablation "
            "--set --preset --known --edges-from --evaluate-on --overwrite --no-report --quiet "
            "--json --edges --threshold --sparsity --by --no-prune --batch-size --dtype --device "
            "--grouped-readers --shard-weights",
        ),
        (
            "learn-units",
            "--model --task --prompts --examples --seed --corruption --out --grain --metric --ablation --set "
            "--evaluate-on --overwrite --quiet --json --batch-size --dtype --device --shard-weights",
        ),
        (
            "evaluate",
            "--prompts --task --split --examples --seed --corruption --metric --ablation --edges --by "
            "--curve --granularity --completeness --minimality --tests --averaging --known --learned-on "
            "--out --overwrite --model --batch-size --dtype --device "
            "--quiet --json",
        ),
        ("stability", "--draws --seed --out --overwrite --quiet --json"),
        (
            "compare",
            "--edges --prompts --metric --ablation --split --examples --out --overwrite --quiet --json",
        ),
        (
            "bench",
            "--out --model --task --prompts --method --seed --metric --ablation --set --examples "
            "--corruption --evaluate-on --edges --sparsity --jobs --on --cpus --gpus --retries --batch-size "
            "--dtype --device --parquet --quiet --json",
        ),
        (
            "plan",
            "--model --method --set --preset --metric --examples --tokens --edges --memory --gpus "
            "--shard-weights --batch-size --dtype --grouped-readers --quiet --json",
        ),
        ("view", "--out --known --no-open --overwrite --quiet --json"),
        ("plot", "--only --format --out --edges --known --curve --exact --overwrite --quiet --json"),
        ("export", "--out --format --overwrite"),
        ("list", "--json"),
    ],
)
def test_the_options_of_each_verb_are_exactly_these(verb, options):
    shown = edgewise(verb, "--help", env={"COLUMNS": "200", "TERMINAL_WIDTH": "200"}).stdout
    rows = [line.strip("│* ").split() for line in shown.splitlines() if line.startswith("│")]
    told = [row[0] for row in rows if row and row[0].startswith("--")]
    assert sorted(told) == sorted([*options.split(), "--help"])


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


def test_all_edges_kept_unasked_and_an_empty_circuit_are_noted_unless_it_shall_be_quiet(home):
    for choice, note in (
        ([], f"note: all {EDGES} edges of the model are kept. Choose fewer: "),
        (["--threshold", "-1"], f"note: all {EDGES} edges of the model are kept. Choose fewer: "),
        (["--edges", 0], "note: the circuit is empty: no edge was chosen. The strongest edge is "),
        (["--edges", EDGES], ""),
        (["--edges", 40], ""),
    ):
        given = [*choice, "--out", home / "noted", "--overwrite"]
        told = [line for line in discover(home, *given).stderr.splitlines() if line.startswith("note: ")]
        doubts = ew.load_run(home / "noted").evaluation.doubts
        assert [line.startswith(note) for line in told[: len(told) - len(doubts)]] == [True] * bool(note)
        quiet = discover(home, *given, "--quiet", "--json")
        assert (quiet.exit_code, quiet.stderr) == (0, "")
        assert [f"note: {each}" for each in json.loads(quiet.stdout)["notes"]] == told


@pytest.mark.parametrize("verb", ["discover", "evaluate", "learn-units"])
def test_every_verb_that_measures_notes_a_model_that_cannot_do_the_task(home, verb):
    model, lines = ew.load(home / "model"), entries()
    for line in lines:
        logits = model(torch.tensor([line["clean"]]))[0, -1]
        line["correct"], line["wrong"] = logits.argmin().item(), [logits.argmax().item()]
    write_prompts(home / "worst.jsonl", lines)
    at, out = ["--prompts", home / "worst.jsonl"], home / f"doubted-{verb}"
    if verb == "evaluate":
        done = edgewise(verb, home / "run", *at)
    elif verb == "discover":
        done = discover(home, "--edges", 40, "--out", out, prompts="worst.jsonl")
    else:
        done = edgewise(verb, "--model", home / "model", *at, "--set", "steps=2", "--out", out)
    assert "note: by logit-diff the full model does no better than with everything replaced" in done.stderr


def test_quiet_tells_no_notes_of_an_evaluation(home):
    path = write_prompts(home / "changing.jsonl")
    discover(home, "--quiet", "--out", home / "changed", prompts="changing.jsonl")
    write_prompts(home / "changing.jsonl", entries(3, seed=4))
    assert f"note: {path} has changed since the run.\n" in edgewise("evaluate", home / "changed").stderr
    assert edgewise("evaluate", home / "changed", "--quiet").output == ""


@pytest.mark.parametrize("metric", ["logit-diff", "mean-squared-error"])
def test_a_summary_fits_80_columns_and_no_line_ends_in_a_blank(home, metric):
    lines = [{**entry, "target": 12345.678} for entry in entries()]
    write_prompts(home / "targets.jsonl", lines)
    out, narrow = home / "narrow", {"COLUMNS": "80"}
    given = ["--metric", metric, "--out", out, "--overwrite"]
    done = edgewise(
        "discover", "--model", home / "model", "--prompts", home / "targets.jsonl", *given, env=narrow
    )
    rows = done.stdout.splitlines()
    assert not [row for row in rows if row != row.rstrip()]
    for start in ("What it does alone, ablation corrupted", "measured  ", f"{metric}  "):
        (row,) = (row for row in rows if row.startswith(start))
        assert len(row) <= 80
    (values,) = (row for row in rows if row.startswith(f"{metric}  "))
    assert values.endswith(" replaced")
    for again in (["evaluate", out], ["list"]):
        assert not [row for row in edgewise(*again, env=narrow).stdout.splitlines() if row != row.rstrip()]


@pytest.mark.parametrize("verb", ["", "discover", "learn-units", "evaluate", "list", "export", "bench"])
def test_help_tells_no_types_of_python(verb):
    assert "<" not in edgewise(*verb.split(), "--help").stdout


def test_list_tells_what_a_metric_needs_of_the_prompts():
    told = json.loads(edgewise("list", "metrics", "--json").stdout)["metrics"]
    assert told["logit-diff"]["needs"] == ["correct answers", "wrong answers"]
    assert told["mean-squared-error"]["needs"] == [f"a target, for {', '.join(AT_THE_CLEAN_RUN)}"]
    assert told["kl"]["needs"] == []
