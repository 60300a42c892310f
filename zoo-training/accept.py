"""Whether a trained model is what its lesson says, measured on prompts it never saw.

accuracy          outputs that are right
interchange       for each node: outputs that are the counterfactual answer, when what its places write
                  is the partner's (interchange accuracy, Geiger et al. 2022, arXiv:2112.00826)
strictness        for each unmapped source: outputs that change, when it is the partner's
faithfulness      of the circuit, with every other edge replaced by the corrupted prompt's
harm              of each edge that is to work against the answer: the faithfulness without it
truths            for each replacement: which edges belong (`known_edges.py`)
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from edgewise.circuit import Circuit
from edgewise.graph import Graph
from edgewise.models.transformer import Transformer
from edgewise.patching.forward import patched_logits
from edgewise.patching.replacements import Replacements
from edgewise.zoo.known import KnownCircuit
from known_edges import AGAINST, known_edges, replacements_of, task_pairs
from lesson import Lesson, Pool

COUNT = 256
"""Prompt pairs for faithfulness; twice as many prompts for accuracy and swaps."""
FIRST = "corrupted"
"""The truth that a model is accepted by."""


@dataclass(frozen=True)
class Accepted:
    """What was measured, the truths by name, and why the model is refused; no reasons: it is not."""

    measured: dict[str, Any]
    known: dict[str, KnownCircuit]
    refusals: list[str]


def accept(
    model: Transformer,
    lesson: Lesson,
    count: int = COUNT,
    seed: int = 1,
    truths: Iterable[str] | None = None,
    split: str = "test",
    prompts: int | None = None,
) -> Accepted:
    """`truths`: those to look at, `corrupted` among them; None: all. `prompts`: for accuracy and swaps; None:
    twice as many as pairs."""
    graph = Graph.of(model.config)
    pool = lesson.pool(lesson.draw(2 * count if prompts is None else prompts, split, seed))
    measured: dict[str, Any] = {
        "graph": graph.describe(),
        "circuit": list(Circuit.of(graph, lesson.circuit)),
        "corruption": lesson.corruption,
        "metric": lesson.metric,
        "test examples": {"interchange": len(pool.tokens), "pairs": count},
        "accuracy": accuracy(model, lesson, pool),
        **node_swaps(model, lesson, pool),
    }
    known, replacements = {}, replacements_of(lesson)
    for truth in replacements if truths is None else truths:
        ablation, corruption = replacements[truth]
        pairs = task_pairs(model, lesson, count, seed, split, corruption)
        known[truth], measured[truth] = known_edges(model, lesson, pairs, ablation)
    return Accepted(measured, known, refusals(measured, lesson, known[FIRST]))


def refusals(measured: dict[str, Any], lesson: Lesson, known: KnownCircuit) -> list[str]:
    """Written so that what is no number is refused."""
    found = []
    if not measured["accuracy"] >= 0.99:
        found.append(f"accuracy {measured['accuracy']:.4f} is below .99")
    found += [
        f"interchange accuracy of {node} {value:.4f} is below .99"
        for node, value in measured["interchange"].items()
        if not value >= 0.99
    ]
    found += [
        f"swapping {source} changes {value:.4f} of outputs, more than .01"
        for source, value in measured["strictness"].items()
        if not value <= 0.01
    ]
    faithful = measured[FIRST]["faithfulness of the lesson's circuit"]
    if not abs(faithful - 1) <= 0.05:
        found.append(f"faithfulness of the circuit {faithful:.3f} is not within .05 of 1")
    without = measured[FIRST]["edges removed alone"] if lesson.against else {}
    found += [
        f"faithfulness without {edge} {without[edge]:.3f}, to be harmful, is below {AGAINST}"
        for edge in lesson.against
        if not without[edge] >= AGAINST
    ]
    if harmful := set(known.against) - set(lesson.against):
        found.append(f"work against the answer, but are not to: {', '.join(sorted(harmful))}")
    strays = set(known.circuit) - set(lesson.circuit)
    if strays:
        found.append(f"needed, but outside the circuit: {', '.join(sorted(strays))}")
    if not len(known.circuit):
        found.append("no edge is needed")
    return found


def agrees(
    logits: Float[Tensor, "*masks examples vocabulary"],
    right: Bool[Tensor, "examples vocabulary"],
    least: float,
) -> Bool[Tensor, "*masks examples"]:
    """Whether the probabilities are even over the right tokens, to within the tolerance."""
    goal = right / right.sum(-1, keepdim=True).clamp(min=1)
    return (logits.softmax(-1) - goal).abs().sum(-1) / 2 < least


@torch.no_grad()
def accuracy(model: Transformer, lesson: Lesson, pool: Pool) -> float:
    logits = model(pool.tokens, pool.read[:, None])[:, 0]
    right = lesson.right(lesson.causal.answers(pool.fields), model.config.vocabulary)
    return agrees(logits, right, lesson.tolerance).double().mean().item()


@torch.no_grad()
def node_swaps(model: Transformer, lesson: Lesson, pool: Pool) -> dict[str, dict[str, float]]:
    """Each node, and each unmapped source, taken from the partner."""
    graph, vocabulary = Graph.of(model.config), model.config.vocabulary
    partner = torch.arange(len(pool.tokens)) ^ 1
    replacements = Replacements.of_run(model, pool.tokens[partner])
    others = lesson.causal.values({name: value[partner] for name, value in pool.fields.items()})
    nodes = lesson.causal.nodes
    unmapped = [name for name in graph.sources[len(graph.embeddings) :] if name not in lesson.causal.places]
    swaps = [*(node.places for node in nodes), *((name,) for name in unmapped)]
    logits = []
    for swapped in swaps:
        mask = torch.ones(graph.shape)
        mask[:, [graph.source_index[name] for name in swapped]] = 0
        logits.append(patched_logits(model, pool.tokens, mask, replacements, read=pool.read[:, None])[:, 0])
    found: dict[str, dict[str, float]] = {"interchange": {}, "strictness": {}}
    for index, node in enumerate(nodes):
        taken = (torch.arange(len(nodes)) == index).expand(len(pool.tokens), -1)
        right = lesson.right(lesson.causal.answers(pool.fields, others, taken), vocabulary)
        kept = agrees(logits[index], right, lesson.tolerance)[right.any(1)]
        found["interchange"][node.name] = kept.double().mean().item()
    right = lesson.right(lesson.causal.answers(pool.fields), vocabulary)
    before = agrees(model(pool.tokens, pool.read[:, None])[:, 0], right, lesson.tolerance)
    for name, after in zip(unmapped, logits[len(nodes) :], strict=True):
        changed = agrees(after, right, lesson.tolerance) != before
        found["strictness"][name] = changed.double().mean().item()
    return found
