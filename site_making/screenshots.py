"""The pictures of docs/reading-a-report.md, as Chromium shows the pages: `make screenshots`."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.browser import browser

import edgewise as ew
from edgewise.request import Request
from edgewise.run import run

OUT = Path(__file__).parents[1] / "docs" / "reading-a-report"
PICTURES = {
    "page": (("eap",), "#pin=a2.h0&edges=16", 1000),
    "two": (("eap", "eap-ig-inputs"), "#edges=16", 620),
}
"""The methods of the runs that are shown, the address, and the height."""


def main() -> None:
    OUT.mkdir(exist_ok=True)
    with TemporaryDirectory() as folder, browser() as chromium:
        made = {
            method: run(Request(out=str(Path(folder) / method), task="ioi", method=method, edges=16))
            for method in ("eap", "eap-ig-inputs")
        }
        for name, (methods, address, height) in PICTURES.items():
            path = Path(folder) / f"{name}.html"
            ew.view(*(made[method] for method in methods)).save(path)
            page = chromium.new_page(viewport={"width": 1240, "height": height})
            page.goto(f"{path.as_uri()}{address}")
            page.wait_for_selector("[data-drawn]")
            page.screenshot(path=OUT / f"{name}.png")


if __name__ == "__main__":
    main()
