"""Working hours as rows: each person's in their own zone, the business's for everybody else."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import yaml

from pipelines.rules import rows
from pipelines.rules.kpis import load_kpis
from pipelines.rules.teams import load_teams
from pipelines.settings import PROJECT_ROOT


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Ana works nights in Tokyo and has a holiday; Ben, in Chicago, names no hours."""
    (tmp_path / "kpis.yml").write_text((PROJECT_ROOT / "config" / "kpis.yml").read_text())
    (tmp_path / "calendars.yml").write_text(
        yaml.safe_dump({
            "hours": {"night": {"sun": ["22:00-02:00"]}},
            "holidays": {"jp": [{"date": date(2026, 7, 20)}]},
        })
    )  # fmt: skip
    people = {
        "ana@x.example": {"zone": "Asia/Tokyo", "hours": "night", "holidays": "jp"},
        "ben@x.example": {"zone": "America/Chicago"},
    }
    teams = {"people": people, "teams": {"one": {"members": list(people)}}}
    (tmp_path / "teams.yml").write_text(yaml.safe_dump(teams))
    return tmp_path


def test_hours_past_midnight_are_of_two_days_and_who_has_none_keeps_the_business_hours_at_home(
    config: Path,
) -> None:
    teams = load_teams(config)
    _, found = rows.calendars(load_kpis(config), teams)
    assert [row for row in found if row[0] == ""] == [
        ("", "Europe/London", day, 540, 1020) for day in range(1, 6)
    ]
    assert [row for row in found if row[0].startswith("ben")] == [
        ("ben@x.example", "America/Chicago", day, 540, 1020) for day in range(1, 6)
    ]
    assert [row for row in found if row[0].startswith("ana")] == [
        ("ana@x.example", "Asia/Tokyo", 7, 1320, 1440), ("ana@x.example", "Asia/Tokyo", 1, 0, 120)
    ]  # fmt: skip
    assert rows.calendar_holidays(teams)[1] == [("ana@x.example", date(2026, 7, 20))]
