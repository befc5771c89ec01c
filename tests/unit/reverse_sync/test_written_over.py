"""What was written over unseen is told afterwards by the CRMs' histories, and nothing else is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import duckdb
import pytest

from pipelines.reverse_sync.mirror import written_over
from pipelines.rules.syncs import FieldRule, Sync, Syncs

NOON = datetime(2026, 6, 30, 12, tzinfo=UTC)
SEARCH_LAG = timedelta(seconds=4)
Row = tuple[str, str | None, datetime]


def syncs() -> Syncs:
    def rule(kind: str) -> FieldRule:
        return FieldRule(type=kind, provider="mirrored", owner="crm", rule="r")  # type: ignore[arg-type]

    left = {
        "lifecyclestage": rule("text"),
        "budget": rule("number"),
        "seen": rule("timestamp"),
        "due": rule("date"),
    }
    right = {"Title": rule("text"), "OwnerId": rule("reference")}
    return Syncs(syncs={
        "a": Sync(vendor="hubspot", object="contacts", fields=left),
        "b": Sync(vendor="salesforce", object="Lead", fields=right),
    })  # fmt: skip


@pytest.fixture
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute(
            "set timezone = 'UTC'; create schema raw_hubspot; create schema raw_salesforce; "
            "create schema ops; "
            "create table raw_hubspot.contacts_property_history (id text, property text, value text, "
            'changed_at timestamptz); create table raw_salesforce.lead_history ("LeadId" text, '
            '"Field" text, "OldValue" text, "NewValue" text, "CreatedDate" timestamptz); '
            "create table ops.journal (change_id text, run_id text, sync text, vendor text, object text, "
            "record_id text, record_key text, field text, before_value text, after_value text, rule text, "
            "state text, operation text, intended_at timestamptz, settled_at timestamptz)"
        )
        yield connection


def wrote(
    warehouse: duckdb.DuckDBPyConnection, record: str, field: str, before: str | None, after: str | None
) -> None:
    vendor, name = ("hubspot", "contacts") if record.isdigit() else ("salesforce", "Lead")
    row = [f"{record}{field}", vendor, name, record, field, before, after, NOON, NOON + timedelta(seconds=1)]
    warehouse.execute(
        "insert into ops.journal select $1, 'run', 's', $2, $3, $4, $2 || ':P:' || $3 || ':' || $4, $5, $6, "
        "$7, 'line 5', 'confirmed', 'update', $8, $9", row,
    )  # fmt: skip


def history(
    warehouse: duckdb.DuckDBPyConnection, record: str, name: str, *values: tuple[str, datetime]
) -> None:
    for value, at in values:
        warehouse.execute(
            "insert into raw_hubspot.contacts_property_history values (?, ?, ?, ?)", [record, name, value, at]
        )


def test_what_a_person_said_within_the_search_s_lag_is_told_once(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    old = NOON - timedelta(days=3)
    stages = (("lead", old), ("opportunity", NOON - SEARCH_LAG), ("customer", NOON))
    history(warehouse, "1", "lifecyclestage", *stages)
    wrote(warehouse, "1", "lifecyclestage", "lead", "customer")
    warehouse.execute(
        "insert into raw_salesforce.lead_history values ('00Q1', 'Title', 'Smith', 'Slater', $1), "
        "('00Q1', 'Owner', '005B', '005C', $1)", [NOON],
    )  # fmt: skip
    wrote(warehouse, "00Q1", "Title", "Roofer", "Slater")
    wrote(warehouse, "00Q1", "OwnerId", "005A", "005C")
    assert written_over.find(warehouse, syncs(), NOON + timedelta(hours=1)) == 3
    assert warehouse.execute(
        "select record_key, field, found, theirs, ours from reverse_sync.written_over order by all"
    ).fetchall() == [
        ("hubspot:P:contacts:1", "lifecyclestage", "lead", "opportunity", "customer"),
        ("salesforce:P:Lead:00Q1", "OwnerId", "005A", "005B", "005C"),
        ("salesforce:P:Lead:00Q1", "Title", "Roofer", "Smith", "Slater"),
    ]
    assert written_over.find(warehouse, syncs(), NOON + timedelta(hours=2)) == 0
    assert written_over.notes(warehouse)[0].startswith("3 values were written over that people had set")
    history(warehouse, "1", "lifecyclestage", ("opportunity", NOON + timedelta(hours=3)))
    assert written_over.find(warehouse, syncs(), NOON + timedelta(hours=4)) == 0
    assert written_over.notes(warehouse)[0].startswith("2 values were written over that people had set")
    assert written_over.find(warehouse, syncs(), NOON + timedelta(days=8)) == 0
    assert written_over.notes(warehouse) == ()


def test_a_moment_that_a_person_set_is_told_however_the_history_puts_it(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    old = NOON - timedelta(days=3)
    moments = (("1719748800000", old), ("2024-07-05T12:00:00Z", NOON - SEARCH_LAG), ("1719835200000", NOON))
    history(warehouse, "4", "seen", *moments)
    wrote(warehouse, "4", "seen", "2024-06-30T12:00:00.000Z", "2024-07-01T12:00:00.000Z")
    days = (("2026-06-01", old), ("2026-06-09", NOON - SEARCH_LAG), ("2026-06-02", NOON))
    history(warehouse, "4", "due", *days)
    wrote(warehouse, "4", "due", "2026-06-01", "2026-06-02")
    assert written_over.find(warehouse, syncs(), NOON + timedelta(hours=1)) == 2
    found = warehouse.execute("select theirs from reverse_sync.written_over order by 1").fetchall()
    assert found == [("2024-07-05T12:00:00.000Z",), ("2026-06-09",)]


def test_what_the_plan_had_found_or_nobody_changed_is_not_told(warehouse: duckdb.DuckDBPyConnection) -> None:
    old = NOON - timedelta(days=3)
    history(warehouse, "1", "lifecyclestage", ("lead", old), ("customer", NOON))
    wrote(warehouse, "1", "lifecyclestage", "lead", "customer")
    history(warehouse, "2", "lifecyclestage", ("customer", NOON))  # its history begins with our write
    wrote(warehouse, "2", "lifecyclestage", "lead", "customer")
    history(warehouse, "3", "budget", ("40.0", old), ("50", NOON))  # a number, put another way
    wrote(warehouse, "3", "budget", "40", "50")
    history(warehouse, "4", "seen", ("1719748800000", old), ("1719835200000", NOON))
    wrote(warehouse, "4", "seen", "2024-06-30T12:00:00.000Z", "2024-07-01T12:00:00.000Z")
    later = NOON + timedelta(minutes=5)
    history(warehouse, "5", "lifecyclestage", ("lead", old), ("customer", NOON), ("other", later))
    wrote(warehouse, "5", "lifecyclestage", "lead", "customer")
    assert written_over.find(warehouse, syncs(), NOON + timedelta(hours=1)) == 0
