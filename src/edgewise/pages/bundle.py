"""What the viewer's sources are built into: a page without a report, and the widget's module and style."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

BUILT = files("edgewise.pages") / "built"
BEFORE, AFTER = '<script type="application/json" id="edgewise-report">', "</script>"


def built(name: str) -> str:
    return (BUILT / name).read_text(encoding="utf-8")


@cache
def around_report() -> tuple[str, str]:
    """What stands before the report in the page, and after it."""
    start, found, rest = built("page.html").partition(BEFORE)
    _, closed, end = rest.partition(AFTER)
    assert found, "the viewer's page has no place for a report: make viewer"
    return start + found, closed + end
