"""What tests of methods that score nodes and neurons have in common."""

import pytest
import torch

from edgewise.graph import Graph
from edgewise.patching.forward import patched_logits
from edgewise.tasks.ablations import replacer_for
from edgewise.tasks.metrics import METRICS
from edgewise.tasks.pairs import Pairs
from tiny_models import KINDS, tiny_model, tiny_tokens

EVERY_KIND = pytest.mark.parametrize("kind", KINDS)
POST_NORM = [kind for kind, switches in KINDS.items() if switches.get("post_norm")]
CASES = [(kind, "corrupted") for kind in KINDS]
CASES += [(kind, ablation) for kind in ("plain", "post-norm") for ablation in ("zero", "mean")]
SOME_CASES = pytest.mark.parametrize(("kind", "ablation"), CASES)
SOME_WITH_MLPS = pytest.mark.parametrize(
    ("kind", "ablation"), [case for case in CASES if case[0] != "attention-only"]
)
METRIC = METRICS["logit-diff"]


def tiny_pairs(lengths=(7, 7, 5)):
    entries = []
    for index, length in enumerate(lengths):
        clean, corrupted = (tiny_tokens(seed + index, 1, length)[0].tolist() for seed in (10, 30))
        entries.append({"clean": clean, "corrupted": corrupted, "correct": [1 + index], "wrong": [20]})
    return Pairs.from_list(entries, tiny_model("plain"))


def replacing(ablation, model, pairs):
    return replacer_for(ablation, model, pairs, 16)


def masked_nodes(model, batch, replacements, removed):
    """The slow way: logits with every edge that leaves a source at 1 - removed[source], a mask an example."""
    graph = Graph.of(model.config)
    mask = (1 - removed)[None, :].expand(graph.shape)
    return patched_logits(model, batch.clean, mask * graph.edges, replacements, read=batch.read)


def slow_node_scores(model, batch, replacements):
    """[examples, sources], one example after the other."""
    rows = []
    for example in range(len(batch)):
        removed = torch.zeros(Graph.of(model.config).shape[1], dtype=torch.float64, requires_grad=True)
        goodness = METRIC(masked_nodes(model, batch, replacements, removed), batch)[example]
        rows.append(-torch.autograd.grad(goodness, removed)[0])
    return torch.stack(rows)
