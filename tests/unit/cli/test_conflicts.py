"""Conflicts left to people: what is listed, who chose what, and what can no longer be chosen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from cli.main import app
from pipelines.errors import UsageError
from pipelines.reverse_sync.mirror.choices import TABLE

Crm = Callable[..., str]
OPEN = """
insert into reverse_sync.conflicts_open by name select {id} as conflict_id, 'people' as mapping,
    'people.yml line 9' as rule, 'hubspot:1:contacts:7' as left_key, 'salesforce:2:Lead:00Q1' as right_key,
    'jobtitle' as field_left, 'Title' as field_right, {left} as left_value, 'Slater' as right_value,
    timestamptz '2026-06-30 12:00:00+00' as left_changed_at, 'manual' as outcome, 'text' as type_left,
    'text' as type_right, false as is_converted
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    with duckdb.connect(str(tmp_path / "analytics.duckdb")) as connection:
        connection.execute(f"create schema reverse_sync; {TABLE}")
    return tmp_path


@pytest.fixture
def crm(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Crm:
    """The command in this home; what it printed."""
    for name, value in {"CRM_HOME": str(home), "COLUMNS": "400"}.items():
        monkeypatch.setenv(name, value)

    def run(*arguments: str) -> str:
        capsys.readouterr()
        app(["conflicts", *arguments], standalone_mode=False)
        return capsys.readouterr().out

    return run


def opened(home: Path, conflict_id: str, left: str) -> None:
    """A refresh has left this one conflict to people."""
    with duckdb.connect(str(home / "analytics.duckdb")) as connection:
        connection.execute("delete from reverse_sync.conflicts_open")
        connection.execute(OPEN.format(id=f"'{conflict_id}'", left=f"'{left}'"))


def test_what_is_open_is_listed_and_a_choice_is_of_what_both_sides_hold_now(home: Path, crm: Crm) -> None:
    assert crm() == "No conflict is left to people.\n"
    opened(home, "c1", "[Roofer]")
    listed = crm()
    for said in ("c1", "contacts 7", "[Roofer] since 2026-06-30 12:00", "Lead 00Q1", "Slater"):
        assert said in listed
    assert "Kept: salesforce wins in jobtitle and Title, chosen by Kim." in crm(
        "choose", "c1", "salesforce", "--by", "Kim"
    )
    assert "; the next refresh obeys" in crm()
    for change, shown in (
        ("chosen_by = 'Kim'", "; the plan has it"),
        ("problem = 'Title takes 3 characters'", "; Title takes 3 characters: choose again"),
    ):
        with duckdb.connect(str(home / "analytics.duckdb")) as connection:
            connection.execute(f"update reverse_sync.conflicts_open set {change}")
        assert shown in crm()
    opened(home, "c2", "Mason")
    assert "a side has changed since salesforce, by Kim on " in crm()
    with pytest.raises(UsageError, match="no open conflict has the id c1"):
        crm("choose", "c1", "salesforce")
    assert "Kept: value wins" in crm("choose", "c2", "value", "Thatcher")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("c1", "mine"), "who wins is one of hubspot, salesforce, value"),
        (("c1", "value", "a", "b", "c"), "who wins is one of"),
        (("c1", "hubspot", "a"), "a value is given with the choice value, and with no other"),
    ],
)
def test_a_choice_that_is_none_is_one_sentence(
    home: Path, crm: Crm, arguments: tuple[str, ...], message: str
) -> None:
    opened(home, "c1", "Roofer")
    with pytest.raises(UsageError, match=message):
        crm("choose", *arguments)
