"""ACDC by speculation is the sequential algorithm, edge for edge."""

from dataclasses import replace
from typing import get_args

import pytest
import torch

import edgewise as ew
from edgewise import zoo
from edgewise.circuit import Circuit
from edgewise.errors import BadInput, BrokenFile
from edgewise.evaluation.known import against_known
from edgewise.graph import Graph
from edgewise.methods import acdc as module
from edgewise.methods.acdc import acdc
from edgewise.methods.eap_then_acdc import First
from edgewise.methods.order import reader_order, source_order
from edgewise.methods.trials import Trials
from edgewise.models.bundled import bundled_names
from edgewise.patching.forward import patched_logits
from edgewise.tasks.ablations import replacer_for
from edgewise.tasks.catalogue import PROGRAMS
from edgewise.tasks.metrics import METRICS
from test_attribution import tiny_pairs
from tiny_models import KINDS, smaller_model

PUBLISHED = [
    *("logits", "m1", "a1.h1<v>", "a1.h0<v>", "a1.h1<k>", "a1.h0<k>", "a1.h1<q>", "a1.h0<q>"),
    *("m0", "a0.h1<v>", "a0.h0<v>", "a0.h1<k>", "a0.h0<k>", "a0.h1<q>", "a0.h0<q>"),
]


def literal(model, pairs, metric, ablation, tau, order="published", start=None):
    """One full patched run an edge, nothing kept from one to the next: the kept edges, and their effects."""
    graph, replacing = Graph.of(model.config), replacer_for(ablation, model, pairs, 100)
    kept = graph.edges.clone() if start is None else start.kept.clone()
    effects = {}

    def loss():
        total = 0.0
        for batch in pairs.batches(100):
            full = model(batch.clean, batch.read)
            replacements = replacing.replacements(batch.corrupted)
            logits = patched_logits(
                model, batch.clean, kept.to(model.dtype), replacements, read=batch.read, live_only=False
            )
            total -= metric.goodness(metric(logits, batch, full)).double().sum().item()
        return total / len(pairs)

    now = loss()
    for row in reader_order(graph, order):
        fed = [graph.source_index[node] for node in graph.head_of_reader(graph.readers[row])]
        if fed and not kept[:, fed].any():
            kept[row] = False
            continue
        for source in source_order(graph, order):
            if kept[row, source]:
                kept[row, source] = False
                without = loss()
                if without - now < tau:
                    now = without
                else:
                    kept[row, source] = True
                    effects[graph.edge_name(row, source)] = without - now
    return Circuit(graph, kept), effects


def ours(model, pairs, metric, ablation, tau, **options):
    return acdc(model, pairs, metric, replacer_for(ablation, model, pairs, 100), tau=(tau,), **options)


def test_the_published_order_is_kept():
    graph = Graph(layers=2, heads=2, key_readers=2)
    assert [graph.readers[row] for row in reader_order(graph)] == PUBLISHED
    assert [graph.sources[column] for column in source_order(graph)] == [
        *("m1", "a1.h0", "a1.h1", "m0", "a0.h0", "a0.h1", "embed"),
    ]
    for order in ("published", "reverse", "forwards"):
        assert sorted(reader_order(graph, order)) == list(range(len(graph.readers)))
        assert sorted(source_order(graph, order)) == list(range(len(graph.sources)))


@pytest.mark.parametrize(
    ("kind", "ablation", "loss"),
    [
        *(("plain", "corrupted", "kl"), ("post-norm", "zero", "metric"), ("parallel", "mean", "kl")),
        *(("grouped readers", "mean", "metric"), ("split embeddings", "corrupted", "kl")),
    ],
)
def test_speculation_keeps_the_very_edges_of_the_literal_algorithm(kind, ablation, loss):
    model, pairs = smaller_model(kind), tiny_pairs()[:2]
    metric = METRICS["logit-diff"]
    judge = METRICS["kl"] if loss == "kl" else metric
    scale = module.acdc(
        model, pairs, metric, replacer_for(ablation, model, pairs, 4), tau=(0.0,), loss=loss
    ).values.max()
    sizes = set()
    for share in (0.03, 0.3):
        tau = share * scale.item()
        expected, effects = literal(model, pairs, judge, ablation, tau)
        found = ours(model, pairs, metric, ablation, tau, loss=loss)
        assert Circuit(found.graph, found.values > 0) == expected
        for edge, effect in effects.items():
            assert found.of(edge) == pytest.approx(effect, rel=1e-6)
        sizes.add(len(expected))
    assert 0 < min(sizes) <= max(sizes) < Graph.of(model.config).edge_count


@pytest.mark.parametrize(("batch_size", "most"), [(1, 64), (2, 3), (3, 1)])
def test_batch_size_and_how_much_is_speculated_change_nothing(batch_size, most, monkeypatch):
    model, pairs, metric = smaller_model("plain"), tiny_pairs()[:2], METRICS["kl"]
    expected, _ = literal(model, pairs, metric, "corrupted", 1e-3)
    monkeypatch.setattr(module, "MOST", most)
    found = ours(model, pairs, metric, "corrupted", 1e-3, batch_size=batch_size)
    assert Circuit(found.graph, found.values > 0) == expected


