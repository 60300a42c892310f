"""Help of every verb: an example that works, and the top level says how to begin."""

import re
import shlex

from typer.main import get_command

from cli_cases import edgewise
from edgewise.cli import app

VERBS = [
    *(
        "discover",
        "evaluate",
        "stability",
        "compare",
        "view",
        "plot",
        "bench",
        "plan",
        "learn-units",
        "list",
        "export",
    )
]
"""In an order in which each finds what it needs."""
WIDE = {"COLUMNS": "200", "TERMINAL_WIDTH": "200"}
FILES_OF_ONES_OWN = (".jsonl", ".toml")


def examples(verb: str) -> list[list[str]]:
    """The commands that help shows, as they would be typed."""
    shown = edgewise(*([verb] if verb else []), "--help", env=WIDE).stdout
    return [
        shlex.split(line)[1:]
        for line in re.findall(r"^ *(edgewise [a-z-]+ .*-.*|edgewise list .*)$", shown, re.M)
    ]


def works(command: list[str]) -> bool:
    """Whether it needs no file of one's own."""
    return not any(word.endswith(FILES_OF_ONES_OWN) or word == "runs/mine" for word in command)


def test_every_verb_has_an_example_and_all_verbs_are_here():
    assert {each.name for each in vars(get_command(app))["commands"].values()} == set(VERBS)
    for verb in VERBS:
        assert any(works(command) for command in examples(verb)), verb
        assert all(command[0] == verb for command in examples(verb))


def test_the_top_level_begins_with_the_first_example_of_discover():
    [first] = examples("")
    assert first == examples("discover")[0]


def test_the_examples_work_one_after_the_other(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("webbrowser.open", lambda url: False)
    for verb in VERBS:
        for command in filter(works, examples(verb)):
            quick = ["--set", "steps=20"] if verb == "learn-units" else []
            done = edgewise(*command, *quick)
            assert done.exit_code == 0, (command, done.stderr)
