"""`edgewise plan`: what it tells, how that grows, and what it refuses."""

import json
import re

import pytest
import torch

import edgewise as ew
from cli_cases import edgewise, problems
from documents import ROOT, table
from edgewise.graph import Graph
from edgewise.methods import METHODS
from edgewise.models.load import describe, load
from edgewise.planning.fits import read_memory
from plan_table import SHAPES, row
from tiny_models import tiny_model
from tiny_runs import save_tiny_model

LLAMA = str(ROOT / "docs" / "scaling" / "llama-3.1-8b.json")


@pytest.mark.parametrize("method", METHODS)
def test_every_method_needs_its_weights_and_more_and_fits_where_there_is_room(method):
    found = ew.plan("zoo:ioi", method, memory="64GB", tokens=8)
    graph = Graph.of(describe("zoo:ioi"))
    assert (found.sources, found.readers) == graph.shape[::-1]
    assert found.edges == graph.edge_count
    assert sum(found.parts.values()) == found.peak_bytes > found.parts["weights"] == 4 * found.parameters
    assert found.operations >= found.operations_of_one > 0
    assert found.fits
    assert found.instead == ()
    assert found.largest_batch == 100


def test_parameters_are_those_of_the_model_that_is_loaded(tmp_path):
    save_tiny_model(tmp_path / "model")
    loaded = load(str(tmp_path / "model"), quiet=True)
    tensors = {each.data_ptr(): each.numel() for each in loaded.parameters()}
    assert ew.plan(str(tmp_path / "model"), tokens=4).parameters == sum(tensors.values())


def test_a_folder_and_the_file_of_its_config_are_one_and_weights_are_not_needed(tmp_path):
    save_tiny_model(tmp_path / "model")
    alone = tmp_path / "alone.json"
    alone.write_bytes((tmp_path / "model" / "config.json").read_bytes())
    in_folder, by_itself = ew.plan(str(tmp_path / "model"), tokens=4), ew.plan(str(alone), tokens=4)
    assert in_folder.moments == by_itself.moments


def test_weights_are_read_from_the_config_in_the_dtype_they_were_saved_in():
    found = ew.plan(LLAMA, tokens=64)
    assert found.parameters == 8_030_261_248
    assert found.asked["dtype"] == "bfloat16"
    assert found.parts["weights"] == 2 * found.parameters
    assert ew.plan(LLAMA, dtype=torch.float32).parts["weights"] == 4 * found.parameters


def test_activations_grow_with_the_batch_and_weights_do_not():
    one, four = (ew.plan(LLAMA, "eap", batch_size=size).search_bytes for size in (4, 16))
    weights = ew.plan(LLAMA).parts["weights"]
    assert (four - weights) / (one - weights) == pytest.approx(4, rel=0.15)


def test_the_largest_batch_fits_and_one_more_does_not():
    found = ew.plan(LLAMA, "eap", examples=1000, memory="40GB")
    assert found.largest_batch is not None
    for more, fits in ((0, True), (1, False)):
        size = found.largest_batch + more
        assert ew.plan(LLAMA, "eap", examples=1000, memory="40GB", batch_size=size).fits is fits


def test_what_would_fit_fits():
    given = {"memory": "14GB", "examples": 1000}
    found = ew.plan(LLAMA, "eap", **given)
    assert found.fits is False
    assert any("--shard-weights --batch-size" in change for change in found.instead)
    for change in found.instead:
        changed = {**given}
        if batch := re.search(r"--batch-size (\d+)", change):
            changed["batch_size"] = int(batch[1])
        if gpus := re.search(r"--gpus (\d+) --shard-weights", change):
            changed |= {"gpus": int(gpus[1]), "shard_weights": True}
        assert ew.plan(LLAMA, "eap", **changed).fits, change
        asked = ["plan", "--model", LLAMA, "--method", "eap", "--examples", 1000, "--memory", "14GB"]
        assert edgewise(*asked, *change.split(), "--quiet").exit_code == 0
        assert edgewise(*asked, "--quiet").exit_code == 1


def test_no_weights_are_shared_where_a_method_needs_them_whole():
    given = {"memory": "55GB", "batch_size": 64, "tokens": 512}
    found = ew.plan(LLAMA, "weight-gradients", **given)
    assert [change.split()[0] for change in found.instead] == ["--batch-size"]


def test_where_no_change_is_enough_alone_several_are_told_together():
    found = ew.plan(LLAMA, "edge-pruning", memory="6GB", dtype="float32")
    assert len(found.instead) == 1
    for part in ("--set thrifty=true", "--dtype bfloat16", "--gpus", "--shard-weights"):
        assert part in found.instead[0]
    # As large a batch as fits once all is changed.
    batch, gpus = (int(re.search(rf"--{each} (\d+)", found.instead[0])[1]) for each in ("batch-size", "gpus"))
    given = {"memory": "6GB", "gpus": gpus, "shard_weights": True, "thrifty": True}
    assert [ew.plan(LLAMA, "edge-pruning", batch_size=batch + more, **given).fits for more in (0, 1)] == [
        True,
        batch == 16,
    ]


def test_acdc_keeps_all_examples_and_is_helped_by_fewer():
    found = ew.plan(LLAMA, "acdc", examples=2000, memory="80GB")
    assert found.largest_batch == 0
    assert any(change.startswith("--examples ") for change in found.instead)


def test_a_thrifty_step_keeps_less_and_costs_more():
    plain, thrifty = (ew.plan(LLAMA, "edge-pruning", thrifty=each) for each in (False, True))
    assert thrifty.search_bytes < plain.search_bytes
    assert thrifty.operations > plain.operations


