"""The scripts of reproductions/ that write a page, run small: fewer prompts, steps, models, all sections."""

import argparse
import importlib
import json
import re
from functools import partial

import pytest
import torch
from benchmarks.shapes import gpt2_small
from reproductions import weight_gradients_cases
from reproductions.page import command, listed

import edgewise as ew
from edgewise import zoo

SCRIPTS = ("eap_paper", "weight_gradients", "acdc", "edge_pruning", "interpolation_descent")
OPTIONS = {
    "eap_paper": "--examples 8",
    "weight_gradients": "--examples 6",
    "acdc": "--examples 8 --models docstring tracr-reverse",
    "edge_pruning": "--sizes 8 16 24 --examples 8 --steps 6 --seeds 1",
    "interpolation_descent": "--models induction --seeds 1 --first-seed 7 --steps 6 --examples 8",
}
SOME_CASES = {
    name: weight_gradients_cases.CASES[name]
    for name in ("ioi-large, swapped", "docstring", "tracr-xproportion")
}
SMALLER = {
    "eap_paper": {
        "eap_paper.TAUS": (1e-3, 1e-1),
        "eap_paper.GRID_TAUS": (1e-2,),
        "eap_paper.VARIANTS": ("ioi-negative", "induction"),
        "eap.grid.GRID_TAUS": (1e-3, 1e-1),
        "eap.grid.SHARES": (0.1, 1.0),
    },
    "weight_gradients": {
        "weight_gradients.CASES": SOME_CASES,
        "weight_gradients_page.CASES": SOME_CASES,
        "weight_gradients_pros_and_cons.CASES": SOME_CASES,
    },
    "acdc": {
        "acdc_families.TAUS": (1e-3, 1e-1),
        "acdc_families.PRICES": (0.03, 0.3),
        "acdc_families.PROBING": {"steps": 6, "draws": 1, "trim": None, "hold": None},
    },
    "edge_pruning": {
        "edge_pruning.CASES": {"ioi": "corrupted", "tracr-reverse": "zero", "tracr-xproportion": "zero"},
        "pruning.efficiency.LARGEST": "ioi",
        "pruning.efficiency.TESTED": 16,
        "pruning.efficiency.WALKS": 4,
        "pruning.limitations.TESTED": 16,
        "pruning.limitations.CHANGES": [{}, {"mean": 0.0}],
        "pruning.limitations.gpt2_small": partial(gpt2_small, layers=1),
    },
    "interpolation_descent": {
        "interpolation_descent.SAMPLES": ("ioi-negative",),
        "iteration_cost.gpt2_small": partial(gpt2_small, layers=1),
    },
}
TABLES = {
    "eap_paper": [
        "figure 2",
        "variants",
        "figures 3 and 7",
        "figure 4a",
        "figures 4b and 9, docstring",
        "figure 6",
        "figure 10",
        "what agrees",
    ],
    "weight_gradients": ["tasks", "definitions", "heads", "halves", "all"],
    "acdc": ["pessimistic_auc", "rankings"],
    "edge_pruning": ["efficiency", "published", "grains", "settings", "known", "losses", "agreement"],
    "interpolation_descent": ["accuracy", "others", "his", "cost"],
}
"""By the keys of their numbers."""
CHARTS = {"eap_paper": 16, "weight_gradients": 5, "acdc": 3, "edge_pruning": 0, "interpolation_descent": 0}
PUBLISHED = {
    "eap_paper": ["| 0.904 |", "| 0.531 |"],
    "weight_gradients": ["most dissimilar token", "negative log-probability"],
    "acdc": ["(0.982)", "(0.577)"],
    "edge_pruning": ["| 18,783 |", "(published x "],
    "interpolation_descent": ["| 10 to 30 |", "about 15"],
}


LONG = ("eap_paper", "acdc", "edge_pruning", "interpolation_descent")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.long] * (name in LONG)) for name in SCRIPTS]
)
def test_a_script_makes_its_page_with_all_tables_pictures_and_published_numbers(name, tmp_path, monkeypatch):
    for place, value in SMALLER.get(name, {}).items():
        monkeypatch.setattr(f"reproductions.{place}", value)
    script = importlib.import_module(f"reproductions.{name}")
    script.main([*OPTIONS[name].split(), "--folder", str(tmp_path)])
    page = (tmp_path / f"{name}.md").read_text(encoding="utf-8")
    numbers = json.loads((tmp_path / name / "numbers.json").read_text(encoding="utf-8"))

    assert set(TABLES[name]) <= set(numbers)
    assert len(re.findall(r"^\| ---", page, re.MULTILINE)) == len(TABLES[name])
    for published in PUBLISHED[name]:
        assert published in page
    assert not re.search(r"\bnan\b", page, re.IGNORECASE)
    assert f"```shell\npython -m reproductions.{name} {OPTIONS[name]}\n```" in page

    charts = 0
    for link in re.findall(r"!\[.*?\]\((.*?)\)", page):
        picture = tmp_path / link
        if "Matplotlib" in picture.read_text(encoding="utf-8"):
            charts += 1
            assert json.loads(picture.with_suffix(".numbers.json").read_text(encoding="utf-8"))
    assert charts == CHARTS[name]


def test_a_program_s_pair_is_read_once_at_every_word_that_differs_and_has_both_words_as_answers():
    bundle = zoo.open_bundle("tracr-reverse")
    pairs = ew.task(bundle.task, bundle.model, seed=0)[:3]
    entries = list(weight_gradients_cases.with_answers(bundle.model, pairs))
    for pair in pairs:
        right, wrong = (
            bundle.model(torch.tensor([each]))[0].argmax(-1).tolist() for each in (pair.clean, pair.corrupted)
        )
        expected = [
            (place, right[place], wrong[place]) for place in pair.read if right[place] != wrong[place]
        ]
        of_pair = [entry for entry in entries if entry["clean"] == pair.clean]
        assert expected
        assert [(entry["position"], entry["correct"], entry["wrong"]) for entry in of_pair] == expected


def test_the_command_that_is_told_has_every_option_that_is_not_the_default():
    parser = argparse.ArgumentParser()
    parser.add_argument("--examples", type=int, default=100)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--models", nargs="+", default=["ioi"])
    parser.add_argument("--gpt2")
    parser.add_argument("--folder")
    told = partial(command, "acdc", parser)
    assert told(parser.parse_args(["--folder", "here"])) == "python -m reproductions.acdc"
    given = ["--gpt2", "my models/gpt2", "--models", "docstring", "ioi", "--first-seed", "5"]
    assert told(parser.parse_args(given)) == (
        "python -m reproductions.acdc --first-seed 5 --models docstring ioi --gpt2 'my models/gpt2'"
    )


def test_words_are_listed_as_in_a_sentence():
    assert [listed(words) for words in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]
