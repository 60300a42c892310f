"""On a GPU the host runs ahead: no masked run and no batch of scores makes it wait, and a step of a learned
mask does so once. `waits.py` tells how that is seen without one."""

import itertools
from contextlib import suppress

import pytest
import torch

import edgewise as ew
from edgewise.checkpoint import NO_CHECKPOINT
from edgewise.graph import Graph
from edgewise.masks.constants import Constants
from edgewise.masks.log import NO_LOG
from edgewise.masks.penalties import Lagrangian, Lengths, Price
from edgewise.masks.relaxations import Clamp, HardConcrete, Uniform
from edgewise.masks.settings import Settings
from edgewise.masks.subject import Subject
from edgewise.methods import METHODS
from edgewise.methods.eap import batch_gradients
from edgewise.methods.eap_ig_mask import batch_scores
from edgewise.methods.gradients import between_ends
from edgewise.methods.options import own_options
from edgewise.methods.trials import Trials
from edgewise.patching.forward import run_patched
from edgewise.patching.replacements import Replacements
from edgewise.patching.single import SingleEdges
from edgewise.tasks.ablations import replacer_for
from edgewise.tasks.metrics import METRICS
from tiny_models import KINDS, tiny_model, tiny_tokens
from waits import Waits

ANSWERS = {"correct": [3, 4], "wrong": [5], "position": [2, 4]}


SOME_KINDS = ("plain", "attention-only", "post-norm", "grouped", "positions on queries and keys")


@pytest.fixture(params=SOME_KINDS)
def there(request):
    """A model on the device, and prompt pairs."""
    return with_pairs(request.param)


def with_pairs(kind):
    model = tiny_model(kind, dtype=torch.float32).to("meta")
    rows = zip(tiny_tokens(1).tolist(), tiny_tokens(2).tolist(), strict=True)
    pairs = ew.Pairs.from_list(
        [{"clean": clean, "corrupted": corrupted, **ANSWERS} for clean, corrupted in rows], model
    )
    return model, pairs


def test_what_makes_a_host_wait_is_counted():
    numbers, host = torch.ones(3, device="meta"), torch.tensor([0, 1])
    causes = [
        lambda: numbers.sum().item(),
        lambda: bool(numbers.isfinite().all()),
        lambda: numbers.tolist(),
        lambda: numbers.cpu(),
        lambda: numbers[host],
        lambda: numbers[[0, 1]],
        lambda: numbers.index_put_((host,), numbers[:2]),
        lambda: torch.ones(3).to("meta"),
        lambda: torch.tensor([1.0], device="meta"),
        lambda: numbers.copy_(torch.ones(3)),
        lambda: numbers.nonzero(),
    ]
    for cause in causes:
        # What would come of `nonzero` cannot be known.
        with Waits() as waits, suppress(NotImplementedError):
            cause()
        assert waits.found.total() == 1
    with Waits() as waits:
        torch.ones(3).to("meta", non_blocking=True).exp()
        host.sum().item()
        torch.dot(numbers[1:].softmax(0), numbers[:2])
    assert not waits.found


@pytest.mark.parametrize("thrifty", [False, True])
def test_a_masked_run_and_its_backward(there, thrifty):
    model, pairs = there
    mask = torch.rand(2, *Graph.of(model.config).shape, device="meta", requires_grad=True)
    with Waits() as waits:
        batch = pairs.batch([0, 1, 2], model.device)
        replacements = Replacements.of_run(model, batch.corrupted)
        logits = run_patched(
            model,
            batch.clean,
            mask,
            replacements,
            read=batch.read,
            where=batch.where,
            thrifty=thrifty,
        )
        METRICS["logit-diff"](logits, batch).sum().backward()
    assert mask.grad is not None
    assert not waits.found


def test_trials_of_circuits_ask_for_their_losses_alone(there):
    model, pairs = there
    graph = Graph.of(model.config)
    replacer = replacer_for("corrupted", model, pairs, 3)
    with Waits():
        trials = Trials(model, pairs, METRICS["kl"], replacer, graph.edges, batch_size=2)
    masks = graph.edges.float().repeat(2, 1, 1)
    row = graph.head_readers(1).start
    masks[1, row, 0] = 0
    masks[:, -1, graph.head_sources(2).start] = 0
    with Waits() as waits:
        trials.losses(masks, row)
    assert waits.found.total() == 1


