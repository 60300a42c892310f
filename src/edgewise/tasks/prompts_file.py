"""A JSONL file to its entries: one JSON value a line, each with its place, `mine.jsonl:3`.

Blank lines are skipped, and a line that is not JSON has a `NotJson` in the place of its value. What an entry
says is no concern of this file: `entries.py` turns it into a pair.
"""

from __future__ import annotations

from dataclasses import dataclass
from json import JSONDecodeError
from os import PathLike
from pathlib import Path

from edgewise.errors import BrokenFile
from edgewise.files import parse_json


@dataclass(frozen=True)
class NotJson:
    """A line that is not JSON."""

    problem: str


def read_jsonl(path: str | PathLike[str]) -> tuple[list[tuple[str, object]], list[str]]:
    """(place, value) of every line, and every problem of the file as JSON lines."""
    entries: list[tuple[str, object]] = []
    # Not splitlines(): a JSON string may hold characters, such as U+2028, that it would split at.
    for number, line in enumerate(_read_text(path).split("\n"), start=1):
        if not line.strip():
            continue
        entries.append((f"{path}:{number}", _read_line(line)))
    if not entries:
        return [], [f"no prompts in {path}. Write one JSON object a line, with at least the key 'clean'."]
    return entries, [f"{place}: {value.problem}" for place, value in entries if isinstance(value, NotJson)]


def _read_line(line: str) -> object:
    try:
        return parse_json(line)
    except JSONDecodeError as error:
        return NotJson(f"column {error.colno}: a line must be one JSON object. {error.msg}.")
    except (ValueError, RecursionError) as error:
        return NotJson(f"a line must be one JSON object that can be read: {error}.")


def _read_text(path: str | PathLike[str]) -> str:
    try:
        content = Path(path).read_bytes()
    except FileNotFoundError:
        raise BrokenFile(f"prompts file {path} does not exist. Give the path of a JSONL file.") from None
    except OSError as error:
        raise BrokenFile(f"prompts file {path} cannot be read: {error.strerror}.") from None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        byte = content[error.start]
        raise BrokenFile(
            f"{path}:{line}: the file must be UTF-8 text. Got byte {byte:#04x}. Save it as UTF-8."
        ) from None
