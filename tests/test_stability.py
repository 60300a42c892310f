"""Circuits of other draws of the examples: what is counted, what is drawn, and going on."""

import json
from itertools import combinations

import pytest

import edgewise as ew
from cli_cases import discover, edgewise, problems
from edgewise.circuit import Circuit
from edgewise.errors import BadInput
from edgewise.resampling import Stability, circuits_of_draws, resampled
from edgewise.selection import select
from graphs import SMALL, small_scores
from tiny_runs import entries, save_tiny_model, tiny_model, write_prompts


@pytest.fixture(scope="module")
def model():
    return tiny_model()


@pytest.fixture(scope="module")
def pairs(model):
    return ew.Pairs.from_list(entries(12), model)


def test_overlap_and_frequency_by_hand():
    sets = (["embed->logits", "m0->logits"], ["embed->logits"], ["embed->m0", "embed->logits"])
    found = Stability(tuple(Circuit.of(SMALL, edges) for edges in sets))
    assert found.overlaps == (pytest.approx(1 / 2), pytest.approx(1 / 3), pytest.approx(1 / 2))
    assert found.overlap == pytest.approx(4 / 9)
    assert found.frequency.of("embed->logits") == 1
    assert found.frequency.of("m0->logits") == pytest.approx(1 / 3)
    assert list(found.always) == ["embed->logits"]
    assert set(found.ever) == {"embed->logits", "m0->logits", "embed->m0"}
    told = found.to_dict()
    assert told["edges"] == [2, 1, 2]
    assert told["least_overlap"] == pytest.approx(1 / 3)
    assert next(iter(told["frequency"].items())) == ("embed->logits", 1)


def test_what_makes_no_stability_is_refused(model, pairs):
    one = small_scores().top(2)
    with pytest.raises(BadInput, match=r"two draws or more were needed. Got 1."):
        Stability((one,))
    with pytest.raises(BadInput, match=r"repeats must be 2 or more. Got 1."):
        ew.stability(model, pairs, repeats=1)
    with pytest.raises(BadInput, match="choose none"):
        ew.stability(model, pairs, "eap", repeats=2)
    with pytest.raises(BadInput):
        Stability((one, Circuit.empty(ew.Graph.of(model.config))))


def test_a_draw_has_as_many_examples_with_replacement_and_depends_on_its_number_alone(pairs):
    draws = [resampled(pairs, 0, draw) for draw in range(20)]
    assert all(len(draw) == len(pairs) for draw in draws)
    assert all(set(draw) <= set(pairs) for draw in draws)
    assert all(len(set(draw)) < len(pairs) for draw in draws)
    assert draws[3] == resampled(pairs, 0, 3)
    assert len({tuple(pair.place for pair in draw) for draw in draws}) == 20
    assert resampled(pairs, 1, 3) != draws[3]


def test_each_circuit_is_that_of_its_draw(model, pairs):
    found = ew.stability(model, pairs, edges=12, repeats=4, seed_of_repeats=2)
    for draw, circuit in enumerate(found.circuits):
        assert circuit == ew.discover(model, resampled(pairs, 2, draw)).top(12).prune()
    assert any(one != other for one, other in combinations(found.circuits, 2))


def test_a_method_with_a_seed_gets_another_each_draw(model, pairs, monkeypatch):
    seeds = []
    discovered = ew.discover

    def told(model, pairs, method, **how):
        seeds.append(how.get("seed"))
        return discovered(model, pairs, "eap")

    monkeypatch.setattr("edgewise.resampling.discover", told)
    for method, seed, how in (("ugs", 0, {"seed": 7, "draws": 2}), ("edge-pruning", 5, {}), ("eap", 0, {})):
        list(circuits_of_draws(model, pairs, method, lambda scores: scores.top(3), range(3), seed, how))
    assert seeds == [7, 8, 9, 0, 1, 2, None, None, None]


def test_one_set_of_examples_with_no_other_is_always_the_same(model):
    pairs = ew.Pairs.from_list(entries(1), model)
    found = ew.stability(model, pairs, edges=9, repeats=3)
    assert found.overlap == 1
    assert found.always == found.ever == found.circuits[0]


def test_the_command_draws_what_the_python_call_draws_and_chooses_as_the_run_did(home):
    done = edgewise("stability", home / "run", "--draws", 4, "--json")
    assert done.exit_code == 0, done.stderr
    model, run = ew.load(home / "model"), ew.load_run(home / "run")
    pairs = ew.Pairs.from_jsonl(home / "prompts.jsonl", model)
    circuits = [select(ew.discover(model, resampled(pairs, 0, draw)), run.request) for draw in range(4)]
    assert json.loads(done.stdout) == json.loads(json.dumps(Stability(tuple(circuits)).to_dict()))


