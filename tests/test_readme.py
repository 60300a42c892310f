"""README: its commands run, what it shows is what is printed, and what it lists is what there is."""

import ast
from pathlib import Path

import pytest

from documents import ROOT, Shell, blocks, make_home, names_in, run_demo, table
from edgewise.models.families import FAMILIES
from edgewise.run_folder import FILES
from edgewise.tasks.entries import KEYS
from test_floors import FLOORS

README = ROOT / "README.md"


@pytest.fixture
def home(tmp_path_factory, tmp_path, monkeypatch):
    """A copy of it, as the current folder."""
    home = make_home(tmp_path_factory.getbasetemp()).copy_to(tmp_path / "home")
    monkeypatch.chdir(home.folder)
    return home


def test_readme_runs_from_top_to_bottom_and_shows_what_is_printed(home):
    Shell(home.printed).run_page(README)
    assert Path("runs/mine/circuit.json").is_file()
    assert Path("found.csv").is_file()


def test_the_demo_can_be_run_again(home):
    assert run_demo(home.folder) == home.printed


def test_the_first_screen_is_one_sentence_the_demo_the_tests_and_python():
    first = [(block.language, block.text.strip()) for block in blocks(README)[:4]]
    assert [language for language, _ in first] == ["shell", "text", "shell", "python"]
    assert [first[0][1], first[2][1]] == ["make demo", "make test"]


def test_the_python_of_readme_is_the_quick_start():
    [shown] = [block.text for block in blocks(README) if block.language == "python"]
    source = (ROOT / "examples" / "quick_start.py").read_text()
    docstring = ast.parse(source).body[0]
    assert shown.strip() == "\n".join(source.splitlines()[docstring.end_lineno :]).strip()


def test_every_key_of_a_prompt_is_explained():
    assert names_in(table(README, "## Bring your own prompts")) == list(KEYS)


def test_every_file_of_a_run_is_explained_in_the_products_words():
    rows = table(README, "## What a run leaves")
    assert {row["file"]: row["what it holds"] for row in rows} == FILES


def test_every_family_is_named():
    section = README.read_text().partition("\n## Models\n")[2].partition("\n## ")[0]
    assert [name for name in section.split("`")[1::2] if name in FAMILIES] == sorted(
        FAMILIES, key=lambda name: section.index(f"`{name}`")
    )


def test_the_house_is_drawn_with_its_floors():
    [house] = [block.text for block in blocks(README) if not block.language]
    drawn = [line.partition("   ")[0].split() for line in reversed(house.splitlines())]
    assert [set(floor) for floor in drawn] == [set(floor.split()) for floor in FLOORS]
