"""Debian's Chromium, driven by Playwright: for what is measured, pictured and tested in it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

OFFLINE = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")


@contextmanager
def browser() -> Iterator[Browser]:
    place = shutil.which("chromium")
    assert place, "Chromium was needed: make browser"
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=place, args=list(OFFLINE))
        yield found
        found.close()
