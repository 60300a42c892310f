"""A hook of MkDocs, by which the pages of docs/ are read on the site as they are in the repository.

Pages that lie elsewhere in the repository, the README among them, become pages of the site. A link from page
to page leads to the same page there; a link to any other file outside docs/ becomes the file's path, for the
site has no such file.
"""

from __future__ import annotations

import re
from pathlib import Path
from posixpath import dirname, join, normpath, relpath

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
ELSEWHERE = {
    "README.md": "readme.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "benchmarks/README.md": "benchmarks.md",
    "reproductions/README.md": "reproductions.md",
    "zoo-training/README.md": "zoo-training.md",
}
"""Pages outside docs/, and what they are on the site."""
HOMES = {on_site: path for path, on_site in ELSEWHERE.items()}
CODE_OR_LINK = re.compile(
    r"^```.*?^```$|`[^`\n]+`(?!\])|(?<!!)\[(?P<text>[^\]]+)\]\((?P<path>[^)\s#:]+)(?P<anchor>#[^)\s]*)?\)",
    re.MULTILINE | re.DOTALL,
)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    for path, on_site in ELSEWHERE.items():
        files.append(File.generated(config, on_site, abs_src_path=str(ROOT / path)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    return rewritten(markdown, page.file.src_uri)


def rewritten(markdown: str, on_site: str) -> str:
    """A page's text, with its links as the site has them."""
    home = HOMES.get(on_site, f"docs/{on_site}")

    def rewrite(found: re.Match[str]) -> str:
        text, path, anchor = found.group("text", "path", "anchor")
        if path is None:
            return found.group()
        target = normpath(join(dirname(home), path))
        inside = ELSEWHERE.get(target) or (
            target.removeprefix("docs/") if target.startswith("docs/") else None
        )
        if inside is not None:
            return f"[{text}]({relpath(inside, dirname(on_site) or '.')}{anchor or ''})"
        if not (ROOT / target).exists():
            return found.group()
        return f"`{target}`" if target.endswith(text.strip("`")) else f"{text} (`{target}`)"

    return CODE_OR_LINK.sub(rewrite, markdown)
