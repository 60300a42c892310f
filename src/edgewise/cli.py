"""The command line: verbs, whose options are the fields of what they ask for.

Problems go to standard error, one a line, and end the command with status 2; progress and notes go there.
Standard output holds results alone, or with --json one JSON object. Slow imports wait for the verb that needs
them.
"""

from __future__ import annotations

from importlib.metadata import version as installed_version
from typing import Annotated

import typer

from edgewise.command import with_options_of
from edgewise.request import Request, UnitsRequest
from edgewise.telling import Verbs, kept_in, print_json, starting, tell, tell_notes
from edgewise.usage import Verb
from edgewise.verb_requests import (
    BenchRequest,
    CompareRequest,
    EvaluationRequest,
    ExportRequest,
    ListRequest,
    PlanRequest,
    PlotRequest,
    StabilityRequest,
    ViewRequest,
)

Quiet = Annotated[bool, typer.Option("--quiet", metavar="", help="Say nothing but problems.")]
Json = Annotated[bool, typer.Option("--json", metavar="", help="Print one JSON object and nothing else.")]

app = typer.Typer(
    name="edgewise",
    cls=Verbs,
    help="""Find the circuit a transformer language model uses for a task: the few edges that carry it.

    Example:

        edgewise discover --task ioi --edges 16 --out runs/ioi
    """,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def show_version(wanted: bool) -> bool:
    if wanted:
        print(f"edgewise {installed_version('edgewise')}")
        raise typer.Exit
    return wanted


@app.callback()
def edgewise(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=show_version, is_eager=True)
    ] = False,
) -> None: ...


@app.command(cls=Verb)
@with_options_of(Request)
def discover(request: Request, *, quiet: Quiet = False, json: Json = False) -> None:
    """Find a circuit: score every edge, keep the strongest, measure what they do alone.

    Examples:

        edgewise discover --task ioi --edges 16 --out runs/ioi

        edgewise discover --task ioi --method eap-ig-inputs --edges 16 --out runs/integrated

        edgewise discover --model gpt2 --prompts mine.jsonl --edges 200 --out runs/mine
    """
    with starting(quiet or json) as progress:
        from edgewise.run import run
        from edgewise.screens import notes_on, run_as_json, show_run

    done = run(request, progress)
    with kept_in(request.out):
        tell_notes(notes_on(done), quiet or json)
        if json:
            print_json(run_as_json(done))
        elif not quiet:
            show_run(done)


@app.command("learn-units", cls=Verb)
@with_options_of(UnitsRequest)
def learn_units(request: UnitsRequest, *, quiet: Quiet = False, json: Json = False) -> None:
    """Learn a mask of what is finer than edges: neurons, heads' channels, the stream's dimensions, weights.

    Example:

        edgewise learn-units --task ioi --grain channels --out runs/channels
    """
    with starting(quiet or json) as progress:
        from edgewise.screens import notes_on_units_run, show_units_run, units_run_as_json
        from edgewise.units_run import run_units

    done = run_units(request, progress)
    with kept_in(request.out):
        tell_notes(notes_on_units_run(done), quiet or json)
        if json:
            print_json(units_run_as_json(done))
        elif not quiet:
            show_units_run(done)


@app.command(cls=Verb)
@with_options_of(EvaluationRequest, "run")
def evaluate(request: EvaluationRequest, *, quiet: Quiet = False, json: Json = False) -> None:
    """Measure the circuit of a run again, on its own prompts or others.

    Examples:

        edgewise evaluate runs/ioi --edges 8 --edges 16 --edges 40

        edgewise evaluate runs/mine --prompts held-out.jsonl --ablation mean
    """
    with starting(quiet or json) as progress:
        from edgewise.evaluate_run import evaluate_run
        from edgewise.judging_screens import evaluated_as_json, show_evaluated

    done = evaluate_run(request, progress)
    tell_notes(done.notes, quiet or json)
    if json:
        print_json(evaluated_as_json(done))
    elif not quiet:
        show_evaluated(done)


@app.command(cls=Verb)
@with_options_of(StabilityRequest, "run")
def stability(request: StabilityRequest, *, quiet: Quiet = False, json: Json = False) -> None:
    """Find the circuit of a run again and again, on other draws of its examples: which edges stay?

    Example:

        edgewise stability runs/ioi --draws 10 --out ioi-stability.json
    """
    with starting(quiet or json) as progress:
        from edgewise.judging_screens import show_stability
        from edgewise.stability_run import stability_of_run

    done = stability_of_run(request, progress)
    if json:
        print_json(done.to_dict())
    elif not quiet:
        show_stability(done)


