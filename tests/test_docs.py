"""The documentation: its examples run, its tables are the real ones, its links lead somewhere."""

import inspect
import json
import re

import pytest
import torch
import yaml

import edgewise as ew
from documents import PAGES, ROOT, Shell, blocks, make_home, names_in, table
from edgewise.bench.cell import FIELDS
from edgewise.formats import FORMATS
from edgewise.masks.units import UNIT_GRAINS, Units
from edgewise.methods import METHODS
from edgewise.methods.fine_pruning import LEARNERS
from edgewise.methods.options import own_options
from edgewise.models.families import FAMILIES
from edgewise.patching.replacements import ABLATIONS
from edgewise.plot_run import PICTURES
from edgewise.request import UnitsRequest
from edgewise.run_folder import FILES, OF_LEARNED_MASKS
from edgewise.tasks import metrics, programs
from edgewise.tasks.catalogue import TASKS, model_for
from edgewise.tasks.entries import KEYS
from edgewise.tasks.metrics import METRICS
from edgewise.tasks.programs import PROGRAMS
from edgewise.units_folder import UNITS_FILES, describe_units_run
from edgewise.zoo import published

DOCS = ROOT / "docs"
every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


@pytest.fixture
def home(tmp_path_factory, tmp_path, monkeypatch):
    """A copy of it, as the current folder."""
    home = make_home(tmp_path_factory.getbasetemp()).copy_to(tmp_path / "home")
    monkeypatch.chdir(home.folder)
    return home


@pytest.mark.parametrize(
    "page",
    [page for page in PAGES if page != ROOT / "README.md"],
    ids=lambda page: str(page.relative_to(ROOT)),
)
def test_a_page_runs_from_top_to_bottom_and_shows_what_is_printed(page, home):
    Shell(home.printed).run_page(page)


@every_page
def test_links_lead_to_files_and_headings_that_are_there(page):
    lines = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    for link in re.findall(r"\]\(([^)\s]+)\)", lines):
        if re.match(r"https?:", link):
            continue
        path, _, heading = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not heading or heading in anchors(target.read_text()), link


def anchors(text: str) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@every_page
def test_the_verbs_named_are_those_of_the_makefile(page):
    verbs = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    named = re.findall(r"(?:^|`)make (\w+)", page.read_text(), flags=re.MULTILINE)
    assert set(named) <= verbs


def test_the_public_names_are_those_of_the_package():
    named = names_in(table(DOCS / "index.md", "## Names in Python"))
    assert sorted(named) == sorted(f"ew.{name}" for name in ew.__all__)


def test_the_methods_are_told_in_their_own_words():
    rows = table(DOCS / "choosing.md", "## A method")
    told = {row["method"]: (row["ranks"], row["choose it"], row["cost"], row["paper"]) for row in rows}
    assert told == {
        name: (method.ranks, method.choose, method.cost, method.paper) for name, method in METHODS.items()
    }


def test_every_option_of_every_method_is_told():
    rows = table(DOCS / "choosing.md", "### Options") + table(DOCS / "learned-masks.md", "## Options")
    told = [
        (method, option)
        for row in rows
        for method in row["method"].replace("`", "").split(", ")
        for option in row["option"].replace("`", "").split(", ")
    ]
    assert len(told) == len(set(told))
    there_are = {(name, option) for name, one in METHODS.items() for option in own_options(one.discover)}
    assert set(told) == there_are


def test_the_metrics_have_their_direction_what_they_need_and_whether_eap_can_use_them():
    can = {"never": "yes", "always": "no", "without target": "with a target"}
    told = {
        row["metric"]: (row["better"], row["needs"], row["with EAP"])
        for row in table(DOCS / "your-own-task.md", "## Metrics")
    }
    assert told == {
        name: (
            "higher" if metric.higher_is_better else "lower",
            ", ".join(metric.needs),
            can[metric.against_full] if metric.differentiable else "no",
        )
        for name, metric in METRICS.items()
    }


def test_the_definitions_of_metrics_are_those_of_the_code():
    written = " ".join((metrics.__doc__ or "").split())
    for row in table(DOCS / "your-own-task.md", "## Metrics"):
        assert row["definition"].replace("\\", "") in written


def test_the_ablations_are_told_in_their_own_words():
    rows = table(DOCS / "your-own-task.md", "## Ablations")
    assert {row["ablation"]: row["what replaces a source"] for row in rows} == ABLATIONS


def test_the_keys_of_a_prompt_are_those_that_are_read():
    assert names_in(table(DOCS / "your-own-task.md", "## Prompts")) == list(KEYS)


def test_every_family_has_a_row():
    assert sorted(names_in(table(DOCS / "your-own-model.md", "## Families"))) == sorted(FAMILIES)


def test_the_options_of_loading_are_those_of_load():
    rows = table(DOCS / "your-own-model.md", "## Loading")
    assert names_in(rows) == list(inspect.signature(ew.load).parameters)


def test_the_pictures_of_a_run_are_told_in_their_own_words_and_shown():
    page = DOCS / "pictures.md"
    rows = table(page, "# Pictures")
    assert {row["picture"]: row["what it shows"] for row in rows} == {
        name: one.told for name, one in PICTURES.items()
    }
    for name in PICTURES:
        assert f"](pictures/{name}.svg)" in page.read_text()


