"""One cell: a run, judged on held-out prompts, to one row of the table.

    kl_at_sparsity, faithfulness_at_sparsity   of the circuit at 96.6 % sparsity, as in Edge Pruning's table

A circuit of a task is found on its split `train` and judged on `test`. How scores stand beside a known
circuit, the run has worked out; CPR and CMD are over MIB's sizes. A run that is there is not made again.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from edgewise.bench.matrix import Cell
from edgewise.evaluate_checks import check
from edgewise.evaluation.curve import MIB_SIZES, Curve, sizes_in_edges
from edgewise.evaluation.evaluation import AGAINST_KNOWN
from edgewise.evaluation.faithfulness import evaluate_circuits
from edgewise.files import atomic_write, make_parents
from edgewise.masks.optimal import replacers_to_judge
from edgewise.progress import Progress
from edgewise.request import EvaluationRequest
from edgewise.run import load_model, run, select
from edgewise.run_folder import RECORD, Run, load_run
from edgewise.tasks.metrics import METRICS

SPARSITY = 0.966
ROWS, RUNS, PROBLEMS = "rows", "runs", "problems"
"""Folders of a matrix."""


def row_file(folder: Path, cell: Cell) -> Path:
    return folder / ROWS / f"{cell.name}.json"


def work(cell: Cell, folder: Path) -> None:
    """Runs the cell, and writes its row."""
    out = folder / RUNS / cell.name
    done = load_run(out) if (out / RECORD).is_file() else run(cell.request(out))
    path = row_file(folder, cell)
    make_parents(path)
    atomic_write(path, json.dumps(row(cell, done), indent=1) + "\n")


def row(cell: Cell, run: Run) -> dict[str, Any]:
    curve, sparse = judged(run)
    own, record = run.evaluation, run.record
    return {
        "model": cell.model,
        "task": cell.place,
        "method": cell.variant.name,
        "seed": cell.seed,
        "metric": own.metric,
        "ablation": own.ablation,
        "examples": own.examples,
        "edges": own.edges,
        "graph_edges": own.graph_edges,
        "faithfulness": own.faithfulness,
        "kl": own.kl,
        **{name: getattr(own, name) for name in AGAINST_KNOWN},
        "cpr": curve.cpr,
        "cmd": curve.cmd,
        "edges_at_sparsity": sparse.edges,
        "faithfulness_at_sparsity": sparse.faithfulness,
        "kl_at_sparsity": sparse.kl,
        "seconds": record["seconds"]["discover"],
        "forwards": record["costs"]["forwards"],
        "peak_bytes": record["costs"]["peak_bytes"],
        "run": cell.name,
    }


def judged(run: Run) -> tuple[Curve, Any]:
    """Over MIB's sizes; and the circuit at the one sparsity."""
    _, asked, prompts, _ = check(EvaluationRequest(run=str(run.folder)))
    model, metric = load_model(asked, Progress(), asked.grouped_readers), METRICS[asked.metric]
    graph = run.scores.graph
    sizes = [*sizes_in_edges(graph), round((1 - SPARSITY) * graph.edge_count)]
    circuits = [select(run.scores, asked, size) for size in sizes]
    replacing = replacers_to_judge(
        asked.ablation, model, prompts.judged_on, metric, prompts.learned_on, asked.batch_size, Progress()
    )
    *found, sparse = evaluate_circuits(
        model, prompts.judged_on, circuits, metric, replacing, asked.batch_size
    )
    return Curve(MIB_SIZES, tuple(found)), sparse
