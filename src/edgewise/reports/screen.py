"""Standard output for people: text as it stands, without markup and without colours of rich's own choice."""

from __future__ import annotations

from rich.console import Console


def screen() -> Console:
    return Console(highlight=False, markup=False)
