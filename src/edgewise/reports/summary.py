"""What the terminal shows of a run: the strongest edges, sizes, how good the circuit is."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from edgewise.circuit import Circuit, Scores
from edgewise.evaluation.claims import Claim
from edgewise.evaluation.curve import Curve
from edgewise.evaluation.evaluation import NODES, Evaluation
from edgewise.evaluation.intervals import LEVEL, intervals_of
from edgewise.reports.screen import Trimmed

STRONGEST = 10
BAR = 24
"""Characters of the longest bar."""
LEAST = 1e-300
"""What is nearer to 0 is shown as 0."""


def strongest_edges(scores: Scores, circuit: Circuit, by: str) -> list[tuple[str, float]]:
    """The circuit's strongest edges with their scores."""
    of_circuit = ((edge, score) for edge, score in scores.ranking(by) if edge in circuit)
    return list(islice(of_circuit, min(STRONGEST, len(circuit))))


def edges_table(edges: list[tuple[str, float]], number: str = "score") -> Table:
    """An edge a row, with a bar as long as its score is large."""
    table = table_of(("edge",), (number,))
    table.add_column()
    largest = max((abs(score) for _, score in edges), default=0.0) or 1.0
    for edge, score in edges:
        # The least number there is stands for an edge that stays at no cost.
        score = score if abs(score) > LEAST else 0.0
        bar = "━" * max(1, round(BAR * abs(score) / largest)) if score else ""
        table.add_row(edge, f"{score:+.4g}", Text(bar, style="green" if score > 0 else "red"))
    return table


def sizes_line(circuit: Circuit) -> str:
    size = f"{len(circuit):,} of {circuit.graph.edge_count:,} edges"
    if circuit.selected is None:
        return size
    return f"{size}, {circuit.selected:,} before pruning"


def evaluation_table(circuits: list[Circuit], evaluations: list[Evaluation]) -> Table:
    """A circuit a row."""
    of_nodes = any(each.granularity == NODES for each in evaluations)
    sizes = ("nodes", "edges") if of_nodes else ("chosen", "pruned")
    numbers = (*sizes, "faithful", f"{LEVEL:.0%} interval", "circuit", "KL", "accuracy")
    has_accuracy = any(each.accuracy is not None for each in evaluations)
    table = table_of((), numbers if has_accuracy else numbers[:-1])
    for circuit, each in zip(circuits, evaluations, strict=True):
        chosen = len(circuit) if circuit.selected is None else circuit.selected
        pruned = "-" if circuit.selected is None else f"{len(circuit):,}"
        if of_nodes:
            chosen, pruned = each.edges, f"{len(circuit):,}"
        accuracy = [] if each.accuracy is None else [f"{each.accuracy:.1%}"]
        sure = intervals_of(each)["faithfulness"]
        table.add_row(
            *(f"{chosen:,}", pruned, each.faithfulness_number, "-" if sure is None else str(sure)),
            *(f"{each.circuit:.4g}", each.divergence_text, *accuracy),
        )
    return table


def claims_table(claims: list[Claim]) -> Table:
    """A claim a row."""
    table = table_of(("claim", "verdict", "what was seen"), ("p",))
    for claim in claims:
        table.add_row(claim.name, claim.verdict, claim.told, f"{claim.p:.2g}")
    return table


def ends_line(evaluation: Evaluation) -> str:
    """What faithfulness is between."""
    return (
        f"full model {evaluation.full:.4g}, replaced {evaluation.replaced:.4g}; "
        f"faithfulness by {evaluation.averaging}"
    )


def curve_line(curve: Curve) -> str:
    """The two areas, with how sure they are."""
    if curve.cpr is None or curve.cmd is None:
        return "no CPR and no CMD: faithfulness is not defined"
    sure = {name: "" if one is None else f" ({one})" for name, one in curve.intervals().items()}
    sizes = f"sizes {curve.shares[0]:.3g} to {curve.shares[-1]:.3g}"
    return f"CPR {curve.cpr:.3f}{sure['cpr']}, CMD {curve.cmd:.3f}{sure['cmd']}, {sizes}"


def faithfulness_text(evaluation: Evaluation) -> str:
    """With how sure it is."""
    sure = intervals_of(evaluation)["faithfulness"]
    number = evaluation.faithfulness_number
    with_interval = number if sure is None else f"{number}, {LEVEL:.0%} interval {sure}"
    return evaluation.faithfulness_text.replace(number, with_interval, 1)


def evaluation_facts(evaluation: Evaluation) -> dict[str, str]:
    """What a summary tells of one circuit, and how sure its faithfulness is."""
    return {**evaluation.facts, "faithfulness": faithfulness_text(evaluation)}


def facts_table(facts: Mapping[str, str]) -> Table:
    """A fact a line."""
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, fact in facts.items():
        table.add_row(name, fact)
    return table


def section(title: str, body: RenderableType) -> Group:
    return Group(Trimmed(Group(Text(title, style="bold"), body)), Text())


def table_of(words: tuple[str, ...], numbers: tuple[str, ...]) -> Table:
    """Columns of words, then columns of numbers."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name in words:
        table.add_column(name, overflow="fold")
    for name in numbers:
        table.add_column(name, justify="right", overflow="fold")
    return table