def test_what_was_stopped_goes_on_and_more_draws_can_be_added(home, monkeypatch):
    out = home / "stability.json"
    whole = json.loads(edgewise("stability", home / "run", "--draws", 5, "--json").stdout)
    assert edgewise("stability", home / "run", "--draws", 3, "--out", out, "--quiet").output == ""
    drawn = []
    made = circuits_of_draws

    def counted(*given, **how):
        for circuit in made(*given, **how):
            drawn.append(circuit)
            yield circuit

    monkeypatch.setattr("edgewise.stability_run.circuits_of_draws", counted)
    done = edgewise("stability", home / "run", "--draws", 5, "--out", out, "--json")
    assert json.loads(done.stdout) == whole
    assert len(drawn) == 2
    assert json.loads(out.read_text())["overlap"] == pytest.approx(whole["overlap"])
    fewer = json.loads(edgewise("stability", home / "run", "--draws", 2, "--out", out, "--json").stdout)
    assert fewer["edges"] == whole["edges"][:2]
    again = edgewise("stability", home / "run", "--draws", 2, "--out", out, "--overwrite", "--json")
    assert json.loads(again.stdout) == fewer
    assert len(json.loads(out.read_text())["circuits"]) == 2
    out.unlink()


def test_the_file_of_another_run_or_seed_is_kept(home):
    out = home / "stability.json"
    edgewise("stability", home / "run", "--draws", 2, "--out", out, "--quiet")
    before = out.read_bytes()
    [told] = problems(edgewise("stability", home / "run", "--draws", 2, "--seed", 1, "--out", out))
    assert told.startswith(f"{out} holds the draws of another run or seed")
    discover(home, "--edges", 9, "--quiet", "--out", home / "smaller")
    [told] = problems(edgewise("stability", home / "smaller", "--draws", 2, "--out", out))
    assert "another run" in told
    assert out.read_bytes() == before
    out.unlink()


def test_a_run_whose_prompts_are_gone_is_refused_with_all_else(tmp_path):
    save_tiny_model(tmp_path / "model")
    path = write_prompts(tmp_path / "prompts.jsonl")
    discover(tmp_path, "--edges", 9, "--quiet", "--out", tmp_path / "run")
    (tmp_path / "prompts.jsonl").unlink()
    told = problems(edgewise("stability", tmp_path / "run", "--draws", 1, "--out", tmp_path))
    assert told == [
        "draws must be 2 or more. Got 1.",
        "the prompts that the run's circuit was found on are not what they were, or gone.",
        f"--out needs a file. {tmp_path} is a folder.",
    ]
    assert not (tmp_path / path).exists()


def test_the_screen_tells_the_wavering_edges_in_80_columns(home):
    shown = edgewise("stability", home / "run", "--draws", 6, env={"COLUMNS": "80"}).stdout
    assert "are in all 6 draws" in shown
    assert "How often an edge is in" in shown
    assert not [row for row in shown.splitlines() if row != row.rstrip() or len(row) > 80]


def test_a_runs_own_seed_and_the_edges_it_went_through_have_their_part_in_every_draw(home):
    short = ["--set", "steps=3", "--set", "examples=2", "--set", "draws=2", "--set", "seed=1"]
    asked = ["--method", "ugs", *short, "--edges-from", home / "run", "--edges", 9, "--quiet"]
    assert discover(home, *asked, "--out", home / "seeded").exit_code == 0
    done = edgewise("stability", home / "seeded", "--draws", 2, "--json")
    assert done.exit_code == 0, done.stderr
    through = ew.load_run(home / "run").circuit
    assert set(json.loads(done.stdout)["frequency"]) <= set(through)
    walk = ["--method", "acdc", "--set", "tau=0.01", "--edges-from", home / "run", "--quiet"]
    assert discover(home, *walk, "--out", home / "walked").exit_code == 0
    run, model = ew.load_run(home / "walked"), ew.load(home / "model")
    pairs = ew.Pairs.from_jsonl(home / "prompts.jsonl", model)
    expected = [
        select(ew.discover(model, resampled(pairs, 0, draw), "acdc", tau=0.01, edges=through), run.request)
        for draw in range(3)
    ]
    told = json.loads(edgewise("stability", home / "walked", "--draws", 3, "--json").stdout)
    assert told["edges"] == [len(circuit) for circuit in expected]
