"""An erasure that was killed is completed by running it again; one that a refresh makes waits for applies."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

import pytest

from pipelines import crashpoints, locking
from pipelines.erasure import erase
from pipelines.erasure.erase import CRASHPOINTS, Place
from pipelines.erasure.request import parse
from pipelines.errors import Locked
from pipelines.sources.fetched import Fetched
from pipelines.steps import Loop

NEEDLES = (b"dee@example.org", b"Dee Dunmore", b"5550199")


def files_that_name_them(place: Place) -> list[str]:
    return [
        str(path.relative_to(place.settings.home))
        for path in place.settings.home.rglob("*")
        if path.is_file() and any(needle in path.read_bytes() for needle in NEEDLES)
    ]


@pytest.mark.parametrize("name", CRASHPOINTS)
def test_killed_at_any_point_it_is_completed_by_running_it_again(place: Place, name: str) -> None:
    plan = place.settings.paths.plans / "a.jsonl"
    plan.parent.mkdir()
    plan.write_text('{"after": "dee@example.org"}')
    assert "warehouse.duckdb" in files_that_name_them(place)
    with crashpoints.armed(name), pytest.raises(crashpoints.Crashed):
        erase(place, [parse("dee@example.org")], reason="asked")
    assert place.settings.paths.erasing.exists()
    again = erase(place, [parse("dee@example.org")], reason="asked")
    assert again.is_complete
    assert not place.settings.paths.erasing.exists()
    assert files_that_name_them(place) == []


class Extraction:
    """A fetch that learns of a deletion for privacy, and brings nothing else."""

    def fetch(self, *_: Any, **__: Any) -> Fetched:
        return Fetched(tables=(), connections=(), as_of=datetime(2026, 6, 30, tzinfo=UTC), calls=1)

    def newly_erased(self, _: Fetched) -> list[str]:
        return ["hubspot:77:contacts:4"]


def test_a_refresh_that_has_to_erase_somebody_waits_for_an_apply_and_a_person_at_the_keyboard_does_not(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = Loop(place.settings, cast("Any", None))
    loop.__dict__ |= {"_extraction": Extraction(), "_metadata": None, "state": place.state}
    monkeypatch.setattr(loop._inputs, "is_a_new_day", lambda _: False)
    applying = locking.FileLock(place.settings.home / "apply.lock", "being written by")
    held = applying.held("run 01APPLY")
    held.__enter__()
    with pytest.raises(Locked, match="run 01APPLY"):
        loop.erase([parse("dee@example.org")], reason="asked")
    waited = []

    def until_it_ends(seconds: float) -> None:
        waited.append(seconds)
        held.__exit__(None, None, None)

    monkeypatch.setattr(locking.time, "sleep", until_it_ends)
    loop.extract()
    assert len(waited) == 1
    assert files_that_name_them(place) == []