def test_the_formats_are_told_in_their_own_words():
    rows = table(DOCS / "formats.md", "## For other programs")
    assert {row["format"]: row["what it is"] for row in rows} == {
        name: one.description.replace("`", "") for name, one in FORMATS.items()
    }


def test_the_files_of_a_run_and_their_keys_are_those_written(home):
    page = DOCS / "formats.md"
    rows = table(page, "## A run's folder")
    assert {row["file"]: row["what it holds"] for row in rows} == {**FILES, **OF_LEARNED_MASKS}
    for name in ("run.json", "evaluation.json"):
        written = json.loads((home.folder / "runs/demo" / name).read_text())
        told = [key for cell in names_in(table(page, f"### {name}")) for key in cell.split(", ")]
        assert sorted(told) == sorted(written)


def test_the_files_of_learn_units_and_their_keys_are_those_written(home):
    page = DOCS / "formats.md"
    rows = table(page, "## The folder of learn-units")
    assert {row["file"]: row["what it holds"] for row in rows} == UNITS_FILES
    model = ew.load("zoo:induction")
    given = {"out": "runs/units", "model": "zoo:induction", "options": {"steps": 1}, "grain": "stream"}
    asked = UnitsRequest(**given)
    written = describe_units_run(
        asked, model, "", Units("stream", {"stream": torch.ones(2)}, 1, 0.0, 0.0), {}, {}
    )
    told = [key for cell in names_in(table(page, "### units.json")) for key in cell.split(", ")]
    assert sorted(told) == sorted(written)


def test_the_columns_of_bench_are_told():
    told = names_in(table(DOCS / "formats.md", "### Rows of bench"))
    assert [name for cell in told for name in cell.split(", ")] == list(FIELDS)


def test_the_grains_and_every_option_of_theirs_are_told():
    rows = table(DOCS / "learned-masks.md", "## Finer than edges")
    assert {row["grain"]: row["units"] for row in rows} == UNIT_GRAINS
    rows = table(DOCS / "learned-masks.md", "### Options of units")
    told = [option for row in rows for option in row["option"].split(", ")]
    assert sorted(told) == sorted(own_options(LEARNERS["neurons"]))


def test_the_circuit_shown_is_one_that_can_be_read(tmp_path):
    [shown] = [block.text for block in blocks(DOCS / "formats.md") if block.language == "json"]
    (tmp_path / "circuit.json").write_text(shown)
    circuit = ew.Circuit.load(tmp_path / "circuit.json")
    assert sorted(json.loads(shown)["edges"]) == sorted(circuit)


def test_the_graph_drawn_is_the_graph():
    graph = ew.Graph(layers=2, heads=2, key_readers=2)
    drawn = next(block.text for block in blocks(DOCS / "how-it-works.md") if not block.language)
    sources, *rows, last = [line.split() for line in drawn.splitlines() if line.strip()]
    assert (sources, last) == ([*graph.sources, "sources"], ["readers"])
    assert [row[0] for row in rows] == list(graph.readers)
    assert [row.count("x") for row in rows] == list(graph.visible)


def test_the_tasks_are_told_in_their_own_words():
    rows = {
        re.sub(r"^\[(.+)\]\(\1\.md\)$", r"\1", row["task"]): row
        for row in table(DOCS / "tasks" / "index.md", "# Tasks")
    }
    told = {name: (row["what"], row["metric"], row["corruptions"]) for name, row in rows.items()}
    assert told == {
        **{name: (task.what, task.metric, ", ".join(task.corruptions)) for name, task in TASKS.items()},
        **{name: (what, programs.METRIC, ", ".join(programs.CORRUPTIONS)) for name, what in PROGRAMS.items()},
    }
    assert all(model_for(name) in (None, row["model"]) for name, row in rows.items())


@pytest.mark.parametrize("name", [*TASKS, *PROGRAMS])
def test_a_task_has_a_page_that_tells_its_corruptions(name):
    corruptions = TASKS[name].corruptions if name in TASKS else programs.CORRUPTIONS
    rows = table(DOCS / "tasks" / f"{name}.md", "## Corruptions")
    assert {row["corruption"]: row["what it changes"] for row in rows} == corruptions


@pytest.mark.parametrize("path", sorted(published.FOLDER.iterdir()), ids=lambda path: path.stem)
def test_a_published_circuit_is_shown_on_its_task_s_page(path):
    circuit = json.loads(path.read_text())
    page = (DOCS / "tasks" / f"{circuit['task']}.md").read_text()
    assert f"{len(circuit['edges'])} edges" in " ".join(page.split())
    assert f"]({path.stem}.svg)" in page


def pre_commit_hooks():
    [repo] = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    return repo["hooks"]


def test_pre_commit_runs_the_versions_that_the_workshop_has():
    pinned = (ROOT / "constraints.txt").read_text().splitlines()
    asked = [tool for hook in pre_commit_hooks() for tool in hook["additional_dependencies"]]
    assert {tool.partition("==")[0] for tool in asked} == {"ruff", "pyright"}
    assert set(asked) <= set(pinned)


def test_pre_commit_runs_what_make_check_runs():
    checks = re.search(r"^check:.*\n((?:\t.+\n)+)", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    assert checks
    commands = re.findall(r"\$\(BIN\)/(ruff \w+|\w+)", checks.group(1))
    assert [re.sub(r" --.*", "", hook["entry"]) for hook in pre_commit_hooks()] == commands
