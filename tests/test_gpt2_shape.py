"""What is promised on GPT-2 small's shape: exactness in float32, operations and memory (not seconds)."""

import pytest
import torch
from benchmarks.measure import operations, peak_bytes
from benchmarks.shapes import gpt2_small, with_prompts
from benchmarks.works import METRIC, Works

import edgewise.patching.attribution as attribution
from edgewise.graph import Graph
from edgewise.methods.eap import batch_gradients
from edgewise.patching.forward import patched_logits


@pytest.fixture(scope="module")
def shape():
    return gpt2_small(16, 15)


@pytest.fixture(scope="module")
def works(shape):
    return Works(shape, 16)


def masked(works, fill):
    mask = torch.full(Graph.of(works.model.config).shape, fill)
    with torch.no_grad():
        return works._masked(0, mask)


def largest_difference(one, other):
    """Of the largest logit."""
    assert other.std() > 0
    return ((one - other).abs().max() / other.abs().max()).item()


def test_the_plain_run_has_hugging_faces_logits(works):
    batch = works.batches[0]
    with torch.no_grad():
        assert largest_difference(works.model(batch.clean), works.theirs(batch.clean).logits) <= 1e-4


def test_mask_one_is_hugging_faces_clean_run_and_mask_zero_its_corrupted_run(works):
    batch = works.batches[0]
    with torch.no_grad():
        for fill, tokens in ((1.0, batch.clean), (0.0, batch.corrupted)):
            theirs = works.theirs(tokens).logits[:, -1:]
            assert largest_difference(masked(works, fill), theirs) <= 1e-4
            assert largest_difference(masked(works, fill), works.model(tokens, batch.read)) <= 1e-4


def test_the_masks_gradient_is_eap_on_all_32491_edges(works):
    batch, graph = works.batches[0], Graph.of(works.model.config)
    mask = torch.ones(graph.shape, requires_grad=True)
    METRIC(works._masked(0, mask), batch).sum().backward()
    assert mask.grad is not None
    scores = batch_gradients(works.model, batch, METRIC, works.replacing)
    difference = (scores - mask.grad * graph.edges).norm() / scores.norm()
    assert int((scores != 0).sum()) == graph.edge_count == 32_491
    assert difference <= 1e-4
    worst = (scores - mask.grad * graph.edges).abs().max() / scores.abs().max()
    assert worst <= 1e-4


def test_eap_costs_little_over_its_runs_in_operations_and_memory(works):
    plain = operations(works.forward) + operations(works.forward_backward)
    assert operations(works.eap) <= 1.25 * plain
    assert peak_bytes(works.eap) <= 1.3 * peak_bytes(works.forward_backward)


def test_eaps_memory_grows_with_the_prompt_no_faster_than_the_plain_runs():
    shape = gpt2_small(1, 64, layers=3)
    peaks = []
    for tokens in (64, 1024):
        works = Works(with_prompts(shape, 1, tokens), 1)
        peaks.append((peak_bytes(works.eap), peak_bytes(works.forward_backward)))
    (eap_short, plain_short), (eap_long, plain_long) = peaks
    assert plain_long > 10 * plain_short
    assert eap_long - eap_short <= 1.1 * (plain_long - plain_short)
    assert eap_short - plain_short <= 1.5 * attribution.SMALLEST_CHUNK


def test_a_pruned_circuit_of_few_edges_needs_few_operations(works):
    graph = Graph.of(works.model.config)
    few = torch.zeros(graph.shape)
    path = ("embed->a0.h1<q>", "a0.h1->a3.h0<v>", "a3.h0->m5", "m5->a9.h9<q>", "a9.h9->logits")
    for edge in path:
        few[graph.edge_index(edge)] = 1
    full = torch.ones(graph.shape)

    def run(mask):
        batch = works.batches[0]
        with torch.no_grad():
            patched_logits(works.model, batch.clean, mask, works.replacements[0], read=batch.read)

    assert operations(lambda: run(few)) <= 0.12 * operations(lambda: run(full))
