"""What decisions ask of the warehouse: who there is to take leads, what counts as contact, what a meeting is
about. Small tables stand in for the models."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.decisions import bookings, evidence, teams_import
from pipelines.decisions.evidence import Counts
from pipelines.errors import CrmError
from pipelines.rules.teams import load_teams
from tests.fixtures.tables import table

NOON = datetime(2026, 6, 30, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)
NO_ANSWER = "73a0d17f-1163-4015-bdd5-ec830791da20"
Rows = Sequence[tuple[Any, ...]]


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        for schema in ("staging", "intermediate", "marts"):
            opened.execute(f"create schema {schema}")
        yield opened


def staff(connection: duckdb.DuckDBPyConnection, owners: Rows, users: Rows, groups: Rows = ()) -> None:
    table(connection, "staging.stg_hubspot__owners", "owner_id, user_id, email, is_active boolean", owners)
    table(
        connection,
        "staging.stg_hubspot__users",
        "email, standard_time_zone",
        [("ann@x.example", "Europe/Paris")],
    )
    columns = "user_id, email, time_zone, is_active boolean, manager_id"
    table(connection, "staging.stg_salesforce__users", columns, users)
    table(
        connection,
        "staging.stg_hubspot__teams",
        "name, user_ids varchar[]",
        [("Inside Sales", ["u1"])] if owners else (),
    )
    table(connection, "staging.stg_salesforce__groups", "group_id, name, type", groups)
    table(connection, "staging.stg_salesforce__group_members", "group_id, user_or_group_id",
          [("g1", "005B")] if groups else ())  # fmt: skip
    table(connection, "staging.stg_salesforce__queue_objects", "queue_id, sobject_type",
          [("q1", "Lead"), ("q2", "Case")] if groups else ())  # fmt: skip


def test_a_first_teams_file_has_who_both_crms_know_and_can_be_read(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    staff(
        connection,
        [("1", "u1", "Ann@x.example ", True), ("2", "u2", "bob@x.example", True),
         ("3", "u3", "gone@x.example", False)],
        [("005A", "ann@x.example", "Europe/London", True, "005B"),
         ("005B", "max@x.example", None, True, None),
         ("005C", "cy@x.example", None, True, None)],
        [("g1", "Field", "Regular"), ("q1", "Web leads", "Queue"), ("q2", "Cases", "Queue")],
    )  # fmt: skip
    found = teams_import.imported(connection)
    (tmp_path / "teams.yml").write_text(found.text)
    teams = load_teams(tmp_path)
    assert set(teams.people) == {"ann@x.example", "bob@x.example", "max@x.example"}
    ann = teams.people["ann@x.example"]
    assert (str(ann.zone), ann.manager) == ("Europe/London", "max@x.example")
    assert [seat.email for seat in teams.teams["inside-sales"].members] == ["ann@x.example"]
    assert [seat.email for seat in teams.teams["field"].members] == ["max@x.example"]
    assert {name: queue.salesforce_queue for name, queue in teams.queues.items()} == {"web-leads": "q1"}
    said = "\n".join(found.notes)
    assert "bob@x.example is known to HubSpot alone" in said
    assert "bob@x.example is on no team" in said
    assert "left out, as they own nothing in HubSpot and are on no team: cy@x.example" in said
    assert "gone@x.example" not in found.text


def test_crms_without_anybody_are_said_and_nothing_is_written(connection: duckdb.DuckDBPyConnection) -> None:
    staff(connection, [], [])
    with pytest.raises(CrmError, match="neither CRM has an active owner"):
        teams_import.imported(connection)


def records(connection: duckdb.DuckDBPyConnection) -> None:
    """Ann is contact 1, whose key is k1."""
    table(connection, "intermediate.int_person_records", "vendor, object, record_id, record_key",
          [("hubspot", "contacts", "1", "k1")])  # fmt: skip
    table(connection, "intermediate.int_person_members", "person_id, record_key", [("ann", "k1")])


def meetings(connection: duckdb.DuckDBPyConnection, rows: Rows = (), ties: Rows = ()) -> None:
    table(connection, "staging.stg_hubspot__meetings",
          "meeting_id, record_key, title, outcome, created_at timestamptz", rows)  # fmt: skip
    table(connection, "staging.stg_hubspot__associations", "from_type, from_id, to_type, to_id", ties)


@pytest.mark.parametrize(("counts", "reached"), [(Counts(), None), (Counts(attempts=True), LATER)])
def test_a_call_that_reached_nobody_counts_only_where_config_says_so(
    connection: duckdb.DuckDBPyConnection, counts: Counts, reached: datetime | None
) -> None:
    records(connection)
    meetings(connection, ties=[("calls", "c1", "contacts", "1")])
    table(connection, "staging.stg_hubspot__calls",
          "record_key, call_id, owner_id, disposition, status, occurred_at timestamptz",
          [("hubspot:o:calls:c1", "c1", "7", NO_ANSWER, "COMPLETED", LATER)])  # fmt: skip
    table(connection, "staging.stg_hubspot__emails", "record_key, sequence_id")
    table(connection, "staging.stg_salesforce__events", "record_key, who_id, outcome, created_at timestamptz")
    columns = "person_id, source_record_key, occurred_at timestamptz"
    table(connection, "intermediate.int_sales_contacts", columns, [("ann", "hubspot:o:calls:c1", LATER)])
    found = evidence.first_contacts(connection, {"ann": NOON}, [], LATER, counts)
    assert found.get("ann") == reached
    ours = [("hubspot", "c1")]
    assert evidence.first_contacts(connection, {"ann": NOON}, ours, LATER, counts) == {}, (
        "we made it ourselves"
    )


@pytest.mark.parametrize(
    ("deals", "outcome", "tied", "expected"),
    [
        (["d1"], "SCHEDULED", [], [("m1", "d1")]),
        (["d1", "d2"], "SCHEDULED", [], []),
        (["d1"], "CANCELED", [], []),
        (["d1"], None, [("meetings", "m1", "deals", "9")], []),
        ([], "SCHEDULED", [], []),
    ],
    ids=["one open deal", "which of two", "called off", "tied already", "no deal"],
)
def test_a_booking_is_tied_to_the_one_deal_it_can_be_about(
    connection: duckdb.DuckDBPyConnection, deals: list[str], outcome: str | None, tied: list[tuple[str, ...]],
    expected: list[tuple[str, str]],
) -> None:  # fmt: skip
    records(connection)
    before = ("m0", "km0", "Before", outcome, NOON - timedelta(days=1))
    meetings(connection, [("m1", "km1", "Demo", outcome, LATER), before],
             [("meetings", "m1", "contacts", "1"), ("meetings", "m0", "contacts", "1"), *tied])  # fmt: skip
    table(connection, "intermediate.int_opportunity_people", "person_id, opportunity_id",
          [("ann", each) for each in [*deals, "lost"]])  # fmt: skip
    table(connection, "marts.opportunities", "opportunity_id, opportunity_id_hubspot, is_closed boolean",
          [*((each, each, False) for each in deals), ("lost", "lost", True)])  # fmt: skip
    found = bookings.untied(connection, {"ann": NOON})
    assert [(each.meeting_id, each.deal_id) for each in found] == expected
