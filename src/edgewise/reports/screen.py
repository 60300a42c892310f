"""Standard output for people: text as it stands, without markup and without colours of rich's own choice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment


@dataclass(frozen=True)
class Trimmed:
    """What rich prints of something, without the blanks it fills lines with."""

    body: RenderableType

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        for line in console.render_lines(self.body, options, pad=False):
            while line and not line[-1].text.strip():
                line.pop()
            yield from line[:-1]
            yield from (Segment(last.text.rstrip(), last.style) for last in line[-1:])
            yield Segment.line()


def screen() -> Console:
    return Console(highlight=False, markup=False)
