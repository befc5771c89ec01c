"""The page about extraction names tables and tests that there are, and leaves no table out."""

from __future__ import annotations

import re

from pipelines.settings import PROJECT_ROOT
from pipelines.sources.catalogs import CATALOGS

PAGE = (PROJECT_ROOT / "docs" / "extraction.md").read_text()


def test_every_table_of_both_crms_is_on_the_page() -> None:
    named = set(re.findall(r"`(\w+)`", PAGE))
    tables = {table.name for vendor in ("hubspot", "salesforce") for table in CATALOGS[vendor]}
    assert tables - named == set()


def test_every_test_on_the_page_is_there() -> None:
    there = {
        name
        for path in (PROJECT_ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", path.read_text(), re.MULTILINE)
    }
    named = set(re.findall(r"`(test_\w+)`", PAGE))
    assert len(named) > 40
    assert named - there == set()
