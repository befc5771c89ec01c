"""An erasure that was killed is completed by running it again, wherever it was."""

from __future__ import annotations

import pytest

from pipelines import crashpoints
from pipelines.erasure import erase
from pipelines.erasure.erase import CRASHPOINTS, Place
from pipelines.erasure.request import parse

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
