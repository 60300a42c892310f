"""The file of a mask of units: what is saved is loaded, and what is wrong with one is told, all at once."""

import json

import pytest
import safetensors.torch
import torch

import edgewise as ew
from edgewise.errors import BrokenFile

NUMBERS = {"a_weight": torch.tensor([[0.5, 1.0], [0.25, 0.0]]), "b_weight": torch.tensor([1.0, 0.75])}
HEADER = {
    "format": "edgewise units",
    "version": 1,
    "grain": "weights",
    "chosen": 3,
    "settled_loss": 0.125,
    "loss": 0.25,
    "names": ["b_weight", "a_weight"],
}
WITHOUT = object()


def units_of(grain="weights", numbers=NUMBERS, chosen=3, settled_loss=0.125, loss=0.25):
    return ew.Units(grain, {name: numbers[name] for name in reversed(numbers)}, chosen, settled_loss, loss)


def written(path, tensors=NUMBERS, metadata=None, **changed):
    """A file with another header, or other tensors, than those that are saved."""
    header = {name: value for name, value in {**HEADER, **changed}.items() if value is not WITHOUT}
    given = {"edgewise": json.dumps(header) if metadata is None else metadata}
    path.write_bytes(safetensors.torch.save(tensors, given))
    return path


def problems_of(path):
    with pytest.raises(BrokenFile) as caught:
        ew.Units.load(path)
    assert all(str(path) in problem for problem in caught.value.problems)
    return [problem.removeprefix(f"{path}: ") for problem in caught.value.problems]


def test_what_is_saved_is_loaded_and_its_bytes_are_those_of_its_header(tmp_path):
    path = tmp_path / "units.safetensors"
    units_of().save(path)
    assert ew.Units.load(path) == units_of()
    assert list(ew.Units.load(path).numbers) == ["b_weight", "a_weight"]
    assert path.read_bytes() == written(tmp_path / "the same").read_bytes()


@pytest.mark.parametrize(
    "changed",
    [
        {"grain": "neurons"},
        {"numbers": {**NUMBERS, "b_weight": torch.tensor([1.0, 0.5])}},
        {"numbers": {**NUMBERS, "b_weight": torch.tensor([1.0, 0.75, 0.0])}},
        {"numbers": {"a_weight": NUMBERS["a_weight"], "c_weight": NUMBERS["b_weight"]}},
        {"numbers": {name: NUMBERS[name] for name in reversed(NUMBERS)}},
        {"numbers": {"b_weight": NUMBERS["b_weight"]}},
        {"chosen": 2},
        {"settled_loss": 0.5},
        {"loss": 0.5},
    ],
)
def test_units_are_equal_where_everything_of_them_is(changed):
    assert units_of() == units_of(numbers={name: each.clone() for name, each in NUMBERS.items()})
    assert units_of() != units_of(**changed)
    assert units_of(**changed) != units_of()


def test_units_are_equal_to_nothing_else_and_cannot_be_hashed():
    assert units_of() != "units"
    assert units_of().__eq__(NUMBERS) is NotImplemented
    with pytest.raises(TypeError, match="unhashable type: 'Units'"):
        hash(units_of())


