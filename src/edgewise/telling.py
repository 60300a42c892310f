"""What every verb does alike: problems, notes and results told where they belong, and an end in order.

Problems and notes go to standard error, a line each; an error that was made on purpose ends the command with
status 2 and no traceback, an interrupt with how to go on.
"""

from __future__ import annotations

import json as json_text
import os
import shlex
import sys
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Any

import typer
from typer.core import TyperGroup

from edgewise import launched
from edgewise.errors import BadInput, EdgewiseError, Stopped, ToldElsewhere, unknown
from edgewise.progress import Progress
from edgewise.stopping import NOTHING_KEPT, STATUS, stop_at_once, stop_in_order
from edgewise.usage import check_before_verb, in_plain_words

TYPED = "edgewise.typed"
SHARED = ("discover", "learn-units", "evaluate", "stability", "compare")
"""Verbs whose work several processes share; of the others the first does all."""


class Verbs(TyperGroup):
    """Errors made on purpose are told without a traceback, whatever the verb."""

    def get_params(self, ctx: Any) -> list[Any]:
        return in_plain_words(super().get_params(ctx))

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        ctx.meta[TYPED] = [ctx.command_path, *args]
        with errors_told(ctx.meta[TYPED]):
            if (problems := check_before_verb(ctx, args)) and not ctx.resilient_parsing:
                raise BadInput(*problems)
        return super().parse_args(ctx, args)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args[0] not in self.commands and not ctx.resilient_parsing:
            raise BadInput(unknown("verb", args[0], self.commands))
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        typed = ctx.meta[TYPED]
        with errors_told(typed), warnings.catch_warnings(), beside_others(typed):
            warnings.showwarning = lambda message, *_, **__: tell_notes([str(message)], quiet=False)
            return super().invoke(ctx)


@contextmanager
def beside_others(typed: list[str]) -> Iterator[None]:
    """Of several processes that were started for one command the first prints; the others work along."""
    others = launched.rank() > 0
    if launched.count() == 1 or not set(typed[1:2]) & set(SHARED):
        if others:
            raise typer.Exit
        yield
        return
    from edgewise.distributed import together

    with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere if others else sys.stdout), together():
        yield


@contextmanager
def errors_told(typed: list[str]) -> Iterator[None]:
    """`typed`: the command, to tell whoever stops it how to go on."""
    try:
        yield
    except ToldElsewhere:
        raise typer.Exit(2) from None
    except EdgewiseError as error:
        problems = error.problems if isinstance(error, BadInput) else (str(error),)
        which = f", process {launched.rank()}" if launched.rank() else ""
        # What is wrong with what was given is the same for all processes of a machine.
        if not isinstance(error, BadInput) or launched.place() == 0:
            print(f"edgewise{which}: {len(problems)} problem{'s' * (len(problems) > 1)}", file=sys.stderr)
            for problem in problems:
                print(f"  • {problem}", file=sys.stderr)
        raise typer.Exit(2) from None
    except Stopped as stop:
        tell(f"edgewise: stopped. {stop}")
        if stop.goes_on:
            by_torchrun = " (by torchrun, as before)" * (launched.count() > 1)
            tell(f"  {shlex.join(word for word in typed if word != stop.without)}{by_torchrun}")
        raise typer.Exit(STATUS) from None
    except KeyboardInterrupt:
        tell(NOTHING_KEPT)
        raise typer.Exit(STATUS) from None


def tell(line: str) -> None:
    if launched.rank() == 0:
        print(line, file=sys.stderr)


def tell_notes(notes: Iterable[str], quiet: bool) -> None:
    for note in () if quiet else notes:
        tell(f"note: {note}")


@contextmanager
def starting(silent: bool) -> Iterator[Progress]:
    """For the imports of a verb, which take seconds.

    Its progress is shown and warnings are told, unless it shall be silent.
    """
    if silent:
        # Until the verb ends: it runs inside `catch_warnings`.
        warnings.simplefilter("ignore")
    progress = Progress(shown=not silent)
    stop_at_once()
    try:
        # In a file of what was told, it would be of no use.
        with Progress(progress.shown and sys.stderr.isatty()).status("starting"):
            yield progress
    finally:
        stop_in_order()


@contextmanager
def kept_in(place: str) -> Iterator[None]:
    """For what is done once all is written there."""
    try:
        yield
    except KeyboardInterrupt:
        raise Stopped(f"What was found is in {place}.", goes_on=False) from None


def print_json(values: Any) -> None:
    print(json_text.dumps(values, indent=1))
