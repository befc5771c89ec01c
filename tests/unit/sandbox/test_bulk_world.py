"""Worlds sized by rows and columns: what is in them, and that their names are read strictly."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from sandbox.worlds import bulk
from sandbox.worlds.create import Wish, WorldError, open_home

CONTACTS = "/crm/objects/2026-03/contacts"


def test_a_bulk_world_has_the_rows_and_properties_its_name_says(
    tmp_path: Path, start: Callable[..., Any]
) -> None:
    with start(tmp_path / "home", "--world", "bulk:250x40+120") as running:
        properties = running.hubspot.get("/crm/properties/2026-03/contacts").json()["results"]
        assert sorted(p["name"] for p in properties) == sorted(bulk.property_names(40))
        names = ",".join(bulk.property_names(40))
        first = running.hubspot.get(CONTACTS, params={"limit": 100, "properties": names}).json()
        assert [each["id"] for each in first["results"][:2]] == ["100001", "100002"]
        kinds = {p["name"]: p["type"] for p in properties}
        filled = [n for n in kinds if any(each["properties"][n] for each in first["results"])]
        assert sorted(filled) == sorted(kinds)
        assert running.hubspot.post(f"{CONTACTS}/search", json={"limit": 1}).json()["total"] == 250
        one = running.hubspot.get(
            f"{CONTACTS}/person100007@company6.example", params={"idProperty": "email"}
        ).json()
        assert one["id"] == "100007"
        assert running.soql("select count() from Contact")["totalSize"] == 120


def test_the_same_bulk_world_is_the_same_to_the_byte(tmp_path: Path) -> None:
    for name in ("a", "b"):
        open_home(tmp_path / name, Wish("bulk:300x60+50"), lambda _: None)
    for file in ("hubspot.sqlite", "salesforce.sqlite"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_of_two_that_want_a_world_one_makes_it_and_the_other_waits(tmp_path: Path) -> None:
    home, wish = tmp_path / "home", Wish("bulk:300x60+50")
    is_waiting, said, second = Event(), list[str](), list[Future[Any]]()

    def make(_: str) -> None:
        second.append(pool.submit(open_home, home, wish, wait))
        assert is_waiting.wait(30)

    def wait(told: str) -> None:
        said.append(told)
        is_waiting.set()

    with ThreadPoolExecutor() as pool:
        first = open_home(home, wish, make)
        assert second[0].result() == first
    assert said == [f"{home} is being made by another process; waiting"]
    assert [each.name for each in tmp_path.iterdir()] == ["home"]


@pytest.mark.parametrize(
    "name", ["bulk:", "bulk:10", "bulk:10x24", "bulk:10x901", "bulk:10x25+", "bulk:-1x25"]
)
def test_a_size_that_cannot_be_is_refused_in_one_sentence(tmp_path: Path, name: str) -> None:
    with pytest.raises(WorldError, match="is no size"):
        open_home(tmp_path / "home", Wish(name), lambda _: None)


def test_without_limits_the_headers_allow_more_than_anyone_sends(
    tmp_path: Path, start: Callable[..., Any]
) -> None:
    with start(tmp_path / "home", "--world", "bulk:1x25", "--no-limits") as running:
        for _ in range(250):
            answer = running.hubspot.get(CONTACTS, params={"limit": 1})
        assert answer.status_code == 200
        assert int(answer.headers["X-HubSpot-RateLimit-Remaining"]) > 1_000_000
