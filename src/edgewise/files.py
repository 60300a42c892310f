"""Files that are whole or not there: atomic writes, and reads that say what is wrong and where.

A write goes to a temporary file in the same folder, reaches the disk, and only then takes the old one's name.
Whatever goes wrong before that, a full disk among it, leaves the old file as it was and no temporary behind.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from edgewise.errors import BadInput, BrokenFile, EdgewiseError
from edgewise.recognised import recognised


@contextmanager
def atomic_file(path: str | Path) -> Iterator[Path]:
    """A temporary path to write to; it becomes `path` when the block ends without an exception.

    >>> with atomic_file("scores.safetensors") as temporary:
    ...     safetensors.torch.save_file(tensors, temporary)
    """
    path = Path(path)
    # What `tempfile` makes only its owner can read; a plain new file follows the umask.
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        temporary.touch()
        mode = temporary.stat().st_mode
        yield temporary
        # Some writers put a file of their own there, which only its owner can read.
        temporary.chmod(mode)
        with open(temporary, "rb+") as written:
            os.fsync(written.fileno())
        os.replace(temporary, path)
    except OSError as error:
        kept = " The file that was there is unchanged." if path.exists() else ""
        raise EdgewiseError(f"{path} could not be written: {error.strerror or error}.{kept}") from error
    finally:
        with suppress(OSError):
            temporary.unlink()


def atomic_write(path: str | Path, data: bytes | str) -> None:
    """Write all of `data`, text as UTF-8, or change nothing."""
    with atomic_file(path) as temporary:
        temporary.write_bytes(data.encode() if isinstance(data, str) else data)


def make_parents(path: str | Path) -> None:
    """The folders above a file that is to be written."""
    above = Path(path).absolute().parent
    try:
        above.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EdgewiseError(f"{above} could not be made a folder: {error.strerror}.") from error


def read_text(path: str | Path) -> str:
    try:
        return Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        reason = "a file was needed" if Path(path).is_dir() else error.strerror or error
        raise BrokenFile(f"{path} could not be read: {reason}.{recognised(path)}") from error
    except UnicodeDecodeError as error:
        what = recognised(path)
        raise BrokenFile(f"{path} is not a text file: byte {error.start} is not UTF-8.{what}") from error


def read_json(path: str | Path) -> Any:
    """What a JSON file holds; BrokenFile with line and column where it stops being JSON."""
    text = read_text(path)
    try:
        return parse_json(text)
    except json.JSONDecodeError as error:
        raise BrokenFile(
            f"{path}, line {error.lineno}, column {error.colno}: not JSON: {error.msg}.{recognised(path)}"
        ) from error
    except (ValueError, RecursionError) as error:
        raise BrokenFile(f"{path}: its JSON cannot be read: {error}.") from error


def read_described(path: str | Path, format: str, version: int) -> dict[str, Any]:
    """What a JSON file of one of our formats holds, once it says that it is what it should be."""
    described = read_json(path)
    found = (described.get("format"), described.get("version")) if isinstance(described, dict) else None
    if found != (format, version):
        got = "none" if found is None else f"format {found[0]!r}, version {found[1]!r}"
        raise BrokenFile(f"{path}: {format}, version {version}, was needed. Got {got}.{recognised(path)}")
    return described


def parse_json(text: str) -> Any:
    """What JSON text holds. Python would take the last of two equal keys; here it is a ValueError."""
    return json.loads(text, object_pairs_hook=_keys_once)


def _keys_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, value in pairs:
        if key in values:
            raise ValueError(f"the key {key!r} stands there more than once; keep one")
        values[key] = value
    return values


@contextmanager
def in_file(path: str | Path) -> Iterator[None]:
    """Problems found inside the block are problems of this file: each is told with the file's name."""
    try:
        yield
    except BrokenFile:
        raise
    except BadInput as error:
        raise BrokenFile(*(f"{path}: {problem}" for problem in error.problems)) from error
