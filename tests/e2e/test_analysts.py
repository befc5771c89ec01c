"""The queries of docs/analysts.md run on what a build published, and the pages over it draw."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from pipelines.settings import PROJECT_ROOT
from tests.e2e.conftest import Built, crm
from tests.e2e.marts import query

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
    errors: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        tab = browser.new_page(viewport={"width": 390, "height": 800})
        tab.on("request", lambda request: fetched.append(request.url))
        tab.on("pageerror", lambda error: errors.append(str(error)))
        tab.goto(file.as_uri())
        tab.wait_for_function(
            "() => [...document.querySelectorAll('[data-figure]')].every(e => e.querySelector('.main-svg'))"
        )
        places = tab.locator("[data-figure]").count()
        drawn = tab.locator("[data-figure] .main-svg").count()
        width = tab.evaluate("document.documentElement.scrollWidth")
        browser.close()
    assert errors == []
    assert [url for url in fetched if not url.startswith(("file:", "data:", "blob:"))] == []
    assert places >= 12
    assert drawn >= places
    assert width == 390
    assert "is not published as this page asks" not in file.read_text()
