"""`edgewise learn-units`: from what is typed to a folder; what it shows, what it refuses, how it goes on."""

import json
from itertools import product
from pathlib import Path

import pytest
import torch

import edgewise as ew
from cli_cases import discover, edgewise, problems
from edgewise import units_run
from edgewise.masks.training import Training
from edgewise.masks.units import UNIT_GRAINS
from edgewise.methods.fine_pruning import LEARNERS
from edgewise.methods.options import own_options
from edgewise.reports.units import parts, rounding_units_line, units_line
from edgewise.units_folder import UNITS_FILES
from learning_cases import lines_of
from tiny_runs import contents, entries, save_tiny_model, write_prompts

every_grain = pytest.mark.parametrize("grain", UNIT_GRAINS)
STEPS = 4
SHORT = {"steps": STEPS, "examples": 2, "draws": 2}


def learn(home, *arguments, model="model", prompts="prompts.jsonl", **options):
    given = [word for name, value in {**SHORT, **options}.items() for word in ("--set", f"{name}={value}")]
    where = ["--model", home / model, "--prompts", home / prompts]
    return edgewise("learn-units", *where, *given, *arguments)


def refused(home, *arguments, **given) -> list[str]:
    found = problems(learn(home, "--out", home / "never", *arguments, **given))
    assert not (home / "never").exists()
    return found


def without_seconds(folder: Path) -> dict[str, object]:
    """What a run left, but for how long it took and where it is."""
    left = {name: content for name, content in contents(folder).items() if name.endswith("s")}
    record = json.loads((folder / "units.json").read_text())
    record["request"]["out"] = record["seconds"] = record["costs"] = None
    training = lines_of((folder / "training.jsonl").read_text())
    return {**left, "record": record, "training": training, "evaluation": contents(folder)["evaluation.json"]}


@every_grain
def test_the_verb_is_the_python_calls_in_their_order(home, grain):
    out, other = home / grain, write_prompts(home / "other.jsonl", entries(6, seed=5))
    given = ["--grain", grain, "--ablation", "mean", "--metric", "prob-diff", "--evaluate-on", other]
    done = learn(home, *given, "--out", out, price=0.5)
    assert done.exit_code == 0, done.stderr
    model = ew.load(home / "model")
    chosen = {"metric": "prob-diff", "ablation": "mean"}
    pairs, others = (ew.Pairs.from_jsonl(home / name, model) for name in ("prompts.jsonl", "other.jsonl"))
    units = ew.learn_units(model, pairs, grain, **chosen, price=0.5, **SHORT)
    evaluation = ew.evaluate_units(model, others, units, **chosen)
    units.save(home / "expected")
    assert (out / "units.safetensors").read_bytes() == (home / "expected").read_bytes()
    written = json.loads((out / "evaluation.json").read_text())
    expected = {**evaluation.to_dict(), "found_here": False, "also_found_on": 0}
    assert written == json.loads(json.dumps(expected))
    assert set(contents(out)) == set(UNITS_FILES)
    assert [line["step"] for line in lines_of((out / "training.jsonl").read_text())] == [1, 2, 3, 4, 4]


@every_grain
def test_the_screen_tells_what_is_kept_how_good_it_is_and_where_the_files_are(home, grain):
    out = home / f"screen-{grain}"
    done = edgewise(
        *("learn-units", "--model", home / "model", "--prompts", home / "prompts.jsonl", "--grain", grain),
        *("--set", "steps=2", "--out", out),
        env={"COLUMNS": "80"},
    )
    units = ew.Units.load(out / "units.safetensors")
    # The last line is to be copied, however long the folder's name is.
    *rows, following = done.stdout.splitlines()
    assert f"ew.Units.load('{out / 'units.safetensors'}')" in following
    assert not [row for row in rows if row != row.rstrip() or len(row) > 80]
    assert units_line(units) in rows
    assert rounding_units_line(units) in rows
    told = {row.split()[0]: row.split()[1:3] for row in rows if len(row.split()) > 2}
    for part in parts(units):
        assert told[part.name] == [f"{part.kept:,}", f"{part.of:,}"]
    written = json.loads((out / "evaluation.json").read_text())
    assert told["faithfulness"] == [f"{written['faithfulness']:.3f},", "95%"]
    assert "on the 10 prompt pairs the mask was learned on" in done.stdout
    assert "circuit" not in done.stdout
    assert f"Files in {out}" in " ".join(done.stdout.split())
    assert all(name in told for name in UNITS_FILES)