def test_plain_runs_with_one_edge_removed(there):
    model, pairs = there
    graph = Graph.of(model.config)
    with Waits() as waits, torch.no_grad():
        batch = pairs.batch([0, 1, 2], model.device)
        sources = replacer_for("corrupted", model, pairs, 3).sources(batch.corrupted)
        single = SingleEdges(model, batch.clean, batch.read, sources)
        for row in (0, graph.part_readers(1, "v").start, len(graph.readers) - 1):
            single.logits_without(row, [0])
    assert not waits.found


@pytest.mark.parametrize("metric", ["prob-diff", "kl"])
def test_scores_of_a_batch(there, metric):
    model, pairs = there
    replacer = replacer_for("corrupted", model, pairs, 3)
    with Waits() as waits:
        batch = pairs.batch([0, 1, 2], model.device)
        if metric != "kl":
            batch_gradients(model, batch, METRICS[metric], replacer)
        between_ends(model, batch, METRICS[metric], replacer, {0.0: 0.5, 0.5: 0.5})
        batch_scores(model, batch, METRICS[metric], replacer, 2)
    assert not waits.found


@pytest.mark.parametrize("method", ["eap", "eap-ig-inputs", "eap-ig-activations", "clean-corrupted"])
def test_scores_ask_once_a_batch_whether_they_are_numbers_and_at_the_end_which(method):
    model, pairs = with_pairs("grouped")
    options = {"steps": 2} if "steps" in own_options(METHODS[method].discover) else {}
    with Waits() as waits:
        ew.discover(model, pairs, method, batch_size=1, **options)
    assert waits.found.total() == len(pairs) + 1


KINDS_OF_GATES = {
    "hard concrete": HardConcrete(),
    "uniform": Uniform(),
    "clamp": Clamp(drop_in=0.1, resets=0.5, reset_every=2, steps=100),
}


MASKS = [
    ("kept", "hard concrete", "lagrangian", {"loss": "kl"}),
    ("kept", "hard concrete", "lagrangian", {"loss": "kl", "thrifty": True, "optimiser": "adamw"}),
    ("kept", "uniform", "price", {"grain": "sources", "optimiser": "sgd", "schedule": "cosine"}),
    ("kept", "uniform", "price", {"ablation": "optimal"}),
    ("broken", "clamp", "lengths", {"grain": "tied", "draws": 1}),
    ("against", "clamp", "lengths", {"positions": True}),
]


@pytest.mark.parametrize(("kind", "mask"), list(zip(KINDS, itertools.cycle(MASKS), strict=False)))
def test_a_step_of_a_learned_mask_asks_once(kind, mask):
    (model, pairs), (flow, gates, penalty, settings) = with_pairs(kind), mask
    training = training_of(model, pairs, flow, gates, penalty, dict(settings))
    with Waits():
        # What is sent once, for all steps.
        training.step()
    with Waits() as waits:
        found = training.step()
    assert waits.found.total() == 1
    with Waits() as waits:
        training.told(found)
    assert waits.found.total() == 1 + (penalty == "lagrangian")


def training_of(model, pairs, flow, gates, penalty, settings):
    graph = Graph.of(model.config)
    ablation = settings.pop("ablation", "corrupted")
    optimal = ablation == "optimal"
    replacer = Constants.of(model, pairs, 3) if optimal else replacer_for(ablation, model, pairs, 3)
    settings = Settings(steps=10, rate=0.1, **{"unit": "own", "loss": "metric", "draws": 2, **settings})
    given = (model, pairs, METRICS["logit-diff"], replacer, settings, None, 2, None, NO_CHECKPOINT, NO_LOG)
    subject = Subject.of(*given)
    several = [subject.gates("edges", KINDS_OF_GATES[gates])]
    if penalty == "lagrangian":
        several.append(subject.gates("nodes", KINDS_OF_GATES[gates], "sources", place=1))
    penalties = {
        "lagrangian": Lagrangian([0.9, None], 10, 0.1, 0.2, model.device),
        "price": Price(0.1, 10),
        "lengths": Lengths(graph, (0.001, 0.002, 0.001), 0.05, 0.1),
    }
    return subject.training(several, penalties[penalty], flow)
