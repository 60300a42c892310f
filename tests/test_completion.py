"""What a shell offers when Tab is pressed: every name that can be chosen, whatever else is on the line."""

import os
import subprocess
import sys
from dataclasses import fields, is_dataclass
from typing import get_args, get_type_hints

import pytest

from cli_cases import edgewise
from edgewise import request, verb_requests
from edgewise.circuit import STRENGTH
from edgewise.completion import names_of, whole_words
from edgewise.evaluation.averaging import AVERAGINGS
from edgewise.evaluation.evaluation import EDGES, NODES
from edgewise.formats import FORMATS
from edgewise.masks.units import UNIT_GRAINS
from edgewise.methods import METHODS
from edgewise.models.bundled import PREFIX, bundled_names
from edgewise.models.load import DTYPES
from edgewise.names import NAMES, PRESETS
from edgewise.patching.replacements import ABLATIONS
from edgewise.pictures.paper import FORMS
from edgewise.plot_run import PICTURES
from edgewise.reports.lists import LISTS
from edgewise.request import Help
from edgewise.tasks.catalogue import TASKS
from edgewise.tasks.metrics import METRICS
from edgewise.tasks.programs import PROGRAMS
from edgewise.tasks.task import SPLITS

ZOO = [PREFIX + name for name in bundled_names()]
HEAVY = "import sys; from edgewise.__main__ import main\ntry: main()\nfinally: print('torch' in sys.modules)"


def bash(line: str, place: int | None = None, code: str | None = None) -> subprocess.CompletedProcess[str]:
    """The command as bash asks it; without a place the last word is the one that is being typed."""
    words = line.split("\n")
    asked = {"COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1 if place is None else place)}
    environment = {**os.environ, "_EDGEWISE_COMPLETE": "complete_bash", **asked}
    command = [sys.executable, *(["-m", "edgewise"] if code is None else ["-c", code])]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=True)


def offered(*words: str) -> list[str]:
    """For the last of the words; and nothing is said beside it."""
    done = bash("\n".join(["edgewise", *words]))
    assert done.stderr == ""
    return done.stdout.split()


def test_the_names_are_those_of_the_tables_that_code_reads():
    assert {what: list(names) for what, names in NAMES.items()} == {
        "methods": list(METHODS),
        "tasks": [*TASKS, *PROGRAMS],
        "metrics": list(METRICS),
        "ablations": list(ABLATIONS),
        "unit_ablations": [name for name in ABLATIONS if name != "optimal"],
        "grains": list(UNIT_GRAINS),
        "splits": list(SPLITS),
        "averagings": list(AVERAGINGS),
        "granularities": [EDGES, NODES],
        "orders": list(STRENGTH),
        "pictures": list(PICTURES),
        "forms": list(FORMS),
        "dtypes": list(DTYPES),
    }
    assert {name: list(each) for name, each in PRESETS.items()} == {
        name: list(each.presets) for name, each in METHODS.items() if each.presets
    }


