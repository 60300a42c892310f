"""What is typed, before it is a request: options that there are not, that lack a value, or are missing.

Typer reads the options; what is wrong with them is told as all other problems are, and together with them: a
verb goes on with what it could read, and its function finds the rest in `misread`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import Any

from typer.core import TyperCommand

from edgewise.errors import Problems, did_you_mean, nearest
from edgewise.request import UNKNOWN_OPTION

KEY = "edgewise.misread"
LIKENESS = 0.6
"""All options begin with the same two characters, and so are more alike than other names."""


def misread(context: Any) -> tuple[str, ...]:
    """What is wrong with the options that were typed."""
    return tuple(context.meta[KEY])


def in_plain_words(parameters: list[Any]) -> list[Any]:
    """Parameters whose help tells what stands for a value in our words: typer adds `<str>`, `<bool>`."""
    for one in parameters:
        if one.param_type_name == "argument":
            one.display_type_rich = lambda ctx: None
        elif one.metavar is None:
            one.metavar = ""
    return parameters


class Verb(TyperCommand):
    def get_params(self, ctx: Any) -> list[Any]:
        return in_plain_words(super().get_params(ctx))

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if ctx.resilient_parsing:
            # What is typed is not complete yet: a shell asks what could stand there.
            return super().parse_args(ctx, args)
        problems, told = Problems(), set[str]()
        parameters = self.get_params(ctx)
        known = known_options(ctx, args, problems, told)
        guessing = bool(problems.found)
        values, rest, _ = self.make_parser(ctx).parse_args(args=known)
        for parameter in sorted(parameters, key=lambda one: not one.is_eager):
            if not parameter.required or values.get(parameter.name) is not None:
                parameter.handle_parse_result(ctx, values, rest)
                continue
            # Where an option is not known, what follows it may be its value or what seems to be missing.
            is_guess = guessing and parameter.param_type_name == "argument"
            is_misspelt = parameter.name in told or is_guess
            ctx.params[parameter.name] = "" if is_misspelt else None
            if not is_misspelt:
                problems.add(_missing(parameter))
        if rest and not guessing:
            problems.add(f"nothing more was needed. Got {' '.join(map(repr, rest))}. Leave it out.")
        ctx.meta[KEY], ctx.args = problems.found, []
        return []


def known_options(context: Any, typed: Sequence[str], problems: Problems, told: set[str]) -> list[str]:
    """What was typed, without the options that cannot be read; `told` gets the names of those meant."""
    options = options_of(context)
    kept: list[str] = []
    given = set[str]()
    left = deque(typed)
    while left:
        word = left.popleft()
        if word == "--":
            return [*kept, word, *left]
        if not word.startswith("-") or word == "-":
            kept.append(word)
            continue
        name, equals, value = word.partition("=")
        meant = _meant(name, options)
        has_value = bool(value) if equals else bool(left) and left[0] not in options
        takes_value = meant is None or not meant.is_flag
        if name not in options:
            problems.add(_unknown(name, context))
            if takes_value and not equals and has_value and not left[0].startswith("-"):
                left.popleft()
        elif takes_value and not (has_value and (equals or left[0])):
            got = "empty text" if equals or has_value else "none"
            problems.add(f"{name} needs a value. Got {got}. Give {name} {options[name].metavar}.")
            if has_value:
                left.popleft()
        elif equals and not takes_value:
            problems.add(f"{name} takes no value. Got {word!r}. Give {name} alone.")
        elif takes_value and name in given and not options[name].multiple:
            problems.add(f"{name} was given more than once. Give it once.")
            if not equals:
                left.popleft()
        else:
            given.add(name)
            kept += [word, left.popleft()] if takes_value and not equals else [word]
            continue
        if meant is not None:
            told.add(meant.name)
    return kept


def _meant(name: str, options: Mapping[str, Any]) -> Any:
    """The option of this name, or the one whose name is nearest; None where none is near."""
    return options.get(name if name in options else nearest(name, options, LIKENESS) or "")


def check_before_verb(context: Any, typed: Sequence[str]) -> list[str]:
    """The problems of what stands before the verb."""
    before = takewhile(lambda word: word.startswith("-"), typed)
    return [
        f"{_unknown(word, context)} A verb's own options come after it."
        for word in before
        if word not in options_of(context)
    ]


def options_of(context: Any) -> dict[str, Any]:
    """Every way to write an option of a verb, with the option."""
    return {
        name: one
        for one in context.command.get_params(context)
        for name in (*one.opts, *one.secondary_opts)
        if one.param_type_name == "option"
    }


def _unknown(name: str, context: Any) -> str:
    advice = did_you_mean(name, options_of(context), LIKENESS)
    return f"{UNKNOWN_OPTION} {name!r}.{advice or f' `{context.command_path} --help` tells them all.'}"


def _missing(parameter: Any) -> str:
    is_argument = parameter.param_type_name == "argument"
    name, help_text = parameter.metavar if is_argument else parameter.opts[0], parameter.help.rstrip(".")
    written = name if is_argument else f"{name} {parameter.metavar}"
    return f"{name} was needed. Got none. Give {written}: {help_text[:1].lower()}{help_text[1:]}."
