"""What a page bears: large models, hostile names, other readers than the eye, and two runs at once."""

from dataclasses import replace

import pytest
from benchmarks.made_up_pages import CODE_LLAMA, GPT2, heavy_tailed, made_up, saved

from browser import choose_size, kept, names_in_table, opened
from documents import ROOT
from edgewise.circuit import Circuit
from edgewise.graph import Graph
from edgewise.pages.attention import AttentionExample, AttentionExamples
from edgewise.pages.report import MOST_EDGES, RunPage
from edgewise.view_run import view

HOSTILE = "<script>document.title = 'run'</script><img src=x onerror=alert(1)>"
COUNT = """
    window.frames = [0];
    const curve = CanvasRenderingContext2D.prototype.bezierCurveTo;
    CanvasRenderingContext2D.prototype.bezierCurveTo = function (...given) {
        frames[frames.length - 1]++;
        return curve.apply(this, given);
    };
    (function tick() { frames.push(0); requestAnimationFrame(tick); })();
"""
"""Curves that are drawn, frame by frame."""


@pytest.fixture(scope="module")
def gpt2(tmp_path_factory):
    return saved(tmp_path_factory.mktemp("gpt2"), made_up(GPT2), title="GPT-2 small's shape")


def test_gpt2_smalls_page_is_small(gpt2):
    assert gpt2.stat().st_size <= 3e6


@pytest.mark.parametrize("size", [300, GPT2.edge_count])
def test_a_step_of_the_slider_draws_little_in_a_frame_and_all_in_the_end(chromium, gpt2, size):
    with opened(chromium, gpt2, f"#edges={size}") as page:
        before = kept(page)
        page.evaluate(COUNT)
        page.get_by_label("Edges chosen", exact=True).press("PageDown")
        page.wait_for_function(f"document.querySelector('.side-told').dataset.kept !== '{before}'")
        after = kept(page)
        assert 0 < after < before
        page.wait_for_selector(f"[data-drawn='{after}']")
        frames = page.evaluate("frames")
        assert sum(frames) == after
        assert max(frames) <= 1700
        assert page.locator("tbody tr").count() < 60


def test_a_model_of_four_million_edges_opens_and_says_that_it_holds_the_strongest(chromium, tmp_path):
    run = made_up(CODE_LLAMA)
    path = saved(tmp_path, run)
    with opened(chromium, path) as page:
        told = page.locator(".side-told").inner_text()
        assert f"This page holds the {MOST_EDGES:,} strongest of {CODE_LLAMA.edge_count:,} edges" in told
        assert kept(page) == run.kept
        choose_size(page, MOST_EDGES)
        page.wait_for_selector(f"[data-kept='{len(run.scores.top(MOST_EDGES).prune())}']")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("address", ["", "#pin=a9.h9&colour=found"])
def test_axe_finds_nothing_serious(chromium, gpt2, theme, address):
    with opened(chromium, gpt2, address, color_scheme=theme) as page:
        page.evaluate((ROOT / "viewer" / "node_modules" / "axe-core" / "axe.min.js").read_text())
        found = page.evaluate("axe.run()")["violations"]
    told = [f"{each['id']}: {each['nodes'][0]['html'][:120]}" for each in found if each["impact"] != "minor"]
    assert told == []


def test_a_run_of_more_edges_than_the_page_holds_says_so(chromium, tmp_path):
    run = made_up(CODE_LLAMA, known=None, attention=None)
    with opened(chromium, saved(tmp_path, replace(run, chosen=2 * MOST_EDGES))) as page:
        own = page.get_by_role("button", name="the run's own")
        assert own.inner_text() == f"the run's own, {2 * MOST_EDGES:,}: more than this page holds"
        assert own.is_disabled()


def test_missed_edges_are_drawn_once_even_of_an_empty_circuit(chromium, tmp_path):
    graph = Graph(layers=3, heads=4, key_readers=4)
    run = made_up(graph)
    with opened(chromium, saved(tmp_path, run), "#edges=40") as page:
        page.evaluate(COUNT)
        choose_size(page, 0)
        page.get_by_label("Colour by the known circuit").check()
        page.wait_for_timeout(300)
        assert sum(page.evaluate("frames")) == len(run.known.circuit)


