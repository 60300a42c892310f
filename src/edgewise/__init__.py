"""edgewise: find the circuit a transformer language model uses for a task.

    import edgewise as ew

    model = ew.load("gpt2")
    pairs = ew.Pairs.from_jsonl("mine.jsonl", model)
    scores = ew.discover(model, pairs, method="eap")
    circuit = scores.top(200).prune()
    print(ew.evaluate(model, pairs, circuit))

Importing this is quick: what a name stands for, and torch with it, is imported when the name is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edgewise.circuit import Circuit, Scores
    from edgewise.discovery import discover
    from edgewise.distributed import together
    from edgewise.errors import BadInput, EdgewiseError
    from edgewise.evaluation.agreement import agreement, interpolated
    from edgewise.evaluation.claims import claims
    from edgewise.evaluation.curve import curve
    from edgewise.evaluation.faithfulness import evaluate
    from edgewise.evaluation.grid import youden_grid
    from edgewise.evaluation.groups import scores_by_role, scores_by_truth
    from edgewise.evaluation.intervals import intervals_of
    from edgewise.evaluation.known import edge_roc, family_roc, node_roc
    from edgewise.evaluation.minimality import contributions
    from edgewise.evaluation.units import evaluate_units
    from edgewise.graph import Graph
    from edgewise.masks.units import Units
    from edgewise.models.load import load
    from edgewise.models.native import save_model
    from edgewise.patching.forward import patched_logits
    from edgewise.patching.replacements import Replacements
    from edgewise.planning.plan import plan
    from edgewise.resampling import stability
    from edgewise.run_folder import load_run
    from edgewise.tasks.catalogue import task
    from edgewise.tasks.pairs import Pairs
    from edgewise.unit_discovery import learn_units
    from edgewise.view_run import view

__all__ = [
    "BadInput",
    "Circuit",
    "EdgewiseError",
    "Graph",
    "Pairs",
    "Replacements",
    "Scores",
    "Units",
    "agreement",
    "claims",
    "contributions",
    "curve",
    "discover",
    "edge_roc",
    "evaluate",
    "evaluate_units",
    "family_roc",
    "interpolated",
    "intervals_of",
    "learn_units",
    "load",
    "load_run",
    "node_roc",
    "patched_logits",
    "plan",
    "save_model",
    "scores_by_role",
    "scores_by_truth",
    "stability",
    "task",
    "together",
    "view",
    "youden_grid",
]

_HOMES = {
    "BadInput": "errors",
    "Circuit": "circuit",
    "EdgewiseError": "errors",
    "Graph": "graph",
    "Pairs": "tasks.pairs",
    "Replacements": "patching.replacements",
    "Scores": "circuit",
    "Units": "masks.units",
    "agreement": "evaluation.agreement",
    "claims": "evaluation.claims",
    "contributions": "evaluation.minimality",
    "curve": "evaluation.curve",
    "discover": "discovery",
    "edge_roc": "evaluation.known",
    "evaluate": "evaluation.faithfulness",
    "evaluate_units": "evaluation.units",
    "family_roc": "evaluation.known",
    "interpolated": "evaluation.agreement",
    "intervals_of": "evaluation.intervals",
    "learn_units": "unit_discovery",
    "load": "models.load",
    "load_run": "run_folder",
    "node_roc": "evaluation.known",
    "patched_logits": "patching.forward",
    "plan": "planning.plan",
    "save_model": "models.native",
    "scores_by_role": "evaluation.groups",
    "scores_by_truth": "evaluation.groups",
    "stability": "resampling",
    "task": "tasks.catalogue",
    "together": "distributed",
    "view": "view_run",
    "youden_grid": "evaluation.grid",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return import_module("importlib.metadata").version(__name__)
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return [*__all__, *(name for name in globals() if name.startswith("__"))]
