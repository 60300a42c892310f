"""A page of results: tables and pictures beside what was published, and the command that made them.

`docs/results/NAME.md`, its pictures and every number of it in `docs/results/NAME/`. A page is written when
all of it is there, so that one that was stopped leaves the old one as it was.
"""

from __future__ import annotations

import argparse
import json
import platform
import shlex
import sys
import time
from collections.abc import Iterable, Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from edgewise.files import atomic_write, make_parents
from edgewise.pictures.paper import Picture

RESULTS = Path(__file__).resolve().parents[1] / "docs" / "results"


class Page:
    """Filled from top to bottom, then saved."""

    def __init__(self, name: str, title: str, source: str, folder: Path = RESULTS) -> None:
        """source: whose tables and figures these are, in a sentence or two."""
        self.name, self.folder = name, folder
        self.lines = [f"# {title}", "", source, ""]
        self.numbers: dict[str, Any] = {}
        self.pictures: dict[str, Picture] = {}
        self.began = time.monotonic()

    def heading(self, words: str) -> None:
        self.lines += [f"## {words}", ""]
        print(f"{self.name}: {words} ...", file=sys.stderr)

    def say(self, *sentences: str) -> None:
        """A paragraph."""
        self.lines += [" ".join(sentences), ""]

    def table(self, head: Sequence[str], rows: Iterable[Sequence[str]], numbers: Any, key: str) -> None:
        """A Markdown table; `numbers`, in full, are kept by `key`."""
        self.lines += [*markdown(head, rows), ""]
        self.keep(key, numbers)

    def code(self, text: str) -> None:
        self.lines += [*(f"    {line}".rstrip() for line in text.splitlines()), ""]

    def picture(self, key: str, picture: Picture, caption: str) -> None:
        self.pictures[key] = picture
        self.lines += [f"![{caption}]({self.name}/{key}.svg)", "", f"*{caption}*", ""]

    def keep(self, key: str, numbers: Any) -> None:
        """Numbers that the page tells."""
        assert key not in self.numbers, key
        self.numbers[key] = numbers

    def save(self, command: str) -> None:
        """command: what makes the page again, from the project's folder."""
        for key, picture in self.pictures.items():
            picture.save(self.folder / self.name / f"{key}.svg")
        self.lines += ["## How it was made", "", "<!-- not run: it takes minutes -->"]
        self.lines += ["```shell", command, "```", "", self._made()]
        numbers = self.folder / self.name / "numbers.json"
        make_parents(numbers)
        atomic_write(numbers, json.dumps(self.numbers, indent=1) + "\n")
        atomic_write(self.folder / f"{self.name}.md", "\n".join(self.lines) + "\n")
        print(f"wrote {self.folder / self.name}.md", file=sys.stderr)

    def _made(self) -> str:
        versions = " and ".join(f"{name} {version(name)}" for name in ("edgewise", "torch"))
        threads = torch.get_num_threads()
        return (
            f"Made on {date.today():%Y-%m-%d} in {time.monotonic() - self.began:,.0f} s, with {versions}, "
            f"{threads} thread{'s' * (threads > 1)} of an {platform.machine()} machine and no GPU. "
            f"[numbers.json]({self.name}/numbers.json) has every number of this page; a picture's are in the "
            "JSON file of its name."
        )


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A table; columns of numbers to the right."""
    body = [list(row) for row in rows]
    numbers = [
        all(not cell or cell[0] in "-0123456789" for cell in column) for column in zip(*body, strict=True)
    ]
    under = ["---:" if number else "---" for number in numbers] or ["---"] * len(head)
    return [f"| {' | '.join(row)} |" for row in (head, under, *body)]


def command(name: str, parser: argparse.ArgumentParser, given: argparse.Namespace) -> str:
    """What makes the page again: the script and its options, where they are not the default."""
    words = ["python", "-m", f"reproductions.{name}"]
    for option, value in vars(given).items():
        if option in ("folder", "out") or value == parser.get_default(option):
            continue
        words += [f"--{option.replace('_', '-')}", *map(str, value if isinstance(value, list) else [value])]
    return shlex.join(words)


def listed(words: Sequence[str]) -> str:
    """In a sentence."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def number(value: float | None, digits: int = 3) -> str:
    """`-` where there is none."""
    # A sum, so that nothing reads as -0.000.
    return "-" if value is None else f"{round(value, digits) + 0.0:.{digits}f}"
