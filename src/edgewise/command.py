"""From a dataclass to the options of a command: a field is an option, and its `Help` the words.

A field without a default must be given; a switch that is on by default becomes `--no-...`. Typer reads text
alone: what is no number is told here, with all other problems.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import typer

from edgewise.completion import completer
from edgewise.errors import BadInput, Problems
from edgewise.request import Help, RunRequest, lacking
from edgewise.usage import misread

FLAGS = {"options": "--set"}
"""Options that are not called as their field is."""
NUMBERS = {int: "a whole number", float: "a number"}


def with_options_of(request: Any, *arguments: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Makes a function(request, *, ...) a command with the fields of `request`, and its own, as options.

    The fields in `arguments` are given by their place.
    """
    hints = get_type_hints(request, include_extras=True)
    options = [one for one in fields(request) if get_origin(hints[one.name]) is Annotated]
    parameters = [_parameter(one, hints[one.name], one.name in arguments) for one in options]
    needed = [one.name for one in options if one.default is MISSING and one.default_factory is MISSING]
    context = inspect.Parameter("context", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        own = list(inspect.signature(function, eval_str=True).parameters.values())[1:]

        def command(context: Any, **given: Any) -> None:
            problems = Problems(*misread(context))
            asked = {one.name: _value(one, hints[one.name], given.pop(one.name), problems) for one in options}
            if any(asked[name] is None for name in needed):
                also = lacking(asked, problems.found) if issubclass(request, RunRequest) else []
                raise BadInput(*problems.found, *also)
            function(request(**asked, misread=tuple(problems.found)), **given)

        # Typer reads a command's name, help and options from these.
        command.__name__, command.__doc__, command.__annotations__ = function.__name__, function.__doc__, {}
        setattr(command, "__signature__", inspect.Signature([context, *parameters, *own]))  # noqa: B010 - functions declare none
        return command

    return decorate


def _parameter(field: Field[Any], hint: Any, is_argument: bool) -> inspect.Parameter:
    kind, told = get_args(hint)
    default = field.default
    if get_origin(kind) in (Mapping, tuple):
        kind, default = list[str], []
    elif kind is not bool:
        kind, default = str | None, default if default in (None, MISSING) else str(default)
    return inspect.Parameter(
        field.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=inspect.Parameter.empty if default is MISSING else default,
        annotation=Annotated[
            kind, _argument(told) if is_argument else _option(field.name, kind, default, told)
        ],
    )


def _argument(told: Help) -> Any:
    return typer.Argument(
        help=told.words, metavar=told.value, show_default=False, autocompletion=_completion(told)
    )


def _option(name: str, kind: Any, default: Any, told: Help) -> Any:
    flag = _flag(name)
    if kind is bool and default:
        flag = f" /--no-{flag[2:]}"
    return typer.Option(
        flag,
        help=told.words,
        metavar=told.value,
        rich_help_panel=told.panel,
        show_default=isinstance(default, str) and default != "",
        autocompletion=_completion(told),
    )


def _completion(told: Help) -> Any:
    return completer(told.of) if told.of else None


def _flag(name: str) -> str:
    return FLAGS.get(name, f"--{name.replace('_', '-')}")


def _value(field: Field[Any], hint: Any, given: Any, problems: Problems) -> Any:
    """What the field takes, from what typer read; its default in place of what is no number."""
    kind = get_args(hint)[0]
    if get_origin(kind) is Mapping:
        for text in (bare := [text for text in given or () if "=" not in text]):
            problems.add(
                f"{_flag(field.name)} needs a name and a value. Got {text!r}. Write {text.strip()}=VALUE."
            )
        named = [_named_value(text) for text in given or () if text not in bare]
        names = [name for name, _ in named]
        for name in dict.fromkeys(names):
            if names.count(name) > 1:
                problems.add(
                    f"{_flag(field.name)} {name} was given more than once. "
                    "Give it once; where it takes several values, with commas between them."
                )
        return dict(named)
    number = next((one for one in NUMBERS if one in (kind, *get_args(kind))), None)
    if number is not None and given is not None:
        try:
            given = [number(text) for text in given] if isinstance(given, list) else number(given)
        except ValueError:
            got = ", ".join(map(repr, given)) if isinstance(given, list) else repr(given)
            problems.add(f"{_flag(field.name)} must be {NUMBERS[number]}. Got {got}. Write it in digits.")
            return field.default
    return tuple(given or ()) if get_origin(kind) is tuple else given


def _named_value(text: str) -> tuple[str, str]:
    """`name=value` apart."""
    name, _, value = text.partition("=")
    return name.strip(), value.strip()
