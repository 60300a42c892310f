"""`edgewise` and `python -m edgewise`."""

from __future__ import annotations

import os


def main() -> None:
    from edgewise.cli import app
    from edgewise.completion import ASKED, complete_in_bash

    if os.environ.get(ASKED) == "complete_bash":
        complete_in_bash(lambda: app(prog_name="edgewise"))
    else:
        app(prog_name="edgewise")


if __name__ == "__main__":
    main()
