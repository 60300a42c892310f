"""Gradients by weights on models whose circuits are known: each way to score a node, and its node AUC.

A node scores as its strongest part: what it reads with, what it writes with. Nodes of edges of which no one
can say whether they belong are not judged, unless they have a part in the circuit, too.

tracr-reverse puts out words, so that its pairs are given answers here: each position whose right word differs
between the two prompts is read for itself, and the word of the corrupted prompt is the wrong one. The one
output of tracr-xproportion is a number: only `inverse` is defined there.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import get_args

import torch

import edgewise as ew
from edgewise import zoo
from edgewise.components import ComponentScores
from edgewise.evaluation.roc import roc_of_ranking
from edgewise.methods.direct_effect import direct_effect
from edgewise.methods.weight_gradients import (
    BySize,
    component_norms,
    divided,
    weight_gradients,
    weights_of,
)
from edgewise.methods.wrongness import Wrong
from edgewise.models.transformer import Transformer
from edgewise.tasks.ablations import replacer_for
from edgewise.tasks.catalogue import TASKS
from edgewise.tasks.metrics import METRICS
from edgewise.tasks.pairs import Pairs
from edgewise.zoo.known import KnownCircuit

CASES: dict[str, tuple[str, str | None, str]] = {
    "ioi": ("ioi", None, "corrupted"),
    "ioi, swapped": ("ioi", "swapped", "corrupted:swapped"),
    "ioi-large": ("ioi-large", None, "corrupted"),
    "ioi-large, swapped": ("ioi-large", "swapped", "corrupted:swapped"),
    "greater-than": ("greater-than", None, "corrupted"),
    "docstring": ("docstring", None, "corrupted"),
    "induction": ("induction", None, "corrupted"),
    "tracr-reverse": ("tracr-reverse", None, "corrupted"),
    "tracr-xproportion": ("tracr-xproportion", None, "corrupted"),
}
"""A bundled model, how its prompts are corrupted, and the name of its truth."""
DEFINITIONS: dict[str, tuple[Wrong, bool, bool]] = {
    "dissimilar": ("dissimilar", False, False),
    "inverse": ("inverse", False, False),
    "counterpart": ("counterpart", False, False),
    "difference": ("difference", True, False),
    "difference, clean": ("difference", False, False),
    "difference, each": ("difference", True, True),
}
"""What is maximally wrong, whether the mirrored prompt has a part in it, and whether each example's norm is
taken for itself."""


@dataclass(frozen=True)
class Case:
    model: Transformer
    pairs: Pairs
    metric: str
    known: KnownCircuit

    @classmethod
    def of(cls, name: str, corruption: str | None, truth: str, examples: int, seed: int) -> Case:
        bundle = zoo.open_bundle(name)
        task, model = bundle.task, bundle.model
        if task in TASKS:
            pairs = ew.task(task, model, examples, seed=seed, corruption=corruption)
            return cls(model, pairs, TASKS[task].metric, bundle.known[truth])
        # Programs have few prompts: as many as there are, and no more than 100, unless a number is given.
        pairs = Pairs.from_list(with_answers(model, ew.task(task, model, seed=seed)), model)
        return cls(model, pairs, "logit-diff", bundle.known[truth])

    def judge(self, values: torch.Tensor) -> float:
        """The node AUC of a score for every source."""
        graph, circuit = self.known.circuit.graph, self.known.circuit
        inside, doubtful = set(circuit.nodes()), set(self.known.backups.nodes())
        nodes = [name for name in graph.sources if name not in graph.embeddings]
        scores = values[[graph.source_index[name] for name in nodes]]
        belong = torch.tensor([name in inside for name in nodes])
        return roc_of_ranking(scores, belong, torch.tensor([name not in doubtful for name in nodes])).auc

    def sizes(self) -> tuple[int, int]:
        """Nodes of the circuit, and of the model."""
        graph = self.known.circuit.graph
        nodes = set(graph.sources) - set(graph.embeddings)
        return len(nodes & set(self.known.circuit.nodes())), len(nodes)


def with_answers(model: Transformer, pairs: Pairs) -> Iterator[dict[str, object]]:
    """The pairs of a program whose outputs are words, one read each; of one number, as they are."""
    for pair in pairs:
        entry = {"clean": pair.clean, "corrupted": pair.corrupted}
        if model.config.outputs == 1:
            yield {**entry, "position": pair.read, "target": pair.target}
            continue
        assert pair.corrupted is not None
        right, wrong = (model(torch.tensor([each]))[0].argmax(-1) for each in (pair.clean, pair.corrupted))
        for read in pair.read:
            if right[read] != wrong[read]:
                yield {**entry, "position": read, "correct": int(right[read]), "wrong": int(wrong[read])}


def strongest_part(found: ComponentScores) -> torch.Tensor:
    """Per source, the largest of its node's scores."""
    graph, strongest = found.graph, found.sources.clone()
    for row, reader in enumerate(graph.readers):
        for node in graph.head_of_reader(reader):
            place = graph.source_index[node]
            strongest[place] = max(strongest[place], found.readers[row])
    return strongest


