"""What the page of a run takes: size, first paint and a step of its slider, as Chromium measures them.

    python -m benchmarks.pages [REPORT.html] [--steps 20]

Of a report that is there, or of made-up scores on the shapes of GPT-2 small and of CodeLlama-13B. A step is
from the key that is pressed to the frame that shows what became of it (Event Timing); those of less than 16
ms are not told, and count as 16. The median counts.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser

from benchmarks.browser import browser
from benchmarks.made_up_pages import CODE_LLAMA, GPT2, made_up, saved

BYTES, PAINT, STEP = 3e6, 1500, 100
"""The most of each; milliseconds."""
PAINTS, LEAST = 5, 16
LISTEN = """
    window.steps = [];
    new PerformanceObserver((list) => {
        for (const event of list.getEntries()) if (event.name === "keydown") steps.push(event.duration);
    }).observe({ type: "event", durationThreshold: 16 });
"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pages", description="What a page takes.")
    parser.add_argument("report", nargs="?", help="a report.html; else one is made up")
    parser.add_argument("--steps", type=int, default=20, help="of the slider, at each size")
    given = parser.parse_args()
    with TemporaryDirectory() as folder, browser() as chromium:
        if given.report:
            tell(chromium, Path(given.report), given.steps)
        else:
            for name, graph in (("GPT-2 small", GPT2), ("CodeLlama-13B", CODE_LLAMA)):
                print(f"{name}'s shape, {graph.edge_count:,} edges")
                place = Path(folder) / name
                place.mkdir()
                tell(chromium, saved(place, made_up(graph)), given.steps)


def tell(browser: Browser, path: Path, steps: int) -> None:
    size = path.stat().st_size
    print(f"  {size / 1e6:.2f} MB ({f'at most {BYTES / 1e6:.0f}'})")
    every = edges_in(browser, path)
    paints = [first_paint(browser, path, f"#edges={every}") for _ in range(PAINTS)]
    print(f"  first paint with {every:,} edges: {median(paints):.0f} ms (at most {PAINT})")
    for edges in (200, 3_000, every):
        found = slider_steps(browser, path, edges, steps)
        told = f"median {median(found):.0f} ms, slowest {max(found):.0f} ms (at most {STEP})"
        print(f"  a step of the slider at {edges:,} edges: {told}")


def edges_in(browser: Browser, path: Path) -> int:
    page = browser.new_page()
    page.goto(path.resolve().as_uri())
    most = page.get_by_label("Edges chosen, as a number").get_attribute("max")
    page.close()
    return int(most or 0)


def first_paint(browser: Browser, path: Path, address: str) -> float:
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    page.goto(f"{path.resolve().as_uri()}{address}")
    page.wait_for_selector("[data-drawn]")
    found = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    page.close()
    return found


def slider_steps(browser: Browser, path: Path, edges: int, count: int) -> list[float]:
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    page.goto(f"{path.resolve().as_uri()}#edges={edges}")
    page.wait_for_selector("[data-drawn]")
    page.wait_for_timeout(500)
    page.evaluate(LISTEN)
    page.get_by_label("Edges chosen", exact=True).focus()
    for _ in range(count):
        page.keyboard.press("ArrowLeft")
        page.wait_for_timeout(200)
    told: list[float] = page.evaluate("steps")
    page.close()
    return [*told, *[float(LEAST)] * (count - len(told))]


if __name__ == "__main__":
    main()
