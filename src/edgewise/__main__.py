"""`edgewise` and `python -m edgewise`."""

from __future__ import annotations

import os

from edgewise.stopping import stop_at_once, stop_no_more


def main() -> None:
    stop_at_once()
    from edgewise.cli import app
    from edgewise.completion import ASKED, complete_in_bash

    try:
        if os.environ.get(ASKED) == "complete_bash":
            complete_in_bash(lambda: app(prog_name="edgewise"))
        else:
            app(prog_name="edgewise")
    finally:
        stop_no_more()


if __name__ == "__main__":
    main()
