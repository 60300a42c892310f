"""The methods that score by gradients at several runs, against slow oracles and their own laws."""

import itertools

import pytest
import torch

import edgewise as ew
import edgewise.patching.attribution as attribution
from edgewise.components import ComponentScores
from edgewise.errors import BadInput
from edgewise.graph import Graph
from edgewise.methods import METHODS
from edgewise.methods.clean_corrupted import BOTH_ENDS
from edgewise.methods.eap import batch_gradients
from edgewise.methods.eap_ig_activations import batch_scores
from edgewise.methods.gradients import between_ends
from edgewise.methods.options import own_options
from edgewise.models.config import ModelConfig
from edgewise.models.random import random_model
from edgewise.patching.forward import patched_logits
from edgewise.patching.replacements import replacer
from edgewise.tasks.metrics import METRICS
from edgewise.tasks.pairs import Pairs
from graphs import EVERY_KIND as EVERY_GRAPH
from patched_cases import ABLATIONS, EVERY_KIND, slow_patched_logits
from slow_run import SlowScores, mean_of_batches, slow_run
from test_attribution import tiny_batch, tiny_pairs
from tiny_models import COMMON, KINDS, tiny_model, tiny_tokens

INTEGRATED = ["eap-ig-inputs", "eap-ig-activations", "eap-ig-mask", "clean-corrupted"]
AT_CLEAN = ["eap", "relp", "gim"]
GRADIENTS = [*AT_CLEAN, *INTEGRATED]
EXACT = {"rtol": 1e-7, "atol": 1e-11}
SOME_KINDS = ["plain", "parallel", "attention-only", "post-norm", "grouped readers", "split embeddings"]


def with_ablations(kinds):
    """Every kind, and every ablation, but not every pair of them."""
    cases = zip(kinds, itertools.cycle(["corrupted", "zero", "mean"]), strict=False)
    return pytest.mark.parametrize(("kind", "ablation"), list(cases))


def replacing_for(ablation, model, batch):
    return replacer(ablation, model, lambda: [batch.corrupted], aligned=True)


def score(method, model, pairs, metric="logit-diff", ablation="corrupted", **options):
    """By two steps unless told otherwise: laws hold for any number."""
    if "steps" in own_options(METHODS[method].discover):
        options.setdefault("steps", 2)
    return ew.discover(model, pairs, method, metric=metric, ablation=ablation, **options).values


def same_as_float32(found, expected):
    """Scores are kept in float32, and sums over edges cancel."""
    torch.testing.assert_close(
        found.double(), expected.double(), rtol=1e-5, atol=1e-6 * expected.abs().max().item()
    )


# The oracle itself.


@EVERY_KIND
def test_the_slow_run_is_the_models_own(kind):
    model, tokens = tiny_model(kind), tiny_tokens(1)
    run = slow_run(model, model.embed(tokens))
    torch.testing.assert_close(run.logits, model(tokens), rtol=1e-11, atol=1e-12)


@with_ablations(KINDS)
def test_the_slow_scores_at_the_clean_run_are_eap(kind, ablation):
    model, batch, metric = tiny_model(kind), tiny_batch(), METRICS["neg-log-prob"]
    replacing = replacing_for(ablation, model, batch)
    slow = SlowScores(model, batch, metric, replacing).scores()
    torch.testing.assert_close(batch_gradients(model, batch, metric, replacing), slow, **EXACT)
    assert slow.abs().max() > 1e-3


# Runs between the ends.


@with_ablations(KINDS)
def test_scores_between_the_ends_are_those_of_the_slow_runs(kind, ablation):
    model, batch, metric = tiny_model(kind), tiny_batch(), METRICS["neg-log-prob"]
    replacing = replacing_for(ablation, model, batch)
    slow = SlowScores(model, batch, metric, replacing)
    for shares in (BOTH_ENDS, {0.0: 0.5, 0.3: 0.3, 0.9: 0.2}):
        expected = sum(
            weight * slow.scores(slow.between(share, slow.graph.embeddings))
            for share, weight in shares.items()
        )
        torch.testing.assert_close(between_ends(model, batch, metric, replacing, shares), expected, **EXACT)
        assert not torch.allclose(expected, slow.scores(), rtol=0.01)


