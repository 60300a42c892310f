"""What training minimises: strict interchange intervention training (Gupta et al. 2024, arXiv:2407.14494)
with a guide for attention and a loss of edges.

    task         the plain run gives the answer: KL from even chances for all right tokens
    interchange  with mapped nodes taken from the partner's run, the counterfactual answer
    strictness   with unmapped nodes taken from there, still the answer
    edges        with every edge but the circuit's taken from another prompt's run, still the answer
    alternatives the same with a part of the circuit that is enough alone, and corrupted prompts
    against      with all edges, and without those that work against the answer, logits as far apart as wanted
    difference   and the logits of right and wrong tokens as far apart as in the plain run, squared
    guide        minus the logarithm of the attention that mapped heads pay to where their node looks
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

from causal import Guide
from edgewise.circuit import Circuit
from edgewise.graph import Graph
from edgewise.models.transformer import Transformer
from forward import Run, run
from lesson import Lesson, Pool


def losses(
    model: Transformer, lesson: Lesson, batch: Pool, generator: torch.Generator
) -> dict[str, Float[Tensor, ""]]:
    """`batch`: partners half a batch apart."""
    graph = Graph.of(model.config)
    count, vocabulary = len(batch.tokens), model.config.vocabulary
    corrupted = int(lesson.settings.corrupted_share * count)
    everything = run(model, batch.tokens, batch.read)
    plain, of_pairs = everything.logits, everything.sources
    with torch.no_grad():
        of_corrupted = run(model, batch.corrupted[:corrupted], batch.read[:corrupted]).sources
    partner = torch.arange(count).roll(count // 2)
    right = lesson.right(lesson.causal.answers(batch.fields), vocabulary)

    taken, swap = choose_swaps(lesson, graph, count, generator)
    others = lesson.causal.values({name: value[partner] for name, value in batch.fields.items()})
    swapped_right = lesson.right(lesson.causal.answers(batch.fields, others, taken), vocabulary)
    swapped = run(model, batch.tokens, batch.read, of_pairs[:, partner], swap=swap)
    each = divergence(swapped.logits, swapped_right)
    defined, interchanged = swapped_right.any(1), taken.any(1)

    stranger = torch.arange(count).roll(1)
    other = torch.cat([of_corrupted, of_pairs[:, stranger[corrupted:]]], 1).detach()
    keep = Circuit.of(graph, lesson.circuit).mask()
    alone = run(model, batch.tokens, batch.read, other, keep=keep).logits
    apart = difference(plain, right) - difference(alone, right)
    found = {
        "task": divergence(plain, right).mean(),
        "interchange": mean_where(each, defined & interchanged),
        "strictness": mean_where(each, ~interchanged),
        "edges": divergence(alone, right).mean(),
        "difference": apart.square().mean(),
        "guide": guide_loss(everything, lesson.causal.guides, batch),
    }
    if lesson.alternatives:
        chosen = int(torch.randint(len(lesson.alternatives), (), generator=generator))
        keep = Circuit.of(graph, lesson.alternatives[chosen]).mask()
        first = slice(0, corrupted)
        either = run(model, batch.tokens[first], batch.read[first], of_corrupted, keep=keep).logits
        found["alternatives"] = divergence(either, right[first]).mean()
    if lesson.against:
        keep = (~Circuit.of(graph, lesson.against)).mask()
        without = run(model, batch.tokens, batch.read, other, keep=keep).logits
        found["against"] = against_loss(plain, without, right, lesson.settings.apart)
    return found


def choose_swaps(
    lesson: Lesson, graph: Graph, count: int, generator: torch.Generator
) -> tuple[Bool[Tensor, "examples nodes"], Bool[Tensor, "examples sources"]]:
    """Half of the examples: one mapped node, in a quarter of them several, in half of them with unmapped
    sources too. The other half: unmapped sources, one, some or all."""

    def chance(*shape: int) -> Tensor:
        return torch.rand(*shape, generator=generator)

    nodes, sources = len(lesson.causal.nodes), len(graph.sources)
    unmapped = torch.ones(sources, dtype=torch.bool)
    unmapped[: len(graph.embeddings)] = False
    for place in lesson.causal.places:
        unmapped[graph.source_index[place]] = False

    interchanged = torch.arange(count) % 2 == 0
    one = F.one_hot(torch.randint(nodes, (count,), generator=generator), nodes).bool()
    taken = torch.where(chance(count, 1) < 0.25, chance(count, nodes) < 0.5, one) & interchanged[:, None]
    swap = torch.zeros(count, sources, dtype=torch.bool)
    for index, node in enumerate(lesson.causal.nodes):
        for place in node.places:
            swap[:, graph.source_index[place]] = taken[:, index]

    candidates = unmapped.nonzero()[:, 0]
    single = candidates[torch.randint(len(candidates), (count,), generator=generator)]
    kind = chance(count, 1)
    some = torch.where(kind < 0.4, F.one_hot(single, sources).bool(), chance(count, sources) < 0.5)
    some = some | (kind > 0.8)
    also = torch.where(interchanged[:, None], chance(count, 1) < 0.5, True)
    return taken, swap | (some & unmapped & also)


def divergence(
    logits: Float[Tensor, "examples vocabulary"], right: Bool[Tensor, "examples vocabulary"]
) -> Float[Tensor, " examples"]:
    """KL(even chances for every right token || the output); 0 where none is right."""
    count = right.sum(-1).clamp(min=1)
    return -(right * logits.log_softmax(-1)).sum(-1) / count - count.log()


def difference(logits: Tensor, right: Tensor) -> Float[Tensor, " examples"]:
    """Mean logit of the right tokens less that of all others."""
    return (logits * right).sum(-1) / right.sum(-1) - (logits * ~right).sum(-1) / (~right).sum(-1)


def against_loss(plain: Tensor, without: Tensor, right: Tensor, apart: tuple[float, float]) -> Tensor:
    """How far both differences are from those wanted: squared, halved, and linear from 1 on."""
    found = torch.stack([difference(plain, right), difference(without, right)])
    return F.huber_loss(found, torch.tensor(apart)[:, None].expand_as(found))


def mean_where(values: Tensor, wanted: Tensor) -> Tensor:
    return (values * wanted).sum() / wanted.sum().clamp(min=1)


def guide_loss(everything: Run, guides: tuple[Guide, ...], batch: Pool) -> Float[Tensor, ""]:
    total = torch.zeros(())
    for guide in guides:
        layer, head = (int(part[1:]) for part in guide.head.split("."))
        at, looks_at = (
            field if field.ndim == 2 else field[:, None]
            for field in (batch.fields[guide.at], batch.fields[guide.looks_at])
        )
        rows = torch.arange(len(at))[:, None]
        logarithms = everything.attention[layer][:, head].log_softmax(-1)
        there = logarithms[rows, at.clamp(min=0), looks_at.clamp(min=0)]
        total = total - mean_where(there, (at >= 0) & (looks_at >= 0))
    return total
