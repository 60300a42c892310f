"""Pages in a real browser, Debian's Chromium: none may ask the network for anything, nor complain."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page

from edgewise.circuit import Circuit

TOLD = ".side-told"


@contextmanager
def opened(browser: Browser, path: Path, address: str = "", **how) -> Iterator[Page]:
    """A page from disk; when it is closed, nothing may have been asked of the network or gone wrong."""
    how = {"viewport": {"width": 1400, "height": 900}, **how}
    context = browser.new_context(**how)
    page = context.new_page()
    wrong: list[str] = []
    page.on("console", lambda told: wrong.append(told.text) if told.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{path.resolve().as_uri()}{address}")
    page.wait_for_selector("[data-drawn]")
    yield page
    context.close()
    assert wrong == []
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []


def kept(page: Page, side: int = 0) -> int:
    """Edges of the circuit, as the page tells them."""
    return int(page.locator(TOLD).nth(side).get_attribute("data-kept") or -1)


def wait_until_lit(page: Page, nodes: set[str]) -> None:
    """Until these are the nodes that are not dim, and no others."""
    page.wait_for_function(
        """(names) => {
            const lit = [...document.querySelectorAll(".node.used:not(.dim)")].map((one) => one.dataset.node);
            return JSON.stringify(lit.sort()) === JSON.stringify(names);
        }""",
        arg=sorted(nodes),
    )


def nodes_with(page: Page, look: str) -> set[str]:
    found = page.locator(f".node{look}").evaluate_all("all => all.map(one => one.dataset.node)")
    return set(found)


def names_in_table(page: Page) -> list[str]:
    return page.locator("tbody button.edge").all_inner_texts()


def choose_size(page: Page, size: int) -> None:
    field = page.get_by_label("Edges chosen, as a number")
    field.fill(str(size))
    field.press("Enter")
    page.wait_for_function(f"document.querySelector('[type=number]').value === '{size}'")


def edges_through(circuit: Circuit, node: str) -> list[str]:
    """By following edges one at a time."""
    ends = {edge: edge.partition("->")[::2] for edge in circuit}
    fed = {reader: circuit.graph.head_of_reader(reader) or ("logits",) for _, reader in ends.values()}
    lit, below, above = set(), {node}, {node}
    for _ in range(len(ends) + 1):
        into = {edge for edge, (_, reader) in ends.items() if below & set(fed[reader])}
        out = {edge for edge, (source, _) in ends.items() if source in above}
        below |= {ends[edge][0] for edge in into}
        above |= {end for edge in out for end in fed[ends[edge][1]]}
        lit |= into | out
    return sorted(lit)
