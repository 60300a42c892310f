"""A sum over examples that was broken off goes on from the examples that are in it."""

import pytest

import edgewise as ew
from edgewise.checkpoint import STATE
from edgewise.errors import BadInput, Stopped
from edgewise.methods import METHODS, gradients
from edgewise.methods.options import own_options, takes
from edgewise.methods.scorers import SCORERS
from edgewise.tasks import sums
from gradient_cases import same_as_float32
from node_cases import tiny_pairs
from tiny_models import tiny_model

LENGTHS = (7, 5, 7, 7, 5)
BY_EXAMPLES = [
    name
    for name in SCORERS
    if takes(METHODS[name].discover, "checkpoint") and name not in ("acdc", "activation-patching")
]


@pytest.fixture
def model():
    return tiny_model("plain")


@pytest.fixture
def pairs():
    return tiny_pairs(LENGTHS)


class Going:
    """The examples that a sum goes through, and how many of them before it is broken off."""

    def __init__(self) -> None:
        self.seen: list[int] = []
        self.most = 1_000

    def look(self, values, model, batch):
        if len(self.seen) >= self.most:
            raise KeyboardInterrupt
        self.seen += batch.index.tolist()


@pytest.fixture
def going(monkeypatch):
    """Every batch is kept."""
    going = Going()
    monkeypatch.setattr(sums, "require_finite", going.look)
    monkeypatch.setattr(sums, "SECONDS_BETWEEN_SAVES", -1)
    return going


def broken_off(going, folder, most, method, model, pairs, **options):
    """After so many examples; what the user is told."""
    going.most = most
    with pytest.raises(Stopped) as stopped:
        ew.discover(model, pairs, method, batch_size=2, checkpoint=folder, **options)
    going.most = 1_000
    return str(stopped.value)


def test_every_method_that_goes_through_examples_can_be_kept_but_that_by_weights():
    assert len(BY_EXAMPLES) == 11
    kept = {name for name in SCORERS if takes(METHODS[name].discover, "checkpoint")}
    assert set(SCORERS) - kept == {"weight-gradients"}


@pytest.mark.parametrize("method", BY_EXAMPLES)
def test_a_method_that_was_broken_off_goes_through_the_rest_and_comes_to_the_same(
    method, model, pairs, going, tmp_path
):
    options = {"steps": 2} if "steps" in own_options(METHODS[method].discover) else {}
    whole = ew.discover(model, pairs, method, batch_size=2, **options)
    going.seen.clear()
    told = broken_off(going, tmp_path / "kept", 3, method, model, pairs, **options)
    assert str(tmp_path / "kept") in told
    first, going.seen = going.seen, []
    assert 3 <= len(first) < len(pairs)
    # Batches may be of another size then.
    with pytest.raises(BadInput, match="other batch size"):
        ew.discover(model, pairs, method, batch_size=1, checkpoint=tmp_path / "kept", **options)
    again = ew.discover(model, pairs, method, batch_size=2, checkpoint=tmp_path / "kept", **options)
    assert sorted(first + going.seen) == [*range(len(pairs))]
    same_as_float32(again.values, whole.values)
    assert not (tmp_path / "kept").exists()


def test_what_goes_layer_by_layer_does_no_layer_twice(model, pairs, going, tmp_path):
    whole = ew.discover(model, pairs, "eap", batch_size=2, drop=True)
    layers, every = model.config.layers, len(going.seen)
    assert every == layers * len(pairs)
    going.seen.clear()
    broken_off(going, tmp_path, every - 2, "eap", model, pairs, drop=True)
    first = len(going.seen)
    again = ew.discover(model, pairs, "eap", batch_size=2, drop=True, checkpoint=tmp_path)
    assert len(going.seen) == every
    assert every - len(pairs) < first < every
    same_as_float32(again.values, whole.values)


def stopped(*_):
    raise KeyboardInterrupt


def test_what_goes_on_says_after_how_many_batches_and_its_end_is_kept_too(
    model, pairs, going, tmp_path, capsys, monkeypatch
):
    broken_off(going, tmp_path, 3, "eap", model, pairs)
    monkeypatch.setattr(sums, "SECONDS_BETWEEN_SAVES", 20.0)
    with monkeypatch.context() as broken:
        broken.setattr(gradients, "Scores", stopped)
        with pytest.raises(Stopped):
            ew.discover(model, pairs, "eap", batch_size=2, checkpoint=tmp_path, progress=True)
    assert "scoring edges: going on after 2 of 3 batches" in capsys.readouterr().err
    going.seen.clear()
    ew.discover(model, pairs, "eap", batch_size=2, checkpoint=tmp_path)
    assert not going.seen


def test_a_short_run_keeps_nothing(model, pairs, going, tmp_path, monkeypatch):
    monkeypatch.setattr(sums, "SECONDS_BETWEEN_SAVES", 20.0)
    going.most = 3
    with pytest.raises(KeyboardInterrupt):
        ew.discover(model, pairs, "eap", batch_size=2, checkpoint=tmp_path)
    assert not (tmp_path / STATE).exists()


def test_what_was_kept_is_refused_by_another_method(model, pairs, going, tmp_path):
    broken_off(going, tmp_path, 3, "eap", model, pairs)
    with pytest.raises(BadInput, match=r"checkpoint of another run: other method \(eap there, gim here\)"):
        ew.discover(model, pairs, "gim", batch_size=2, checkpoint=tmp_path)
    assert (tmp_path / STATE).is_file()