def test_json_is_one_object_on_standard_output_and_nothing_else(home):
    done = learn(home, "--grain", "channels", "--json", "--out", home / "as-json")
    told = json.loads(done.stdout)
    units = ew.Units.load(home / "as-json" / "units.safetensors")
    assert told["units"]["kept"] == units.chosen == sum(part["kept"] for part in told["parts"].values())
    assert told["files"] == list(UNITS_FILES)
    written = json.loads((home / "as-json" / "evaluation.json").read_text())
    assert told["evaluation"].pop("intervals").keys() == {"circuit", "faithfulness", "kl"}
    assert told["evaluation"] == {name: value for name, value in written.items() if name != "per_example"}
    assert set(told["seconds"]) == {"validate", "load", "learn", "evaluate"}


def test_quiet_says_nothing_and_a_mask_of_nothing_is_noted_otherwise(home):
    dear = {"price": 1e6, "rise": 0.1, "rate": 5, "steps": 8, "draws": 1}
    done = learn(home, "--quiet", "--grain", "stream", "--out", home / "quiet", **dear)
    assert (done.exit_code, done.output) == (0, "")
    told = learn(home, "--grain", "stream", "--out", home / "told", **dear).stderr
    assert "note: no unit is kept" in told


def test_the_record_holds_what_was_asked_with_every_option(home):
    learn(home, "--grain", "weights", "--out", home / "record", price=0.5)
    record = json.loads((home / "record" / "units.json").read_text())
    own = {name: each.default for name, each in own_options(LEARNERS["weights"]).items()}
    assert record["options"] == {**own, **SHORT, "price": 0.5}
    assert record["request"]["grain"] == "weights"
    assert record["request"]["model"] == str(home / "model")
    assert record["units"]["kept"] == ew.Units.load(home / "record" / "units.safetensors").chosen
    of_edges = json.loads((home / "run" / "run.json").read_text())
    assert {name: record[name] for name in ("model", "prompts", "versions")} == {
        name: of_edges[name] for name in ("model", "prompts", "versions")
    }
    assert record.keys() - {"units"} == of_edges.keys() - {"edges"}


def test_a_mask_is_learned_on_a_tasks_train_split_and_measured_on_its_test_split(home):
    given = ["--task", "induction", "--examples", 3, "--grain", "stream", "--set", "steps=1"]
    done = edgewise("learn-units", *given, "--out", home / "task", "--json")
    told = json.loads(done.stdout)["evaluation"]
    assert (told["found_here"], told["also_found_on"], told["examples"]) == (False, 0, 3)
    model = ew.load("zoo:induction")
    train, test = (ew.task("induction", model, examples=3, split=split) for split in ("train", "test"))
    units = ew.learn_units(model, train, "stream", steps=1)
    assert told["faithfulness"] == ew.evaluate_units(model, test, units).faithfulness


def test_several_problems_are_told_together(home):
    write_prompts(home / "bad.jsonl", [{"clean": [1, 2], "corrupted": [1]}, "{"])
    given = "--grain neuron --metric logits --ablation optimal --dtype float31 --batch-size 0 --seed x"
    found = refused(home, *given.split(), prompts="bad.jsonl", trim="0", price="-1", steps="many")
    starts = [
        "--seed must be a whole number. Got 'x'.",
        "unknown dtype 'float31'. Did you mean 'float32'?",
        f"{home / 'bad.jsonl'}:1: clean and corrupted must have one length.",
        f"{home / 'bad.jsonl'}:2: column 2: a line must be one JSON object",
        "unknown metric 'logits'. Did you mean 'logit-diff'?",
        "batch size must be a whole number from 1. Got 0.",
        "unknown grain 'neuron'. Did you mean 'neurons'?",
        "a mask of units needs one of the ablations corrupted, zero, mean. Got 'optimal'.",
        "option 'steps' of learn-units must be a whole number from 1. Got 'many'.",
        "unknown option of learn-units 'trim'.",
        "option 'price' of learn-units must be a number from 0. Got '-1'.",
    ]
    for problem, start in zip(found, starts, strict=True):
        assert problem.startswith(start)


@pytest.mark.parametrize("name", ["grain", "positions", "trim", "thrifty", "constant_rate"])
def test_what_only_masks_of_edges_have_is_an_unknown_option(home, name):
    [found] = refused(home, **{name: "1"})
    assert found.startswith(f"unknown option of learn-units {name!r}.")


def test_a_model_that_has_no_such_units_is_refused_before_it_is_read(home):
    save_tiny_model(home / "without", mlp_width=0)
    (home / "without" / "model.safetensors").unlink()
    [found] = refused(home, "--grain", "neurons", model="without")
    assert found.startswith("a mask of neurons needs a model with MLPs. Got one of attention only.")