def test_gpus_share_examples_and_sharded_weights_leave_a_share_and_two_layers():
    one, four = (ew.plan(LLAMA, examples=64, gpus=count) for count in (1, 4))
    assert (one.rounds, four.rounds) == (4, 1)
    assert one.operations == four.operations
    sharded = ew.plan(LLAMA, gpus=4, shard_weights=True).parts["weights"]
    layers = 2 * 2 * (2 * 4096 * 4096 + 2 * 1024 * 4096 + 3 * 14336 * 4096 + 2 * 4096)
    assert sharded == -(-one.parts["weights"] // 4) + layers


def test_grouped_readers_and_edges_make_less_of_it():
    assert ew.plan(LLAMA, grouped_readers=True).edges < ew.plan(LLAMA).edges
    some, every = (ew.plan(LLAMA, "activation-patching", edges=edges) for edges in (100, None))
    assert some.operations < every.operations


def test_an_off_gpu_norm_of_root_mean_squares_keeps_exact_copies():
    assert ew.plan(LLAMA, gpus=0).search_bytes > ew.plan(LLAMA, gpus=1).search_bytes


@pytest.mark.parametrize(
    ("text", "size"), [("80GB", 80e9), ("24 GiB", 24 * 2**30), ("512m", 512e6), (1000, 1000), ("1e9", 1e9)]
)
def test_sizes_of_memory_are_read(text, size):
    assert read_memory(text) == size


@pytest.mark.parametrize("text", ["", "GB", "-3GB", "80 apples", "0"])
def test_what_is_no_size_is_none(text):
    with pytest.raises(ValueError, match=f"no size of memory: '{text}'"):
        read_memory(text)


def test_the_screen_tells_the_parts_the_peak_and_whether_it_fits():
    shown = edgewise("plan", "--model", "zoo:ioi", "--memory", "8GB").stdout
    for told in ("weights", "outbox", "circuits are measured", "It fits into 8 GB", "all examples"):
        assert told in shown
    shown = edgewise("plan", "--model", LLAMA, "--memory", "8GB").stdout
    assert "It does not fit into 8 GB. It would with:" in shown
    shown = edgewise("plan", "--model", LLAMA, "--examples", 10, "--memory", "20GB", "--batch-size", 4).stdout
    assert re.search(r"It fits into 20 GB; .*\nIt takes 9\d% of that: leave a tenth free\.", shown)


def test_a_model_that_is_loaded_is_planned_for_as_its_name_is():
    assert ew.plan(ew.load("zoo:ioi"), tokens=4).moments == ew.plan("zoo:ioi", tokens=4).moments


def test_prompts_longer_than_the_config_tells_of_and_what_a_process_takes_besides_are_noted():
    found = ew.plan(LLAMA, "eap", tokens=200_000)
    assert found.notes == ("the model's config tells of 131,072 tokens at most, and 200,000 are asked for",)
    assert "0.5 GB" in ew.plan("zoo:ioi", "eap", gpus=0).notes[-1]


def test_a_config_file_is_called_by_its_folder():
    assert ew.plan("docs/scaling/llama-3.1-8b.json").model == "llama-3.1-8b"


def test_json_tells_all_of_it():
    told = json.loads(
        edgewise("plan", "--model", LLAMA, "--method", "ugs", "--set", "draws=2", "--json").stdout
    )
    assert told == json.loads(json.dumps(ew.plan(LLAMA, "ugs", draws=2).to_dict()))
    assert told["asked"]["options"]["draws"] == 2
    assert told["fits"] is None


def test_all_that_is_wrong_is_told_at_once():
    asked = (
        *("--model", "zoo:ioi", "--method", "eep", "--metric", "klx", "--memory", "much", "--tokens", "99"),
        *("--batch-size", "0", "--gpus", "1", "--shard-weights", "--dtype", "float8", "--preset", "paper"),
    )
    found = problems(edgewise("plan", *asked))
    for said in (
        "unknown method 'eep'. Did you mean 'eap'?",
        "unknown metric 'klx'. Did you mean 'kl'?",
        "memory must be a size like 80GB or 24GiB. Got 'much'.",
        "the model reads at most 15 tokens. Got 99.",
        "batch-size must be at least 1. Got 0.",
        "to shard weights, two GPUs or more were needed. Got 1. Give --gpus.",
        "unknown dtype 'float8'.",
    ):
        assert any(problem.startswith(said) for problem in found), said
    (found,) = problems(edgewise("plan", "--model", "zoo:ioi", "--edges", "3"))
    assert found == "edges are for methods that go edge by edge: acdc, activation-patching. Got 'eap'."
    (found,) = problems(
        edgewise("plan", "--model", "zoo:ioi", "--set", "step=3", "--method", "eap-ig-inputs")
    )
    assert "unknown option of eap-ig-inputs 'step'. Did you mean 'steps'?" in found


def test_a_config_that_is_none_is_refused(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ew.BadInput, match="a Hugging Face config with a model_type was needed"):
        ew.plan(str(tmp_path / "config.json"))
    with pytest.raises(ew.BadInput, match="does not exist"):
        ew.plan("./nowhere.json")


def test_a_model_without_mlps_is_planned_for(tmp_path):
    ew.save_model(tiny_model("attention-only"), tmp_path / "model")
    for method in METHODS:
        assert ew.plan(str(tmp_path / "model"), method, tokens=4).peak_bytes > 0, method


def test_the_table_of_real_shapes_is_what_is_planned():
    rows = table(ROOT / "docs" / "scaling.md", "## Five real shapes")
    assert [list(each.values()) for each in rows] == [row(shape) for shape in SHAPES]
