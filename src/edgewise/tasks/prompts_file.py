"""A JSONL file to its entries: one JSON value a line, each with its place, `mine.jsonl:3`.

Blank lines are skipped. What an entry says is no concern of this file: `entries.py` turns it into a pair.
"""

from __future__ import annotations

import json
from os import PathLike
from pathlib import Path

from edgewise.errors import BrokenFile


def read_jsonl(path: str | PathLike[str]) -> tuple[list[tuple[str, object]], list[str]]:
    """(place, value) of every line that is JSON, and a problem for every line that is not."""
    entries: list[tuple[str, object]] = []
    problems: list[str] = []
    # Not splitlines(): a JSON string may hold characters, such as U+2028, that it would split at.
    for number, line in enumerate(_read_text(path).split("\n"), start=1):
        if not line.strip():
            continue
        place = f"{path}:{number}"
        try:
            entries.append((place, json.loads(line)))
        except json.JSONDecodeError as error:
            problems.append(f"{place}: column {error.colno}: a line must be one JSON object. {error.msg}.")
        except (ValueError, RecursionError) as error:
            problems.append(f"{place}: a line must be one JSON object that can be read. {error}.")
    if not entries and not problems:
        problems.append(f"no prompts in {path}. Write one JSON object a line, with at least the key 'clean'.")
    return entries, problems


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
