"""Learning a mask that was broken off goes on as if it had not been; what is left is of that run alone."""

from dataclasses import replace

import pytest
import torch

from edgewise.checkpoint import Checkpoint
from edgewise.errors import BadInput, Stopped
from edgewise.masks.log import Log
from edgewise.masks.training import Training
from edgewise.run import run
from edgewise.run_folder import FILES, TRAINING
from learning_cases import STAGES, STEPS, asked, contents_of, lines_of


class Broken:
    """Breaks learning off in the step after so many."""

    def __init__(self, monkeypatch, after, error=KeyboardInterrupt):
        self.left, self.error, self.step = after, error, Training.step
        monkeypatch.setattr(Training, "step", lambda training: self(training))

    def __call__(self, training):
        if not self.left:
            raise self.error
        self.left -= 1
        return self.step(training)


BETWEEN_SAVES = "edgewise.masks.training.SECONDS_BETWEEN_SAVES"


AFTER = [(name, after) for name, stages in STAGES.items() for after in range(0, STEPS * len(stages), 3)]


@pytest.mark.parametrize(
    ("method", "after", "seconds"),
    [(*each, 0.0) for each in AFTER] + [(name, 3, 1e9) for name in STAGES],
)
def test_a_run_that_was_broken_off_ends_as_if_it_had_not_been(
    home, tmp_path, method, after, seconds, monkeypatch
):
    """Saved after every step, or at the beginning of a stage alone."""
    monkeypatch.setattr(BETWEEN_SAVES, seconds)
    request = asked(home, tmp_path / "run", method)
    with monkeypatch.context() as broken:
        Broken(broken, after)
        with pytest.raises(Stopped, match="the same again goes on from there"):
            run(request)
    assert set(contents_of(tmp_path / "run")) == {"checkpoint/state.safetensors", f"checkpoint/{TRAINING}"}
    whole = whole_run(home, method)
    counted = Broken(monkeypatch, 1000)
    found = run(request)
    steps = STEPS * len(STAGES[method])
    assert 1000 - counted.left == (steps - after if seconds == 0 else steps)
    assert torch.equal(found.scores.values, whole.scores.values)
    assert (found.scores.chosen, found.circuit) == (whole.scores.chosen, whole.circuit)
    assert lines_of(found.training) == lines_of(whole.training)
    assert set(contents_of(tmp_path / "run")) == {*FILES, TRAINING}


@pytest.mark.parametrize("after", [STEPS, STEPS + 2])
def test_a_run_that_was_broken_off_in_its_second_try_goes_on_with_that(home, tmp_path, after, monkeypatch):
    monkeypatch.setattr(BETWEEN_SAVES, 0.0)
    # Nearly all gates are shut from the beginning.
    tries = {"hold": 1e-9, "tries": 2, "mean": -5.0}
    whole = run(asked(home, tmp_path / "whole", "edge-pruning", options=tries))
    again = asked(home, tmp_path / "run", "edge-pruning", options=tries)
    with monkeypatch.context() as broken:
        Broken(broken, after)
        with pytest.raises(Stopped):
            run(again)
    counted = Broken(monkeypatch, 1000)
    found = run(again)
    assert 1000 - counted.left == 2 * STEPS - after
    assert found.scores == whole.scores
    assert lines_of(found.training) == lines_of(whole.training)
    assert {each["stage"] for each in lines_of(found.training)} == {"the mask", "the mask, try 2"}


WHOLE = {}


def whole_run(home, method):
    if (home, method) not in WHOLE:
        WHOLE[home, method] = run(asked(home, f"whole-{method}", method))
    return WHOLE[home, method]


def test_steps_that_were_told_after_the_last_save_are_told_again_and_lines_that_were_cut_off_go(tmp_path):
    log = Log(tmp_path / TRAINING)
    log.begin("one", 0)
    for step in (1, 2, 3):
        log.tell(step, {"loss": 0.5 * step})
    log.begin("two", 0)
    log.tell(1, {"loss": 2.0})
    with open(log.path, "a") as file:
        file.write('{"stage": "two", "st')
    again = Log(tmp_path / TRAINING)
    again.begin("one", 2)
    assert lines_of(log.path.read_text()) == [
        {"stage": "one", "step": 1, "loss": 0.5},
        {"stage": "one", "step": 2, "loss": 1.0},
    ]
    again.tell(3, {"loss": 1.5})
    again.tell(3, {"rounded loss": 1.6})
    again.begin("two", 0)
    assert [each["step"] for each in lines_of(log.path.read_text())] == [1, 2, 3, 3]
    # Killed before what a stage came to was saved: it is told again.
    third = Log(tmp_path / TRAINING)
    third.begin("one", 3)
    third.tell(3, {"rounded loss": 1.6})
    assert [each["step"] for each in lines_of(log.path.read_text())] == [1, 2, 3, 3]


def test_what_is_left_of_a_broken_run_is_of_that_run_alone(home, tmp_path, monkeypatch):
    plain = asked(home, tmp_path / "run", "subnetwork-probing")
    with monkeypatch.context() as patched:
        Broken(patched, 2)
        with pytest.raises(Stopped):
            run(replace(plain, options={"steps": 20}))
    there = r"is the checkpoint of another run: other option steps \(20 there, 30 here\)"
    with pytest.raises(BadInput, match=there):
        run(replace(plain, options={"steps": 30}))
    with pytest.raises(BadInput, match=r"other method \(subnetwork-probing there, eap here\)"):
        run(asked(home, tmp_path / "run", "eap"))
    with pytest.raises(BadInput, match="holds the unfinished work of another run"):
        run(asked(home, tmp_path / "run", "weight-gradients"))
    # Begun anew, the lines of the other run are gone.
    few = replace(plain, options={"steps": 2}, overwrite=True)
    assert [each["step"] for each in lines_of(run(few).training)] == [1, 2, 2]


def test_what_a_broken_run_told_is_not_taken_for_what_a_run_of_another_method_tells(
    home, tmp_path, monkeypatch
):
    with monkeypatch.context() as patched:
        Broken(patched, 2)
        with pytest.raises(Stopped):
            run(asked(home, tmp_path / "run", "ugs"))
    found = run(asked(home, tmp_path / "run", "activation-patching", overwrite=True))
    assert found.training == ""
    assert set(contents_of(tmp_path / "run")) == set(FILES)


def test_two_parts_of_a_checkpoint_do_not_see_each_other_and_what_is_beside_them_stays(tmp_path):
    whole = Checkpoint(tmp_path, {"steps": 20})
    one, other = whole.part("one"), whole.part("other")
    one.save({"mask": torch.ones(2)})
    assert other.load() == {}
    assert one.load()["mask"].tolist() == [1, 1]
    assert whole.load().keys() == {"one/mask"}
    beside = whole.beside(whole.load())
    beside.part("other").save({"mask": torch.zeros(3), "done": torch.tensor(4)})
    assert one.load().keys() == {"mask"}
    assert {name: len(each) for name, each in other.load().items() if each.ndim} == {"mask": 3}
    assert whole.part("on").load() == {}
    with pytest.raises(BadInput, match=r"other steps \(20 there, 30 here\)"):
        Checkpoint(tmp_path, {"steps": 30}).part("one").load()
    assert one.has_own()
    other.remove()
    assert not tmp_path.exists() or not list(tmp_path.iterdir())
