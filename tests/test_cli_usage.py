"""What is typed wrongly is told as every other problem is, and together with the others."""

import subprocess
import sys

import pytest

from cli_cases import edgewise, problems, refused
from edgewise.methods import METHODS
from edgewise.models.bundled import tasks_with_a_model

HEAVY = (
    "import sys\n"
    "from edgewise.cli import app\n"
    "try: app(sys.argv[1:])\n"
    "except SystemExit: pass\n"
    "print(*({'torch', 'transformers'} & set(sys.modules)), 'end')"
)
"""Tells which of the slow imports a command has made."""


def test_wrong_verbs_options_and_values_end_with_2_and_the_nearest_name(home):
    for arguments, said in (
        (["discvr"], "discover"),
        (["discover", "--modle", "x"], "--model"),
        (["discover", "--model", "x"], "--out"),
        (["discover", "--edges", "many"], "--edges"),
    ):
        result = edgewise(*arguments)
        assert (result.exit_code, said in result.stderr) == (2, True)
    assert "unknown list 'metric'. Did you mean 'metrics'?" in problems(edgewise("list", "metric"))[0]


def test_all_missing_options_are_told_together_and_with_a_value_that_cannot_be_read():
    assert problems(
        edgewise("discover", "--prompts", "mine.jsonl", "--edges", "ten", "--sparsity", "half")
    ) == [
        "--out was needed. Got none. Give --out FOLDER: the folder to make, with all that is found.",
        "--edges must be a whole number. Got 'ten'. Write it in digits.",
        "--sparsity must be a number. Got 'half'. Write it in digits.",
        "a model was needed. Got none. Give --model, or a --task that has one: "
        f"{', '.join(tasks_with_a_model())}.",
    ]
    assert problems(edgewise("export")) == [
        "RUN was needed. Got none. Give RUN: the folder of a run.",
        "--out was needed. Got none. Give --out PATH: the file to write; for native, a folder.",
    ]


def test_what_is_typed_wrongly_is_told_with_the_problems_of_the_request(home):
    found = refused(home, "--edgs", "7", "--batch-size", "many", "--method", "eep", prompts="none.jsonl")
    assert found == [
        "unknown option '--edgs'. Did you mean '--edges'?",
        "--batch-size must be a whole number. Got 'many'. Write it in digits.",
        f"prompts file {home / 'none.jsonl'} does not exist. Give the path of a JSONL file.",
        f"unknown method 'eep'. Did you mean 'eap'? Known: {', '.join(sorted(METHODS))}.",
    ]
    found = problems(edgewise("evaluate", home / "run", "--edges", 3, "--edges", "x", "--metric", "klm"))
    assert [problem.split(".")[0] for problem in found] == [
        "--edges must be a whole number",
        "unknown metric 'klm'",
    ]
    found = problems(edgewise("export", home / "run", "--out", home / "run", "--format", "mob", "--overwrit"))
    assert [problem.split(".")[0] for problem in found][:2] == [
        "unknown option '--overwrit'",
        "unknown format 'mob'",
    ]
    assert problems(edgewise("list", "metric", "--jsn")) == [
        "unknown option '--jsn'. Did you mean '--json'?",
        "unknown list 'metric'. Did you mean 'metrics'? "
        "Known: ablations, families, formats, grains, methods, metrics, models, tasks.",
    ]


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        (
            "discvr",
            "unknown verb 'discvr'. Did you mean 'discover'? Known: "
            "bench, compare, discover, evaluate, export, learn-units, list, plan, plot, stability, view.",
        ),
        (
            "--edges 3 discover",
            "unknown option '--edges'. `edgewise --help` tells them all. A verb's own options come after it.",
        ),
        ("list --sideways", "unknown option '--sideways'. `edgewise list --help` tells them all."),
        ("list -j", "unknown option '-j'. `edgewise list --help` tells them all."),
        ("list --json=3", "--json takes no value. Got '--json=3'. Give --json alone."),
        ("export nowhere --out", "--out needs a value. Got none. Give --out PATH."),
        ("export nowhere --out --overwrite", "--out needs a value. Got none. Give --out PATH."),
        ("evaluate one two three", "nothing more was needed. Got 'two' 'three'. Leave it out."),
    ],
)
def test_each_way_to_type_something_wrong_has_its_message(typed, problem):
    assert problems(edgewise(*typed.split()))[0] == problem


def test_a_misspelt_option_hides_neither_the_run_nor_makes_up_what_is_missing(home):
    for typed in (
        ["--edgs", 5, home / "run"],
        ["--overwrit", home / "run"],
        [home / "run", "--edgs=5"],
    ):
        (found,) = problems(edgewise("evaluate", *typed))
        assert found.startswith("unknown option")
    found = problems(edgewise("discover", "--modle", "m", "--prompts", "p", "--out", "o", "--metric", "x"))
    assert [problem.split(".")[0] for problem in found] == [
        "unknown option '--modle'",
        "prompts file p does not exist",
        "unknown metric 'x'",
    ]
    assert not any("was needed" in problem for problem in found)
    (found,) = problems(edgewise("discover", "--tsk", "ioi", "--out", "o"))
    assert found.startswith("unknown option '--tsk'. Did you mean '--task'?")


def test_a_misspelt_option_that_is_needed_holds_no_other_problem_back(home, monkeypatch):
    found = problems(edgewise("evaluate", "--runn", home / "run", "--metric", "x", "--out", home / "model"))
    assert [problem.split(".")[0] for problem in found[:2]] == [
        "unknown option '--runn'",
        "unknown metric 'x'",
    ]
    assert "is a folder, and a file is to be written" in found[2]
    monkeypatch.chdir(home)
    (found,) = problems(edgewise("evaluate", "--runn", "run", "--out", "prompts.jsonl", "--overwrite"))
    assert found.startswith("unknown option '--runn'")


def test_a_name_that_is_empty_is_refused_and_so_is_an_option_given_twice(home):
    for empty in (["--out", ""], ["--out="]):
        (found,) = problems(edgewise("export", home / "run", *empty))
        assert found == "--out needs a value. Got empty text. Give --out PATH."
    typed = ["--metric", "kl", "--metric=logit-diff", "--edges", 3, "--edges", 5, "--dtype", "int8"]
    assert [problem.split(". ")[0] for problem in problems(edgewise("evaluate", home / "run", *typed))] == [
        "--metric was given more than once",
        "unknown dtype 'int8'",
    ]


def test_help_is_told_whatever_else_is_typed():
    done = edgewise("discover", "--edgs", "7", "--help")
    assert done.exit_code == 0
    assert "Usage: edgewise discover" in done.stdout


def test_families_and_formats_are_listed_without_torch_and_the_rest_without_transformers():
    for names, heavy in (("families formats", "end"), ("methods metrics ablations", "torch end")):
        given = [sys.executable, "-c", HEAVY, "list", *names.split()]
        done = subprocess.run(given, capture_output=True, text=True, check=True)
        assert done.stdout.splitlines()[-1] == heavy


def test_a_missing_option_is_told_without_torch():
    done = subprocess.run(
        [sys.executable, "-c", HEAVY, "discover", "--metric", "x"], capture_output=True, text=True, check=True
    )
    assert done.stdout == "end\n"
    assert "a model was needed" in done.stderr
