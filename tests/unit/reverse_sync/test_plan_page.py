"""A plan as a page: what a reviewer reads, and nothing of it is taken for markup."""

from __future__ import annotations

from pathlib import Path

from pipelines.reverse_sync import page

from .conftest import World
from .post import Outbox, Post


def test_the_page_shows_each_change_with_its_reason_and_escapes_values(world: World, tmp_path: Path) -> None:
    world.hubspot.records = {"1": {"source": "<b>old</b>"}}
    post = Post(world, Outbox())
    row = {"vendor": "pigeon", "kind": "letter", "payload": {"text": "<script>"}, "action_key": "a"}
    from tests.fixtures.actions import statements

    world.publish({"1": {"source": "paid", "score": 7}}, extra=statements(row, {**row, "action_key": ""}))
    page.write(post.plan().path, tmp_path / "plan.html")
    text = (tmp_path / "plan.html").read_text()
    assert "1 record to change, 1 thing to do" in text
    assert "&lt;b&gt;old&lt;/b&gt;" in text
    assert "<b>old" not in text
    assert "text: &lt;script&gt;" in text
    assert "attribution.yml" in text
    assert "its action_key is empty" in text
    assert "http" not in text.replace("http-equiv", "")