def test_a_model_is_needed_and_a_folder_to_write_to():
    found = problems(edgewise("learn-units"))
    assert found[0].startswith("--out was needed. Got none.")
    assert found[1].startswith("a model was needed. Got none.")


def test_an_existing_folder_is_kept_and_only_the_files_of_such_a_run_are_replaced(home):
    kept, edges = home / "kept", contents(home / "run")
    learn(home, "--grain", "stream", "--out", kept)
    (kept / "notes.md").write_text("mine")
    before = contents(kept)
    [found] = problems(learn(home, "--grain", "stream", "--out", kept))
    assert "is there already and was left as it is" in found
    assert contents(kept) == before
    done = learn(home, "--grain", "channels", "--out", kept, "--overwrite")
    assert done.exit_code == 0, done.stderr
    assert ew.Units.load(kept / "units.safetensors").grain == "channels"
    assert contents(kept)["notes.md"] == b"mine"
    [found] = problems(learn(home, "--out", home / "run", "--overwrite"))
    assert "holds other files and no units.json: nothing to overwrite" in found
    [found] = problems(discover(home, "--out", kept, "--overwrite"))
    assert "holds other files and no run.json: nothing to overwrite" in found
    assert contents(home / "run") == edges


def test_no_file_of_such_a_run_is_replaced_by_an_evaluation(home):
    learn(home, "--grain", "stream", "--out", home / "safe")
    before = contents(home / "safe")
    for name in UNITS_FILES:
        given = ["evaluate", home / "run", "--out", home / "safe" / name, "--overwrite"]
        [found] = problems(edgewise(*given))
        assert "is a file of the run in " in found
    assert contents(home / "safe") == before


def broken_off(monkeypatch, place, name, after=0):
    """The next run stops where this is called, after so many calls."""
    calls, real = [], getattr(place, name)

    def stops(*given, **named):
        calls.append(given)
        if len(calls) > after:
            raise KeyboardInterrupt
        return real(*given, **named)

    monkeypatch.setattr(place, name, stops)


@pytest.mark.parametrize(("grain", "where"), [*product(UNIT_GRAINS, ["training"]), ("stream", "measuring")])
def test_what_was_killed_goes_on_to_the_same_bits(home, grain, where, monkeypatch):
    whole, out = home / f"whole-{grain}-{where}", home / f"killed-{grain}-{where}"
    learn(home, "--grain", grain, "--out", whole)
    with monkeypatch.context() as patched:
        patched.setattr("edgewise.masks.training.SECONDS_BETWEEN_SAVES", 0.0)
        place = (Training, "step", 2) if where == "training" else (units_run, "evaluate_units")
        broken_off(patched, *place)
        stopped = learn(home, "--grain", grain, "--out", out)
    assert stopped.exit_code == 130
    assert f"What is done so far is in {out / 'checkpoint'}" in stopped.stderr
    assert [each.name for each in out.iterdir()] == ["checkpoint"]
    [found] = problems(learn(home, "--grain", grain, "--out", out, price=0.7))
    assert "is the checkpoint of another run: other option price (0.05 there, 0.7 here)" in found
    done = learn(home, "--grain", grain, "--out", out)
    assert done.exit_code == 0, done.stderr
    assert without_seconds(out) == without_seconds(whole)
    assert set(contents(out)) == set(UNITS_FILES)


def test_the_unfinished_work_of_another_verb_is_no_beginning(home, monkeypatch):
    out = home / "other-work"
    with monkeypatch.context() as patched:
        broken_off(patched, Training, "step", 1)
        discover(home, "--method", "ugs", "--out", out)
    [found] = problems(learn(home, "--grain", "stream", "--out", out))
    assert "is the checkpoint of another run: other method (ugs there, learn-units here)" in found
    assert learn(home, "--grain", "stream", "--out", out, "--overwrite").exit_code == 0
    assert set(contents(out)) == set(UNITS_FILES)


def test_list_tells_the_grains_and_their_options():
    told = json.loads(edgewise("list", "grains", "--json").stdout)["grains"]
    assert {grain: each["what"] for grain, each in told.items()} == UNIT_GRAINS
    assert told["weights"]["options"]["steps"] == "a whole number from 1, default 1500"
    assert told["stream"]["options"]["price"] == "a number from 0, default 0.05"
    assert "trim" not in told["stream"]["options"]


def test_a_mask_goes_where_its_model_is(home):
    learn(home, "--grain", "stream", "--dtype", "float64", "--device", "cpu", "--out", home / "double")
    assert json.loads((home / "double" / "units.json").read_text())["request"]["dtype"] == "float64"
    assert ew.Units.load(home / "double" / "units.safetensors").numbers["stream"].dtype == torch.float32
