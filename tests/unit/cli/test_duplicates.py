"""What to merge can be read on the screen and taken along as a file that is whole."""

from __future__ import annotations

import csv
from pathlib import Path

import duckdb
import pytest

from cli.duplicates import show_duplicates
from pipelines.errors import CrmError, UsageError
from pipelines.settings import PROJECT_ROOT, Settings

COLUMNS = (
    "rank bigint, source varchar, source_object varchar, source_id varchar, record_key varchar, "
    "name varchar, address varchar, survivor_id varchar, survivor_reason varchar, damage varchar, "
    "certainty varchar"
)


def published(home: Path, rows: list[tuple[object, ...]] | None) -> Settings:
    settings = Settings(home=home, config_dir=PROJECT_ROOT / "config")
    with duckdb.connect(str(settings.paths.published)) as connection:
        connection.execute("create schema marts")
        if rows is not None:
            connection.execute(f"create table marts.duplicate_records ({COLUMNS})")
            for row in rows:
                connection.execute(
                    f"insert into marts.duplicate_records values ({', '.join('?' * len(row))})", list(row)
                )
    return settings


def row(rank: int, source_object: str, name: str) -> tuple[object, ...]:
    key = f"{source_object}:{rank}"
    return (
        rank, "hubspot", source_object, str(rank), key, name, None, "9", "it is the oldest", "owners 2",
        "same",
    )  # fmt: skip


def test_the_file_has_all_and_the_screen_the_worst(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = published(
        tmp_path, [row(2, "contacts", "Ben"), row(1, "contacts", "[/]Ana"), row(3, "companies", "C")]
    )
    show_duplicates(settings, top=1, source_object="", file=tmp_path / "out.csv")
    shown = capsys.readouterr().out
    assert "1 of 3" in shown
    assert "None is proposed as a merge" in shown
    assert "[/]Ana" in shown
    assert "Ben" not in shown
    with (tmp_path / "out.csv").open(newline="", encoding="utf-8") as file:
        assert [line["name"] for line in csv.DictReader(file)] == ["[/]Ana", "Ben", "C"]
    assert not (tmp_path / "out.csv.part").exists()


def test_how_many_the_next_plan_merges_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = published(tmp_path, [row(1, "contacts", "Ana")])
    with duckdb.connect(str(settings.paths.published)) as connection:
        connection.execute("create schema reverse_sync")
        connection.execute("create table reverse_sync.actions_merges as select 'merge:1' as action_key")
    show_duplicates(settings, top=1, source_object="", file=None)
    assert "1 are proposed as merges: crm plan" in capsys.readouterr().out


def test_a_name_is_no_formula_in_a_spreadsheet(tmp_path: Path) -> None:
    settings = published(tmp_path, [row(1, "contacts", '=HYPERLINK("http://x.example")')])
    show_duplicates(settings, top=1, source_object="CONTACTS", file=tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(newline="", encoding="utf-8") as file:
        assert [line["name"] for line in csv.DictReader(file)] == ['\'=HYPERLINK("http://x.example")']


def test_an_object_without_duplicates_and_a_folder_that_is_not_there_are_said(tmp_path: Path) -> None:
    settings = published(tmp_path, [row(1, "contacts", "Ana")])
    with pytest.raises(UsageError, match="no duplicates of Lead"):
        show_duplicates(settings, top=1, source_object="Lead", file=None)
    with pytest.raises(UsageError, match="cannot write"):
        show_duplicates(settings, top=1, source_object="", file=tmp_path / "no" / "out.csv")


def test_a_publish_without_the_report_is_said(tmp_path: Path) -> None:
    with pytest.raises(CrmError, match="no duplicates report"):
        show_duplicates(published(tmp_path, None), top=1, source_object="", file=None)