@pytest.mark.parametrize("ablation", ["corrupted", "mean"])
@pytest.mark.parametrize(
    ("method", "options", "shares"),
    [
        ("eap-ig-inputs", {"steps": 4}, (0, 0.25, 0.5, 0.75)),
        ("eap-ig-inputs", {"steps": 2, "points": "left"}, (0, 0.5)),
        ("eap-ig-inputs", {"steps": 2, "points": "midpoint"}, (0.25, 0.75)),
        ("eap-ig-inputs", {"steps": 2, "points": "right"}, (0.5, 1)),
        ("clean-corrupted", {}, (0, 1)),
    ],
)
def test_each_method_averages_over_the_shares_it_tells(ablation, method, options, shares):
    model, pairs = tiny_model("grouped readers"), tiny_pairs((7, 7, 5))
    prompts = [batch.corrupted for batch in pairs.batches(2)]
    replacing = replacer(ablation, model, lambda: prompts, pairs.aligned)

    def expected(slow):
        each = [slow.scores(slow.between(share, slow.graph.embeddings)) for share in shares]
        return torch.stack(each).mean(0)

    expected = mean_of_batches(model, pairs, METRICS["logit-diff"], replacing, expected)
    same_as_float32(score(method, model, pairs, ablation=ablation, **options), expected)


def test_integrated_inputs_take_five_steps_from_the_left_unless_told_otherwise():
    model, pairs = tiny_model("plain"), tiny_pairs((7, 7))
    told = score("eap-ig-inputs", model, pairs, steps=5, points="left")
    assert torch.equal(ew.discover(model, pairs, "eap-ig-inputs").values, told)
    assert not torch.allclose(told, score("eap-ig-inputs", model, pairs, steps=5, points="right"), rtol=0.01)


@pytest.mark.parametrize("kind", SOME_KINDS)
def test_one_step_that_ends_at_the_clean_run_is_eap(kind):
    model, pairs = tiny_model(kind), tiny_pairs((7, 7, 5))
    same_as_float32(score("eap-ig-inputs", model, pairs, steps=1, points="right"), score("eap", model, pairs))


# Runs in which one group of outputs lies between the ends.


def groups_of(graph):
    yield graph.embeddings
    for layer in range(graph.layers):
        yield graph.sources[graph.head_sources(layer)]
        if graph.mlps:
            yield (graph.sources[graph.mlp_source(layer)],)


@with_ablations(KINDS)
def test_scores_by_groups_are_those_of_the_slow_runs(kind, ablation):
    model, batch, metric = tiny_model(kind), tiny_batch(), METRICS["neg-log-prob"]
    replacing = replacing_for(ablation, model, batch)
    slow = SlowScores(model, batch, metric, replacing)
    runs = list(itertools.product(groups_of(slow.graph), (0.5, 1)))
    expected = sum(slow.scores(slow.between(share, group)) for group, share in runs) / len(runs)
    torch.testing.assert_close(batch_scores(model, batch, metric, replacing, 2), expected, **EXACT)
    assert len(runs) == 2 * (1 + 3 * (1 + slow.graph.mlps))


def test_integrated_activations_are_the_mean_over_examples():
    model, pairs = tiny_model("post-norm"), tiny_pairs((7, 5))
    replacing = replacer("corrupted", model, list)

    def expected(slow):
        runs = list(itertools.product(groups_of(slow.graph), (1 / 3, 2 / 3, 1)))
        return sum(slow.scores(slow.between(share, group)) for group, share in runs) / len(runs)

    expected = mean_of_batches(model, pairs, METRICS["logit-diff"], replacing, expected)
    same_as_float32(score("eap-ig-activations", model, pairs, steps=3), expected)


# Masks between the ends.


@with_ablations(SOME_KINDS)
def test_scores_by_masks_are_the_gradients_of_the_patched_run_taken_literally(kind, ablation):
    model, pairs, metric = tiny_model(kind), tiny_pairs((7, 7)), METRICS["neg-log-prob"]
    batch, graph = next(pairs.batches(2)), Graph.of(model.config)
    replacements = replacing_for(ablation, model, batch).replacements(batch.corrupted)
    expected = torch.zeros(graph.shape, dtype=torch.float64)
    for share in (0.25, 0.75):
        mask = torch.full(graph.shape, share, dtype=torch.float64, requires_grad=True)
        logits = slow_patched_logits(model, batch.clean, mask, replacements)
        logits = logits.gather(1, batch.read[..., None].expand(-1, -1, logits.shape[-1]))
        goodness = metric.goodness(metric(logits, batch)).sum()
        expected += torch.autograd.grad(goodness, mask)[0] / 2 / len(pairs)
    same_as_float32(
        score("eap-ig-mask", model, pairs, metric.name, ablation, steps=2), expected * graph.edges
    )


