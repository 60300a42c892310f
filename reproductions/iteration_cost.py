"""Seconds and memory of an iteration of interpolation descent, on GPT-2 small's shape with random weights.

And the memory of a step of any mask of edges.
"""

from __future__ import annotations

from dataclasses import replace

from benchmarks.measure import peak_bytes, seconds_in_turns
from benchmarks.shapes import gpt2_small
from benchmarks.works import Works
from reproductions.page import Page

from edgewise.checkpoint import NO_CHECKPOINT
from edgewise.graph import Graph
from edgewise.masks.flows import FlowName
from edgewise.masks.log import NO_LOG
from edgewise.masks.penalties import Lengths
from edgewise.masks.relaxations import Clamp
from edgewise.masks.runs import EdgesRun
from edgewise.masks.settings import Settings
from edgewise.masks.subject import Subject
from edgewise.masks.training import Training
from edgewise.methods.interpolation_descent import PRESETS, SETTINGS
from edgewise.models.transformer import Transformer
from edgewise.tasks.metrics import METRICS

PUBLISHED_SECONDS, PUBLISHED_GIGABYTES = (10, 30), 15
"""Of an iteration, on a GPU of his."""
BATCH, TOKENS = 8, 15


def cost(page: Page) -> dict[str, float]:
    """Seconds and memory of one iteration."""
    works = Works(gpt2_small(64, TOKENS), BATCH)
    author = {name: PRESETS["paper"][name] for name in ("grain", "loss", "unit")}
    steps = {
        "ours": training(works, replace(SETTINGS, steps=1_000_000, examples=BATCH), "kept"),
        "the author's settings": training(
            works, replace(SETTINGS, steps=1_000_000, examples=BATCH, **author), "broken"
        ),
    }
    pieces = {name: each.step for name, each in steps.items()}
    seconds = seconds_in_turns({**pieces, "plain forward": works.forward}, 5)
    gigabytes = {"plain forward": peak_bytes(works.forward) / 1e9}
    gigabytes |= {name: gigabytes_of_step(each) for name, each in steps.items()}
    weights = gigabytes_of_weights(works.model)
    page.heading("Seconds and memory of an iteration")
    page.say(
        f"GPT-2 small's shape, random weights, {BATCH} pairs x {TOKENS} tokens, every edge with q, k, v and "
        f"MLPs, in one process, in turns. Memory is what is alive beyond the {weights:.2f} GB of weights. "
        "The adversary's iteration is one more of the same."
    )
    rows = [
        [
            name,
            f"{seconds[name]:.2f}",
            f"{seconds[name] / seconds['plain forward']:.1f}",
            f"{gigabytes[name]:.2f}",
        ]
        for name in ("plain forward", *steps)
    ]
    low, high = PUBLISHED_SECONDS
    rows.append(["published, on a GPU", f"{low} to {high}", "-", f"about {PUBLISHED_GIGABYTES}"])
    page.table(
        ["iteration", "seconds", "/ plain forward", "GB"], rows, {"seconds": seconds, "GB": gigabytes}, "cost"
    )
    page.say(
        "He needs a forward pass for each of the 12 layers; ours makes one masked run, backward, and the "
        f"runs that it is held beside: {seconds['ours'] / seconds['plain forward']:.1f} plain forwards in "
        "all."
    )
    return {"seconds": seconds["ours"], "GB": gigabytes["ours"] + weights}


def training(works: Works, settings: Settings, flow: FlowName) -> Training:
    given = (works.model, works.pairs, METRICS["logit-diff"], works.replacing, settings)
    subject = Subject.of(*given, None, BATCH, None, NO_CHECKPOINT, NO_LOG)
    gates = [subject.gates("edges", Clamp(drop_in=0.04))]
    return subject.training(
        gates, Lengths(Graph.of(works.model.config), (0.001, 0.002, 0.001), 0.05, 0.1), flow
    )


def gigabytes_of_step(training: Training) -> float:
    """What is alive at most in a step of learning a mask of edges, beyond the weights."""
    assert isinstance(training.masked, EdgesRun)
    return (peak_bytes(training.step) + training.masked.workspace.bytes) / 1e9


def gigabytes_of_weights(model: Transformer) -> float:
    # The embedding is the unembedding, too.
    matrices = {each.data_ptr(): each.numel() * each.element_size() for each in model.parameters()}
    return sum(matrices.values()) / 1e9
