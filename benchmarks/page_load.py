"""How long the page takes to load in Chromium, over what is published: `python -m benchmarks.page_load HOME`.

Belongs here: the clocks of the browser, light and dark, wide and narrow, in a new browser and again in it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, sync_playwright

_LOOKS = (("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390))
_SERVE = """
import functools, sys
from dashboards.server import serve
from pipelines.settings import load_settings
serve(load_settings({"CRM_HOME": sys.argv[1]}, vendors=False), 0, functools.partial(print, flush=True))
"""
_CLOCKS = """() => new Promise((told) => requestAnimationFrame(() => requestAnimationFrame(() => {
    const [page] = performance.getEntriesByType("navigation");
    const [first] = performance.getEntriesByName("first-contentful-paint");
    told({
        answered: page.responseEnd, seen: first?.startTime ?? 0, loaded: page.loadEventEnd,
        painted: performance.now(), pictures: document.querySelectorAll("[data-picture]").length,
        wide: document.documentElement.scrollWidth,
    });
})))"""


@contextmanager
def _served(home: str) -> Iterator[tuple[str, float]]:
    """The address, and the seconds until it was told."""
    began = time.perf_counter()
    with subprocess.Popen([sys.executable, "-c", _SERVE, home], stdout=subprocess.PIPE, text=True) as server:
        try:
            address = server.stdout.readline().strip() if server.stdout else ""
            yield address, round(time.perf_counter() - began, 2)
        finally:
            server.terminate()


def _looked_at(browser: Browser, address: str, scheme: Any, width: int) -> dict[str, Any]:
    tab = browser.new_page(color_scheme=scheme, viewport={"width": width, "height": 800})
    tab.goto(address)
    first = tab.evaluate(_CLOCKS)
    tab.reload()
    told = {"first": first, "again": tab.evaluate(_CLOCKS)}
    return {name: {each: round(value) for each, value in clocks.items()} for name, clocks in told.items()}


def main(home: str) -> dict[str, Any]:
    """Milliseconds from the click, for each look."""
    told: dict[str, Any] = {}
    with _served(home) as (address, seconds), sync_playwright() as playwright:
        told["ready after s"] = seconds
        for scheme, width in _LOOKS:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox"]
            )
            told[f"{scheme}, {width} wide"] = _looked_at(browser, address, scheme, width)
            browser.close()
    return told | {"load": os.getloadavg()[0]}


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1]), indent=1))
