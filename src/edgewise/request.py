"""What a run is asked for, as plain values. The command line makes its options of these fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, NamedTuple

from edgewise.models.bundled import tasks_with_a_model

DEFAULT_EDGES = 200
UNKNOWN_OPTION = "unknown option"


class Help(NamedTuple):
    """What the command line tells of a field."""

    words: str
    value: str = ""
    """What stands for its value, e.g. FILE."""
    panel: str = "Options"
    of: str = ""
    """Which names its value is one of, as completion calls them; empty where it is none."""


TASK, CIRCUIT, COMPUTING = "Prompts of a task", "Which edges are kept", "Computing"


@dataclass(frozen=True, kw_only=True)
class RunRequest:
    """What every run is asked for that finds something: a model, prompts, and how they are run."""

    out: Annotated[str, Help("The folder to make, with all that is found.", "FOLDER")]
    model: Annotated[
        str,
        Help("A folder, a Hugging Face name or zoo:NAME; else the task's own.", "DIR_OR_NAME", of="models"),
    ] = ""
    task: Annotated[
        str, Help("What the model does: `edgewise list tasks`; else its own.", "NAME", of="tasks")
    ] = ""
    prompts: Annotated[str, Help("Prompt pairs of your own, in place of a task.", "FILE.jsonl")] = ""
    metric: Annotated[
        str,
        Help("`edgewise list metrics`; else the task's own, logit-diff for prompts.", "NAME", of="metrics"),
    ] = ""
    ablation: Annotated[
        str, Help("What replaces a source: corrupted, zero, mean or optimal.", "NAME", of="ablations")
    ] = "corrupted"
    options: Annotated[
        Mapping[str, Any], Help("An option of the method's own; repeat it for more.", "NAME=VALUE")
    ] = field(default_factory=dict)
    evaluate_on: Annotated[str | None, Help("Evaluate on these prompts instead.", "FILE.jsonl")] = None
    overwrite: Annotated[bool, Help("Replace the files of a run that is in the folder.")] = False
    examples: Annotated[int | None, Help("Prompt pairs of each split; else 100.", "N", TASK)] = None
    seed: Annotated[int, Help("Draws others.", "N", TASK)] = 0
    corruption: Annotated[str, Help("How corrupted prompts are made; else the first.", "NAME", TASK)] = ""
    batch_size: Annotated[int, Help("Prompt pairs run at once; no result depends on it.", "N", COMPUTING)] = (
        16
    )
    dtype: Annotated[
        str | None,
        Help("float32, float64, bfloat16, float16; else as saved.", "NAME", COMPUTING, of="dtypes"),
    ] = None
    device: Annotated[str | None, Help("Where to run, e.g. cuda; else the processor.", "NAME", COMPUTING)] = (
        None
    )
    shard_weights: Annotated[
        bool, Help("Of several processes (torchrun) each holds its part of the weights.", panel=COMPUTING)
    ] = False
    misread: tuple[str, ...] = ()
    """Problems of what was typed, told with all others. A field that was misspelt is empty text."""


@dataclass(frozen=True, kw_only=True)
class Request(RunRequest):
    """One run of `discover`."""

    method: Annotated[str, Help("How edges are scored: `edgewise list methods`.", "NAME", of="methods")] = (
        "eap"
    )
    known: Annotated[
        str | None,
        Help(
            "Hold the scores beside this circuit: a file as for --edges-from, or of known circuits.", "PATH"
        ),
    ] = None
    preset: Annotated[
        str,
        Help("Options of the method's as they were published; --set goes before them.", "NAME", of="presets"),
    ] = ""
    edges_from: Annotated[
        str | None,
        Help(
            "Go through these edges alone: a run's folder, a circuit.json, an edge list, Taggart's text.",
            "PATH",
        ),
    ] = None
    edges: Annotated[
        int | None,
        Help(
            f"The N strongest; without one of these three what the method chose, else {DEFAULT_EDGES}.",
            "N",
            CIRCUIT,
        ),
    ] = None
    threshold: Annotated[
        float | None, Help("Those whose absolute score is at least this; see --by.", "SCORE", CIRCUIT)
    ] = None
    sparsity: Annotated[float | None, Help("All but this share, from 0 to 1.", "SHARE", CIRCUIT)] = None
    by: Annotated[
        str,
        Help(
            "What makes an edge strong: absolute, how far its score is from 0, or value, the score itself; "
            "else as the method chose, absolute where it only ranks.",
            "ORDER",
            CIRCUIT,
            of="orders",
        ),
    ] = ""
    report: Annotated[
        bool,
        Help(
            "Without report.html, and the ten sizes and the attention measured for it, which take as long as "
            "some fifteen plain runs."
        ),
    ] = True
    prune: Annotated[bool, Help("Keep those on no path from embedding to logits, too.", panel=CIRCUIT)] = True
    grouped_readers: Annotated[
        bool, Help("One k and v reader per key/value head, not per query head.", panel=COMPUTING)
    ] = False


@dataclass(frozen=True, kw_only=True)
class UnitsRequest(RunRequest):
    """One run of `learn-units`."""

    options: Annotated[
        Mapping[str, Any], Help("An option: `edgewise list grains`; repeat it for more.", "NAME=VALUE")
    ] = field(default_factory=dict)
    ablation: Annotated[
        str, Help("What replaces a unit: corrupted, zero or mean.", "NAME", of="unit_ablations")
    ] = "corrupted"
    grain: Annotated[str, Help("What the mask is of: `edgewise list grains`.", "NAME", of="grains")] = (
        "neurons"
    )


def lacking(asked: Mapping[str, Any], problems: Sequence[str]) -> list[str]:
    """What such a run needs and was not given, fields with a default of their own apart."""
    # An option that is not known may be the one that is missing.
    if asked["model"] or asked["task"] or any(problem.startswith(UNKNOWN_OPTION) for problem in problems):
        return []
    with_a_model = ", ".join(tasks_with_a_model())
    return [f"a model was needed. Got none. Give --model, or a --task that has one: {with_a_model}."]
