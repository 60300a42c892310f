"""The command line: verbs, whose options are the fields of what they ask for.

Problems go to standard error, one a line, and end the command with status 2; progress and notes go there.
Standard output holds results alone, or with --json one JSON object. Slow imports wait for the verb that needs
them.
"""

from __future__ import annotations

import json as json_text
import sys
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.metadata import version as installed_version
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from edgewise.command import with_options_of
from edgewise.errors import BadInput, EdgewiseError, unknown
from edgewise.progress import Progress
from edgewise.request import (
    BenchRequest,
    CompareRequest,
    EvaluationRequest,
    ExportRequest,
    ListRequest,
    Request,
    StabilityRequest,
    UnitsRequest,
)
from edgewise.usage import Verb, check_before_verb, in_plain_words

Quiet = Annotated[bool, typer.Option("--quiet", metavar="", help="Say nothing but problems.")]
Json = Annotated[bool, typer.Option("--json", metavar="", help="Print one JSON object and nothing else.")]


class Verbs(TyperGroup):
    """Errors made on purpose are told without a traceback, whatever the verb."""

    def get_params(self, ctx: Any) -> list[Any]:
        return in_plain_words(super().get_params(ctx))

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        with errors_told():
            if (problems := check_before_verb(ctx, args)) and not ctx.resilient_parsing:
                raise BadInput(*problems)
        return super().parse_args(ctx, args)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args[0] not in self.commands and not ctx.resilient_parsing:
            raise BadInput(unknown("verb", args[0], self.commands))
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        with errors_told(), warnings.catch_warnings():
            warnings.showwarning = lambda message, *_, **__: tell_notes([str(message)], quiet=False)
            return super().invoke(ctx)


@contextmanager
def errors_told() -> Iterator[None]:
    try:
        yield
    except EdgewiseError as error:
        problems = error.problems if isinstance(error, BadInput) else (str(error),)
        tell(f"edgewise: {len(problems)} problem{'s' * (len(problems) > 1)}")
        for problem in problems:
            tell(f"  • {problem}")
        raise typer.Exit(2) from None
    except KeyboardInterrupt as stop:
        tell(f"edgewise: stopped{'. ' if str(stop) else ''}{stop}")
        raise typer.Exit(130) from None


app = typer.Typer(
    name="edgewise",
    cls=Verbs,
    help="Find the circuit a transformer language model uses for a task: the few edges that carry it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def tell(line: str) -> None:
    print(line, file=sys.stderr)


def tell_notes(notes: Iterable[str], quiet: bool) -> None:
    for note in () if quiet else notes:
        tell(f"note: {note}")


def heard_unless(quiet: bool) -> Progress:
    """How far the work has come is shown and warnings are told, unless it shall be quiet."""
    if quiet:
        # Until the verb ends: it runs inside `catch_warnings`.
        warnings.simplefilter("ignore")
    return Progress(shown=not quiet)


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

    Example:

        edgewise discover --model gpt2 --prompts ioi.jsonl --edges 200 --out runs/ioi
    """
    from edgewise.run import run
    from edgewise.screens import notes_on, run_as_json, show_run

    done = run(request, heard_unless(quiet))
    tell_notes(notes_on(done), quiet)
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
    from edgewise.screens import notes_on_units_run, show_units_run, units_run_as_json
    from edgewise.units_run import run_units

    done = run_units(request, heard_unless(quiet))
    tell_notes(notes_on_units_run(done), quiet)
    if json:
        print_json(units_run_as_json(done))
    elif not quiet:
        show_units_run(done)


@app.command(cls=Verb)
@with_options_of(EvaluationRequest, "run")
def evaluate(request: EvaluationRequest, *, quiet: Quiet = False, json: Json = False) -> None:
    """Measure the circuit of a run again, on its own prompts or others.

    Examples:

        edgewise evaluate runs/ioi --prompts held-out.jsonl

        edgewise evaluate runs/ioi --edges 50 --edges 100 --edges 200 --ablation mean
    """
    from edgewise.evaluate_run import evaluate_run
    from edgewise.judging_screens import evaluated_as_json, show_evaluated

    done = evaluate_run(request, heard_unless(quiet))
    tell_notes(done.notes, quiet)
    if json:
        print_json(evaluated_as_json(done))
    elif not quiet:
        show_evaluated(done)


@app.command(cls=Verb)
@with_options_of(StabilityRequest, "run")
def stability(request: StabilityRequest, *, quiet: Quiet = False, json: Json = False) -> None:
    """Find the circuit of a run again and again, on other draws of its examples: which edges stay?

    Example:

        edgewise stability runs/ioi --draws 50 --out ioi-stability.json
    """
    from edgewise.judging_screens import show_stability
    from edgewise.stability_run import stability_of_run

    done = stability_of_run(request, heard_unless(quiet))
    if json:
        print_json(done.to_dict())
    elif not quiet:
        show_stability(done)


@app.command(cls=Verb)
@with_options_of(CompareRequest, "runs")
def compare(request: CompareRequest, *, quiet: Quiet = False, json: Json = False) -> None:
    """Hold runs beside each other: sizes, faithfulness at one size, overlaps, seconds.

    Example:

        edgewise compare runs/eap runs/acdc runs/edge-pruning --edges 100
    """
    from edgewise.compare_run import compare_runs
    from edgewise.judging_screens import show_compared

    done = compare_runs(request, heard_unless(quiet))
    tell_notes(done.notes, quiet)
    if json:
        print_json(done.to_dict())
    elif not quiet:
        show_compared(done)


@app.command(cls=Verb)
@with_options_of(BenchRequest, "matrix")
def bench(request: BenchRequest, *, quiet: Quiet = False, json: Json = False) -> None:
    """Run every method on every model and task, from every seed, and make one table of all.

    Examples:

        edgewise bench matrix.toml --out bench --jobs 2

        edgewise bench --model zoo:ioi --model zoo:docstring --method eap --method acdc --out bench
    """
    from edgewise.bench.bench_run import bench as run_bench
    from edgewise.judging_screens import show_bench

    done = run_bench(request, heard_unless(quiet))
    tell_notes(done.notes, quiet)
    if json:
        print_json(done.to_dict())
    elif not quiet:
        show_bench(done)
    for name, problem in done.failed.items():
        tell(f"edgewise: not done: {name}: {problem.splitlines()[-1]}")
    if done.failed:
        raise typer.Exit(1)


@app.command("list", cls=Verb)
@with_options_of(ListRequest, "what")
def list_names(request: ListRequest, *, json: Json = False) -> None:
    """Tell what can be chosen: models, tasks, methods, grains, metrics, ablations, families, formats."""
    from edgewise.reports.lists import LISTS, check_names, list_tables
    from edgewise.reports.screen import Trimmed, screen

    names = check_names(request.what, request.misread)
    if json:
        print_json({name: LISTS[name]() for name in names})
    else:
        screen().print(Trimmed(list_tables(names)))


@app.command(cls=Verb)
@with_options_of(ExportRequest, "run")
def export(request: ExportRequest) -> None:
    """Write a run's scores and circuit for another program.

    Example:

        edgewise export runs/ioi --format mib --out ioi.json
    """
    from edgewise.export_run import export_run

    export_run(request)
    print(f"wrote {request.out}")


def print_json(values: Any) -> None:
    print(json_text.dumps(values, indent=1))
