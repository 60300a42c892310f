"""Whoever gives a file to the wrong function is told what it is and which function reads it."""

import json

import pytest
import torch

import edgewise as ew
from edgewise.errors import BadInput
from edgewise.formats import FORMATS, edge_list, export, mib, mib_pt, native, taggart
from edgewise.recognised import recognised
from tiny_runs import make_run


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder with a run and its exports, each called as its format."""
    folder = make_run(tmp_path_factory.mktemp("home"))
    run = ew.load_run(folder / "run")
    for name in FORMATS:
        export(name, folder / name, run.scores, run.circuit, width=16)
    (folder / "empty").mkdir()
    (folder / "other.json").write_text("[1]")
    ew.Units("stream", {"stream": torch.ones(2)}, 1, 0.5, 0.5).save(folder / "units.safetensors")
    return folder


READS = {
    "run": "ew.load_run",
    "run/run.json": "ew.load_run",
    "run/scores.safetensors": "ew.Scores.load",
    "run/circuit.json": "ew.Circuit.load",
    "model": "ew.load",
    "native": "edgewise.formats.native.read",
    "mib": "edgewise.formats.mib.read",
    "mib-pt": "edgewise.formats.mib_pt.read",
    "csv": "edgewise.formats.edge_list.read",
    "taggart": "edgewise.formats.taggart.read",
    "run/circuit.txt": "ew.load_run",
    "units.safetensors": "ew.Units.load",
}
"""Of each file, the function that reads it."""


@pytest.mark.parametrize(("file", "reader"), READS.items())
def test_a_file_is_recognised_by_what_is_in_it(home, file, reader):
    assert f": {reader} reads " in recognised(home / file)
    assert recognised(home / file, asked=reader) == ""


def test_what_is_of_no_known_kind_is_not_made_one(home):
    assert recognised(home / "empty") == " It is a folder."
    assert recognised(home / "other.json") == " It is JSON."
    assert recognised(home / "prompts.jsonl") == recognised(home / "nowhere") == ""


@pytest.mark.parametrize("file", READS)
def test_every_reader_of_another_file_says_which_function_reads_it(home, file):
    graph = ew.load_run(home / "run").circuit.graph
    readers = {
        "ew.Scores.load": ew.Scores.load,
        "ew.Circuit.load": ew.Circuit.load,
        "ew.Units.load": ew.Units.load,
        "edgewise.formats.mib.read": mib.read,
        "edgewise.formats.mib_pt.read": mib_pt.read,
        "edgewise.formats.edge_list.read": lambda path: edge_list.read(path, graph),
        "edgewise.formats.taggart.read": lambda path: taggart.read(path, graph),
    }
    for name, read in readers.items():
        if name == READS[file]:
            read(home / file)
            continue
        with pytest.raises(BadInput) as caught:
            read(home / file)
        (problem,) = caught.value.problems
        assert str(home / file) in problem
        assert READS[file] in problem
        assert "weights_only" not in problem


def test_the_folder_of_a_mask_of_units_is_told_with_the_file_to_read(tmp_path):
    (tmp_path / "units.json").write_text('{"format": "edgewise units run"}')
    for place in (tmp_path, tmp_path / "units.json"):
        with pytest.raises(BadInput, match=r"ew\.Units\.load reads units\.safetensors"):
            ew.Units.load(place)


def test_scores_that_are_cut_off_are_not_sent_back_to_the_same_function(home):
    whole = (home / "native" / native.SCORES).read_bytes()
    (home / "cut").write_bytes(whole[:-5])
    with pytest.raises(BadInput) as caught:
        ew.Scores.load(home / "cut")
    assert "Scores.load" not in str(caught.value)
    assert json.loads((home / "other.json").read_text()) == [1]