def test_every_field_whose_value_is_a_name_tells_which_names_and_these_are_known():
    every = (*vars(request).values(), *vars(verb_requests).values())
    asked = [one for one in every if is_dataclass(one) and isinstance(one, type)]
    helps = {
        f"{one.__name__}.{field.name}": get_args(get_type_hints(one, include_extras=True)[field.name])[1]
        for one in asked
        for field in fields(one)
        if field.name != "misread"
    }
    assert all(isinstance(told, Help) for told in helps.values())
    for told in helps.values():
        assert not told.of or names_of(told.of, {"method": "edge-pruning"})
    silent = {name for name, told in helps.items() if told.value in ("NAME", "ORDER") and not told.of}
    # Those of a task, and those of the machine.
    assert {name.partition(".")[2] for name in silent} == {"corruption", "device"}


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["disc"], ["discover"]),
        (["discover", "--edges-"], ["--edges-from"]),
        (["discover", "--method", "eap-i"], [name for name in METHODS if name.startswith("eap-i")]),
        (["discover", "--task", ""], [*TASKS, *PROGRAMS]),
        (["discover", "--metric", "l"], ["logit-diff"]),
        (["discover", "--ablation", ""], list(ABLATIONS)),
        (["discover", "--method", "edge-pruning", "--preset", ""], list(PRESETS["edge-pruning"])),
        (["discover", "--preset", ""], []),
        (["learn-units", "--grain", ""], list(UNIT_GRAINS)),
        (["export", "runs/ioi", "--format", ""], list(FORMATS)),
        (["list", "me"], ["methods", "metrics"]),
        (["list", "tasks", ""], list(LISTS)),
        (["evaluate", "runs/ioi", "--split", "t"], ["train", "test"]),
        (["bench", "--method", "eap", "--method", "ac"], ["activation-patching", "acdc"]),
        (["discover", "--model", "z"], ZOO),
        # As bash takes `zoo:ioi` and `--method=acdc` apart; it puts what is offered in the place of the last.
        (["discover", "--model", "zoo", ":"], bundled_names()),
        (["discover", "--model", "zoo", ":", "tracr-r"], ["tracr-reverse"]),
        (["discover", "--method", "=", "acd"], ["acdc"]),
        (["discover", "--method", "="], list(METHODS)),
    ],
)
def test_the_names_that_can_be_chosen_are_offered(words, names):
    assert offered(*words) == names


@pytest.mark.parametrize(
    "words",
    [
        ["discover", "--out", "ru"],
        ["discover", "--prompts", ""],
        ["evaluate", ""],
        ["discover", "--edges", ""],
        ["discvr", "--meth"],
        ["--sideways", "discover", "--meth"],
    ],
)
def test_where_there_is_no_name_to_offer_nothing_is_said_and_the_shell_offers_files(words):
    assert offered(*words) == []


@pytest.mark.parametrize(
    "before",
    [
        ["--edgs", "7"],
        ["--edges", "many"],
        ["--out", ""],
        ["--out", "'my run'"],
        ["--out", '"not closed'],
        ["--metric", "kl", "--metric", "kl"],
    ],
)
def test_what_is_wrong_on_the_line_keeps_nothing_from_being_offered(before):
    assert offered("discover", *before, "--task", "io") == ["ioi"]


def test_a_line_with_blanks_between_its_words_is_read_too():
    assert bash("edgewise discover --method acd", 3).stdout == "acdc\n"


@pytest.mark.parametrize(
    ("words", "place", "whole"),
    [
        ("a --model zoo : ioi", 4, (["a", "--model", "zoo:ioi"], 2)),
        ("a --model zoo :", 3, (["a", "--model", "zoo:"], 2)),
        ("a --model zoo : ioi --out x", 6, (["a", "--model", "zoo:ioi", "--out", "x"], 4)),
        ("a --method = eap", 3, (["a", "--method", "eap"], 2)),
        ("a --method =", 2, (["a", "--method"], 2)),
        ("a b c", 3, (["a", "b", "c"], 3)),
        ("a b c", 1, (["a", "b", "c"], 1)),
    ],
)
def test_words_that_bash_takes_apart_are_whole_again(words, place, whole):
    assert whole_words(words.split(), place) == whole


def test_nothing_is_offered_by_way_of_torch():
    for line in ("edgewise\ndiscover\n--method\n", "edgewise\nlist\n", "edgewise\ndiscover\n--model\n"):
        assert bash(line, code=HEAVY).stdout.splitlines()[-1] == "False"


def test_a_script_for_the_shell_can_be_had_and_help_tells_how():
    environment = {**os.environ, "_EDGEWISE_COMPLETE": "source_bash"}
    command = [sys.executable, "-m", "edgewise"]
    shown = subprocess.run(command, capture_output=True, text=True, env=environment, check=True).stdout
    assert "_EDGEWISE_COMPLETE=complete_bash" in shown
    assert "edgewise\n" in shown
    assert {"--install-completion", "--show-completion"} <= set(edgewise("--help").stdout.split())
