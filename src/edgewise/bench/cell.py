"""One cell: a run, judged, to one row of the table.

    kl_at_sparsity, faithfulness_at_sparsity   of the circuit at 96.6 % sparsity, as in Edge Pruning's table

A circuit of a task is found on its split `train` and judged on `test`; of a file's prompts it is judged on
the same, unless others are given: `also_found_on` tells on how many of the pairs it was found. How scores
stand beside a known circuit, the run has worked out; CPR and CMD are over MIB's sizes. A run that is there is
not made again; what a broken-off one left is cleared away, but for its checkpoint.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from edgewise.checkpoint import FOLDER as CHECKPOINT
from edgewise.checkpoint import STATE
from edgewise.circuit import size_at
from edgewise.errors import BadInput
from edgewise.evaluate_checks import check
from edgewise.evaluation.curve import MIB_SIZES, Curve, counts_of
from edgewise.evaluation.evaluation import AGAINST_KNOWN, Evaluation
from edgewise.evaluation.faithfulness import evaluate_circuits
from edgewise.files import atomic_write, make_parents, read_json
from edgewise.masks.optimal import replacers_to_judge
from edgewise.methods import METHODS
from edgewise.methods.options import own_options
from edgewise.models.fingerprint import weights_fingerprint
from edgewise.progress import Progress
from edgewise.request import Request
from edgewise.run import load_model, run
from edgewise.run_folder import RECORD, Run, load_run
from edgewise.selection import select
from edgewise.tasks.metrics import METRICS
from edgewise.verb_requests import EvaluationRequest

SPARSITY = 0.966
ROWS, RUNS, PROBLEMS = "rows", "runs", "problems"
"""Folders of a matrix."""
FIELDS: dict[str, type] = {
    **dict.fromkeys(("model", "task", "method"), str),
    "seed": int,
    **dict.fromkeys(("metric", "ablation", "dtype"), str),
    **dict.fromkeys(("examples", "also_found_on", "edges", "graph_edges"), int),
    **dict.fromkeys(("faithfulness", "kl", *AGAINST_KNOWN, "cpr", "cmd"), float),
    "edges_at_sparsity": int,
    **dict.fromkeys(("faithfulness_at_sparsity", "kl_at_sparsity", "seconds", "forwards"), float),
    "peak_bytes": int,
    "run": str,
}
"""Of a row, in order."""


@dataclass(frozen=True)
class Variant:
    """A method as it is to be run."""

    name: str
    method: str
    options: Mapping[str, Any] = field(default_factory=dict)
    preset: str = ""
    edges: int | None = None
    sparsity: float | int | None = None


@dataclass(frozen=True)
class Cell:
    model: str
    task: str
    """Of it, or of the model; empty where prompts are a file's."""
    variant: Variant
    seed: int
    asked: Mapping[str, Any]
    """What is the same in every cell."""
    prompts: str = ""
    stamp: str = ""
    """Of what lies at its paths."""

    @property
    def place(self) -> str:
        return self.prompts or self.task

    @property
    def draws(self) -> bool:
        """Whether the method draws anything by its seed."""
        return "seed" in own_options(METHODS[self.variant.method].discover)

    @property
    def name(self) -> str:
        """For its files: what it is in short, and a mark of all that it asks for."""
        parts = (Path(self.model).name, Path(self.place).name, self.variant.name)
        short = "--".join(re.sub(r"[^A-Za-z0-9.=_-]+", "-", part)[:40] for part in parts)
        everything = json.dumps(asdict(self), sort_keys=True, default=str)
        return f"{short}--seed-{self.seed}--{hashlib.sha256(everything.encode()).hexdigest()[:8]}"

    def request(self, out: Path) -> Request:
        """As `edgewise discover` would be asked."""
        own = {"seed": self.seed} if self.draws else {}
        given = {name: value for name, value in self.asked.items() if value is not None}
        sizes = {name: getattr(self.variant, name) for name in ("edges", "sparsity")}
        if any(size is not None for size in sizes.values()):
            given |= sizes
        if self.prompts:
            drawn: dict[str, Any] = {"prompts": self.prompts}
            given = {name: value for name, value in given.items() if name not in ("examples", "corruption")}
        else:
            drawn = {"task": self.task, "seed": self.seed}
        if given.get("sparsity") is not None:
            # TOML tells 1 from 1.0.
            given["sparsity"] = float(given["sparsity"])
        return Request(
            out=str(out),
            report=False,
            model=self.model,
            method=self.variant.method,
            preset=self.variant.preset,
            options={**own, **self.variant.options},
            **given,
            **drawn,
        )


