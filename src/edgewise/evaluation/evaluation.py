"""What was measured of a circuit, as a value: to print, to save, to read back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, asdict, dataclass, fields, replace
from math import isnan
from typing import Any

import numpy as np

from edgewise.errors import BadInput, check_name
from edgewise.evaluation.averaging import AVERAGINGS, RATIO_OF_MEANS
from edgewise.html_views import table_html
from edgewise.tasks.metrics import METRICS

EDGES = "edges"
NODES = "nodes"
SELDOM = 0.5
"""A full model that is right less often does not do the task."""
AGAINST_KNOWN = (
    "edge_auc",
    "precision_at_known_size",
    "pessimistic_auc",
    "average_precision",
    "youden_j",
    "node_auc",
)
"""What scores are told beside a known circuit, whatever circuit is made of them."""
SMALL_DIFFERENCE = 0.05
"""Of full model and everything replaced, relative to the larger: below it faithfulness means little."""


@dataclass(frozen=True)
class Evaluation:
    """A circuit on some prompt pairs, each number a mean over examples. `evaluation.json` holds these fields.

    faithfulness = (circuit - replaced) / (full - replaced), each the metric's mean: a ratio of means.
    """

    metric: str
    ablation: str
    examples: int
    edges: int
    """Edges of the circuit; whatever it is made of, where `granularity` says so."""
    graph_edges: int
    full: float
    """The metric of the full model on the clean prompts."""
    replaced: float
    """The metric with every source replaced: an empty circuit's."""
    circuit: float
    faithfulness: float | None
    """1: as good as the full model; 0: no better than everything replaced; None: these two are equal."""
    kl: float
    """KL(full model || circuit), summed over the vocabulary."""
    accuracy: float | None
    """Of the circuit; None where the prompts have no correct answers."""
    full_accuracy: float | None
    per_example: Mapping[str, Sequence[float]]
    """The metric of each example: `full`, `replaced`, `circuit`; and `kl`, the circuit's."""
    granularity: str = EDGES
    averaging: str = RATIO_OF_MEANS
    found_here: bool | None = None
    """Whether the circuit was found on these very pairs; None: not known."""
    also_found_on: int | None = None
    """How many of these pairs the circuit was found on; None: not known."""
    edge_auc: float | None = None
    """How well the scores find the known circuit (`roc.py`), as do the next; None: none is known."""
    precision_at_known_size: float | None = None
    pessimistic_auc: float | None = None
    average_precision: float | None = None
    youden_j: float | None = None
    node_auc: float | None = None
    """None, too, where all heads and MLPs belong."""

    def averaged(self, averaging: str) -> Evaluation:
        """The same with the faithfulness of another averaging: see `averaging.py`."""
        if problems := check_name("averaging", averaging, AVERAGINGS):
            raise BadInput(*problems)
        values = (np.array(self.per_example[name]) for name in ("circuit", "full", "replaced"))
        found = AVERAGINGS[averaging](*values).item()
        return replace(self, faithfulness=None if isnan(found) else found, averaging=averaging)

    @property
    def sparsity(self) -> float:
        """The share of the graph's edges that the circuit leaves out."""
        return 1 - self.edges / self.graph_edges

    @property
    def where(self) -> str:
        """The prompts, in words."""
        pairs = "prompt pair" if self.examples == 1 else "prompt pairs"
        found = "the circuit was found" if self.what == "circuit" else "the mask was learned"
        if self.found_here is None or not (self.found_here or self.also_found_on is not None):
            return f"on {self.examples:,} {pairs}"
        if self.found_here:
            return f"on the {self.examples:,} {pairs} {found} on"
        if not self.also_found_on:
            return f"on {self.examples:,} other {pairs}"
        if self.also_found_on == self.examples:
            return f"on {self.examples:,} of the prompt pairs {found} on"
        return f"on {self.examples:,} {pairs}, {self.also_found_on:,} of which {found} on"

    @property
    def what(self) -> str:
        """What was measured, in a word."""
        return "circuit" if self.granularity in (EDGES, NODES) else "units"

    @property
    def faithfulness_number(self) -> str:
        # Rounding before formatting, and a sum, so that nothing reads as -0.000.
        return "-" if self.faithfulness is None else f"{round(self.faithfulness, 3) + 0.0:.3f}"

    @property
    def faithfulness_text(self) -> str:
        """The number and how it was averaged, or why there is none."""
        if self.faithfulness is None:
            where = "" if self.averaging == RATIO_OF_MEANS else " for some examples"
            return f"not defined: full model and everything replaced have the same {self.metric}{where}"
        note = ""
        if abs(self.full - self.replaced) < SMALL_DIFFERENCE * max(abs(self.full), abs(self.replaced)):
            note = "; of little meaning: full model and everything replaced hardly differ"
        return f"{self.faithfulness_number} ({self.averaging}{note})"

    @property
    def doubts(self) -> list[str]:
        """Why there may be no circuit of the task: what the full model does on these prompts."""
        ahead = self.full - self.replaced
        if (ahead if METRICS[self.metric].higher_is_better else -ahead) <= 0:
            return [
                f"by {self.metric} the full model does no better than with everything replaced "
                f"({self.full:.4g} and {self.replaced:.4g}): there is nothing that a circuit would do. "
                "Choose prompts that the model can do, or another metric."
            ]
        if self.full_accuracy is not None and self.full_accuracy < SELDOM:
            return [
                f"the full model is right on {self.full_accuracy:.0%} of these prompts: what it does is "
                "hardly the task. Choose prompts that it can do."
            ]
        return []

    @property
    def known_text(self) -> str | None:
        """How well the scores find the known circuit, where there is one."""
        if self.edge_auc is None:
            return None
        nodes = "" if self.node_auc is None else f"; node AUC {self.node_auc:.3f}"
        return (
            f"edge AUC {self.edge_auc:.3f}, precision at its size {self.precision_at_known_size:.3f}{nodes}"
        )

    @property
    def values_text(self) -> str:
        """The metric's three means, short enough for a row of 80 characters."""
        return f"{self.circuit:.4g} {self.what}, {self.full:.4g} full model, {self.replaced:.4g} replaced"

    @property
    def divergence_text(self) -> str:
        """Rounding can make a divergence of nothing a little less than nothing."""
        return f"{max(self.kl, 0.0):.3g}"

    @property
    def heading(self) -> str:
        """What was measured, and where."""
        made_of = "" if self.granularity == EDGES else f", by {self.granularity}"
        return f"{self.metric} {self.where}, ablation {self.ablation}{made_of}"

    @property
    def facts(self) -> dict[str, str]:
        """What a summary tells of the circuit."""
        facts = {
            self.metric: self.values_text,
            "faithfulness": self.faithfulness_text,
            "KL to full": self.divergence_text,
        }
        if self.known_text is not None:
            facts["known circuit"] = self.known_text
        if self.accuracy is not None:
            facts["accuracy"] = f"{self.accuracy:.1%} {self.what}, {self.full_accuracy:.1%} full model"
        return facts

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "sparsity": self.sparsity}

    @classmethod
    def from_dict(cls, values: Any) -> Evaluation:
        """The inverse of `to_dict`, also after a round trip through JSON."""
        if not isinstance(values, dict):
            raise BadInput("an evaluation was needed, as an object.")
        known = {field.name: field.default is MISSING for field in fields(cls)}
        if missing := [name for name, is_needed in known.items() if is_needed and name not in values]:
            raise BadInput(f"an evaluation must hold {', '.join(missing)}.")
        try:
            per_example = {name: tuple(numbers) for name, numbers in values["per_example"].items()}
        except (AttributeError, TypeError):
            raise BadInput("'per_example' of an evaluation must be lists of numbers by name.") from None
        given = {name: values[name] for name in known if name in values}
        return cls(**{**given, "per_example": per_example})

    def __str__(self) -> str:
        lines = [
            f"{self.metric} {self.where}, ablation {self.ablation}, by {self.granularity}",
            f"  {self.values_text}",
            f"  faithfulness {self.faithfulness_text}",
            f"  KL(full || {self.what}) {self.kl:.4g}",
            f"  {self.edges:,} of {self.graph_edges:,} {self.granularity} (sparsity {self.sparsity:.2%})",
        ]
        if self.accuracy is not None:
            lines.insert(4, f"  accuracy {self.accuracy:.1%} (full model {self.full_accuracy:.1%})")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        size = f"{self.edges:,} of {self.graph_edges:,} {self.granularity}"
        facts = {**self.facts, "size": f"{size} (sparsity {self.sparsity:.2%})"}
        return table_html(self.heading, ("", ""), facts.items(), len(facts))
