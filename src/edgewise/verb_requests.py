"""What the verbs beside `discover` and `learn-units` are asked for, as plain values; see `request.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from edgewise.request import CIRCUIT, COMPUTING, TASK, Help

ON_RAY = "On many machines"


@dataclass(frozen=True, kw_only=True)
class EvaluationRequest:
    """One run of `evaluate`: what is None is as it was in the run."""

    run: Annotated[str, Help("The folder of a run.", "RUN")]
    prompts: Annotated[str | None, Help("Other prompts than the run's.", "FILE.jsonl")] = None
    task: Annotated[str | None, Help("A task in place of the run's prompts.", "NAME", of="tasks")] = None
    metric: Annotated[str | None, Help("Another metric than the run's.", "NAME", of="metrics")] = None
    ablation: Annotated[str | None, Help("Another ablation than the run's.", "NAME", of="ablations")] = None
    edges: Annotated[
        tuple[int, ...], Help("Not the run's circuit but the N strongest edges; repeat it for more.", "N")
    ] = ()
    curve: Annotated[
        bool,
        Help("Ten sizes, from a thousandth of the edges to all, or --edges; and the areas CPR and CMD."),
    ] = False
    granularity: Annotated[
        str,
        Help("Of --curve: edges, or nodes, circuits of whole heads and MLPs.", "NAME", of="granularities"),
    ] = "edges"
    completeness: Annotated[bool, Help("And what the model does without the circuit.")] = False
    minimality: Annotated[bool, Help("And what each of its edges contributes, the least first.")] = False
    tests: Annotated[bool, Help("And what is claimed of a circuit, put to five tests.")] = False
    by: Annotated[
        str | None, Help("Of --edges, --curve: absolute or value; else as in the run.", "ORDER", of="orders")
    ] = None
    averaging: Annotated[
        str | None, Help("Of faithfulness: ratio-of-means, else, or mean-of-ratios.", "NAME", of="averagings")
    ] = None
    known: Annotated[
        str | None, Help("Hold the run's scores beside this circuit, as in discover.", "PATH")
    ] = None
    learned_on: Annotated[
        str | None,
        Help("Ablation optimal learns its constants on these; else on those of the run.", "FILE.jsonl"),
    ] = None
    out: Annotated[
        str | None, Help("Write the numbers to this file; the run is never changed.", "FILE.json")
    ] = None
    overwrite: Annotated[bool, Help("Replace that file if it is there.")] = False
    split: Annotated[
        str | None,
        Help("train, which circuits are found on, validation or, else, test.", "NAME", TASK, of="splits"),
    ] = None
    examples: Annotated[int | None, Help("Prompt pairs.", "N", TASK)] = None
    seed: Annotated[int | None, Help("Draws others.", "N", TASK)] = None
    corruption: Annotated[str | None, Help("How corrupted prompts are made.", "NAME", TASK)] = None
    model: Annotated[
        str | None, Help("Where the model is now, if it has moved.", "DIR_OR_NAME", COMPUTING, of="models")
    ] = None
    batch_size: Annotated[int | None, Help("Prompt pairs run at once.", "N", COMPUTING)] = None
    dtype: Annotated[
        str | None, Help("float32, float64, bfloat16 or float16.", "NAME", COMPUTING, of="dtypes")
    ] = None
    device: Annotated[str | None, Help("Where to run, e.g. cuda.", "NAME", COMPUTING)] = None
    misread: tuple[str, ...] = ()
    """As in `Request`."""


@dataclass(frozen=True, kw_only=True)
class StabilityRequest:
    """One run of `stability`."""

    run: Annotated[str, Help("The folder of a run.", "RUN")]
    draws: Annotated[int, Help("How often examples are drawn and a circuit is found.", "N")] = 20
    seed: Annotated[int, Help("Draws others.", "N")] = 0
    out: Annotated[
        str | None,
        Help("Write each draw's circuit to this file; the same command goes on from it.", "FILE.json"),
    ] = None
    overwrite: Annotated[bool, Help("Begin anew, and replace that file if it is there.")] = False
    misread: tuple[str, ...] = ()
    """As in `Request`."""


@dataclass(frozen=True, kw_only=True)
class CompareRequest:
    """One run of `compare`: what is None is as it was in the first of the runs."""

    runs: Annotated[tuple[str, ...], Help("The folders of two runs or more.", "RUN")] = ()
    edges: Annotated[
        int | None, Help("The size at which circuits are held beside each other; else the smallest.", "N")
    ] = None
    prompts: Annotated[str | None, Help("Other prompts than the first run's.", "FILE.jsonl")] = None
    metric: Annotated[str | None, Help("Another metric than the first run's.", "NAME", of="metrics")] = None
    ablation: Annotated[
        str | None, Help("Another ablation than the first run's.", "NAME", of="ablations")
    ] = None
    split: Annotated[
        str | None,
        Help("train, which circuits are found on, validation or, else, test.", "NAME", TASK, of="splits"),
    ] = None
    examples: Annotated[int | None, Help("Prompt pairs.", "N", TASK)] = None
    out: Annotated[str | None, Help("Write the numbers to this file.", "FILE.json")] = None
    overwrite: Annotated[bool, Help("Replace that file if it is there.")] = False
    misread: tuple[str, ...] = ()
    """As in `Request`."""


@dataclass(frozen=True, kw_only=True)
class BenchRequest:
    """One run of `bench`: what is None, or empty, is as in the file, or as in `Request`."""

    matrix: Annotated[
        str | None,
        Help(
            "Models, tasks, methods, seeds and settings of all cells; an option replaces its key.",
            "FILE.toml",
        ),
    ] = None
    out: Annotated[str, Help("The folder of the matrix; the same command goes on in it.", "FOLDER")]
    model: Annotated[
        tuple[str, ...], Help("As in discover; repeat it for more.", "DIR_OR_NAME", of="models")
    ] = ()
    task: Annotated[
        tuple[str, ...], Help("For every model; else its own. Repeat it for more.", "NAME", of="tasks")
    ] = ()
    prompts: Annotated[tuple[str, ...], Help("Prompt pairs of your own; repeat it.", "FILE.jsonl")] = ()
    method: Annotated[
        tuple[str, ...], Help("`edgewise list methods`; repeat it for more.", "NAME", of="methods")
    ] = ()
    seed: Annotated[tuple[int, ...], Help("Of examples and methods; repeat it for more. Else 0.", "N")] = ()
    metric: Annotated[str | None, Help("Else each task's own.", "NAME", of="metrics")] = None
    ablation: Annotated[
        str | None, Help("corrupted, else, zero, mean or optimal.", "NAME", of="ablations")
    ] = None
    options: Annotated[
        Mapping[str, Any], Help("An option of a method's own; repeat it for more.", "METHOD.NAME=VALUE")
    ] = field(default_factory=dict)
    examples: Annotated[int | None, Help("Prompt pairs of each split; else 100.", "N", TASK)] = None
    corruption: Annotated[str | None, Help("How corrupted prompts are made.", "NAME", TASK)] = None
    evaluate_on: Annotated[str | None, Help("Evaluate on these prompts instead.", "FILE.jsonl")] = None
    edges: Annotated[int | None, Help("As in discover.", "N", CIRCUIT)] = None
    sparsity: Annotated[float | None, Help("As in discover.", "SHARE", CIRCUIT)] = None
    jobs: Annotated[int, Help("Cells at once, each in a process of its own.", "N", COMPUTING)] = 1
    on: Annotated[
        str,
        Help(
            "Run cells by Ray: ray, on this machine; auto, HOST:6379 or ray://HOST:10001, on a cluster. "
            "Needs edgewise[ray].",
            "ADDRESS",
            ON_RAY,
        ),
    ] = ""
    cpus: Annotated[float | None, Help("Processors of each cell, and its threads; else 1.", "N", ON_RAY)] = (
        None
    )
    gpus: Annotated[
        float | None,
        Help("GPUs of each cell, which then runs on cuda; below 1, cells share one. Else 0.", "N", ON_RAY),
    ] = None
    retries: Annotated[
        int | None, Help("Tries more of a cell whose process or machine was lost; else 2.", "N", ON_RAY)
    ] = None
    batch_size: Annotated[int | None, Help("Prompt pairs run at once; else 16.", "N", COMPUTING)] = None
    dtype: Annotated[
        str | None, Help("float32, float64, bfloat16, float16.", "NAME", COMPUTING, of="dtypes")
    ] = None
    device: Annotated[str | None, Help("Where to run, e.g. cuda; else the processor.", "NAME", COMPUTING)] = (
        None
    )
    parquet: Annotated[bool, Help("Write the table as Parquet, too: needs edgewise[parquet].")] = False
    misread: tuple[str, ...] = ()
    """As in `Request`."""


@dataclass(frozen=True, kw_only=True)
class PlanRequest:
    """One run of `plan`."""

    model: Annotated[
        str,
        Help("A folder, a Hugging Face name, zoo:NAME, or a config.json alone.", "DIR_OR_NAME", of="models"),
    ]
    method: Annotated[str, Help("How edges are scored: `edgewise list methods`.", "NAME", of="methods")] = (
        "eap"
    )
    options: Annotated[
        Mapping[str, Any], Help("An option of the method's own; repeat it for more.", "NAME=VALUE")
    ] = field(default_factory=dict)
    preset: Annotated[
        str, Help("Options of the method's as they were published, as in discover.", "NAME", of="presets")
    ] = ""
    metric: Annotated[str, Help("`edgewise list metrics`.", "NAME", of="metrics")] = "logit-diff"
    examples: Annotated[int, Help("Prompt pairs that the circuit is found on.", "N", TASK)] = 100
    tokens: Annotated[
        int | None, Help("Of the longest prompt; else 64, or as many as the model reads.", "N", TASK)
    ] = None
    edges: Annotated[
        int | None, Help("Of methods that go edge by edge: how many they go through; else all.", "N")
    ] = None
    memory: Annotated[
        str | None,
        Help(
            "Of each GPU, or of the processor, like 80GB or 24GiB: tells whether it fits.", "SIZE", COMPUTING
        ),
    ] = None
    gpus: Annotated[int, Help("That share the examples; 0: the processor.", "N", COMPUTING)] = 1
    shard_weights: Annotated[bool, Help("Each GPU holds a share of the weights.", panel=COMPUTING)] = False
    batch_size: Annotated[int, Help("Prompt pairs run at once on each.", "N", COMPUTING)] = 16
    dtype: Annotated[
        str | None,
        Help("float32, float64, bfloat16, float16; else as saved.", "NAME", COMPUTING, of="dtypes"),
    ] = None
    grouped_readers: Annotated[
        bool, Help("One k and v reader per key/value head, not per query head.", panel=COMPUTING)
    ] = False
    misread: tuple[str, ...] = ()
    """As in `Request`."""


@dataclass(frozen=True, kw_only=True)
class ViewRequest:
    """One run of `view`."""

    runs: Annotated[tuple[str, ...], Help("The folder of a run, or of two on one model.", "RUN")] = ()
    out: Annotated[
        str | None,
        Help(
            "Write the page here; else report.html in the run's folder, of two report-beside-OTHER.html.",
            "FILE.html",
        ),
    ] = None
    known: Annotated[str | None, Help("Hold the scores beside this circuit, as in discover.", "PATH")] = None
    open: Annotated[bool, Help("Write the page and open no browser.")] = True
    overwrite: Annotated[bool, Help("Replace the file of --out if it is there.")] = False
    misread: tuple[str, ...] = ()
    """As in `Request`."""


@dataclass(frozen=True, kw_only=True)
class PlotRequest:
    """One run of `plot`."""

    run: Annotated[str, Help("The folder of a run.", "RUN")]
    only: Annotated[
        tuple[str, ...],
        Help(
            "One picture; repeat it for more: circuit, heads, scores, training, roc, faithfulness, effects.",
            "NAME",
            of="pictures",
        ),
    ] = ()
    format: Annotated[str, Help("svg, png or pdf.", "NAME", of="forms")] = "svg"
    out: Annotated[str | None, Help("The folder to write; else pictures/ in the run's.", "FOLDER")] = None
    edges: Annotated[
        int | None, Help("Draw the circuit of the N strongest edges, not the run's own.", "N")
    ] = None
    known: Annotated[
        str | None, Help("The known circuit, as in discover; else that of the run's task.", "PATH")
    ] = None
    curve: Annotated[
        str | None,
        Help("For faithfulness: what `evaluate RUN --curve --out FILE.json` wrote.", "FILE.json"),
    ] = None
    exact: Annotated[
        str | None, Help("For effects: a run on the same graph whose scores are exact effects.", "RUN")
    ] = None
    overwrite: Annotated[bool, Help("Replace pictures that are there.")] = False
    misread: tuple[str, ...] = ()
    """As in `Request`."""


@dataclass(frozen=True, kw_only=True)
class ExportRequest:
    """One run of `export`."""

    run: Annotated[str, Help("The folder of a run.", "RUN")]
    out: Annotated[str, Help("The file to write; for native, a folder.", "PATH")]
    format: Annotated[str, Help("The form: `edgewise list formats`.", "NAME", of="formats")] = "native"
    overwrite: Annotated[bool, Help("Replace what is there.")] = False
    misread: tuple[str, ...] = ()
    """As in `Request`."""


@dataclass(frozen=True, kw_only=True)
class ListRequest:
    """One run of `list`."""

    what: Annotated[
        tuple[str, ...],
        Help(
            "models, tasks, methods, grains, metrics, ablations, families or formats; else all.",
            "WHAT",
            of="lists",
        ),
    ] = ()
    misread: tuple[str, ...] = ()
    """As in `Request`."""
