"""The viewer as a widget of a notebook: `pip install 'edgewise[notebook]'`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from edgewise.errors import BadInput
from edgewise.pages.bundle import built


def widget_of(report: Mapping[str, Any], height: int) -> Any:
    """Its `report` and `height` can be set again later."""
    return _widget_class()(report=dict(report), height=height)


@cache
def _widget_class() -> Any:
    try:
        import anywidget
        import traitlets
    except ImportError as error:
        raise BadInput("a widget needs anywidget. Install it: pip install 'edgewise[notebook]'.") from error
    return type(
        "Viewer",
        (anywidget.AnyWidget,),
        {
            "_esm": built("widget.js"),
            "_css": built("widget.css"),
            "report": traitlets.Dict().tag(sync=True),
            "height": traitlets.Int().tag(sync=True),
        },
    )