IN_NAMES = "'names' must hold the name of each of its tensors once. Got "
CHOSEN = "'chosen', how many units are kept, must be a whole number from 0 to 6, the units in it. Got "
KNOWN = "Known: channels, neurons, stream, weights."


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"names": 3}, "'names' must be a list of the names of its tensors. Got 3."),
        (
            {"names": ["a_weight", 3]},
            "'names' must be a list of the names of its tensors. Got ['a_weight', 3].",
        ),
        ({"names": WITHOUT}, "'names' must be a list of the names of its tensors. Got None."),
        ({"names": ["a_weight"]}, f"{IN_NAMES}tensors without a name: b_weight."),
        ({"names": [*NUMBERS, "c"]}, f"{IN_NAMES}names without a tensor: c."),
        ({"names": [*NUMBERS, "a_weight"]}, f"{IN_NAMES}names that stand there again: a_weight."),
        (
            {"names": ["c"]},
            f"{IN_NAMES}names without a tensor: c; tensors without a name: a_weight, b_weight.",
        ),
        ({"chosen": "x"}, f"{CHOSEN}'x'."),
        ({"chosen": 10**9}, f"{CHOSEN}1000000000."),
        ({"chosen": 7}, f"{CHOSEN}7."),
        ({"chosen": -1}, f"{CHOSEN}-1."),
        ({"chosen": True}, f"{CHOSEN}True."),
        ({"chosen": 2.0}, f"{CHOSEN}2.0."),
        ({"chosen": WITHOUT}, f"{CHOSEN}None."),
        ({"grain": "weight"}, f"unknown grain 'weight'. Did you mean 'weights'? {KNOWN}"),
        ({"grain": 3}, f"the name of the grain was needed, as text. Got a whole number. {KNOWN}"),
        ({"loss": float("nan")}, "'loss' must be a finite number. Got nan."),
        ({"loss": float("inf")}, "'loss' must be a finite number. Got inf."),
        ({"settled_loss": float("nan")}, "'settled_loss' must be a finite number. Got nan."),
        ({"settled_loss": "x"}, "'settled_loss' must be a finite number. Got 'x'."),
        ({"settled_loss": WITHOUT}, "'settled_loss' must be a finite number. Got None."),
        ({"loss": False}, "'loss' must be a finite number. Got False."),
        ({"version": 2}, "edgewise units, version 1, was needed. Got version 2."),
    ],
)
def test_a_header_that_is_wrong_is_refused_with_what_was_needed_and_what_came(changed, said, tmp_path):
    assert problems_of(written(tmp_path / "units.safetensors", **changed)) == [said]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (torch.tensor([0.5, torch.nan]), "float32"),
        (torch.tensor([0.5, 1.5]), "float32"),
        (torch.tensor([-0.5, 1.0], dtype=torch.float64), "float64"),
        (torch.tensor([0, 1]), "int64"),
        (torch.tensor([True, False]), "bool"),
    ],
)
def test_tensors_that_no_gates_could_have_are_refused(values, kind, tmp_path):
    path = written(tmp_path / "units.safetensors", {**NUMBERS, "b_weight": values})
    needed = "numbers from 0 to 1 were needed in every tensor."
    assert problems_of(path) == [f"{needed} Got others in b_weight ({kind})."]


@pytest.mark.parametrize("tensors", [{}, {"stream": torch.ones(0)}])
def test_a_file_without_units_is_refused(tensors, tmp_path):
    path = written(tmp_path / "units.safetensors", tensors, names=list(tensors), chosen=0)
    assert problems_of(path) == ["a number for at least one unit was needed. Got none."]


def test_all_that_is_wrong_with_a_file_is_told_at_once(tmp_path):
    path = written(tmp_path / "units.safetensors", grain="head", names=3, chosen="x", loss=None)
    assert [problem.split(" must be")[0][:20] for problem in problems_of(path)] == [
        "unknown grain 'head'",
        "'names'",
        "'chosen', how many u",
        "'loss'",
    ]


@pytest.mark.parametrize("metadata", ["{", '{"format": 1, "format": 2}', "[" * 10**5, "1" * 5000])
def test_metadata_that_is_no_json_is_refused(metadata, tmp_path):
    path = written(tmp_path / "units.safetensors", metadata=metadata)
    [problem] = problems_of(path)
    assert problem.startswith(f"{path} could not be read as units: ")


@pytest.mark.parametrize("metadata", ["3", "null", "[]", '{"format": "edgewise scores"}'])
def test_metadata_of_something_else_is_refused(metadata, tmp_path):
    [problem] = problems_of(written(tmp_path / "units.safetensors", metadata=metadata))
    assert problem.startswith("edgewise units, version 1, was needed.")


def test_a_folder_is_no_file_of_units_and_is_told_apart(tmp_path):
    (tmp_path / "units.json").write_text("{}")
    for place, what in ((tmp_path, "the folder of a mask of units: "), (tmp_path.parent, "a folder.")):
        with pytest.raises(BrokenFile) as caught:
            ew.Units.load(place)
        needed = f"{place} could not be read as units: a units.safetensors was needed. It is {what}"
        assert str(caught.value).startswith(needed)
