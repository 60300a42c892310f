"""Scores and circuits as values.

`Scores` is a number per edge: positive = keeping the edge helps the metric. `Circuit` is a set of edges. Both
are matrices [readers, sources] over a `Graph`, held on the CPU and never changed once made: what
`scores.top(200).prune()` gives is new. "Edge order" is the graph's: reader by reader, its sources in order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import compress, islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from edgewise import storage, views
from edgewise.edge_set import EdgeSet
from edgewise.edges import check_count, check_same, check_shape, edge_places, marked_edges
from edgewise.errors import BadInput, unknown
from edgewise.files import in_file
from edgewise.graph import Graph
from edgewise.html_views import table_html
from edgewise.pruning import on_a_path

if TYPE_CHECKING:
    import networkx

STRENGTH = {"absolute": torch.abs, "value": torch.positive}
"""What `by` can be: how far a score is from 0, or the score itself."""


class NodeScore(NamedTuple):
    """The scores of the edges that leave one source, or that end in one reader."""

    total: float
    strongest: float
    """The largest |score|."""


@dataclass(frozen=True, eq=False, repr=False)
class Scores:
    """A score per edge. What stands where the graph has no edge is ignored and reads as 0."""

    graph: Graph
    values: Float[Tensor, "readers sources"]
    chosen: int | None = None
    """How many edges the method itself chose, those with the largest scores; None: it only ranks them. It has
    no part in equality."""

    def __post_init__(self) -> None:
        check_shape("scores", self.graph, self.values)
        values = torch.where(self.graph.edges, self.values.detach().cpu(), 0.0)
        if values.isnan().any():
            raise BadInput(f"scores must be numbers. Got NaN at {marked_edges(self.graph, values.isnan())}.")
        object.__setattr__(self, "values", values)

    @classmethod
    def from_edges(cls, graph: Graph, scores: Mapping[str, float | int]) -> Scores:
        """From scores by edge name; an edge without one has 0. In float32 where that loses no digit."""
        numbers = torch.tensor(list(scores.values()), dtype=torch.float64)
        if torch.equal(numbers.float().double(), numbers):
            numbers = numbers.float()
        values = torch.zeros(graph.shape, dtype=numbers.dtype)
        values[edge_places(graph, scores)] = numbers
        return cls(graph, values)

    @classmethod
    def load(cls, path: str | Path) -> Scores:
        """Read what `save` wrote."""
        with in_file(path):
            return cls(*storage.read_scores(path))

    def save(self, path: str | Path) -> None:
        """Write a file that `load` reads; one that is there is replaced."""
        storage.write_scores(path, self.graph, self.values, self.chosen)

    def top(self, n: int, by: str = "absolute", among: Circuit | None = None) -> Circuit:
        """The n strongest edges, of a circuit's where one is given; among equals the first in edge order."""
        [circuit] = self.tops([n], by, among)
        return circuit

    def tops(self, sizes: Iterable[int], by: str = "absolute", among: Circuit | None = None) -> list[Circuit]:
        """`top` of several sizes, for which edges are put in order once."""
        sizes = list(sizes)
        for n in sizes:
            check_count(self.graph, n)
        order = self._strongest_first(by)
        if among is not None:
            check_same(self.graph, among.graph)
            order = order[among.kept[self.graph.edges][order]]
        circuits: list[Circuit] = []
        for n in sizes:
            chosen = torch.zeros(self.graph.edge_count, dtype=torch.bool)
            chosen[order[:n]] = True
            kept = torch.zeros(self.graph.shape, dtype=torch.bool)
            kept[self.graph.edges] = chosen
            circuits.append(Circuit(self.graph, kept))
        return circuits

    def own(self) -> Circuit:
        """The circuit that the method itself chose."""
        if self.chosen is None:
            raise BadInput("these scores rank edges, and choose none. Choose: top, threshold or sparsity.")
        return self.top(self.chosen, "value")

    def threshold(self, least: float | int, by: str = "absolute") -> Circuit:
        """The edges that score at least so much."""
        if least != least:
            raise BadInput("a number was needed as the threshold. Got NaN.")
        return Circuit(self.graph, (strength(self.values, by) >= least) & self.graph.edges)

    def sparsity(self, fraction: float | int, by: str = "absolute") -> Circuit:
        """Without a fraction of the edges: the strongest round((1 - fraction) x edges) stay."""
        if not 0 <= fraction <= 1:
            raise BadInput(f"a sparsity from 0 (every edge stays) to 1 (none) was needed. Got {fraction}.")
        return self.top(size_at(self.graph, fraction), by)

    def of(self, edge: str) -> float:
        """The score of one edge, by name."""
        return self.values[edge_places(self.graph, [edge])].item()

    def ranking(self, by: str = "absolute") -> Iterator[tuple[str, float]]:
        """Every edge with its score, strongest first."""
        readers, sources = self.graph.edges.nonzero(as_tuple=True)
        for edge in self._strongest_first(by).tolist():
            reader, source = int(readers[edge]), int(sources[edge])
            yield self.graph.edge_name(reader, source), self.values[reader, source].item()

    def by_source(self) -> dict[str, NodeScore]:
        """Per source, the scores of the edges that leave it."""
        return _node_scores(self.graph.sources, self.values.T)

    def by_reader(self) -> dict[str, NodeScore]:
        """Per reader, the scores of the edges that end in it."""
        return _node_scores(self.graph.readers, self.values)

    def _strongest_first(self, by: str) -> Tensor:
        """The edges, as places in edge order. A stable sort, so that equals stay in edge order."""
        strengths = strength(self.values[self.graph.edges], by)
        return strengths.sort(descending=True, stable=True).indices

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Scores):
            return NotImplemented
        return self.graph == other.graph and torch.equal(self.values, other.values)

    def __repr__(self) -> str:
        strongest = ", ".join(f"{name} {score:+.3g}" for name, score in islice(self.ranking(), 3))
        return f"Scores({self.graph.describe()}; strongest {strongest})"

    def _repr_html_(self) -> str:
        strongest = ((name, f"{score:+.4g}") for name, score in self.ranking())
        count = self.graph.edge_count
        return table_html(f"Scores of {self.graph.describe()}", ("edge", "score"), strongest, count, "edges")