@pytest.mark.parametrize("order", ["forwards", "reverse"])
def test_another_order_is_followed_and_can_find_other_edges(order):
    model, pairs, metric = smaller_model("plain"), tiny_pairs()[:2], METRICS["kl"]
    expected, _ = literal(model, pairs, metric, "corrupted", 0.01, order)
    found = ours(model, pairs, metric, "corrupted", 0.01, order=order)
    assert Circuit(found.graph, found.values > 0) == expected
    published = ours(model, pairs, metric, "corrupted", 0.01)
    assert Circuit(found.graph, published.values > 0) != expected


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.long] * (name == "ioi-large"))
        for name in bundled_names()
        if name not in PROGRAMS
    ],
)
@pytest.mark.parametrize(("ablation", "tau"), [("corrupted", 0.03), ("zero", 0.003)])
def test_on_a_bundled_model_the_literal_algorithm_keeps_the_same_edges(name, ablation, tau):
    bundle = zoo.open_bundle(name)
    pairs = ew.task(bundle.task, bundle.model, 2)
    expected, _ = literal(bundle.model, pairs, METRICS["kl"], ablation, tau)
    found = ours(bundle.model, pairs, METRICS["kl"], ablation, tau)
    assert Circuit(found.graph, found.values > 0) == expected
    assert expected


def test_edges_that_are_gone_from_the_beginning_stay_gone_and_the_rest_is_tried_as_literally():
    model, pairs, metric = smaller_model("plain"), tiny_pairs()[:3], METRICS["kl"]
    graph = Graph.of(model.config)
    chance = torch.rand(graph.shape, generator=torch.Generator().manual_seed(2))
    for ablation in ("zero", "corrupted"):
        start = Circuit(graph, (chance < 0.6) & graph.edges)
        expected, _ = literal(model, pairs, metric, ablation, 1e-3, start=start)
        found = ours(model, pairs, metric, ablation, 1e-3, edges=start)
        assert Circuit(graph, found.values > 0) == expected
        assert expected <= start
        assert 0 < len(expected) < len(start)


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("method", ["acdc", "activation-patching"])
def test_exact_methods_find_the_circuit_of_a_compiled_program(name, method):
    bundle = zoo.open_bundle(name)
    pairs = ew.task(name, bundle.model)
    scores = ew.discover(bundle.model, pairs, method, ablation="zero", batch_size=100)
    found = against_known(scores, bundle.known["zero"])
    assert set(found.values()) == {1.0}


def test_several_taus_score_an_edge_by_the_largest_at_which_it_stays():
    model, pairs, metric = smaller_model("plain"), tiny_pairs()[:3], METRICS["kl"]
    taus = (1e-4, 1e-3, 1e-2)
    replacing = replacer_for("corrupted", model, pairs, 4)
    scores = acdc(model, pairs, metric, replacing, tau=taus)
    for_each = [acdc(model, pairs, metric, replacing, tau=(tau,)).values > 0 for tau in taus]
    expected = torch.stack([kept.double() * tau for kept, tau in zip(for_each, taus, strict=True)]).amax(0)
    assert torch.equal(scores.values, expected)
    assert set(scores.values.unique().tolist()) == {0, *taus}
    again = acdc(model, pairs, metric, replacing, tau=taus[::-1])
    assert torch.equal(scores.values, again.values)


@pytest.mark.parametrize("tau", [1e-3, (1e-3, 1e-2)])
def test_a_walk_that_is_broken_off_anywhere_goes_on_to_the_same_scores(tau, tmp_path, monkeypatch):
    model, pairs = smaller_model("plain"), tiny_pairs()[:3]
    given = {"method": "acdc", "tau": tau, "checkpoint": tmp_path / "kept"}
    whole = ew.discover(model, pairs, "acdc", tau=tau)
    runs = Trials.losses
    for stop_at in (3, 9, 4):
        count = 0

        def stopping(self, masks, row, stop_at=stop_at):
            nonlocal count
            count += 1
            if count > stop_at:
                raise KeyboardInterrupt
            return runs(self, masks, row)

        with monkeypatch.context() as patch:
            patch.setattr(Trials, "losses", stopping)
            with pytest.raises(KeyboardInterrupt):
                ew.discover(model, pairs, **given)
    assert (tmp_path / "kept").is_dir()
    assert ew.discover(model, pairs, **given) == whole
    assert not (tmp_path / "kept").exists()


