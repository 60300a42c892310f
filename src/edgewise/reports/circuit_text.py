"""`circuit.txt`: a circuit on a page of plain text, a line per reader."""

from __future__ import annotations

from edgewise.circuit import Circuit
from edgewise.evaluation.evaluation import Evaluation


def circuit_text(model: str, method: str, circuit: Circuit, evaluation: Evaluation) -> str:
    """Where it comes from, how good it is, and its edges, `reader <- sources`."""
    heading = f"Circuit of {model}, found by {method}"
    before = "" if circuit.selected is None else f" ({circuit.selected:,} before pruning)"
    size = f"{len(circuit):,} of {circuit.graph.edge_count:,} edges{before}"
    return f"{heading}\n{'=' * len(heading)}\n{size}\n\n{evaluation}\n\n{circuit.text()}\n"
