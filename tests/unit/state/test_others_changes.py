"""Whose change a stamp is: what others changed last is kept before a write of ours covers it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import duckdb
import pytest
from sqlalchemy import insert

from pipelines.state import State, others_changes, tables

NOON = datetime(2026, 6, 30, 12, tzinfo=UTC)
A_MOMENT = timedelta(seconds=20)


@pytest.fixture
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        yield connection


def stamped(warehouse: duckdb.DuckDBPyConnection, **stamps: datetime) -> None:
    warehouse.execute("create schema if not exists intermediate")
    columns = "(record_key varchar, updated_at timestamptz)"
    warehouse.execute(f"create or replace table intermediate.int_person_records {columns}")
    for key, at in stamps.items():
        warehouse.execute("insert into intermediate.int_person_records values (?, ?)", [key, at])


def wrote(state: State, key: str, at: datetime, **more: object) -> None:
    blank = {c.name: "" for c in tables.journal.columns if not c.nullable}
    row = blank | {"change_id": f"{key} {at}", "record_key": key, "state": "confirmed",
                   "intended_at": at, "settled_at": at} | more  # fmt: skip
    with state.writing() as connection:
        connection.execute(insert(tables.journal).values(row))


def kept(state: State, warehouse: duckdb.DuckDBPyConnection) -> dict[str, datetime]:
    others_changes.keep(state, warehouse)
    with state.reading() as connection:
        known = others_changes.load(connection).others_changes
    return {row["record_key"]: row["changed_at"] for row in known.to_pylist()}


def test_the_stamp_of_before_our_write_is_kept_until_somebody_else_changes_the_record(
    state: State, warehouse: duckdb.DuckDBPyConnection
) -> None:
    assert kept(state, warehouse) == {}  # no models yet
    before, later = NOON - timedelta(days=9), NOON + timedelta(days=1)
    stamped(warehouse, ours=before, untouched=before)
    wrote(state, "ours", NOON)
    assert kept(state, warehouse) == {"ours": before}
    stamped(warehouse, ours=NOON + A_MOMENT, untouched=before)  # the extract brought our own stamp
    assert kept(state, warehouse) == {"ours": before}
    wrote(state, "ours", NOON + timedelta(hours=1))  # once more, over a stamp of ours
    assert kept(state, warehouse) == {"ours": before}
    stamped(warehouse, ours=later)
    assert kept(state, warehouse) == {"ours": later}


def test_each_row_of_a_job_that_took_long_is_ours(state: State, warehouse: duckdb.DuckDBPyConnection) -> None:
    wrote(state, "ours", NOON + timedelta(minutes=20), intended_at=NOON)
    for minutes in range(21):
        stamped(warehouse, ours=NOON + timedelta(minutes=minutes))
        assert kept(state, warehouse) == {}
    after = NOON + timedelta(minutes=22)
    stamped(warehouse, ours=after)
    assert kept(state, warehouse) == {"ours": after}


def test_a_record_we_made_counts_as_written_when_it_was_made(state: State) -> None:
    said = '{"joins": {"entity": "person", "prefix": "hubspot:1"}}'
    made = {"operation": "create_record", "object": "contacts", "result_id": "7", "after_value": said}
    wrote(state, "salesforce:9:Lead:00Q", NOON, **made)
    with state.reading() as connection:
        writes = others_changes.load(connection).own_writes.to_pylist()
    assert {"record_key": "hubspot:1:contacts:7", "written_at": NOON} in writes
