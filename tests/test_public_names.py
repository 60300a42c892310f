"""What `import edgewise` gives, and how quickly."""

import subprocess
import sys

import edgewise


def test_every_public_name_resolves_and_dir_shows_them():
    for name in edgewise.__all__:
        assert getattr(edgewise, name).__name__ == name
    assert {name for name in dir(edgewise) if not name.startswith("_")} == set(edgewise.__all__)


def test_the_public_names_are_exactly_these():
    assert edgewise.__all__ == sorted(edgewise.__all__)
    assert set(edgewise.__all__) == set(edgewise._HOMES)
    assert edgewise.__all__ == [
        "BadInput",
        "Circuit",
        "EdgewiseError",
        "Graph",
        "Pairs",
        "Replacements",
        "Scores",
        "Units",
        "agreement",
        "claims",
        "contributions",
        "curve",
        "discover",
        "edge_roc",
        "evaluate",
        "evaluate_units",
        "family_roc",
        "interpolated",
        "intervals_of",
        "learn_units",
        "load",
        "load_run",
        "node_roc",
        "patched_logits",
        "plan",
        "save_model",
        "scores_by_role",
        "scores_by_truth",
        "stability",
        "task",
        "together",
        "view",
        "youden_grid",
    ]


def test_a_name_that_is_not_there_is_an_attribute_error():
    assert not hasattr(edgewise, "discovr")


def in_a_fresh_python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_importing_takes_less_than_three_tenths_of_a_second_and_neither_torch_nor_transformers():
    code = (
        "import sys, time; start = time.perf_counter(); import edgewise; "
        "print(time.perf_counter() - start, *({'torch', 'transformers', 'numpy'} & set(sys.modules)))"
    )
    seconds = []
    for _ in range(3):
        taken, *heavy = in_a_fresh_python(code).split()
        assert heavy == []
        seconds.append(float(taken))
    assert min(seconds) < 0.3


def test_the_command_line_shows_its_help_without_torch():
    code = (
        "import sys\n"
        "from edgewise.cli import app\n"
        "try: app(['discover', '--help'])\n"
        "except SystemExit: pass\n"
        "print(*({'torch', 'transformers', 'numpy'} & set(sys.modules)), 'end')"
    )
    assert in_a_fresh_python(code).splitlines()[-1] == "end"