@dataclass(frozen=True, eq=False, repr=False)
class Circuit(EdgeSet):
    """A set of edges of one graph: `len`, `in` and iteration by name, | & - ^ ~ <= == as in Python's sets."""

    selected: int | None = None
    """How many edges there were before pruning; None: not pruned. It has no part in equality."""

    def __post_init__(self) -> None:
        check_shape("a circuit", self.graph, self.kept)
        if self.kept.dtype != torch.bool:
            raise BadInput(
                f"a circuit needs a matrix of True and False. Got {self.kept.dtype}. Compare it: x != 0."
            )
        kept = self.kept.detach().cpu().clone()
        outside = kept & ~self.graph.edges
        if outside.any():
            raise BadInput(
                f"a circuit holds edges of its graph only. Got {marked_edges(self.graph, outside)}."
            )
        object.__setattr__(self, "kept", kept)

    @classmethod
    def of(cls, graph: Graph, edges: Iterable[str]) -> Circuit:
        """From edge names."""
        kept = torch.zeros(graph.shape, dtype=torch.bool)
        kept[edge_places(graph, edges)] = True
        return cls(graph, kept)

    @classmethod
    def full(cls, graph: Graph) -> Circuit:
        """Every edge."""
        return cls(graph, graph.edges)

    @classmethod
    def empty(cls, graph: Graph) -> Circuit:
        """No edge."""
        return cls(graph, torch.zeros(graph.shape, dtype=torch.bool))

    @classmethod
    def load(cls, path: str | Path) -> Circuit:
        """Read what `save` wrote."""
        graph, edges, selected = storage.read_circuit(path)
        with in_file(path):
            return replace(cls.of(graph, edges), selected=selected)

    def save(self, path: str | Path) -> None:
        """Write a file that `load` reads; one that is there is replaced."""
        storage.write_circuit(path, self.graph, list(self), self.selected)

    def prune(self) -> Circuit:
        """The edges on a path from an embedding to `logits`; `selected` remembers how many there were.

        What the circuit does stays the same under the ablation `corrupted`. Under zero and mean a node that
        no path reaches still writes something of its own, and under a norm that heads share (post-norms, OLMo
        2's query and key norms) every head sets its fellows' scale: what is pruned may have had an effect.
        """
        selected = len(self) if self.selected is None else self.selected
        return Circuit(self.graph, on_a_path(self.graph, self.kept), selected)

    def mask(
        self, dtype: torch.dtype = torch.float32, device: torch.device | str | None = None
    ) -> Float[Tensor, "readers sources"]:
        """1 where an edge is kept, 0 elsewhere."""
        return self.kept.to(device=device, dtype=dtype)

    # Views.

    def sources(self) -> list[str]:
        """The sources that an edge leaves."""
        return list(compress(self.graph.sources, self.kept.any(0).tolist()))

    def readers(self) -> list[str]:
        """The readers that an edge enters."""
        return list(compress(self.graph.readers, self.kept.any(1).tolist()))

    def nodes(self) -> list[str]:
        """Embeddings, heads, MLPs and `logits` that an edge leaves or enters."""
        return views.node_names(self.graph, self.kept)

    def sources_of(self, reader: str) -> list[str]:
        """The sources that a reader sees."""
        row = self.kept[_place("reader", reader, self.graph.reader_index)]
        return list(compress(self.graph.sources, row.tolist()))

    def readers_of(self, source: str) -> list[str]:
        """The readers that see a source."""
        column = self.kept[:, _place("source", source, self.graph.source_index)]
        return list(compress(self.graph.readers, column.tolist()))

    def text(self) -> str:
        """A line per reader: `a9.h9<q> <- a0.h1, m0`."""
        return views.as_text(self.graph, self.kept)

    def show(self) -> None:
        """Print it, a line per reader."""
        print(f"{self!r}\n{self.text()}")

    def to_networkx(self, scores: Scores | None = None) -> networkx.MultiDiGraph:
        """For networkx (`pip install edgewise[networkx]`); scores, where given, are the edges' `weight`."""
        if scores is not None:
            check_same(self.graph, scores.graph)
        return views.as_networkx(self.graph, self.kept, None if scores is None else scores.values)

    def __repr__(self) -> str:
        before = "" if self.selected is None else f", {self.selected:,} before pruning"
        return f"Circuit({len(self):,} edges{before}; of {self.graph.describe()})"

    def _repr_html_(self) -> str:
        found = views.sources_by_reader(self.graph, self.kept)
        rows = ((reader, ", ".join(sources)) for reader, sources in found.items())
        return table_html(repr(self), ("reader", "sources"), rows, len(found), "readers")


def size_at(graph: Graph, sparsity: float | int) -> int:
    """How many edges stay where such a share of them goes."""
    return round((1 - sparsity) * graph.edge_count)


def strength(values: Tensor, by: str) -> Tensor:
    if by not in STRENGTH:
        raise BadInput(unknown("order of edges", by, STRENGTH))
    return STRENGTH[by](values)


def _node_scores(names: tuple[str, ...], rows: Tensor) -> dict[str, NodeScore]:
    """One row of scores per name."""
    totals, strongest = rows.sum(1).tolist(), rows.abs().amax(1).tolist()
    return {name: NodeScore(*pair) for name, *pair in zip(names, totals, strongest, strict=True)}


def _place(kind: str, name: str, places: Mapping[str, int]) -> int:
    if name not in places:
        names = list(places)
        raise BadInput(f"a {kind} of this graph was needed, {names[0]} ... {names[-1]}. Got {name!r}.")
    return places[name]