def test_hostile_names_are_text(chromium, tmp_path):
    graph = Graph(layers=2, heads=2, key_readers=2, embeddings=(HOSTILE, "pos"))
    scores = heavy_tailed(graph)
    looks = made_up(GPT2).attention.examples[0].attention[:4, :, :3, :3]
    heads = tuple(name for name in graph.sources if ".h" in name)
    example = AttentionExample((HOSTILE,) * 3, None, HOSTILE, HOSTILE, (2,), heads, looks[:, :1], None)
    run = RunPage(
        HOSTILE,
        scores,
        20,
        len(scores.top(20).prune()),
        metric=HOSTILE,
        facts={HOSTILE: HOSTILE},
        measured={HOSTILE: HOSTILE},
        notes=[HOSTILE],
        attention=AttentionExamples((example,), HOSTILE),
    )
    with opened(chromium, saved(tmp_path, run, title=HOSTILE)) as page:
        page.locator("[data-node='a1.h1']").click()
        assert page.title() == HOSTILE
        assert page.locator("h1").inner_text() == HOSTILE
        assert page.locator("#edgewise script, #edgewise img").count() == 0
        assert page.locator("text=alert(1)").count() > 8


def test_two_runs_show_what_both_have_and_what_one(chromium, tmp_path):
    graph = Graph(layers=3, heads=4, key_readers=4)
    one, other = (made_up(graph, name, seed, known=None) for name, seed in (("one", 0), ("other", 1)))
    with opened(chromium, saved(tmp_path, one, other)) as page:
        assert page.locator(".drawing").count() == 2
        for size in (30, 90):
            choose_size(page, size)
            first, second = (run.scores.top(size).prune() for run in (one, other))
            page.wait_for_selector(f".side-told >> nth=1 >> text={len(second)} of")
            assert (kept(page, 0), kept(page, 1)) == (len(first), len(second))
            both = len(first & second)
            told = page.locator(".shared").inner_text()
            assert (
                f"In both {both}, only in one {len(first) - both}, only in other {len(second) - both}" in told
            )
            assert f"{first.jaccard(second):.3f}" in told
            page.wait_for_function(
                f"document.querySelector('.edges .count').textContent == '{len(first | second)}'"
            )
        page.locator("th button", has_text="in").last.click()
        rows = page.locator("tbody tr:not([aria-hidden])").all_inner_texts()
        assert {row.split()[-1] for row in rows} <= {"both", "one", "other"}
        page.locator("[data-node='logits']").first.hover()
        assert page.locator(".tip").count() >= 1


def test_two_runs_have_their_own_sizes_and_the_roles_that_either_knows(chromium, tmp_path):
    graph = Graph(layers=12, heads=12, key_readers=12)
    one, other = made_up(graph, "one"), made_up(graph, "other", seed=1, known=None)
    other = replace(other, chosen=120, kept=len(other.scores.top(120).prune()))
    with opened(chromium, saved(tmp_path, one, other)) as page:
        page.get_by_role("button", name="other's own, 120").click()
        page.wait_for_selector(f".side-told >> nth=1 >> text={other.kept} of")
        choose_size(page, 3000)
        page.get_by_label("Role").select_option("late")
        page.wait_for_function("document.querySelectorAll('.side-told')[1].textContent.includes('hide')")
        shown = [page.locator(".drawing").nth(side).get_attribute("data-drawn") for side in range(2)]
        assert all(int(number) > 0 for number in shown)
        page.locator("[data-node='a9.h9']").first.click()
        assert page.locator(".attention h3").first.inner_text() == "On prompts of one"


def test_a_circuit_without_scores_has_no_slider_and_all_of_its_edges(chromium, tmp_path):
    graph = Graph(layers=2, heads=2, key_readers=1, mlps=False)
    circuit = Circuit.of(graph, ["embed->a0.h1<q>", "a0.h1->a1.h0<v>", "a1.h0->logits", "a1.h1->logits"])
    path = tmp_path / "circuit.html"
    view(circuit, title="mine").save(path)
    with opened(chromium, path) as page:
        assert page.locator("[type=range]").count() == 0
        assert set(names_in_table(page)) == set(circuit)
        assert kept(page) == len(circuit)


def test_where_there_are_no_effects_the_page_says_why(chromium, tmp_path):
    graph = Graph(layers=2, heads=2, key_readers=2)
    run = made_up(graph)
    [example, *_] = run.attention.examples
    none = AttentionExamples((replace(example, effects=None),), "No effects are here: of a reason.")
    still = AttentionExamples((replace(example, effects=example.effects * 0),))
    for attention, told in ((none, "No effects are here: of a reason."), (still, "0 at every token")):
        with opened(chromium, saved(tmp_path, replace(run, attention=attention)), "#pin=a0.h0") as page:
            assert told in page.locator(".attention").inner_text()
    with opened(chromium, saved(tmp_path, run), "#pin=logits") as page:
        assert "The logits write nothing" in page.locator(".attention").inner_text()


def test_a_phone_shows_it_without_scrolling_sideways(chromium, gpt2):
    with opened(chromium, gpt2, viewport={"width": 390, "height": 800}) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        assert page.locator(".drawing").bounding_box()["height"] > 400
        assert page.locator("[data-node='a0.h0']").bounding_box()["width"] > 12
        page.locator("[data-node='logits']").click()
        page.wait_for_selector("h2:has-text('logits')")
