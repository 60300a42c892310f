"""edgewise's own files: what is saved is loaded, its bytes are known, and what is wrong with one is told."""

from __future__ import annotations

import json

import pytest
import torch
from hypothesis import given

from edgewise.circuit import Circuit, Scores
from edgewise.errors import BadInput, BrokenFile
from edgewise.formats import native
from edgewise.graph import Graph
from graphs import SMALL, graphs, seeds, small_scores, some_circuit, some_scores


@given(seed=seeds, graph=graphs)
def test_what_is_saved_is_loaded(seed: int, graph: Graph, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("saved")
    scores, circuit = some_scores(graph, seed), some_circuit(graph, seed)
    scores.save(folder / "scores.safetensors")
    loaded = Scores.load(folder / "scores.safetensors")
    assert loaded == scores
    assert loaded.values.dtype == scores.values.dtype
    for each in (circuit, circuit.prune()):
        each.save(folder / "circuit.json")
        back = Circuit.load(folder / "circuit.json")
        assert (back, back.selected) == (each, each.selected)


CIRCUIT_JSON = """{
 "format": "edgewise circuit",
 "version": 1,
 "graph": {
  "layers": 1,
  "heads": 1,
  "key_readers": 1,
  "mlps": true,
  "parallel": false,
  "embeddings": [
   "embed"
  ]
 },
 "selected": 2,
 "edges": [
  "embed->logits"
 ]
}
"""


def test_the_bytes_of_a_circuit_file_are_these(tmp_path) -> None:
    Circuit.of(SMALL, ["embed->logits", "m0->logits"]).prune().save(tmp_path / "circuit.json")
    assert (tmp_path / "circuit.json").read_text() == CIRCUIT_JSON


def test_the_bytes_of_a_scores_file_are_these(tmp_path) -> None:
    path = tmp_path / "scores.safetensors"
    small_scores().save(path)
    content = path.read_bytes()
    metadata = (
        '{"format": "edgewise scores", "version": 1, "graph": {"layers": 1, "heads": 1, "key_readers": 1, '
        '"mlps": true, "parallel": false, "embeddings": ["embed"]}}'
    )
    tensor = '{"dtype":"F32","shape":[5,3],"data_offsets":[0,60]}'
    header = f'{{"__metadata__":{{"edgewise":{json.dumps(metadata)}}},"scores":{tensor}}}'
    assert content[8:-60].decode().rstrip() == header
    assert content[-60:] == small_scores().values.numpy().tobytes()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            '"version": 1',
            '"version": 2',
            "is version 2 of edgewise circuit, and this edgewise reads up to 1. Update edgewise.",
        ),
        ('"version": 1', '"version": "x"', ": 'version' must be a whole number from 1. Got 'x'."),
        ("edgewise circuit", "something", "does not hold edgewise circuit."),
        (
            '"layers": 1',
            '"layers": 0, "depth": 1',
            ': \'graph\' does not describe a graph. Got {"layers": 0, "depth": 1',
        ),
        ('"layers": 1', '"layers": -1', ": 'graph' does not describe a graph. Got {\"layers\": -1"),
        (
            '"key_readers": 1',
            '"key_readers": 2',
            ': \'graph\' does not describe a graph. Got {"layers": 1, "heads": 1, "key_readers": 2',
        ),
        ('"embed->logits"', '"embed->output"', ": 'embed->output': this graph has no reader 'output'."),
        ('"embed->logits"', "7", ": 'edges' must be a list of edge names."),
        ('"selected": 2', '"selected": "two"', ": 'selected' must be a number of edges or null. Got 'two'."),
        ('"selected": 2,', '"selected": 2', "line 15, column 2: not JSON"),
        ('"selected": 2', '"selected": true', ": 'selected' must be a number of edges or null. Got True."),
        (
            '"selected": 2',
            '"selected": 0',
            "must be from 1, those it holds, to 8, those of its graph. Got 0.",
        ),
        (
            '"selected": 2',
            '"selected": 9',
            "must be from 1, those it holds, to 8, those of its graph. Got 9.",
        ),
        ('"selected": 2', '"selected": 2, "selected": 2', "the key 'selected' stands there more than once"),
    ],
)
def test_a_circuit_file_that_is_not_one_is_refused_with_the_reason(
    tmp_path, old: str, new: str, message: str
) -> None:
    path = tmp_path / "circuit.json"
    path.write_text(CIRCUIT_JSON.replace(old, new))
    with pytest.raises(BrokenFile) as caught:
        Circuit.load(path)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_scores_file_that_is_not_one_is_refused_with_the_reason(tmp_path) -> None:
    path = tmp_path / "scores.safetensors"
    with pytest.raises(BrokenFile, match=r"could not be read as scores: No such file"):
        Scores.load(path)
    path.write_bytes(b"not safetensors at all")
    with pytest.raises(BrokenFile, match="could not be read as scores"):
        Scores.load(path)
    small_scores().save(path)
    path.write_bytes(path.read_bytes().replace(rb"\"layers\": 1", rb"\"layers\": 2"))
    with pytest.raises(BrokenFile, match=r"scores over .* must be"):
        Scores.load(path)


def test_a_file_in_the_place_of_our_folder_is_told_what_it_is(tmp_path) -> None:
    native.write(tmp_path / "folder", small_scores(), Circuit.full(SMALL))
    file = tmp_path / "folder" / "circuit.json"
    with pytest.raises(BadInput) as caught:
        native.read(file)
    assert str(caught.value) == (
        f"a folder with scores.safetensors and circuit.json was needed. {file} is a file. "
        "It is a circuit: ew.Circuit.load reads it."
    )


def test_scores_and_circuit_of_two_graphs_in_one_folder_are_refused_by_both_files(tmp_path) -> None:
    native.write(tmp_path, small_scores(), Circuit.full(SMALL))
    other = Graph(2, 2, 2)
    Scores(other, torch.zeros(other.shape)).save(tmp_path / "scores.safetensors")
    with pytest.raises(BrokenFile) as caught:
        native.read(tmp_path)
    assert str(caught.value).startswith(
        f"{tmp_path / 'scores.safetensors'} and {tmp_path / 'circuit.json'} must be of one graph. Got one of "
        "2 layers x 2 heads"
    )
