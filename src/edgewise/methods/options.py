"""A method's own options, read from its signature: `--set steps=7` becomes `steps=7` of the right type.

The keyword-only parameters of a method beyond the common ones are its own options. Their annotations say
what they take: int, float, bool, str, Literal, or one of these | None; Count, Positive and others of
`bounds.py` are numbers within bounds. A tuple takes several, with commas between them; the fields of a
dataclass are options each, but for those that the method is `Without`.
"""

from __future__ import annotations

import inspect
import math
import types
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from edgewise.errors import did_you_mean, unknown

COMMON = ("batch_size", "progress")
WHERE_OFFERED = ("edges", "checkpoint", "log")
"""What is given to the methods that take it."""
CHOSEN_APART = ("metric", "ablation", *COMMON)
"""What is given for every method, and may be misspelled as an option of one."""
WORDS: dict[Any, str] = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    str: "text",
    type(None): "none",
}
TRUTH = {
    "true": True,
    "yes": True,
    "on": True,
    "1": True,
    "false": False,
    "no": False,
    "off": False,
    "0": False,
}


@dataclass(frozen=True)
class Without:
    """Beside a dataclass, as `Annotated[Pace, Without(("slow",))]`: fields that mean nothing to it."""

    left_out: tuple[str, ...]


def _own(method: Callable[..., Any]) -> list[inspect.Parameter]:
    """Parameters that are a method's own."""
    parameters = inspect.signature(method, eval_str=True).parameters.values()
    given = (*COMMON, *WHERE_OFFERED)
    return [each for each in parameters if each.kind is each.KEYWORD_ONLY and each.name not in given]


def own_options(method: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """By name; the fields of a dataclass that is taken whole are options like any other."""
    found: dict[str, inspect.Parameter] = {}
    for parameter in _own(method):
        taken_whole = _fields_of(parameter)
        found |= {parameter.name: parameter} if taken_whole is None else taken_whole
    return found


def _fields_of(whole: inspect.Parameter) -> dict[str, inspect.Parameter] | None:
    """None where the parameter takes no dataclass."""
    kind, left_out = whole.annotation, ()
    if get_origin(kind) is Annotated and isinstance(get_args(kind)[1], Without):
        kind, left_out = get_args(kind)[0], get_args(kind)[1].left_out
    if not is_dataclass(kind):
        return None
    kinds = get_type_hints(kind, include_extras=True)
    return {
        each.name: whole.replace(
            name=each.name, annotation=kinds[each.name], default=getattr(whole.default, each.name)
        )
        for each in fields(kind)
        if each.name not in left_out
    }


def with_defaults(method: Callable[..., Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """All own options of a method: those given, and what the others are."""
    return {name: given.get(name, option.default) for name, option in own_options(method).items()}


def as_arguments(method: Callable[..., Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Own options as the method takes them: those that are fields of a dataclass put into one."""
    given = dict(own)
    for whole in _own(method):
        taken_whole = _fields_of(whole)
        if taken_whole is not None:
            inside = [name for name in taken_whole if name in given]
            given[whole.name] = replace(whole.default, **{each: given.pop(each) for each in inside})
    return given


def takes(method: Callable[..., Any], parameter: str) -> bool:
    return parameter in inspect.signature(method).parameters


def read_options(
    name: str, method: Callable[..., Any], given: Mapping[str, Any]
) -> tuple[dict[str, Any], list[str]]:
    """The options as the method takes them, from text or values; and every problem."""
    known = own_options(method)
    values: dict[str, Any] = {}
    problems: list[str] = []
    for option, value in given.items():
        if option not in known:
            problems.append(_unknown_option(name, option, known))
            continue
        kind = known[option].annotation
        try:
            values[option] = read_value(kind, value)
        except ValueError:
            problems.append(f"option {option!r} of {name} must be {describe_kind(kind)}. Got {value!r}.")
    needed = [option for option, parameter in known.items() if parameter.default is parameter.empty]
    problems += [
        f"{name} needs the option {option!r}, {describe_kind(known[option].annotation)}."
        for option in needed
        if option not in given
    ]
    return values, problems


def _unknown_option(name: str, option: str, known: Collection[str]) -> str:
    if option in CHOSEN_APART:
        return f"{option!r} is no option of {name} alone. Give it on its own, without --set."
    meant = did_you_mean(option, CHOSEN_APART, likeness=0.65)
    if known and not meant:
        return unknown(f"option of {name}", option, known)
    return f"{name} has no {'such option' if known else 'options of its own'}. Got {option!r}.{meant}"


def describe_kind(kind: Any) -> str:
    """What a value of this type is, in words.

    >>> describe_kind(Literal["up", "down"] | None)
    'up, down or none'
    >>> describe_kind(Count)
    'a whole number from 1'
    >>> describe_kind(tuple[Positive, ...])
    'a number above 0, or several with commas between'
    """
    words = [_word(part) for part in _alternatives(kind)]
    return ", ".join(words[:-1]) + f" or {words[-1]}" if len(words) > 1 else words[0]


def _word(part: Any) -> str:
    if get_origin(part) is Annotated:
        kind, bound = get_args(part)
        return f"{WORDS[kind]} {bound}"
    if get_origin(part) is tuple:
        return f"{_word(get_args(part)[0])}, or several with commas between"
    return WORDS[part] if part in WORDS else str(part)


def in_words(value: Any) -> str:
    """A value as it is typed.

    >>> in_words(None), in_words(True), in_words((0.1, 0.01))
    ('none', 'true', '0.1,0.01')
    """
    if isinstance(value, tuple):
        return ",".join(map(in_words, value))
    return str(value).lower() if value is None or isinstance(value, bool) else str(value)


def read_value(kind: Any, value: Any) -> Any:
    """The value as that type has it; ValueError where it is none. Text is what a command line gives."""
    for part in _alternatives(kind):
        try:
            return _read_one(part, value)
        except ValueError:
            continue
    raise ValueError(value)


def _alternatives(kind: Any) -> tuple[Any, ...]:
    """The types and literal values that a value may have."""
    if get_origin(kind) is Literal:
        return get_args(kind)
    if get_origin(kind) in (Union, types.UnionType):
        return tuple(part for each in get_args(kind) for part in _alternatives(each))
    return (kind,)


def _listed(value: Any) -> list[Any]:
    """Several values, at least one."""
    several = list(value) if isinstance(value, tuple | list) else [value]
    if not several:
        raise ValueError(value)
    return several


def _read_one(part: Any, value: Any) -> Any:
    text = value if isinstance(value, str) else None
    if get_origin(part) is Annotated:
        kind, bound = get_args(part)
        if bound.holds(number := _read_one(kind, value)):
            return number
    elif get_origin(part) is tuple:
        several = value.split(",") if isinstance(value, str) else value
        return tuple(_read_one(get_args(part)[0], each) for each in _listed(several))
    elif not isinstance(part, type):
        # A member of a Literal.
        if value == part or text == str(part):
            return part
    elif part is type(None):
        if value is None or text in ("none", "None"):
            return None
    elif part is bool:
        if isinstance(value, bool):
            return value
        if text is not None and text.lower() in TRUTH:
            return TRUTH[text.lower()]
    elif part is str:
        if text is not None:
            return text
    elif part in (int, float) and not isinstance(value, bool):
        if text is not None and math.isfinite(number := part(text)):
            return number
        if isinstance(value, int | float) and math.isfinite(value) and part(value) == value:
            return part(value)
    raise ValueError(value)
