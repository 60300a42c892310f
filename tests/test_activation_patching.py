"""One edge removed at a time, exactly, for every kind of model."""

import pytest
import torch

import edgewise as ew
from edgewise.circuit import Circuit
from edgewise.errors import BadNumbers
from edgewise.graph import Graph
from edgewise.methods import activation_patching as module
from edgewise.patching.forward import patched_logits
from edgewise.patching.replacements import replacer
from edgewise.patching.single import SingleEdges
from edgewise.tasks.ablations import replacer_for
from edgewise.tasks.metrics import METRICS
from patched_cases import ABLATIONS
from test_acdc import stop_after
from test_attribution import tiny_batch, tiny_pairs
from test_gradient_laws import linear_model
from tiny_models import KINDS, smaller_model, tiny_model


@pytest.mark.parametrize(
    ("kind", "ablation"), [*((kind, "corrupted") for kind in KINDS), ("post-norm", "zero"), ("plain", "mean")]
)
def test_a_run_without_one_edge_is_the_patched_run_of_its_mask(kind, ablation):
    model, batch = smaller_model(kind), tiny_batch()
    graph = Graph.of(model.config)
    replacing = replacer(ablation, model, lambda: [batch.corrupted], aligned=True)
    single = SingleEdges(model, batch.clean, batch.read, replacing.sources(batch.corrupted))
    replacements = replacing.replacements(batch.corrupted)
    moved = 0.0
    full = model(batch.clean, batch.read)
    for row in range(len(graph.readers)):
        sources = list(range(graph.visible[row]))
        masks = torch.ones(len(sources), *graph.shape, dtype=torch.float64)
        masks[sources, row, sources] = 0
        expected = patched_logits(model, batch.clean, masks, replacements, read=batch.read)
        found = single.logits_without(row, sources)
        torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-11)
        moved = max(moved, (found - full).abs().max().item())
    assert moved > 1e-3


@pytest.mark.parametrize("metric", ["logit-diff", "kl", "accuracy"])
def test_a_score_is_what_the_metric_loses_without_the_edge(metric):
    model, pairs = tiny_model("plain"), tiny_pairs()
    scores = ew.discover(model, pairs, "activation-patching", metric=metric)
    graph, replacing = scores.graph, replacer_for("corrupted", model, pairs, 100)
    everything = graph.edges.double()
    for edge in ("embed->a0.h1<q>", "a0.h2->m1", "m1->a2.h0<v>", "a2.h3->logits"):
        lost = 0.0
        mask = everything.clone()
        mask[graph.edge_index(edge)] = 0
        for batch in pairs.batches(100):
            full = model(batch.clean, batch.read)
            replacements = replacing.replacements(batch.corrupted)
            without = patched_logits(model, batch.clean, mask, replacements, read=batch.read)
            chosen = METRICS[metric]
            difference = chosen(full, batch, full) - chosen(without, batch, full)
            lost += chosen.goodness(difference).sum().item()
        assert scores.of(edge) == pytest.approx(lost / len(pairs), rel=1e-5, abs=1e-9)


def test_where_the_logits_are_linear_in_the_stream_eap_measures_the_same():
    model, pairs = tiny_model("no norm"), tiny_pairs()
    exact, estimate = (ew.discover(model, pairs, method) for method in ("activation-patching", "eap"))
    torch.testing.assert_close(exact.values[-1], estimate.values[-1], rtol=1e-5, atol=1e-7)
    assert not torch.allclose(exact.values, estimate.values, rtol=1e-2, atol=1e-4)


@ABLATIONS
def test_where_the_whole_model_is_linear_eap_measures_every_edge(ablation):
    model, pairs = linear_model(layers=3), tiny_pairs()
    exact, estimate = (
        ew.discover(model, pairs, method, ablation=ablation) for method in ("activation-patching", "eap")
    )
    torch.testing.assert_close(exact.values, estimate.values, rtol=1e-5, atol=1e-7)
    assert exact.values[:-1].abs().max() > 1e-3


def test_numbers_that_are_not_finite_are_told_with_what_to_do(monkeypatch):
    model, pairs = tiny_model("plain"), tiny_pairs()
    whole = SingleEdges.logits_without
    monkeypatch.setattr(SingleEdges, "logits_without", lambda *given: whole(*given) * torch.inf)
    with pytest.raises(BadNumbers, match="NaN or infinity came out of the model"):
        ew.discover(model, pairs, "activation-patching")


def test_only_the_edges_asked_for_are_tried_and_the_others_score_nothing():
    model, pairs = tiny_model("plain"), tiny_pairs()
    whole = ew.discover(model, pairs, "activation-patching")
    asked = Circuit.of(whole.graph, ["embed->a1.h2<k>", "m0->m2", "a2.h0->logits"])
    some = ew.discover(model, pairs, "activation-patching", edges=asked)
    assert torch.equal(some.values, torch.where(asked.kept, whole.values, 0.0))
    assert int((some.values != 0).sum()) == 3


def test_how_many_run_at_once_changes_nothing(monkeypatch):
    model, pairs = smaller_model("plain"), tiny_pairs()
    whole = ew.discover(model, pairs, "activation-patching")
    monkeypatch.setattr(module, "TOKENS", 1)
    again = ew.discover(model, pairs, "activation-patching", batch_size=2)
    torch.testing.assert_close(again.values, whole.values, rtol=1e-6, atol=1e-9)


def test_work_that_is_broken_off_goes_on_to_the_same_scores(tmp_path, monkeypatch):
    model, pairs = tiny_model("plain"), tiny_pairs()
    whole = ew.discover(model, pairs, "activation-patching", batch_size=3)
    monkeypatch.setattr(module, "SECONDS", -1)
    tried = 0
    lost = module._Trial.lost

    def counted(*given):
        nonlocal tried
        tried += 1
        return lost(*given)

    monkeypatch.setattr(module._Trial, "lost", counted)
    for times in (5, 60, 30):
        with monkeypatch.context() as patch:
            patch.setattr(module._Trial, "lost", stop_after(counted, times))
            with pytest.raises(KeyboardInterrupt):
                ew.discover(model, pairs, "activation-patching", batch_size=3, checkpoint=tmp_path / "kept")
    again = ew.discover(model, pairs, "activation-patching", batch_size=3, checkpoint=tmp_path / "kept")
    assert again == whole
    assert tried == len(whole.graph.readers) * len(list(pairs.batches(3)))
