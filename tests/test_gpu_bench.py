"""`make bench-gpu` on a processor: its code, what its page has, and that operations are counted right."""

import re

import pytest
import torch
from benchmarks import device as on
from benchmarks import gpu
from benchmarks.gpu_page import AIMS, NOT_MEASURED, lines
from benchmarks.masks import edge_pruning
from benchmarks.measure import operations
from benchmarks.shapes import REAL, real_config, real_shape
from benchmarks.works import Works
from reproductions.page import RESULTS
from torch.nn.attention import SDPBackend, sdpa_kernel

CPU = torch.device("cpu")


def table_of(page, title):
    """The cells of each row below a title, without the table's head."""
    below = page.split(f"## {title}\n")[1].split("\n## ")[0]
    rows = [line for line in below.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[2:]]


def test_tried_on_a_processor_its_page_has_every_row(tmp_path, monkeypatch):
    monkeypatch.setattr(on, "PEAKS", {"": 1e12})
    gpu.main(["--device", "cpu", "--small", "--folder", str(tmp_path)])
    page = (tmp_path / "gpu.md").read_text()
    assert "the numbers mean nothing" in page
    aims = table_of(page, "What is aimed at")
    assert [row[0] for row in aims] == [aim.what for aim in AIMS.values()]
    # A processor waits for nobody.
    assert [row[0] for row in aims if row[2] == NOT_MEASURED] == [AIMS["iteration waits"].what]
    shapes = table_of(page, "Every shape")
    assert {row[0] for row in shapes} == {*REAL} - {"GPT-2 small"}
    assert len(shapes) == 6 * (len(REAL) - 1)
    assert all(float(row[2]) > 0 for row in shapes)
    shares = {row[4] for row in shapes if "ACDC" not in row[1]}
    assert all(re.fullmatch(r"\d+%", share) for share in shares)
    missed = [row for row in aims if row[3] == "**missed**"]
    assert any("Edge Pruning" in row[0] for row in missed)
    assert "## A step of Edge Pruning on CodeLlama-13B\n" in page


def test_the_page_in_the_documentation_has_every_aim():
    page = (RESULTS / "gpu.md").read_text()
    aims = table_of(page, "What is aimed at")
    assert [row[:2] for row in aims] == [[aim.what, aim.wanted()] for aim in AIMS.values()]
    if "Not measured yet" in page:
        assert page.splitlines() == lines(None)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_it_ends_with_a_line_that_says_what_to_do():
    with pytest.raises(SystemExit, match=r"^a CUDA device was needed.*--device cpu --small.*processor\.$"):
        gpu.main([])


@pytest.mark.parametrize("name", REAL)
def test_operations_counted_without_numbers_are_those_of_the_run(name):
    works = Works(real_shape(name, 4, 16, torch.float32, "cpu", small=True), 4)
    counted = gpu.on_meta(works)

    def counts(one, other):
        # Of a processor's own kernel for attention torch counts nothing.
        with sdpa_kernel(SDPBackend.MATH):
            return operations(one), operations(other)

    for work in ("forward", "forward_backward", "eap", "eap_ig_inputs"):
        ours, theirs = counts(getattr(works, work), getattr(counted, work))
        assert ours == theirs > 0
    steps = (edge_pruning(each, each.pairs, 4) for each in (works, counted))
    ours, theirs = counts(*map(gpu.pruning_gradient, steps))
    assert ours == theirs > 0


def test_the_shapes_are_those_of_the_models():
    """Parameters, in billions, as they are known by."""
    sizes = {
        "GPT-2 small": 0.124,
        "GPT-2 XL": 1.56,
        "Pythia-2.8B": 2.78,
        "Llama-3.1-8B": 8.03,
        "CodeLlama-13B": 13.0,
    }
    for name, billions in sizes.items():
        config = real_config(name)
        with torch.device("meta"):
            model = gpu.Transformer(config)
        tied = config.positions == "learned"
        count = sum(each.numel() for each in model.parameters()) - tied * model.unembed_weight.numel()
        assert count / 1e9 == pytest.approx(billions, rel=0.01)


def test_weights_are_made_where_they_are_to_be_and_in_their_precision():
    shape = real_shape("Llama-3.1-8B", 1, 4, torch.bfloat16, "cpu", small=True)
    assert {each.dtype for each in shape.ours.parameters()} == {torch.bfloat16}
    assert shape.theirs is None


def test_a_devices_peak_is_known_by_its_name(monkeypatch):
    names = {
        "NVIDIA H200": 989e12,
        "NVIDIA H100 80GB HBM3": 989e12,
        "NVIDIA H100 PCIe": 756e12,
        "something": None,
    }
    for name, peak in names.items():
        monkeypatch.setattr(on, "name_of", lambda _, name=name: name)
        assert on.peak_of(CPU) == peak
