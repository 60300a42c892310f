"""What a notebook shows of scores, circuits and evaluations: a heading and a table, as HTML.

Nothing need be installed for it, nothing is loaded, and no script runs. All text is escaped, whatever a name
holds, and colours are the notebook's own, light or dark.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from itertools import islice

SHOWN = 30
"""Rows at most."""
TABLE = "color: inherit; font: inherit"
CELL = "text-align: left; padding: 0 1em 0 0; vertical-align: top"


def table_html(
    heading: str, columns: Sequence[str], rows: Iterable[Sequence[str]], count: int, what: str = "rows"
) -> str:
    """The first rows of `count`, and how many more of what there are. Columns may be without names."""
    named = f"<thead>{_row('th', columns)}</thead>" if any(columns) else ""
    body = "".join(_row("td", row) for row in islice(rows, SHOWN))
    table = f'<table style="{TABLE}">{named}<tbody>{body}</tbody></table>'
    more = f"<p>and {count - SHOWN:,} more {escape(what)}</p>" if count > SHOWN else ""
    return f"<div><p>{escape(heading)}</p>{table}{more}</div>"


def _row(tag: str, cells: Sequence[str]) -> str:
    written = (f'<{tag} style="{CELL}">{escape(cell)}</{tag}>' for cell in cells)
    return f"<tr>{''.join(written)}</tr>"
