"""What training tells: lines, what is left of them when it was broken off, and TensorBoard."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from edgewise.errors import BadInput
from edgewise.masks.log import NO_LOG, Log


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def steps(path: Path) -> list[tuple[str, int]]:
    return [(line["stage"], line["step"]) for line in lines(path)]


def told(path: Path, *stages: tuple[str, int]) -> Log:
    """The log of stages with so many steps each, one after another."""
    log = Log(path)
    for stage, count in stages:
        log.begin(stage, 0)
        for step in range(1, count + 1):
            log.tell(step, {"loss": 1 / step})
    log.end()
    return log


def test_every_line_is_an_object_with_stage_and_step(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "er" / "log.jsonl"
    log = Log(path)
    log.begin("the mask", 0)
    assert path.read_text() == ""
    log.tell(1, {"loss": 0.5, "edges": 12.0})
    log.tell(2, {"loss": 0.25, "note": "½"})
    log.begin("the adversary", 0)
    log.tell(1, {})
    assert path.read_bytes().endswith(b"\n")
    assert lines(path) == [
        {"stage": "the mask", "step": 1, "loss": 0.5, "edges": 12.0},
        {"stage": "the mask", "step": 2, "loss": 0.25, "note": "½"},
        {"stage": "the adversary", "step": 1},
    ]


def test_each_line_is_there_as_soon_as_it_is_told(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    log = Log(path)
    log.begin("the mask", 0)
    for step in range(1, 5):
        log.tell(step, {})
        assert steps(path)[-1] == ("the mask", step)


@pytest.mark.parametrize("done", [0, 1, 3, 5, 9])
def test_a_stage_that_goes_on_forgets_what_came_after_it_was_saved(tmp_path: Path, done: int) -> None:
    path = tmp_path / "log.jsonl"
    told(path, ("the mask", 5))
    log = Log(path)
    log.begin("the mask", done)
    assert steps(path) == [("the mask", step) for step in range(1, min(done, 5) + 1)]
    log.tell(done + 1, {})
    assert steps(path)[-1] == ("the mask", done + 1)


@pytest.mark.parametrize("cut", [1, 2, 10, 30])
def test_a_last_line_that_was_cut_off_is_taken_out(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "log.jsonl"
    told(path, ("the mask", 5))
    whole = path.read_text()
    path.write_text(whole[:-cut])
    log = Log(path)
    log.begin("the mask", 5)
    log.tell(6, {})
    # Without its end of line alone, nothing is lost.
    assert [step for _, step in steps(path)] == [1, 2, 3, 4, *([5] if cut == 1 else []), 6]


@pytest.mark.parametrize("line", ["", "{", "[1, 2]", "3", '"stage"', "null", "{}", '{"stage": "the mask"}'])
@pytest.mark.parametrize("where", [0, 2])
def test_lines_that_are_none_of_ours_are_taken_out(tmp_path: Path, line: str, where: int) -> None:
    path = tmp_path / "log.jsonl"
    told(path, ("the mask", 3))
    kept = path.read_text().splitlines()
    path.write_text("\n".join([*kept[:where], line, *kept[where:]]))
    Log(path).begin("the mask", 3)
    assert path.read_text().splitlines() == kept


def test_stages_that_are_complete_stay_and_those_to_come_go(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    told(path, ("layers", 4), ("the mask", 4), ("the adversary", 4))
    log = Log(path)
    # As `learn` does with a stage that is complete.
    log.stages.append("layers")
    log.begin("the mask", 2)
    expected = [("layers", step) for step in range(1, 5)] + [("the mask", 1), ("the mask", 2)]
    assert steps(path) == expected
    log.tell(3, {})
    log.begin("the adversary", 0)
    assert steps(path) == [*expected, ("the mask", 3)]


def test_a_first_stage_that_begins_anew_leaves_nothing_of_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    told(path, ("the mask", 4), ("the adversary", 4))
    Log(path).begin("the mask", 0)
    assert path.read_text() == ""
    assert list(tmp_path.iterdir()) == [path]


def test_broken_off_anywhere_the_log_is_that_of_training_at_once(tmp_path: Path) -> None:
    at_once, broken = tmp_path / "at once.jsonl", tmp_path / "broken.jsonl"
    told(at_once, ("layers", 3), ("the mask", 6))
    for killed in range(7):
        for done in range(killed + 1):
            broken.unlink(missing_ok=True)
            told(broken, ("layers", 3), ("the mask", killed))
            with broken.open("a") as file:
                file.write('{"stage": "the ma')
            log = Log(broken)
            log.stages.append("layers")
            log.begin("the mask", done)
            for step in range(done + 1, 7):
                log.tell(step, {"loss": 1 / step})
            assert broken.read_bytes() == at_once.read_bytes()


def test_no_path_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    log = Log(None)
    log.begin("the mask", 0)
    log.tell(1, {"loss": 1.0})
    log.end()
    assert NO_LOG.path is None
    assert list(tmp_path.iterdir()) == []


def test_without_tensorboard_it_is_told_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgewise.masks.log.find_spec", lambda name: None)
    with pytest.raises(
        BadInput, match=r"'tensorboard' needs the package tensorboard\. pip install 'edgewise"
    ):
        Log(tmp_path / "log.jsonl", str(tmp_path / "events"))
    Log(tmp_path / "log.jsonl")
    assert list(tmp_path.iterdir()) == []


class Writer:
    """As much of TensorBoard's as is used."""

    def __init__(self, folder: str) -> None:
        self.folder, self.scalars, self.flushed = folder, [], False

    def add_scalar(self, name: str, value: float, step: int) -> None:
        self.scalars.append((name, value, step))

    def flush(self) -> None:
        self.flushed = True


@pytest.mark.parametrize("with_file", [True, False])
def test_tensorboard_is_given_every_number_under_its_stage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, with_file: bool
) -> None:
    monkeypatch.setattr("edgewise.masks.log.find_spec", lambda name: object())
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", SimpleNamespace(SummaryWriter=Writer))
    log = Log(tmp_path / "log.jsonl" if with_file else None, "events")
    log.begin("the mask", 0)
    log.tell(5, {"loss": 0.5, "edges": 7.0})
    log.begin("the adversary", 0)
    log.tell(1, {"loss": 0.25})
    assert log.writer.folder == "events"
    assert log.writer.scalars == [
        ("the mask/loss", 0.5, 5),
        ("the mask/edges", 7.0, 5),
        ("the adversary/loss", 0.25, 1),
    ]
    assert not log.writer.flushed
    log.end()
    assert log.writer.flushed
    assert (tmp_path / "log.jsonl").exists() == with_file