@pytest.mark.parametrize("metric", ["logit-diff", "kl"])
@pytest.mark.parametrize(
    ("kind", "ablation"),
    # A norm jumps where the stream is zero: with both, no number of steps is enough.
    [("plain", "corrupted"), ("grouped readers", "mean"), ("post-norm", "corrupted"), ("no norm", "zero")],
)
def test_scores_by_masks_add_up_to_what_the_whole_graph_does(kind, ablation, metric):
    model, pairs = tiny_model(kind), tiny_pairs((7, 7, 7))
    batch, judged = next(pairs.batches(3)), METRICS[metric]
    replacements = replacing_for(ablation, model, batch).replacements(batch.corrupted)
    nothing = torch.zeros(Graph.of(model.config).shape, dtype=torch.float64)
    full = model(batch.clean, batch.read)
    replaced = patched_logits(model, batch.clean, nothing, replacements, read=batch.read)
    kept, removed = (
        judged.goodness(judged(logits, batch, full)).mean().item() for logits in (full, replaced)
    )
    few, many = (
        abs(score("eap-ig-mask", model, pairs, metric, ablation, steps=steps).sum().item() - (kept - removed))
        for steps in (2, 16)
    )
    assert abs(kept - removed) > 0.02
    assert many < 0.05 * abs(kept - removed)
    assert many < few / 3


# Where the model is linear.


def linear_model(layers):
    """What heads look at depends on nothing, and there are no norms and no MLPs."""
    sizes = {**COMMON, "layers": layers, "mlp_width": 0, "norm": "none", "final_norm": False}
    model = random_model(ModelConfig(**sizes), dtype=torch.float64)
    for layer in model.layers:
        layer.attention.query_weight.data.zero_()
        layer.attention.query_bias.data.zero_()
    return model


@pytest.mark.parametrize("method", ["relp", "gim", *INTEGRATED])
def test_edges_into_logits_that_are_linear_in_their_input_score_as_by_eap(method):
    model, pairs = tiny_model("no norm"), tiny_pairs((7, 7, 5))
    expected, found = (score(name, model, pairs)[-1] for name in ("eap", method))
    # With masks between the ends what heads write is itself between them.
    linear = slice(1) if method == "eap-ig-mask" else slice(None)
    same_as_float32(found[linear], expected[linear])
    assert expected[linear].abs().max() > 0.01


@pytest.mark.parametrize("method", ["relp", "eap-ig-inputs", "clean-corrupted"])
@ABLATIONS
def test_in_a_linear_model_every_edge_scores_as_by_eap(method, ablation):
    model, pairs = linear_model(layers=3), tiny_pairs((7, 7, 5))
    expected = score("eap", model, pairs, ablation=ablation)
    same_as_float32(score(method, model, pairs, ablation=ablation), expected)
    assert (expected.abs() > 1e-3).sum() > 20


@ABLATIONS
def test_where_a_groups_outputs_are_given_nothing_comes_back_to_what_they_are_made_of(ablation):
    """One layer, linear, has two groups: the embedding; and the heads, whose inputs then do not matter."""
    model, pairs = linear_model(layers=1), tiny_pairs((7, 7, 5))
    expected = score("eap", model, pairs, ablation=ablation)
    expected[:-1] /= 2
    same_as_float32(score("eap-ig-activations", model, pairs, ablation=ablation), expected)
    assert (expected.abs() > 1e-3).sum() > 8


@pytest.mark.parametrize("steps", [1, 3])
def test_masks_share_a_path_of_two_edges_evenly(steps):
    """Goodness is linear in both masks of a path, so that each has half of what EAP gives to both."""
    model, pairs = linear_model(layers=1), tiny_pairs((7, 7, 5))
    expected = score("eap", model, pairs) / 2
    expected[-1, 0] *= 2
    same_as_float32(score("eap-ig-mask", model, pairs, steps=steps), expected)
    assert (expected.abs() > 1e-3).sum() > 8


