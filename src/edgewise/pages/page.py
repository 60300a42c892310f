"""A report in one file that works from disk, and in a notebook: the viewer with the report put into it.

The report stands in an element of type `application/json`, which a browser does not run; its `<` are written
`\\u003c`, so that whatever a model, a task or a token is called, nothing in it ends that element.
"""

from __future__ import annotations

import json
import webbrowser
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from edgewise.files import atomic_write, make_parents
from edgewise.pages.bundle import around_report

HEIGHT = 700
"""Pixels, in a notebook."""


@dataclass(frozen=True, repr=False)
class Page:
    """`page.save("circuit.html")`; in a notebook it shows itself."""

    report: Mapping[str, Any]
    """What the viewer is given: plain values."""

    @property
    def html(self) -> str:
        start, end = around_report()
        told = json.dumps(self.report, allow_nan=False, separators=(",", ":"))
        return start + told.replace("<", "\\u003c") + end

    def save(self, path: str | Path) -> None:
        """Write it as one file, which asks the network for nothing."""
        make_parents(path)
        atomic_write(path, self.html)

    def widget(self, height: int = HEIGHT) -> Any:
        """For a notebook, as an `anywidget`: `pip install 'edgewise[notebook]'`."""
        from edgewise.pages.widget import widget_of

        return widget_of(self.report, height)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        """The widget where anywidget is installed; else the page in a frame of its own."""
        if find_spec("anywidget") is None:
            return {"text/plain": repr(self), "text/html": self._frame()}
        bundle = self.widget()._repr_mimebundle_(include=include, exclude=exclude)
        data = bundle[0] if isinstance(bundle, tuple) else bundle
        # For whoever reads the notebook without running it.
        return {**data, "text/plain": repr(self)}

    def _frame(self) -> str:
        look = f"width: 100%; height: {HEIGHT}px; border: 0"
        return (
            f'<iframe srcdoc="{escape(self.html)}" style="{look}" title="{escape(self.report["title"])}" '
            'sandbox="allow-scripts allow-downloads"></iframe>'
        )

    def __repr__(self) -> str:
        shown = ", ".join(f"{run['name']}: {run['chosen']['kept']:,} edges" for run in self.report["runs"])
        return f"Page({shown})"


def open_page(path: Path) -> bool:
    """In a browser; whether one was found."""
    return webbrowser.open(path.resolve().as_uri())
