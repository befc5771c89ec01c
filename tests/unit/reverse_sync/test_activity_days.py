"""On which day an activity falls in the other CRM, where the business is west of Greenwich."""

from __future__ import annotations

from datetime import UTC, datetime

import duckdb

from pipelines.reverse_sync.mirror.activities_sql import LOGGED, day_of

COMMON = (
    "id varchar, hs_timestamp timestamptz, hubspot_owner_id varchar, deleted_at timestamptz, archived boolean"
)
HUBSPOT = {
    "calls": "hs_call_title varchar, hs_call_body varchar, hs_call_status varchar, hs_call_duration bigint",
    "emails": "hs_email_subject varchar, hs_email_text varchar, hs_email_status varchar",
    "meetings": "hs_meeting_title varchar, hs_meeting_body varchar, hs_meeting_outcome varchar, "
    "hs_meeting_start_time timestamptz, hs_meeting_end_time timestamptz, hs_meeting_location varchar",
    "notes": "hs_note_body varchar",
    "tasks": "hs_task_subject varchar, hs_task_body varchar, hs_task_status varchar, "
    "hs_task_priority varchar",
}
SALESFORCE = """
create table raw_salesforce.task (Id varchar, IsClosed boolean, TaskSubtype varchar, Subject varchar,
    Description varchar, ActivityDate date, CreatedDate timestamptz, Status varchar,
    CallDurationInSeconds integer, Priority varchar, OwnerId varchar,
    deleted_at timestamptz, IsDeleted boolean);
create table raw_salesforce.event (Id varchar, Subject varchar, Description varchar, ActivityDate date,
    StartDateTime timestamptz, EndDateTime timestamptz, DurationInMinutes bigint, IsAllDayEvent boolean,
    Location varchar, OwnerId varchar, deleted_at timestamptz, IsDeleted boolean);
"""


def test_a_day_is_the_day_where_the_business_is():
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'; create schema rules; create schema raw_hubspot")
        connection.execute("create schema raw_salesforce")
        connection.execute(
            "create table rules.run as select 'America/New_York' as business_zone, "
            "timestamptz '2026-06-30 00:00:00+00' as as_of"
        )
        connection.execute(
            "create table rules.connections as select * from (values ('hubspot', 'P'), ('salesforce', 'O')) "
            "as t(vendor, org_id)"
        )
        for name, columns in HUBSPOT.items():
            connection.execute(f"create table raw_hubspot.{name} ({COMMON}, {columns})")
        connection.execute(SALESFORCE)
        connection.execute(
            "insert into raw_salesforce.task (Id, IsClosed, ActivityDate) "
            "values ('due', false, date '2026-06-10')"
        )
        connection.execute(
            "insert into raw_salesforce.event "
            "(Id, ActivityDate, StartDateTime, DurationInMinutes, IsAllDayEvent) values "
            "('whole day', date '2026-06-10', timestamptz '2026-06-10 00:00:00+00', 1440, true), "
            "('at two', date '2026-06-10', timestamptz '2026-06-10 18:00:00+00', 60, false)"
        )
        connection.execute(
            "insert into raw_hubspot.calls (id, hs_timestamp) values "
            "('evening', timestamptz '2026-06-11 01:30:00+00')"
        )
        connection.execute(LOGGED)
        found = connection.execute(
            f"select id, happened_at, {day_of('happened_at')} from activities_logged order by id"
        ).fetchall()
    begins = datetime(2026, 6, 10, 4, tzinfo=UTC)
    assert found == [
        ("at two", datetime(2026, 6, 10, 18, tzinfo=UTC), "2026-06-10"), ("due", begins, "2026-06-10"),
        ("evening", datetime(2026, 6, 11, 1, 30, tzinfo=UTC), "2026-06-10"),
        ("whole day", begins, "2026-06-10"),
    ]  # fmt: skip