@app.command(cls=Verb)
@with_options_of(CompareRequest, "runs")
def compare(request: CompareRequest, *, quiet: Quiet = False, json: Json = False) -> None:
    """Hold runs beside each other: sizes, faithfulness at one size, overlaps, seconds.

    Example:

        edgewise compare runs/ioi runs/integrated --edges 16
    """
    with starting(quiet or json) as progress:
        from edgewise.compare_run import compare_runs
        from edgewise.judging_screens import show_compared

    done = compare_runs(request, progress)
    tell_notes(done.notes, quiet or json)
    if json:
        print_json(done.to_dict())
    elif not quiet:
        show_compared(done)


@app.command(cls=Verb)
@with_options_of(BenchRequest, "matrix")
def bench(request: BenchRequest, *, quiet: Quiet = False, json: Json = False) -> None:
    """Run every method on every model and task, from every seed, and make one table of all.

    Examples:

        edgewise bench --model zoo:ioi --model zoo:induction --method eap --method relp --out runs/bench

        edgewise bench matrix.toml --jobs 2 --out runs/matrix

        edgewise bench matrix.toml --on auto --gpus 0.5 --out runs/matrix
    """
    with starting(quiet or json) as progress:
        from edgewise.bench.attempts import in_a_line
        from edgewise.bench.bench_run import bench as run_bench
        from edgewise.judging_screens import show_bench

    done = run_bench(request, progress)
    tell_notes(done.notes, quiet or json)
    if json:
        print_json(done.to_dict())
    elif not quiet:
        show_bench(done)
    for name, problem in done.failed.items():
        tell(f"edgewise: not done: {name}: {in_a_line(problem)}")
    if done.failed:
        tell(f"edgewise: all that was wrong is in {request.out}/problems")
        raise typer.Exit(1)


@app.command(cls=Verb)
@with_options_of(PlanRequest)
def plan(request: PlanRequest, *, quiet: Quiet = False, json: Json = False) -> None:
    """Tell what a run needs - memory, operations - from the model's config alone, and whether it fits.

    Examples:

        edgewise plan --model zoo:ioi --method edge-pruning --memory 8GB

        edgewise plan --model zoo:induction --method acdc --examples 1000 --dtype bfloat16 --memory 2GB
    """
    with starting(quiet or json):
        from edgewise.plan_screen import show_plan
        from edgewise.planning.plan import plan_of

    done = plan_of(request)
    if json:
        print_json(done.to_dict())
    elif not quiet:
        show_plan(done)
    if done.fits is False:
        raise typer.Exit(1)


@app.command(cls=Verb)
@with_options_of(ViewRequest, "runs")
def view(request: ViewRequest, *, quiet: Quiet = False, json: Json = False) -> None:
    """Look at a run in a browser, or at two side by side.

    Examples:

        edgewise view runs/ioi

        edgewise view runs/ioi runs/integrated --out beside.html
    """
    with starting(quiet or json):
        from edgewise.view_run import view_run

    done = view_run(request)
    tell_notes(done.notes, quiet or json)
    if json:
        print_json({"page": str(done.path), "opened": done.opened, "notes": done.notes})
    elif not quiet:
        print(f"wrote {done.path}")
        if request.open and not done.opened:
            tell("note: no browser was found: open that file in one.")


@app.command(cls=Verb)
@with_options_of(PlotRequest, "run")
def plot(request: PlotRequest, *, quiet: Quiet = False, json: Json = False) -> None:
    """Make the pictures that a run has the numbers for. No model is run.

    Examples:

        edgewise plot runs/ioi

        edgewise plot runs/ioi --only circuit --edges 50 --format pdf --out figures
    """
    with starting(quiet or json):
        from edgewise.plot_run import plot_run
        from edgewise.screens import plotted_as_json, show_plotted

    done = plot_run(request)
    tell_notes(done.notes, quiet or json)
    if json:
        print_json(plotted_as_json(done))
    elif not quiet:
        show_plotted(done)


@app.command("list", cls=Verb)
@with_options_of(ListRequest, "what")
def list_names(request: ListRequest, *, json: Json = False) -> None:
    """Tell what can be chosen: models, tasks, methods, grains, metrics, ablations, families, formats.

    Example:

        edgewise list methods metrics
    """
    with starting(json):
        from edgewise.reports.lists import LISTS, check_names, list_tables
        from edgewise.reports.screen import Trimmed, screen

        told = {name: LISTS[name]() for name in check_names(request.what, request.misread)}

    if json:
        print_json(told)
    else:
        screen().print(Trimmed(list_tables(told)))


@app.command(cls=Verb)
@with_options_of(ExportRequest, "run")
def export(request: ExportRequest) -> None:
    """Write a run's scores and circuit for another program.

    Example:

        edgewise export runs/ioi --format csv --out ioi.csv
    """
    with starting(silent=False):
        from edgewise.export_run import export_run

    export_run(request)
    print(f"wrote {request.out}")