def by_gradients(case: Case, definition: str) -> ComponentScores:
    wrong, mirrored, each = DEFINITIONS[definition]
    parts = [case.pairs[place : place + 1] for place in range(len(case.pairs))] if each else [case.pairs]
    found = [weight_gradients(case.model, part, wrong=wrong, mirrored=mirrored) for part in parts]
    sources, readers = (
        torch.stack([getattr(one, side) for one in found]).mean(0) for side in ("sources", "readers")
    )
    return ComponentScores(found[0].graph, sources, readers)


def by_weights(case: Case) -> ComponentScores:
    return component_norms(case.model, weights_of(case.model))


def times(found: ComponentScores, sizes: ComponentScores) -> ComponentScores:
    return ComponentScores(found.graph, found.sources * sizes.sources, found.readers * sizes.readers)


def by_edges(scores: ew.Scores) -> torch.Tensor:
    return scores.values.abs().sum(0)


def by_direct_effect(case: Case) -> torch.Tensor:
    replacer = replacer_for("corrupted", case.model, case.pairs, 16)
    return by_edges(direct_effect(case.model, case.pairs, METRICS["logit-diff"], replacer))


def by_eap(case: Case) -> torch.Tensor:
    return by_edges(ew.discover(case.model, case.pairs, "eap", metric=case.metric))


def measure(case: Case) -> dict[str, float | None]:
    """The node AUC of every way to score; None where it is not defined."""
    found: dict[str, float | None] = {}
    sizes = by_weights(case)
    for definition in DEFINITIONS:
        ways = [f"{definition} / {by_size}" for by_size in (*get_args(BySize), "x weight-norm")]
        found |= dict.fromkeys(ways)
        with suppress(ew.BadInput):
            plain = by_gradients(case, definition)
            scores = [divided(plain, case.model, by_size) for by_size in get_args(BySize)]
            scores.append(times(plain, sizes))
            found |= {way: case.judge(strongest_part(each)) for way, each in zip(ways, scores, strict=True)}
    found["weight norm alone"] = case.judge(strongest_part(sizes))
    for way, score in (("direct effect", by_direct_effect), ("eap", by_eap)):
        found[way] = None
        with suppress(ew.BadInput):
            found[way] = case.judge(score(case))
    return found


def means(found: dict[str, dict[str, float | None]]) -> dict[str, float]:
    """Of every way, over the cases in which all are defined."""
    whole = {case: values for case, values in found.items() if None not in values.values()}
    ways = next(iter(found.values()))
    return {way: sum(values[way] or 0.0 for values in whole.values()) / len(whole) for way in ways}


def rows_of(
    found: dict[str, dict[str, float | None]], sizes: dict[str, tuple[int, int]]
) -> tuple[list[str], list[list[str]]]:
    """The table's head, and its rows."""
    average = means(found)
    rows = [
        ["nodes of the circuit, of all", *(f"{inside} of {count}" for inside, count in sizes.values()), ""]
    ]
    for way in average:
        numbers = (values[way] for values in found.values())
        cells = ["-" if number is None else f"{number:.2f}" for number in numbers]
        rows.append([way, *cells, f"{average[way]:.2f}"])
    return ["way / divided by", *found, "mean"], rows
