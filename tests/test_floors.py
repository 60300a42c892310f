"""The house has floors: a file imports from its own and those below, never upwards, and never in a circle."""

import ast
from functools import cache
from pathlib import Path

import pytest

import edgewise

ROOT = Path(edgewise.__file__).parent

FLOORS = [
    "launched errors distributed recognised files progress checkpoint bounds names",
    "models",
    "graph",
    "paths edges views html_views pruning storage",
    "circuit edge_set",
    "components",
    "patching",
    "zoo",
    "tasks",
    "masks",
    "methods evaluation formats reports costs",
    "pictures pages",
    "discovery unit_discovery request verb_requests",
    "planning",
    "edges_from resampling selection",
    "known_from",
    "run_files run_folder units_folder",
    "meaning",
    "validation",
    "run_page run",
    "evaluate_checks evaluate_run stability_run compare_run",
    "units_run export_run view_run plot_checks plot_run bench",
    "completion usage stopping telling command screens judging_screens plan_screen cli",
    "__init__ __main__",
]
"""From the ground to the top: files and folders of the package."""
HEIGHT = {name: height for height, names in enumerate(FLOORS) for name in names.split()}
FILES = sorted(ROOT.rglob("*.py"))


def module_of(path: Path) -> str:
    """The file's name as it is imported, without `edgewise.`; a package's is its folder's."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


MODULES = {module_of(path): path for path in FILES}


@cache
def imports_of(module: str) -> list[str]:
    """The files of the package that a file names anywhere in it, type checking included."""
    found: list[str] = []
    for node in ast.walk(ast.parse(MODULES[module].read_text())):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{module} imports by a relative path"
            inside = [f"{node.module}.{alias.name}" for alias in node.names]
            found += [
                name if name.removeprefix("edgewise.") in MODULES else node.module or "" for name in inside
            ]
    ours = {name.removeprefix("edgewise.") for name in found if name.startswith("edgewise.")}
    return sorted(ours | ({"__init__"} if "edgewise" in found else set()))


def floor_of(module: str) -> int:
    return HEIGHT[module.partition(".")[0]]


@pytest.mark.parametrize("module", MODULES)
def test_no_file_imports_from_a_floor_above_its_own(module):
    assert module.partition(".")[0] in HEIGHT, "give the new file a floor"
    climbing = [name for name in imports_of(module) if floor_of(name) > floor_of(module)]
    assert climbing == []


def test_no_files_import_one_another_in_a_circle():
    finished: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, " -> ".join((*path[path.index(module) :], module))
        if module in finished:
            return
        for name in imports_of(module):
            visit(name, (*path, module))
        finished.add(module)

    for module in MODULES:
        visit(module, ())


def test_every_import_names_a_file_of_the_package():
    assert {name for module in MODULES for name in imports_of(module)} <= set(MODULES)


def test_every_floor_is_lived_on():
    assert {module.partition(".")[0] for module in MODULES} == set(HEIGHT)


def test_every_file_opens_with_what_it_is_for():
    for path in FILES:
        assert path.stat().st_size == 0 or ast.get_docstring(ast.parse(path.read_text())), path
