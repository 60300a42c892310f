"""Whether a trained model is what its lesson says, measured on prompts it never saw.

    accuracy          outputs that are right
    interchange       for each node: outputs that are the counterfactual answer, when what its places write
                      is the partner's (interchange accuracy, Geiger et al. 2022, arXiv:2112.00826)
    strictness        for each unmapped source: outputs that change, when it is the partner's
    faithfulness      of the circuit, with every other edge replaced by the corrupted prompt's
    removed alone     for each edge: the faithfulness of all edges but this one

The truth belongs to one ablation and one corruption: an edge is in the circuit when the faithfulness without
it is .5 or less, out when it is within .05 of 1, and otherwise left out of judgement, as a backup. Where the
edges in the circuit are not enough, what greedy pruning in either order keeps besides them is left out, too.
All runs are edgewise's own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from edgewise.circuit import Circuit
from edgewise.discovery import discover
from edgewise.evaluation.known import against_known
from edgewise.graph import Graph
from edgewise.models.transformer import Transformer
from edgewise.patching.forward import patched_logits
from edgewise.patching.replacements import ABLATIONS, Replacements
from edgewise.tasks.pairs import Pairs
from edgewise.zoo.known import KnownCircuit
from faithful import STAYS, Faithfulness
from lesson import Lesson, Pool

IN, OUT = 0.5, 0.95
"""Of the faithfulness without an edge: at most, when it belongs; as near to 1, when it does not."""
COUNT = 256
"""Prompt pairs for faithfulness; twice as many prompts for accuracy and swaps."""


@dataclass(frozen=True)
class Accepted:
    """What was measured, the truth by ablation, and why the model is refused; no reasons: it is not."""

    measured: dict[str, Any]
    known: dict[str, KnownCircuit]
    refusals: list[str]


def accept(
    model: Transformer,
    lesson: Lesson,
    count: int = COUNT,
    seed: int = 1,
    ablations: Iterable[str] = ABLATIONS,
    split: str = "test",
    prompts: int | None = None,
) -> Accepted:
    """`ablations`: those to look at, corrupted among them. `prompts`: for accuracy and swaps; None: twice as
    many as pairs."""
    graph = Graph.of(model.config)
    pool = lesson.pool(lesson.draw(2 * count if prompts is None else prompts, split, seed))
    pairs = task_pairs(model, lesson, count, seed, split)
    circuit = Circuit.of(graph, lesson.circuit)
    measured: dict[str, Any] = {
        "graph": graph.describe(),
        "circuit": list(circuit),
        "corruption": lesson.corruption,
        "metric": lesson.metric,
        "test examples": {"interchange": len(pool.tokens), "pairs": len(pairs)},
        "accuracy": accuracy(model, lesson, pool),
        **node_swaps(model, lesson, pool),
    }
    known = {}
    for ablation in ablations:
        found = measured[ablation] = {}
        ratio = Faithfulness(model, pairs, lesson.metric, ablation)
        found["full"], found["replaced"] = ratio.full, ratio.replaced
        alone = ratio.without_each()
        values = alone[graph.edges]
        needed = (alone <= IN) & graph.edges
        between = ~needed & ((1 - alone).abs() > 1 - OUT) & graph.edges
        pruned = ratio.prune(alone)
        enough = ratio(needed.float()[None]).item()
        backups = between
        if abs(enough - 1) > STAYS:
            backups = between | ((pruned | ratio.prune(alone, most_missed_first=True)) & ~needed)
        known[ablation] = KnownCircuit(Circuit(graph, needed), Circuit(graph, backups))
        found["faithfulness of the lesson's circuit"] = ratio(circuit.mask()[None]).item()
        found["faithfulness of the known circuit"] = enough
        found["faithfulness with backups"] = ratio((needed | backups).float()[None]).item()
        found["edges removed alone"] = _named(graph, alone, between | needed | circuit.kept)
        outside = graph.edges & ~circuit.kept
        lowest = alone[outside].topk(3, largest=False).values.max()
        found["lowest outside the lesson's circuit"] = _named(graph, alone, outside & (alone <= lowest))
        found["largest"] = values.max().item()
        found["pruned from the full graph"] = list(Circuit(graph, pruned))
        if needed.any():
            found["eap"] = eap(model, lesson, pairs, ablation, known[ablation])
    return Accepted(measured, known, refusals(measured, lesson, known["corrupted"]))


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
    faithful = measured["corrupted"]["faithfulness of the lesson's circuit"]
    if not abs(faithful - 1) <= 0.05:
        found.append(f"faithfulness of the circuit {faithful:.3f} is not within .05 of 1")
    strays = set(known.circuit) - set(lesson.circuit)
    if strays:
        found.append(f"needed, but outside the circuit: {', '.join(sorted(strays))}")
    if not len(known.circuit):
        found.append("no edge is needed")
    return found


def task_pairs(model: Transformer, lesson: Lesson, count: int, seed: int, split: str = "test") -> Pairs:
    """The task's own prompt pairs."""
    return Pairs.from_list(lesson.task.entries(lesson.rules(), count, split, seed, lesson.corruption), model)


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


def eap(
    model: Transformer, lesson: Lesson, pairs: Pairs, ablation: str, known: KnownCircuit
) -> dict[str, float]:
    """How well plain EAP finds the known circuit (Syed et al. 2023, arXiv:2310.10348)."""
    scores = discover(model, pairs[:128], "eap", metric=lesson.metric, ablation=ablation)
    found = against_known(scores, known)
    return found | {
        f"{name} by value": value for name, value in against_known(scores, known, by="value").items()
    }


def _named(graph: Graph, values: Tensor, wanted: Tensor) -> dict[str, float]:
    found = {graph.edge_name(*place): values[tuple(place)].item() for place in wanted.nonzero().tolist()}
    return dict(sorted(found.items(), key=lambda item: item[1]))
