"""What pairs must say of their answers: those they lack, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable

from edgewise.errors import several
from edgewise.tasks.pairs import Field, Pairs


def lacking(who: str, fields: Iterable[Field], pairs: Pairs, otherwise: str) -> list[str]:
    """A problem for each field that `who` needs and pairs are without; `otherwise`: what else can be done."""
    made_for = f"This task is made for {pairs.metric}: {otherwise}."
    return [
        f"{who} needs {field!r} answers in every pair. Got none in {several(places)}. "
        + (made_for if pairs.metric else f"Add {field!r}, or {otherwise}.")
        for field in fields
        if (places := pairs.missing(field))
    ]