# Metrics.


def untargeted(pairs, model):
    return Pairs.from_list([{"clean": pair.clean, "corrupted": pair.corrupted} for pair in pairs], model)


@pytest.mark.parametrize("metric", ["kl", "mean-squared-error"])
@pytest.mark.parametrize("method", AT_CLEAN)
def test_at_the_clean_run_a_metric_that_compares_with_it_is_refused_with_the_reason(method, metric):
    model = tiny_model("plain")
    pairs = untargeted(tiny_pairs((7, 7, 5)), model)
    with pytest.raises(BadInput, match=f"^{method} takes gradients at the clean run, and metric '{metric}'"):
        score(method, model, pairs, metric)
    with pytest.raises(BadInput, match="its minimum, so every gradient there is zero"):
        METHODS[method].discover(model, pairs, METRICS[metric], replacer("corrupted", model, list))


@pytest.mark.parametrize("metric", ["kl", "mean-squared-error"])
@pytest.mark.parametrize("method", INTEGRATED)
def test_away_from_the_clean_run_such_a_metric_has_gradients(method, metric):
    model = tiny_model("plain")
    pairs = untargeted(tiny_pairs((7, 7)), model)
    assert score(method, model, pairs, metric).abs().max() > 1e-4


@pytest.mark.parametrize("metric", ["kl", "mean-squared-error"])
def test_a_metric_that_compares_with_the_full_model_is_taken_at_the_same_runs(metric):
    model = tiny_model("plain")
    pairs = untargeted(tiny_pairs((7, 7, 5)), model)
    replacing = replacer("corrupted", model, list)

    def expected(slow):
        return sum(slow.scores(slow.between(share, slow.graph.embeddings)) for share in (0, 0.5)) / 2

    expected = mean_of_batches(model, pairs, METRICS[metric], replacing, expected)
    same_as_float32(score("eap-ig-inputs", model, pairs, metric, steps=2), expected)


@pytest.mark.parametrize("method", GRADIENTS)
def test_a_metric_without_a_gradient_is_refused(method):
    with pytest.raises(BadInput, match=f"^{method} needs a metric with a gradient. Got 'accuracy'"):
        score(method, tiny_model("plain"), tiny_pairs((7, 7, 5)), "accuracy")


# What must change nothing.


@pytest.mark.parametrize(("method", "steps"), [("eap-ig-inputs", 6), ("eap-ig-activations", 3)])
@pytest.mark.parametrize("together", [1, 2, 100])
def test_how_many_runs_are_contracted_together_changes_nothing(method, steps, together, monkeypatch):
    model, pairs = tiny_model("plain"), tiny_pairs((7, 7))
    expected = score(method, model, pairs, steps=steps)
    monkeypatch.setattr(attribution, "TOGETHER", together)
    same_as_float32(score(method, model, pairs, steps=steps), expected)


@pytest.mark.parametrize("method", GRADIENTS)
def test_batch_size_changes_no_score(method):
    model, pairs = tiny_model("post-norm"), tiny_pairs((7, 7))
    whole = score(method, model, pairs, ablation="mean")
    same_as_float32(score(method, model, pairs, ablation="mean", batch_size=1), whole)


@pytest.mark.parametrize("method", GRADIENTS)
def test_a_method_leaves_nothing_behind_on_the_model(method):
    model = tiny_model("plain")
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    score(method, model, tiny_pairs((7, 7)))
    assert all(parameter.grad is None and not parameter.requires_grad for parameter in model.parameters())
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


# Options.


@pytest.mark.parametrize("method", ["eap-ig-inputs", "eap-ig-activations", "eap-ig-mask"])
@pytest.mark.parametrize("steps", [0, -1, "0", 1.5])
def test_steps_must_be_a_whole_number_from_1(method, steps):
    with pytest.raises(BadInput, match=f"'steps' of {method} must be a whole number from 1. Got {steps!r}"):
        score(method, tiny_model("plain"), tiny_pairs((7, 7, 5)), steps=steps)


