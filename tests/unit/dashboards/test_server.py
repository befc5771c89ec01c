"""What was asked is kept until another file is published, and not a click longer."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable
from typing import Any

import duckdb
import pytest
import uvicorn

from dashboards import page, server
from pipelines.settings import Settings

Render = Callable[..., str]


@pytest.fixture
def rendered(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Each page that was made and not only remembered."""
    made: list[str] = []
    original: Render = page.render

    def render(*args: Any, **named: Any) -> str:
        made.append(original(*args, **named))
        return made[-1]

    monkeypatch.setattr(page, "render", render)
    return made


def _refresh(settings: Settings, deals: int) -> None:
    """Another published file in the place of this one."""
    part = settings.home / "part"
    shutil.copyfile(settings.paths.published, part)
    with duckdb.connect(str(part)) as db:
        db.execute(
            "insert into marts.deal_states select states.* from marts.deal_states as states, range(?)",
            [deals],
        )
    os.replace(part, settings.paths.published)


def test_what_was_asked_before_is_asked_again_when_another_file_is_published(
    settings: Settings, rendered: list[str]
) -> None:
    kept = server.Kept(settings)
    assert kept.page({}) is kept.page({"owner": "", "utm_source": "a link"})
    assert "<dt>deals</dt><dd>1</dd>" in kept.page({"owner": "ann@x.example"})
    assert len(rendered) == 2
    _refresh(settings, 4)
    assert "<dt>deals</dt><dd>5</dd>" in kept.page({})
    assert "<dt>deals</dt><dd>5</dd>" in kept.page({"owner": "ann@x.example"})
    assert len(rendered) == 4


def test_the_pages_that_are_kept_are_those_asked_for_last(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[object] = []
    monkeypatch.setattr(page, "render", lambda _, filters, *__, **___: str(made.append(filters.since)))
    monkeypatch.setattr(server, "_MOST_PAGES", 2)
    kept = server.Kept(settings)
    for month in (1, 2, 1, 3, 1, 2):
        kept.page({"since": f"2026-0{month}-01"})
    assert [str(each) for each in made] == ["2026-01-01", "2026-02-01", "2026-03-01", "2026-02-01"]


def test_a_click_during_another_is_told_of_the_file_that_was_published_between_them(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, original, told = server.Kept(settings), page.render, []
    second = threading.Thread(target=lambda: told.append(kept.page({})))

    def render(*args: Any, **named: Any) -> str:
        monkeypatch.setattr(page, "render", original)
        _refresh(settings, 6)
        second.start()
        second.join(0.05)  # as far as it comes while this page has the old file open
        return original(*args, **named)

    monkeypatch.setattr(page, "render", render)
    assert "<dt>deals</dt><dd>1</dd>" in kept.page({})
    second.join()
    assert "<dt>deals</dt><dd>7</dd>" in told[0]
    assert kept.page({}) is told[0]


def test_the_address_is_told_when_the_page_is_there(
    settings: Settings, rendered: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uvicorn.Server, "run", lambda *_, **__: None)
    told: list[tuple[str, int]] = []
    server.serve(settings, 0, lambda url: told.append((url.rpartition(":")[0], len(rendered))))
    assert told == [("http://127.0.0.1", 1)]
