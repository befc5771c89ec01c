"""Worlds take turns in `var/` and none of them loses anything."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from cli import world as worlds
from cli.world import World
from pipelines.errors import UsageError

SEEDED = World.named(None)


def other(tmp_path: Path) -> World:
    folder = tmp_path / "npsp"
    folder.mkdir(exist_ok=True)
    return World.named(str(folder))


def fill(home: Path, text: str) -> None:
    for name in ("warehouse.duckdb", "analytics.duckdb", "state.sqlite"):
        (home / name).write_text(text)
    (home / "sandbox").mkdir(exist_ok=True)
    (home / "sandbox" / "hubspot.sqlite").write_text(text)


def test_another_world_parks_the_first_and_gives_it_back(tmp_path: Path) -> None:
    home = tmp_path / "var"
    assert not worlds.enter(home, SEEDED)
    fill(home, "seeded")

    assert worlds.enter(home, other(tmp_path))
    assert not (home / "warehouse.duckdb").exists()
    fill(home, "npsp")
    assert worlds.enter(home, SEEDED)

    assert (home / "sandbox" / "hubspot.sqlite").read_text() == "seeded"
    assert (home / "worlds" / "npsp" / "analytics.duckdb").read_text() == "npsp"


@pytest.mark.parametrize("moved", [0, 1, 2, 3, 4])
def test_a_switch_killed_half_way_is_finished_by_the_next_one(tmp_path: Path, moved: int) -> None:
    home = tmp_path / "var"
    worlds.enter(home, SEEDED)
    fill(home, "seeded")
    (home / "switching.json").write_text(
        json.dumps({"before": asdict(SEEDED), "after": asdict(other(tmp_path))})
    )
    parked = home / "worlds" / "default"
    parked.mkdir(parents=True)
    for name in ("warehouse.duckdb", "analytics.duckdb", "state.sqlite", "sandbox")[:moved]:
        (home / name).rename(parked / name)

    worlds.enter(home, SEEDED)

    assert worlds.current(home) == SEEDED
    assert (home / "warehouse.duckdb").read_text() == "seeded"
    assert (home / "sandbox" / "hubspot.sqlite").read_text() == "seeded"
    assert not (home / "switching.json").exists()


def test_live_data_is_not_overlaid_by_a_world(tmp_path: Path) -> None:
    (tmp_path / "warehouse.duckdb").write_text("live")
    with pytest.raises(UsageError, match="CRM_HOME"):
        worlds.enter(tmp_path, SEEDED)


def test_a_live_connection_does_not_mix_into_a_world(tmp_path: Path) -> None:
    worlds.enter(tmp_path, SEEDED)
    with pytest.raises(UsageError, match="CRM_HOME"):
        worlds.refuse_live(tmp_path)


def test_a_world_that_is_not_a_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nowhere"):
        World.named(str(tmp_path / "nowhere"))
