"""`edgewise` and `python -m edgewise`."""

from __future__ import annotations


def main() -> None:
    from edgewise.cli import app

    app(prog_name="edgewise")


if __name__ == "__main__":
    main()