def test_a_checkpoint_of_another_run_is_refused_with_what_differs(tmp_path, monkeypatch):
    model, pairs = smaller_model("plain"), tiny_pairs()[:3]
    with monkeypatch.context() as patch:
        patch.setattr(module.Walk, "next_reader", stop_after(module.Walk.next_reader, 2))
        with pytest.raises(KeyboardInterrupt):
            ew.discover(model, pairs, "acdc", checkpoint=tmp_path)
    for changed, what in (
        ({"tau": 0.02}, "other option tau"),
        ({"metric": "prob-diff"}, "other metric"),
        ({"ablation": "zero"}, "other ablation"),
        ({"batch_size": 2}, "other batch size"),
    ):
        with pytest.raises(BadInput, match=f"checkpoint of another run: {what}"):
            ew.discover(model, pairs, "acdc", checkpoint=tmp_path, **changed)
    with pytest.raises(BadInput, match="other prompts"):
        ew.discover(model, pairs[:2], "acdc", checkpoint=tmp_path)
    aimed, elsewhere = (pairs_with_target(pairs, target) for target in (0.5, -3.0))
    with monkeypatch.context() as patch:
        patch.setattr(module.Walk, "next_reader", stop_after(module.Walk.next_reader, 2))
        with pytest.raises(KeyboardInterrupt):
            ew.discover(model, aimed, "acdc", checkpoint=tmp_path / "aimed")
    with pytest.raises(BadInput, match="other prompts"):
        ew.discover(model, elsewhere, "acdc", checkpoint=tmp_path / "aimed")
    other = smaller_model("plain")
    other.config = replace(other.config, attention_softcap=0.5)
    with pytest.raises(BadInput, match="other model settings"):
        ew.discover(other, pairs, "acdc", checkpoint=tmp_path)
    with pytest.raises(BadInput, match=r"other dtype \(float64 there, float32 here\) and weights"):
        ew.discover(smaller_model("plain").float(), pairs, "acdc", checkpoint=tmp_path)
    with pytest.raises(BadInput, match="other weights"):
        ew.discover(smaller_model("plain", seed=5), pairs, "acdc", checkpoint=tmp_path)
    (tmp_path / "state.safetensors").write_bytes(b"nothing")
    with pytest.raises(BrokenFile, match="could not be read as a checkpoint"):
        ew.discover(model, pairs, "acdc", checkpoint=tmp_path)


def pairs_with_target(pairs, target):
    return replace(pairs, pairs=tuple(replace(pair, target=((target,),)) for pair in pairs))


def stop_after(function, times):
    left = times

    def stopping(*given):
        nonlocal left
        left -= 1
        if left < 0:
            raise KeyboardInterrupt
        return function(*given)

    return stopping


def test_what_acdc_cannot_do_is_told_before_any_work():
    model, pairs = smaller_model("plain"), tiny_pairs()
    with pytest.raises(BadInput, match=r"option 'tau' of acdc must be a number from 0"):
        ew.discover(model, pairs, "acdc", tau=-0.1)
    with pytest.raises(BadInput, match=r"option 'loss' of acdc must be auto, kl or metric. Got 'logits'"):
        ew.discover(model, pairs, "acdc", loss="logits")
    with pytest.raises(BadInput, match=r"edges to go through were needed. Got none"):
        ew.discover(model, pairs, "acdc", edges=Circuit.empty(Graph.of(model.config)))
    with pytest.raises(BadInput, match=r"edges of .* the model's, were needed"):
        ew.discover(model, pairs, "acdc", edges=Circuit.full(Graph(1, 2, 2)))
    with pytest.raises(BadInput, match=r"eap scores all edges at once\. Got some to go through"):
        ew.discover(model, pairs, "eap", edges=Circuit.full(Graph.of(model.config)))


@pytest.mark.parametrize("first", get_args(First))
def test_the_hybrid_is_acdc_on_the_strongest_edges_of_the_first_method(first):
    model, pairs = smaller_model("plain"), tiny_pairs()[:3]
    graph = Graph.of(model.config)
    left = ew.discover(model, pairs, first).top(round(0.6 * graph.edge_count))
    expected = ew.discover(model, pairs, "acdc", tau=1e-4, edges=left)
    assert ew.discover(model, pairs, "eap-then-acdc", first=first, share=0.6, tau=1e-4) == expected
    assert 0 < int((expected.values > 0).sum()) <= len(left)


def test_the_hybrid_refuses_what_its_first_method_refuses():
    model, pairs = smaller_model("plain"), tiny_pairs()
    with pytest.raises(BadInput, match="eap takes gradients at the clean run, and metric 'kl'"):
        ew.discover(model, pairs, "eap-then-acdc", metric="kl")
    with pytest.raises(BadInput, match="must be a number above 0 and at most 1"):
        ew.discover(model, pairs, "eap-then-acdc", share=1.5)
    assert ew.discover(model, pairs[:2], "eap-then-acdc", metric="kl", first="eap-ig-inputs").values.any()


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("plain", "parallel", "no norm")])
def test_every_kind_of_model_can_be_walked(kind):
    model, pairs = smaller_model(kind), tiny_pairs()[:1]
    assert ours(model, pairs, METRICS["kl"], "corrupted", 1e-3).values.any()


@pytest.mark.parametrize("method", ["weight-gradients", "acdc"])
def test_nothing_but_its_own_file_goes_with_a_checkpoint(method, tmp_path):
    model, pairs = smaller_model("plain"), tiny_pairs()[:2]
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "state.safetensors").write_bytes(b"another program's") if method != "acdc" else None
    before = {path.name for path in tmp_path.iterdir()}
    ew.discover(model, pairs, method, checkpoint=tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == before
