"""The viewer's sources: what they work out is what Python does, and what is shipped is built from them."""

import json
import os
import subprocess

import pytest
from benchmarks.made_up_pages import made_up, saved

from browser import edges_through
from documents import ROOT
from edgewise.circuit import Circuit
from edgewise.pages.report import RunPage, report
from edgewise.zoo.known import KnownCircuit
from graphs import EVERY_KIND, some_scores

VIEWER = ROOT / "viewer"
BUILT = ROOT / "src" / "edgewise" / "pages" / "built"


def case(graph, seed):
    scores = some_scores(graph, seed)
    by = ("absolute", "value")[seed % 2]
    every = graph.edge_count
    ranked = [edge for edge, _ in scores.ranking(by)]
    sizes = sorted({0, 1, 2, every // 4, every // 2, every - 1, every})
    circuits = {size: scores.top(size, by).prune() for size in sizes}
    half = circuits[every // 2]
    truth = KnownCircuit(scores.top(every // 3, by), Circuit.empty(graph), Circuit.empty(graph))
    node = graph.sources[len(graph.sources) // 2]
    found = circuits[every // 2]
    run = RunPage("run", scores, every // 2, len(half), by=by, known=truth)
    return {
        "report": report([run]),
        "sources": graph.sources,
        "readers": graph.readers,
        "fed": [list(graph.head_of_reader(reader)) or ["logits"] for reader in graph.readers],
        "circuits": {
            size: [edge for edge in ranked if edge in circuit] for size, circuit in circuits.items()
        },
        "through": {"node": node, "size": every // 2, "edges": edges_through(half, node)},
        "judged": {
            "size": every // 2,
            "hits": len(found & truth.circuit),
            "falseFinds": len(found - truth.circuit),
            "missed": len(truth.circuit - found),
        },
    }


def npx(*words, **environment):
    """In the viewer's folder."""
    assert (VIEWER / "node_modules").is_dir(), "the viewer's tools are not there: make viewer-tools"
    how = {"capture_output": True, "text": True, "cwd": VIEWER, "env": {**os.environ, **environment}}
    return subprocess.run(["npx", "--no-install", *words], check=False, **how)


def test_the_viewer_works_out_what_python_does_on_graphs_of_every_kind(tmp_path):
    cases = [case(graph, seed) for seed, graph in enumerate(EVERY_KIND)]
    (tmp_path / "cases.json").write_text(json.dumps(cases))
    done = npx("vitest", "run", "--no-color", CASES=str(tmp_path / "cases.json"))
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_viewers_types_fit():
    done = npx("tsc")
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("mode", "files"), [("page", ["page.html"]), ("widget", ["widget.js", "widget.css"])]
)
def test_what_is_shipped_is_what_the_sources_are_built_into(mode, files, tmp_path):
    done = npx("vite", "build", "--mode", mode, "--outDir", str(tmp_path))
    assert done.returncode == 0, done.stderr
    for name in files:
        assert (tmp_path / name).read_bytes() == (BUILT / name).read_bytes(), "make viewer"


def test_the_widget_shows_the_report_that_its_model_holds(chromium, tmp_path):
    graph = EVERY_KIND[-1]
    first, second = (made_up(graph, name, known=None, attention=None) for name in ("one", "two"))
    page = chromium.new_page()
    wrong = []
    page.on("pageerror", lambda error: wrong.append(str(error.stack)))
    page.set_content("<style></style><div id=cell></div>")
    page.add_style_tag(content=(BUILT / "widget.css").read_text())
    page.evaluate(
        """async ([code, values]) => {
            const module = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
            const { default: widget } = await import(module);
            const heard = {};
            window.model = {
                get: (name) => values[name],
                set: (name, value) => {
                    values[name] = value;
                    (heard[`change:${name}`] ?? []).forEach((say) => say());
                },
                on: (name, say) => (heard[name] ??= []).push(say),
                off: (name) => delete heard[name],
            };
            window.close = await widget.render({ model, el: document.getElementById("cell") });
        }""",
        [(BUILT / "widget.js").read_text(), {"report": report([first]), "height": 500}],
    )
    page.wait_for_selector("[data-drawn]")
    assert page.locator("h1").inner_text() == "one"
    assert page.locator(".edgewise").bounding_box()["height"] == 500
    page.get_by_label("Edges chosen, as a number").fill("3")
    assert page.url == "about:blank"
    page.evaluate("model.set('height', 420)")
    assert page.locator(".edgewise").bounding_box()["height"] == 420
    page.evaluate("document.body.dataset.jpThemeLight = 'false'")
    page.wait_for_selector("[data-theme='dark']")
    page.evaluate("(report) => model.set('report', report)", report([second]))
    page.wait_for_selector("h1:has-text('two')")
    page.evaluate("close()")
    assert page.locator(".edgewise").count() == 0
    page.close()
    assert wrong == []


def test_a_page_in_a_frame_without_an_address_works(chromium, tmp_path):
    path = saved(tmp_path, made_up(EVERY_KIND[-1], "framed", known=None, attention=None))
    page = chromium.new_page()
    wrong = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.set_content('<iframe sandbox="allow-scripts" width="1000" height="600"></iframe>')
    page.evaluate("(text) => (document.querySelector('iframe').srcdoc = text)", path.read_text())
    frame = page.frame_locator("iframe")
    frame.locator("[data-drawn]").wait_for()
    frame.get_by_label("Edges chosen", exact=True).press("ArrowLeft")
    page.wait_for_timeout(400)
    page.close()
    assert wrong == []