def row_of(folder: Path, cell: Cell) -> dict[str, Any] | None:
    """Of a cell that is done: its row is whole, and its run there."""
    path = row_file(folder, cell)
    if not (path.is_file() and (folder / RUNS / cell.name / RECORD).is_file()):
        return None
    with suppress(BadInput):
        found = read_json(path)
        return found if isinstance(found, dict) and list(found) == list(FIELDS) else None


def row_file(folder: Path, cell: Cell) -> Path:
    return folder / ROWS / f"{cell.name}.json"


def work(cell: Cell, folder: Path) -> None:
    """Runs the cell, and writes its row."""
    out = folder / RUNS / cell.name
    clear_leftovers(out)
    done = load_run(out, to_look_at=False) if (out / RECORD).is_file() else run(cell.request(out))
    path = row_file(folder, cell)
    make_parents(path)
    atomic_write(path, json.dumps(row(cell, done), indent=1) + "\n")


def clear_leftovers(out: Path) -> None:
    """What was being written when a process was killed."""
    for staging in out.parent.glob(f".{out.name}.*.tmp"):
        shutil.rmtree(staging, ignore_errors=True)
    if not out.is_dir() or (out / RECORD).is_file():
        return
    if not (out / CHECKPOINT / STATE).is_file():
        shutil.rmtree(out)
        return
    for each in out.iterdir():
        if each.name != CHECKPOINT:
            each.unlink()


def row(cell: Cell, run: Run) -> dict[str, Any]:
    curve, sparse = judged(run)
    own, record = run.evaluation, run.record
    forwards = record["costs"]["forwards"]
    found = {
        "model": cell.model,
        "task": cell.place,
        "method": cell.variant.name,
        "seed": cell.seed,
        "cpr": curve.cpr,
        "cmd": curve.cmd,
        "edges_at_sparsity": sparse.edges,
        "faithfulness_at_sparsity": sparse.faithfulness,
        "kl_at_sparsity": sparse.kl,
        # Of a search that went on from a checkpoint, what came before is not known.
        "seconds": None if forwards is None else record["seconds"]["discover"],
        "forwards": forwards,
        "peak_bytes": record["costs"]["peak_bytes"],
        "dtype": record["model"]["dtype"],
        "run": cell.name,
    }
    return {name: found[name] if name in found else getattr(own, name) for name in FIELDS}


def judged(run: Run) -> tuple[Curve, Evaluation]:
    """Over MIB's sizes; and the circuit at the one sparsity."""
    _, asked, prompts, _ = check(EvaluationRequest(run=str(run.folder)))
    model, metric = load_model(asked, Progress(), asked.grouped_readers), METRICS[asked.metric]
    if prompts.found_on is None or weights_fingerprint(model) != run.record["model"]["weights"]:
        raise BadInput(
            "the model or the prompts have changed since the run was made. Give the command again."
        )
    graph = run.scores.graph
    sizes = [*counts_of(graph.edge_count), size_at(graph, SPARSITY)]
    circuits = [select(run.scores, asked, size) for size in sizes]
    replacing = replacers_to_judge(
        asked.ablation, model, prompts.judged_on, metric, prompts.learned_on, asked.batch_size, Progress()
    )
    *found, sparse = evaluate_circuits(
        model, prompts.judged_on, circuits, metric, replacing, asked.batch_size
    )
    return Curve(MIB_SIZES, tuple(found)), sparse