@pytest.mark.parametrize("temperature", [0, -1.0, "0", "nan"])
def test_a_temperature_must_be_above_0(temperature):
    with pytest.raises(BadInput, match=r"'temperature' of gim must be a number above 0\. Got"):
        score("gim", tiny_model("plain"), tiny_pairs((7, 7, 5)), temperature=temperature)


def test_unknown_points_are_refused_with_those_there_are():
    with pytest.raises(
        BadInput, match=r"'points' of eap-ig-inputs must be left, midpoint or right\. Got 'mid'"
    ):
        score("eap-ig-inputs", tiny_model("plain"), tiny_pairs((7, 7, 5)), points="mid")


# Scores of components.


def some_components(graph, seed=0):
    generator = torch.Generator().manual_seed(seed)
    sizes = len(graph.sources), len(graph.readers)
    return ComponentScores(graph, *(torch.randn(size, generator=generator) for size in sizes))


@pytest.mark.parametrize("graph", EVERY_GRAPH, ids=Graph.describe)
def test_an_edge_has_the_score_of_its_weaker_end(graph):
    components = some_components(graph)
    scores = components.to_edges()
    for reader, source in graph.edges.nonzero().tolist():
        ends = components.sources[source].item(), components.readers[reader].item()
        assert scores.values[reader, source].item() == min(ends, key=abs)
    assert not scores.values[~graph.edges].any()


@pytest.mark.parametrize("graph", EVERY_GRAPH, ids=Graph.describe)
def test_the_strongest_edges_lie_between_the_strongest_components(graph):
    components = some_components(graph, seed=1)
    for least in (0.2, 0.5, 1.0):
        circuit = components.to_edges().threshold(least)
        strong = (components.readers.abs() >= least)[:, None] & (components.sources.abs() >= least)
        assert torch.equal(circuit.kept, strong & graph.edges)


@pytest.mark.parametrize("graph", EVERY_GRAPH, ids=Graph.describe)
def test_of_nodes_a_reader_has_the_score_of_the_strongest_node_it_feeds(graph):
    values = some_components(graph, seed=2).sources
    components = ComponentScores.of_nodes(graph, values)
    assert torch.equal(components.sources, values)
    assert components.readers[-1] == torch.inf
    group = graph.heads // graph.key_readers
    for layer in range(graph.layers):
        heads = values[graph.head_sources(layer)].tolist()
        assert components.readers[graph.part_readers(layer, "q")].tolist() == heads
        shared = [max(heads[at : at + group], key=abs) for at in range(0, graph.heads, group)]
        for part in "kv":
            assert components.readers[graph.part_readers(layer, part)].tolist() == shared
        if graph.mlps:
            assert components.readers[graph.mlp_reader(layer)] == values[graph.mlp_source(layer)]
    assert torch.equal(components.to_edges().values[-1], values)


@with_ablations(SOME_KINDS)
def test_the_edges_of_eap_that_leave_a_source_add_up_to_the_attribution_of_the_node(kind, ablation):
    model, pairs = tiny_model(kind), tiny_pairs((7, 7, 7))
    replacing = replacing_for(ablation, model, next(pairs.batches(3)))
    scores = ew.discover(model, pairs, "eap", metric="logit-diff", ablation=ablation)
    nodes = mean_of_batches(model, pairs, METRICS["logit-diff"], replacing, SlowScores.node_scores)
    components = ComponentScores.of_edges(scores)
    same_as_float32(components.sources, nodes)
    torch.testing.assert_close(components.readers, scores.values.sum(1))
    assert nodes.abs().max() > 0.01


def test_scores_of_components_of_the_wrong_size_or_not_numbers_are_refused():
    graph = EVERY_GRAPH[0]
    sources, readers = torch.zeros(len(graph.sources)), torch.zeros(len(graph.readers))
    with pytest.raises(BadInput, match=f"scores of {len(sources)} sources and {len(readers)} readers"):
        ComponentScores(graph, sources[1:], readers)
    with pytest.raises(BadInput, match=f"scores of {len(sources)} sources and {len(readers)} readers"):
        ComponentScores(graph, sources, readers[1:])
    with pytest.raises(BadInput, match=r"must be numbers\. Got NaN"):
        ComponentScores(graph, sources, readers * torch.nan)
