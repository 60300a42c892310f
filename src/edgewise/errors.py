"""What can go wrong, said kindly: what was needed, what came, what to do.

    EdgewiseError
    └── BadInput              something the user gave; holds every problem found, not only the first
        ├── UnsupportedModel  a Hugging Face model with an architecture or setting that is not handled
        └── BrokenFile        a file that cannot be read as what it should be
    └── BadNumbers            NaN or infinity came out of a model
    └── Lost                  another process of the run has ended
    └── ToldElsewhere         the first process tells what was wrong
    Stopped                   broken off by the user, with what has become of the work; a KeyboardInterrupt

The command line prints a `BadInput` as its list of problems and exits with status 2, without a traceback.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager


class EdgewiseError(Exception):
    """The root of every error that edgewise raises on purpose."""


class BadInput(EdgewiseError, ValueError):
    """One or several problems with what the user gave."""

    def __init__(self, *problems: str) -> None:
        self.problems: tuple[str, ...] = problems
        """All that was found."""
        super().__init__("\n".join(problems))


class UnsupportedModel(BadInput):
    """A model whose architecture, or a setting of it, edgewise does not handle."""


class BrokenFile(BadInput):
    """A file that cannot be read as what it should be."""


class BadNumbers(EdgewiseError, ArithmeticError):
    """NaN or infinity in a model's numbers."""


class Lost(EdgewiseError, RuntimeError):
    """Of the processes at one run, another has ended: what is wrong, it tells itself."""


class ToldElsewhere(EdgewiseError):
    """Something is wrong that another process of the run tells."""


class Stopped(KeyboardInterrupt):
    """Broken off by the user, where there is something to tell of the work that was done."""

    def __init__(self, told: str, goes_on: bool = True, without: str = "") -> None:
        super().__init__(told)
        self.goes_on = goes_on
        """Whether the same again goes on from what was done."""
        self.without = without
        """The option that would begin anew."""


class Problems:
    """Gathers problems while checking goes on, then raises them all at once.

    >>> problems = Problems()
    >>> problems.add("--edges must be positive. Got -3.")
    >>> problems.raise_any()
    Traceback (most recent call last):
    edgewise.errors.BadInput: --edges must be positive. Got -3.
    """

    def __init__(self, *found: str) -> None:
        self.found = list(found)

    def add(self, *problems: str) -> None:
        self.found += [problem for problem in dict.fromkeys(problems) if problem not in self.found]

    def catch(self, error: BadInput) -> None:
        self.add(*error.problems)

    def raise_any(self) -> None:
        if self.found:
            raise BadInput(*self.found)


@contextmanager
def gathered(problems: Problems) -> Iterator[None]:
    """What is wrong inside the block is added to the problems, and checking goes on after it."""
    try:
        yield
    except BadInput as error:
        problems.catch(error)


def unknown(what: str, name: str, known: Iterable[str]) -> str:
    """The message for a name that is not among those known, with the nearest one.

    >>> unknown("method", "eep", ["eap", "acdc"])
    "unknown method 'eep'. Did you mean 'eap'? Known: acdc, eap."
    """
    names = sorted(known)
    return f"unknown {what} {name!r}.{did_you_mean(name, names)} Known: {', '.join(names)}."


def did_you_mean(name: str, known: Iterable[str], likeness: float = 0.4) -> str:
    """The nearest of the names known, as the end of a sentence; empty where none is near.

    >>> did_you_mean("eap-ig", ["acdc", "eap-ig-inputs", "eap-ig-mask"])
    " Did you mean 'eap-ig-inputs' or 'eap-ig-mask'?"
    """
    names = sorted(known)
    longer = [repr(each) for each in names if each.startswith(f"{name.lower()}-")]
    if len(longer) > 1:
        return f" Did you mean {', '.join(longer[:-1])} or {longer[-1]}?"
    near = nearest(name, names, likeness)
    return f" Did you mean {near!r}?" if near else ""


def nearest(name: str, known: Iterable[str], likeness: float = 0.4) -> str | None:
    """The name that is most like this one, if any is."""
    return next(iter(difflib.get_close_matches(name.lower(), sorted(known), n=1, cutoff=likeness)), None)


def check_name(what: str, name: object, known: Iterable[str]) -> list[str]:
    """The problem of what is not one of the names known; none where it is.

    >>> check_name("method", print, ["eap"])
    ['the name of the method was needed, as text. Got a function. Known: eap.']
    """
    names = sorted(known)
    if not isinstance(name, str):
        known_names = ", ".join(names)
        return [f"the name of the {what} was needed, as text. Got {kind_of(name)}. Known: {known_names}."]
    return [] if name in names else [unknown(what, name, names)]


def check_kind(value: object, kind: type | tuple[type, ...], needed: str, what_to_do: str) -> list[str]:
    """The problem of a value that is not of the kind needed; none where it is.

    >>> check_kind([1], dict, "a dictionary", "Give one entry.")
    ['a dictionary was needed. Got a list. Give one entry.']
    """
    if isinstance(value, kind):
        return []
    return [f"{needed} was needed. Got {kind_of(value)}. {what_to_do}"]


def kind_of(value: object) -> str:
    """What a value is, in words; of a class that has none here, by its name.

    >>> kind_of({}), kind_of(Problems())
    ('a dictionary', 'an object of class Problems')
    """
    name = type(value).__name__
    return _KINDS.get(name, f"an object of class {name}")


_KINDS = {
    "NoneType": "None",
    "bool": "a truth value",
    "builtin_function_or_method": "a function",
    "dict": "a dictionary",
    "float": "a number",
    "function": "a function",
    "int": "a whole number",
    "list": "a list",
    "str": "text",
    "tuple": "a tuple",
}


def several(places: Sequence[str], shown: int = 3) -> str:
    """The first few of many places."""
    more = len(places) - shown
    return ", ".join(places[:shown]) + (f" and {more:,} more" if more > 0 else "")
