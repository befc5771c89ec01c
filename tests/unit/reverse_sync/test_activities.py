"""Activities: their day where the business is west of Greenwich, and copies that follow what was logged."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime

import duckdb
import pytest

from pipelines.reverse_sync.mirror import activities
from pipelines.reverse_sync.mirror.activities_sql import LOGGED, day_of
from pipelines.settings import PROJECT_ROOT

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


@pytest.fixture
def connection():
    with duckdb.connect() as made:
        made.execute(
            "set timezone = 'UTC'; create schema rules; create schema raw_hubspot; "
            "create schema intermediate; create schema raw_salesforce; "
            "create schema ops; create schema reverse_sync"
        )
        made.execute(
            "create table rules.run as select 'America/New_York' as business_zone, "
            "timestamptz '2026-06-30 00:00:00+00' as as_of"
        )
        made.execute(
            "create table rules.connections as select * from (values ('hubspot', 'P'), ('salesforce', 'O')) "
            "as t(vendor, org_id)"
        )
        for name, columns in HUBSPOT.items():
            made.execute(f"create table raw_hubspot.{name} ({COMMON}, {columns})")
        made.execute(SALESFORCE)
        yield made


def test_a_day_is_the_day_where_the_business_is(connection):
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


OTHERS = """
alter table raw_salesforce.task add column WhoId varchar;
alter table raw_salesforce.task add column WhatId varchar;
alter table raw_salesforce.event add column WhoId varchar;
alter table raw_salesforce.event add column WhatId varchar;
create table raw_salesforce.lead as select '00Q1' as Id, false as IsConverted;
create table raw_hubspot.associations as
    select 'tasks' as from_type, '7' as from_id, 'contacts' as to_type, '1' as to_id;
create table intermediate.int_person_members as select 'ann' as person_id, unnest(
    ['hubspot:P:contacts:1', 'salesforce:O:Lead:00Q1']) as record_key;
create table intermediate.int_opportunity_members (opportunity_id varchar, record_key varchar);
create table intermediate.int_account_members (account_id varchar, record_key varchar);
create table intermediate.int_owners (owner_id_hubspot varchar, owner_id_salesforce varchar);
create table ops.journal (operation varchar, rule varchar, state varchar, vendor varchar, object varchar,
    record_key varchar, action_key varchar, result_id varchar, after_value varchar, settled_at timestamptz);
insert into ops.journal select 'update', 'people.yml line 4', 'confirmed', 'hubspot', 'contacts', 'k', '', '',
    'email of ' || i, timestamptz '2026-06-29 11:00:00+00' from range(5000) t(i);
insert into raw_hubspot.tasks (id, hs_timestamp, hs_task_subject, hs_task_status)
    values ('7', timestamptz '2026-06-29 12:00:00+00', 'Call back', 'NOT_STARTED');
