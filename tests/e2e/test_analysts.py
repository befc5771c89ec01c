"""The queries of docs/analysts.md run on what a build published, and the pages over it draw."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipelines.settings import PROJECT_ROOT
from tests.e2e.conftest import Built, crm
from tests.e2e.marts import query

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.loop
QUERIES = re.findall(r"```sql\n(.*?)```", (PROJECT_ROOT / "docs" / "analysts.md").read_text(), re.S)
CHROMIUM = shutil.which("chromium")


def test_there_are_ten_worked_queries_and_each_answers(built_once: Built) -> None:
    assert len(QUERIES) == 10
    assert [sql for sql in QUERIES if not query(built_once.home, sql)] == []


@pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium here")
def test_every_picture_of_the_report_is_drawn_and_nothing_is_fetched(
    built_once: Built, tmp_path: Path
) -> None:
    from playwright.sync_api import sync_playwright

    file = tmp_path / "report.html"
    done = crm(built_once.home, "report", "--file", str(file))
    assert done.exit_code == 0, done.output
    fetched: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        tab = browser.new_page(viewport={"width": 390, "height": 800}, java_script_enabled=False)
        tab.on("request", lambda request: fetched.append(request.url))
        tab.goto(file.as_uri())
        pictures = tab.locator("[data-picture]").all()
        boxes = [tab.locator(f"[data-picture={each}] {part}").first.bounding_box() for each, part in (
            (picture.get_attribute("data-picture"), ":is(path, .lying i, td)") for picture in pictures
        )]  # fmt: skip
        width = tab.evaluate("document.documentElement.scrollWidth")
        says, errors = _touched(browser, file, fetched)
        browser.close()
    assert (says.strip() != "", errors) == (True, [])
    assert fetched == [file.as_uri()] * 2
    assert len(pictures) >= 12
    assert [box for box in boxes if not box or not box["width"] or not box["height"]] == []
    assert width == 390
    assert "is not published as this page asks" not in file.read_text()


def _touched(browser: Browser, file: Path, fetched: list[str]) -> tuple[str, list[str]]:
    """What is said of a part of a picture that is touched, where scripts run; and their errors."""
    tab, errors = browser.new_page(viewport={"width": 1280, "height": 800}), list[str]()
    tab.on("request", lambda request: fetched.append(request.url))
    tab.on("pageerror", lambda error: errors.append(str(error)))
    tab.goto(file.as_uri())
    bar = tab.locator(".lying [data-says]").first
    bar.scroll_into_view_if_needed()
    tab.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    bar.hover()  # a page that is scrolled says nothing
    said = tab.locator("#says")
    said.wait_for(timeout=5_000)
    return said.inner_text(), errors
