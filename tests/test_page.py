"""The page of a run in a real browser: what it shows is what the run holds, and each part of it works."""

import json

import pytest

import edgewise as ew
from browser import choose_size, edges_through, kept, names_in_table, nodes_with, opened, wait_until_lit
from edgewise.request import Request
from edgewise.run import run
from edgewise.zoo.truth import known_circuits

EDGES = 16


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A run of a model whose circuit is known, and whose heads have roles."""
    out = tmp_path_factory.mktemp("page") / "<b>run"
    return run(Request(out=str(out), task="ioi", edges=EDGES, examples=40))


@pytest.fixture
def page(chromium, made):
    with opened(chromium, made.folder / "report.html") as page:
        yield page


def test_the_slider_prunes_as_the_library_does_at_every_size(page, made):
    assert kept(page) == len(made.circuit)
    for size in (0, 1, 7, 12, 25, 60, 150, 193):
        choose_size(page, size)
        page.wait_for_selector(f"[data-kept='{len(made.scores.top(size).prune())}']")
    slider = page.get_by_label("Edges chosen", exact=True)
    assert slider.get_attribute("aria-valuetext") == "193 edges chosen"
    slider.press("ArrowLeft")
    assert slider.get_attribute("aria-valuetext") != "193 edges chosen"
    page.get_by_role("button", name="the run's own").click()
    page.wait_for_selector(f"[data-kept='{len(made.circuit)}']")


def test_faithfulness_is_told_where_it_was_measured_and_read_off_between(page, made):
    told = page.locator(".side-told")
    assert f"faithfulness {made.evaluation.faithfulness:.3f}" in told.inner_text()
    assert "about" not in told.inner_text()
    mark = page.locator("circle.here")
    before = mark.get_attribute("cx")
    choose_size(page, 30)
    assert "faithfulness about" in told.inner_text()
    assert mark.get_attribute("cx") != before
    points = page.locator(".curve circle:not(.here)").count()
    sizes = {int(share * 193) for share in made.curve.shares} | {EDGES}
    assert points == len(sizes)


def test_hovering_lights_the_paths_through_a_node_and_a_click_pins_them(page, made):
    graph, every = made.scores.graph, made.circuit.nodes()
    unused = next(name for name in graph.sources if ".h" in name and name not in every)
    node = next(name for name in every if ".h" in name)
    edges = edges_through(made.circuit, node)
    through = set(ew.Circuit.of(graph, edges).nodes())
    wait_until_lit(page, set(every))
    page.locator(f"[data-node='{unused}']").hover()
    wait_until_lit(page, set())
    page.locator(f"[data-node='{node}']").hover()
    wait_until_lit(page, through)
    assert node in page.locator(".tip").inner_text()
    page.mouse.move(5, 5)
    page.wait_for_function("!document.querySelector('.layer.dimmed')")
    page.locator(f"[data-node='{node}']").click()
    page.mouse.move(5, 5)
    page.wait_for_selector(f"[data-node='{node}'][aria-pressed='true']")
    wait_until_lit(page, through)
    assert page.locator(".selected h2").inner_text() == node
    edge = next(edge for edge in edges if edge.split("->")[1].startswith(node))
    page.locator(".neighbours").get_by_role("button", name=edge).click()
    page.mouse.move(5, 5)
    wait_until_lit(page, {edge.split("->")[0], node})
    page.keyboard.press("Escape")
    page.wait_for_function("!document.querySelector('.layer.dimmed')")


def test_an_edge_under_the_pointer_is_named(page, made):
    # In the middle of the only edge that enters the logits from a head.
    box = page.locator("[data-node='a2.h0']").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] - 8)
    page.wait_for_selector(".tip")
    told = page.locator(".tip").inner_text()
    assert told.startswith("a2.h0->logits")
    assert f"{made.scores.of('a2.h0->logits'):+.4g}"[:6] in told
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] - 8)
    assert page.locator("tr.pinned button.edge").inner_text() == "a2.h0->logits"


def test_a_size_that_prunes_to_a_measured_circuit_has_its_number_and_is_not_read_off(page, made):
    measured = {each.edges: each.faithfulness for each in made.curve.evaluations}
    for size in (2, 5, 8, 12):
        choose_size(page, size)
        circuit = made.scores.top(size).prune()
        page.wait_for_selector(f"[data-kept='{len(circuit)}']")
        if len(circuit) in measured:
            assert f"faithfulness {measured[len(circuit)]:.3f}" in page.locator(".side-told").inner_text()


def test_enter_in_the_search_pins_an_edge_that_is_named(page):
    page.get_by_label("Search").fill("2.0->logits")
    page.get_by_label("Search").press("Enter")
    page.wait_for_selector("h2:has-text('a2.h0->logits')")
    assert "rank" in page.locator(".selected .hint").inner_text()
    page.get_by_role("button", name="Let go").click()
    page.wait_for_selector("h2:has-text('Nothing pinned')")


def test_an_edge_that_is_pinned_in_the_table_stays_under_the_pointer(page):
    choose_size(page, 150)
    row = page.locator("tbody tr").nth(3)
    row.scroll_into_view_if_needed()
    before = row.bounding_box()
    row.locator("button.edge").click()
    page.wait_for_selector("tr.pinned")
    assert row.bounding_box() == before
    assert page.locator("tr.pinned").count() == 1


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("2.0", {"a2.h0"}),
        ("a1.h2", {"a1.h2"}),
        ("layer 1", {"a1.h0", "a1.h1", "a1.h2", "a1.h3"}),
        ("embed->a2.h0<v>", {"embed", "a2.h0"}),
        ("nowhere", set()),
    ],
)
def test_search_finds_nodes_by_name_layer_and_edge(page, typed, names):
    page.get_by_label("Search").fill(typed)
    page.wait_for_function("document.querySelector('.search output').textContent !== ''")
    assert nodes_with(page, ".found") == names
    if len(names) == 1:
        page.get_by_label("Search").press("Enter")
        assert page.locator(".selected h2").inner_text() == names.pop()


def test_search_and_filter_find_what_heads_are_for(page, made):
    known = known_circuits("zoo:ioi", "ioi", made.scores.graph)["corrupted"]
    role, nodes = next(iter(known.roles.items()))
    page.get_by_label("Search").fill(role)
    page.wait_for_selector(".node.found")
    assert nodes_with(page, ".found") == set(nodes)
    before = len(names_in_table(page))
    page.get_by_label("Role").select_option(role)
    page.wait_for_function("document.querySelector('.side-told').textContent.includes('hide')")
    page.wait_for_function(f"document.querySelectorAll('tbody button.edge').length < {before}")
    for edge in names_in_table(page):
        source, reader = edge.split("->")
        assert {source, reader.partition("<")[0]} & set(nodes)


def test_filters_hide_edges_by_sign_part_and_layer_and_change_no_circuit(page, made):
    before = kept(page)
    page.get_by_label("Sign").select_option("-")
    page.wait_for_function("document.querySelectorAll('tbody button.edge').length < 7")
    negative = {edge for edge in made.circuit if made.scores.of(edge) < 0}
    assert set(names_in_table(page)) == negative
    page.get_by_role("button", name="Clear").click()
    page.get_by_label("value", exact=True).uncheck()
    page.locator("label", has_text="From").locator("select").select_option("0")
    page.wait_for_function("!document.querySelector('.panel.edges').textContent.includes('embed')")
    expected = {edge for edge in made.circuit if "<v>" not in edge and not edge.startswith("embed")}
    assert set(names_in_table(page)) == expected
    assert kept(page) == before


def test_the_known_circuit_colours_hits_misses_and_false_finds(chromium, made):
    with opened(chromium, made.folder / "report.html", "#colour=found&edges=8") as page:
        known = known_circuits("zoo:ioi", "ioi", made.scores.graph)["corrupted"]
        hits = len(made.scores.top(8).prune() & known.circuit)
        assert f"{hits} of {len(known.circuit)} known edges found" in page.locator(".side-told").inner_text()
        legend = page.locator(".legend").inner_text()
        assert all(words in legend for words in ("known, found", "found, not known", "known, missed"))
        facts = page.locator(".facts").inner_text()
        assert f"{made.evaluation.edge_auc:.3f}" in facts
        choose_size(page, 100)
        page.wait_for_selector("text=not known")


def test_the_table_sorts_copies_and_downloads(chromium, made):
    with opened(
        chromium, made.folder / "report.html", permissions=["clipboard-read", "clipboard-write"]
    ) as page:
        ranked = [edge for edge, _ in made.scores.ranking() if edge in made.circuit]
        assert names_in_table(page) == ranked
        page.locator("th button", has_text="score").click()
        assert names_in_table(page) == sorted(ranked, key=made.scores.of, reverse=True)
        page.locator("th button", has_text="score").click()
        assert names_in_table(page) == sorted(ranked, key=made.scores.of)
        page.get_by_role("button", name="Copy").click()
        page.wait_for_selector("text=copied")
        lines = page.evaluate("navigator.clipboard.readText()").splitlines()
        assert [line.split("\t")[0] for line in lines[1:]] == sorted(ranked, key=made.scores.of)
        with page.expect_download() as download:
            page.get_by_role("button", name="Download").click()
        rows = download.value.path().read_text().splitlines()
        assert rows[0].startswith("edge,part,rank in ")
        assert {row.split(",")[0] for row in rows[1:]} == set(made.circuit)


def test_a_shared_address_shows_the_same_again(chromium, made, page):
    choose_size(page, 40)
    page.locator("[data-node='a2.h0']").click()
    page.get_by_label("Sign").select_option("+")
    page.get_by_label("Theme").select_option("dark")
    page.get_by_label("Only the nodes of the circuit").check()
    page.wait_for_function("location.hash.includes('compact')")
    address = page.evaluate("location.hash")
    assert "edges=40" in address
    with opened(chromium, made.folder / "report.html", address) as again:
        assert kept(again) == kept(page)
        assert again.locator(".selected h2").inner_text() == "a2.h0"
        assert names_in_table(again) == names_in_table(page)
        assert again.locator(".edgewise").get_attribute("data-theme") == "dark"
        assert again.get_by_label("Only the nodes of the circuit").is_checked()
    with opened(
        chromium, made.folder / "report.html", "#edges=x&layers=9&sort=%3Cscript%3E&pin=none"
    ) as other:
        assert kept(other) == len(made.circuit)


def test_it_is_dark_where_the_system_is_and_light_where_that_is_chosen(chromium, made):
    ground = "getComputedStyle(document.querySelector('.edgewise')).backgroundColor"
    with opened(chromium, made.folder / "report.html", color_scheme="dark") as page:
        assert page.evaluate(ground) == "rgb(16, 22, 29)"
        page.get_by_label("Theme").select_option("light")
        assert page.evaluate(ground) == "rgb(255, 255, 255)"
        page.get_by_label("Theme").select_option("auto")
        page.emulate_media(color_scheme="light")
        page.wait_for_function(f"{ground} === 'rgb(255, 255, 255)'")


def test_all_of_it_can_be_used_by_keyboard(page):
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.type") == "search"
    page.locator(".node.used[tabindex='0']").focus()
    focused = "document.activeElement.dataset.node"
    start = page.evaluate(focused)
    page.keyboard.press("ArrowUp")
    up = page.evaluate(focused)
    assert up != start
    page.keyboard.press("Enter")
    assert page.locator(".selected h2").inner_text() == up
    page.keyboard.press("ArrowDown")
    assert page.evaluate(focused) == start
    page.keyboard.press("Escape")
    assert page.locator(".selected h2").inner_text() == "Nothing pinned"
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.ariaLabel || document.activeElement.textContent"))
    assert {"Copy", "Download CSV", "Clear", "Fit"} <= reached


def test_a_head_shows_where_it_looks_and_what_its_tokens_do(page, made):
    page.locator("[data-node='a2.h0']").click()
    example = made.attention.examples[0]
    assert page.locator(".patterns figcaption").all_inner_texts() == ["clean", "corrupted"]
    place = example.heads.index("a2.h0")
    for side in range(2):
        drawn = page.locator(".patterns svg").nth(side).locator("rect.cell").count()
        assert drawn == int((example.attention[place, side] >= 3).sum())
    tokens = page.locator(".tokens .token:not(.other)").all_inner_texts()
    assert tokens == list(example.clean)
    effects = example.effects[made.scores.graph.source_index["a2.h0"]]
    strongest = page.locator(".tokens li").nth(int(effects.abs().argmax()))
    assert f"{effects[effects.abs().argmax()]:.4g}" in strongest.inner_text()
    page.get_by_label("Example").select_option("1")
    assert page.locator(".tokens .token:not(.other)").all_inner_texts() == list(
        made.attention.examples[1].clean
    )


def test_the_facts_of_the_run_are_there(page, made):
    facts = page.locator(".facts").inner_text()
    for fact in ("zoo:ioi", "eap", "logit-diff", "corrupted", ew.__version__, "seed"):
        assert fact in facts


def test_the_report_in_the_page_is_what_the_run_holds(made):
    text = (made.folder / "report.html").read_text()
    _, _, rest = text.partition('id="edgewise-report">')
    told = json.loads(rest.partition("</script>")[0])
    assert told["runs"][0]["name"] == "<b>run"
    assert told["runs"][0]["chosen"] == {"size": EDGES, "kept": len(made.circuit), "prune": True}
