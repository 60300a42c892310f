"""What a shell offers when Tab is pressed: names of what an option takes. Files and folders it knows itself.

`Help.of` says which names a field takes. Nothing here imports torch, so that no one waits.
"""

from __future__ import annotations

import io
import os
import shlex
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout, suppress
from typing import Any

import typer

from edgewise.formats import FORMATS
from edgewise.models.bundled import PREFIX, bundled_names
from edgewise.names import NAMES, PRESETS

ASKED, WORDS, PLACE = "_EDGEWISE_COMPLETE", "COMP_WORDS", "COMP_CWORD"
"""What a shell tells: that it asks, and in bash the words of the line and which of them is being typed."""


def names_of(what: str, given: dict[str, Any]) -> Sequence[str]:
    """The names of one kind; `given`: what stands on the line so far, by option."""
    if what == "models":
        return [PREFIX + name for name in bundled_names()]
    if what == "formats":
        return list(FORMATS)
    if what == "lists":
        from edgewise.reports.lists import LISTS

        return list(LISTS)
    if what == "presets":
        return PRESETS.get(given.get("method") or "", ())
    return NAMES[what]


def completer(what: str) -> Callable[[typer.Context, str], list[str]]:
    """For typer, of names of one kind."""

    # Typer reads the annotations, and knows no others than these.
    def complete(context: typer.Context, incomplete: str) -> list[str]:
        return [name for name in names_of(what, context.params) if name.startswith(incomplete)]

    return complete


def whole_words(words: Sequence[str], place: int) -> tuple[list[str], int]:
    """Words as they were typed, and which of them is being typed: bash takes them apart at `:` and `=`.

    An option and its value, `--method=eap`, stay two words.
    """
    whole: list[str] = []
    now, goes_on = place, False
    for index, word in enumerate(words):
        if word == ":" or goes_on:
            whole[-1] += word
        elif word != "=":
            whole.append(word)
        if index == place:
            now = len(whole) - (word != "=")
        goes_on = word == ":"
    return whole, now if place < len(words) else len(whole)


def complete_in_bash(app: Callable[[], None]) -> None:
    """Runs the command to tell bash what could stand there: of a word with `:`, what comes after that."""
    line = os.environ[WORDS]
    # Bash puts a line's end between words, so that an empty word is one, too.
    typed_words = [_unquoted(word) for word in (line.split("\n") if "\n" in line else line.split())]
    words, place = whole_words(typed_words, int(os.environ[PLACE]))
    typed = words[place] if place < len(words) else ""
    os.environ |= {WORDS: shlex.join(words), PLACE: str(place)}
    before, colon, _ = typed.rpartition(":")
    with redirect_stdout(io.StringIO()) as told, suppress(SystemExit):
        app()
    for line in told.getvalue().splitlines():
        print(line.removeprefix(before + colon))


def _unquoted(word: str) -> str:
    """As the command will get it; a quotation that is not closed yet is."""
    try:
        return "".join(shlex.split(word))
    except ValueError:
        return word.strip("\"'")
