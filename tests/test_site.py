"""The documentation as a site: it builds without a warning, tells every name, and loads nothing from afar."""

import re
import subprocess
import sys
from collections import Counter
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest
from site_making import links

import edgewise as ew
from documents import ROOT

API = ROOT / "docs" / "api"
SIGNATURE = re.compile(r'<div class="doc-signature highlight">.*?</div>', re.DOTALL)
LOADING = {"script": "src", "img": "src", "iframe": "src", "source": "src", "object": "data", "link": "href"}
"""What a browser fetches by itself, by the attribute that says from where."""


def build(config: Path, out: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "-f", str(config), "-d", str(out)]
    return subprocess.run(command, capture_output=True, text=True, cwd=out.parent)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    out = tmp_path_factory.mktemp("site") / "site"
    done = build(ROOT / "mkdocs.yml", out)
    assert done.returncode == 0, done.stderr
    return out


@pytest.mark.parametrize(
    ("page", "told"),
    [
        ("[gone](gone.md)", "gone.md"),
        ("[no such heading](index.md#nowhere)", "#nowhere"),
        ("[not of this site](../LICENSE)", "LICENSE"),
        ("[from the root](/index.md)", "/index.md"),
    ],
)
def test_a_link_that_leads_nowhere_fails_the_build(page, told, tmp_path):
    done = build(small_site(tmp_path, page), tmp_path / "site")
    assert done.returncode == 1
    assert told in done.stderr


def test_a_page_that_the_navigation_leaves_out_fails_the_build(tmp_path):
    config = small_site(tmp_path, "# A page")
    assert build(config, tmp_path / "site").returncode == 0
    (tmp_path / "docs" / "left-out.md").write_text("# Left out")
    done = build(config, tmp_path / "site")
    assert done.returncode == 1
    assert "left-out.md" in done.stderr


def small_site(folder, page):
    """One page under the settings of the real site, but for its hook and plugins."""
    (folder / "docs").mkdir()
    (folder / "docs" / "index.md").write_text(page)
    config = folder / "mkdocs.yml"
    config.write_text(
        f"INHERIT: {ROOT / 'mkdocs.yml'}\nhooks: []\nplugins: []\nextra_css: []\nnav: [index.md]\n"
    )
    return config


def test_every_public_name_is_on_exactly_one_page():
    named = [
        name
        for page in API.glob("*.md")
        for name in re.findall(r"^::: edgewise\.(\w+)$(?!\n.*members: false)", page.read_text(), re.M)
    ]
    assert Counter(named) == Counter(ew.__all__)


def test_every_public_name_has_its_place_on_the_site(site):
    built = "".join(page.read_text() for page in (site / "api").iterdir())
    assert {name for name in ew.__all__ if f'id="edgewise.{name}"' not in built} == set()


def test_a_default_in_a_signature_is_told_by_its_value(site):
    signatures = [html for page in (site / "api").iterdir() for html in SIGNATURE.findall(page.read_text())]
    told = [unescape(re.sub("<[^>]+>", "", html)) for html in signatures]
    assert any("level: float = 0.95" in each for each in told)
    assert [each for each in told if re.search(r" = [A-Z_]{2,}\b", each)] == []


def test_no_page_loads_anything_from_the_network(site):
    pages, styles = list(site.rglob("*.html")), list(site.rglob("*.css"))
    assert pages
    assert styles
    for page in pages:
        assert [place for place in fetched_by(page.read_text()) if re.match(r"(\w+:)?//", place)] == [], (
            page.name
        )
    for style in styles:
        assert not re.search(r"(@import|url\()\s*[\"']?(https?:)?//", style.read_text()), style.name


def fetched_by(page: str) -> list[str]:
    found: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag, attrs):
            found.extend(value for name, value in attrs if value and name == LOADING.get(tag))

    Reader().feed(page)
    assert found
    return found


@pytest.mark.parametrize(
    ("on_site", "link", "becomes"),
    [
        ("index.md", "[README](../README.md)", "[README](readme.md)"),
        ("results/index.md", "[costs](../../benchmarks/README.md)", "[costs](../benchmarks.md)"),
        ("results/index.md", "[words](../../README.md#what)", "[words](../readme.md#what)"),
        ("readme.md", "[the\nzoo](docs/zoo.md#judging)", "[the\nzoo](zoo.md#judging)"),
        ("contributing.md", "[README](README.md)", "[README](readme.md)"),
        ("benchmarks.md", "[README](../README.md)", "[README](readme.md)"),
        ("index.md", "[`graph.py`](../src/edgewise/graph.py)", "`src/edgewise/graph.py`"),
        ("readme.md", "[Apache-2.0](LICENSE)", "Apache-2.0 (`LICENSE`)"),
        ("tasks/ioi.md", "![a picture](ioi.svg)", "![a picture](ioi.svg)"),
        ("tasks/ioi.md", "[a word](#below)", "[a word](#below)"),
        ("index.md", "[afar](https://example.org)", "[afar](https://example.org)"),
        ("index.md", "`[code](../README.md)`", "`[code](../README.md)`"),
        ("index.md", "```text\n[code](../README.md)\n```", "```text\n[code](../README.md)\n```"),
        ("index.md", "[gone](../gone.md)", "[gone](../gone.md)"),
    ],
)
def test_a_link_of_the_repository_becomes_one_of_the_site(on_site, link, becomes):
    assert links.rewritten(link, on_site) == becomes