"""
PLANNED = (
    "select action_key, kind, json_extract_string(payload, '$.fields.Status'), payload "
    "from reverse_sync.actions_activities"
)


def test_what_is_changed_to_and_fro_reaches_the_copy_each_time(connection, tmp_path):
    """In progress, waiting, in progress again: each under a key of its own; open again is a status too."""
    (tmp_path / "activities.yml").write_text("to_salesforce: [tasks]\nto_hubspot: []\ndays: 30\n")
    connection.execute(OTHERS)
    said = []
    for minute, status in enumerate(
        ("NOT_STARTED", "IN_PROGRESS", "WAITING", "IN_PROGRESS", "WAITING", "COMPLETED", "NOT_STARTED")
    ):
        connection.execute("update raw_hubspot.tasks set hs_task_status = ?", [status])
        assert activities.wish(connection, tmp_path) == 1
        [(key, kind, told, payload)] = connection.execute(PLANNED).fetchall()
        connection.execute(
            "insert into ops.journal values (?, 'activities.yml', 'confirmed', 'salesforce', 'Task', "
            "'salesforce:O:Lead:00Q1', ?, '00T1', ?, timestamptz '2026-06-29 12:00:00+00' + to_minutes(?))",
            [kind, key, payload, minute],
        )  # fmt: skip
        said.append((key, told))
        assert activities.wish(connection, tmp_path) == 0
    assert len({key for key, _ in said}) == len(said)
    assert [told for _, told in said] == [
        None, "In Progress", "Waiting on someone else", "In Progress", "Waiting on someone else", "Completed",
        "Not Started",
    ]  # fmt: skip


def test_a_copy_that_is_ticked_off_a_second_time_closes_its_task_again(connection, tmp_path):
    (tmp_path / "activities.yml").write_text("to_salesforce: [tasks]\nto_hubspot: []\ndays: 30\n")
    connection.execute(OTHERS)
    done = (
        "insert into ops.journal values ('{}', 'activities.yml', 'confirmed', '{}', '{}', '{}', ?, '{}', ?, "
        "timestamptz '2026-06-29 12:00:00+00')"
    )
    activities.wish(connection, tmp_path)
    [(key, _, _, payload)] = connection.execute(PLANNED).fetchall()
    made = done.format("activity", "salesforce", "Task", "salesforce:O:Lead:00Q1", "00T1")
    connection.execute(made, [key, payload])
    connection.execute(
        "insert into raw_salesforce.task (Id, IsClosed, Description) values ('00T1', true, '[crm:')"
    )
    keys = []
    for _ in range(2):  # in between somebody opens both again
        activities.wish(connection, tmp_path)
        [(key, _, _, payload)] = connection.execute(PLANNED).fetchall()
        keys.append(key)
        connection.execute(done.format("fields", "hubspot", "tasks", "hubspot:P:tasks:7", ""), [key, payload])
    assert keys == ["activity:hubspot:P:tasks:7:done", "activity:hubspot:P:tasks:7:done:1"]


HANDED_OVER = """
create schema decisions; create schema staging;
create table decisions.handoffs as
    select 'anna' as person_id, timestamptz '2026-06-28 00:00:00+00' as offered_at;
create table intermediate.int_person_aliases as select 'anna' as alias, 'ann' as person_id;
create table staging.stg_hubspot__associations as
    select 'meetings' as from_type, '8' as from_id, 'contacts' as to_type, '1' as to_id;
insert into raw_hubspot.associations values ('meetings', '8', 'contacts', '1');
create table staging.stg_hubspot__meetings as
    select '8' as meeting_id, timestamptz '2026-06-29 00:00:00+00' as created_at;
insert into raw_hubspot.meetings (id, hs_timestamp, hs_meeting_title)
    values ('8', timestamptz '2026-07-02 12:00:00+00', 'Demo');
"""


def test_a_booking_is_called_off_each_time_it_is_deleted_also_of_who_was_merged_and_where_copies_go(
    connection, tmp_path
):
    """Copies of tasks go with what was logged; a booking, of ann who was anna, is none of those."""
    shutil.copytree(PROJECT_ROOT / "config", tmp_path, dirs_exist_ok=True)
    (tmp_path / "activities.yml").write_text("to_salesforce: [tasks]\non_delete: copy\n")
    (tmp_path / "handoff.yml").write_text(
        "trigger: {value: 80}\nactions: [{type: update-lifecycle, value: sql}]\n"
    )
    connection.execute(OTHERS + HANDED_OVER + "delete from raw_hubspot.tasks")
    found = []
    for minute, is_there in enumerate((True, False, True, False)):
        connection.execute(
            "update raw_hubspot.meetings set deleted_at = if(?, null, timestamptz '2026-06-29')", [is_there]
        )
        assert activities.wish(connection, tmp_path) == 1
        [(key, kind, _, payload)] = connection.execute(PLANNED).fetchall()
        connection.execute(
            "insert into ops.journal values (?, 'activities.yml', 'confirmed', 'salesforce', 'Event', "
            "'salesforce:O:Lead:00Q1', ?, '00U1', ?, timestamptz '2026-06-29 12:00:00+00' + to_minutes(?))",
            [kind, key, payload, minute],
        )  # fmt: skip
        found.append((key, json.loads(payload)["fields"]["Subject"]))
        assert activities.wish(connection, tmp_path) == 0
    assert len({key for key, _ in found}) == len(found)
    assert [subject for _, subject in found] == ["Demo", "Canceled: Demo"] * 2
