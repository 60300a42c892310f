"""From a dataclass to the options of a command: a field is an option, and its `Help` the words.

A field without a default must be given; a switch that is on by default becomes `--no-...`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import typer

from edgewise.request import Help

FLAGS = {"options": "--set"}
"""Options that are not called as their field is."""


def with_options_of(request: Any, *arguments: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Makes a function(request, *, ...) a command with the fields of `request`, and its own, as options.

    The fields in `arguments` are given by their place.
    """
    hints = get_type_hints(request, include_extras=True)
    parameters = [_parameter(one, hints[one.name], one.name in arguments) for one in fields(request)]

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        own = list(inspect.signature(function, eval_str=True).parameters.values())[1:]

        def command(**given: Any) -> None:
            asked = {one.name: _value(hints[one.name], given.pop(one.name)) for one in parameters}
            function(request(**asked), **given)

        # Typer reads a command's name, help and options from these.
        command.__name__, command.__doc__, command.__annotations__ = function.__name__, function.__doc__, {}
        setattr(command, "__signature__", inspect.Signature([*parameters, *own]))  # noqa: B010 - functions declare none
        return command

    return decorate


def _parameter(field: Field[Any], hint: Any, is_argument: bool) -> inspect.Parameter:
    kind, told = get_args(hint)
    default = field.default
    if get_origin(kind) in (Mapping, tuple):
        kind, default = list[str if get_origin(kind) is Mapping else get_args(kind)[0]], []
    return inspect.Parameter(
        field.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=inspect.Parameter.empty if default is MISSING else default,
        annotation=Annotated[
            kind, _argument(told) if is_argument else _option(field.name, kind, default, told)
        ],
    )


def _argument(told: Help) -> Any:
    return typer.Argument(help=told.words, metavar=told.value, show_default=False)


def _option(name: str, kind: Any, default: Any, told: Help) -> Any:
    flag = FLAGS.get(name, f"--{name.replace('_', '-')}")
    if kind is bool and default:
        flag = f" /--no-{flag[2:]}"
    return typer.Option(
        flag,
        help=told.words,
        metavar=told.value,
        rich_help_panel=told.panel,
        show_default=isinstance(default, str | int) and not isinstance(default, bool),
    )


def _value(hint: Any, given: Any) -> Any:
    """What the field takes, from what typer read."""
    kind = get_origin(get_args(hint)[0])
    if kind is tuple:
        return tuple(given or ())
    return dict(map(_named_value, given or ())) if kind is Mapping else given


def _named_value(text: str) -> tuple[str, str | None]:
    """`name=value` apart; None stands for a missing value, which whoever takes the option refuses."""
    name, equals, value = text.partition("=")
    return name, value if equals else None
