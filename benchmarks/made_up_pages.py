"""Pages of made-up scores on large graphs, to measure and to test what a page bears."""

from pathlib import Path

import torch

from edgewise.circuit import Circuit, Scores
from edgewise.graph import Graph
from edgewise.pages.attention import ROOM, AttentionExample, AttentionExamples
from edgewise.pages.page import Page
from edgewise.pages.report import RunPage, report
from edgewise.zoo.known import KnownCircuit

GPT2 = Graph(layers=12, heads=12, key_readers=12)
CODE_LLAMA = Graph(layers=40, heads=40, key_readers=40)
"""CodeLlama-13B's: 3.9 million edges."""


def heavy_tailed(graph: Graph, seed: int = 0) -> Scores:
    """A few nodes matter much, the embedding and the logits most, so that strong edges lie on paths."""
    generator = torch.Generator().manual_seed(seed)
    sources = torch.randn(len(graph.sources), generator=generator).mul(1.6).exp()
    readers = torch.randn(len(graph.readers), generator=generator).mul(1.6).exp()
    sources[0], readers[-1] = sources.max(), readers.max()
    signs = torch.randn(graph.shape, generator=generator)
    return Scores(graph, sources[None, :] * readers[:, None] * signs)


def made_up(graph: Graph, name: str = "made up", seed: int = 0, **changes) -> RunPage:
    scores = heavy_tailed(graph, seed)
    size = min(200, graph.edge_count // 2)
    none = Circuit.empty(graph)
    truth = KnownCircuit(
        scores.top(size // 2).prune(),
        none,
        none,
        roles={"late": ("a9.h9", "m11")},
    )
    given = {"known": truth, "attention": as_much_attention_as_there_is_room_for(graph)}
    return RunPage(name, scores, size, len(scores.top(size).prune()), **{**given, **changes})


def as_much_attention_as_there_is_room_for(graph: Graph) -> AttentionExamples:
    positions = 15
    heads = [name for name in graph.sources if ".h" in name][: ROOM // (3 * 2 * positions**2)]
    draw = torch.Generator().manual_seed(0)
    looks = torch.randint(0, 255, (len(heads), 2, positions, positions), generator=draw, dtype=torch.uint8)
    tokens = tuple(f" word{place}" for place in range(positions))
    effects = torch.randn(len(graph.sources), positions, generator=draw)
    one = AttentionExample(tokens, tokens, " right", " wrong", (14,), tuple(heads), looks.tril(), effects)
    return AttentionExamples((one,) * 3)


def saved(folder: Path, *runs: RunPage, title: str = "") -> Path:
    path = folder / "page.html"
    Page(report(runs, title)).save(path)
    return path
