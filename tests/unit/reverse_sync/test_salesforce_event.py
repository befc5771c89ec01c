"""A meeting is an event of Salesforce: who it is with, what it is about, and moments that say their zone."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import orjson
import pytest

from pipelines.reverse_sync.actions.activities import _ends
from pipelines.reverse_sync.actions.base import Action
from pipelines.reverse_sync.mirror import activities
from pipelines.reverse_sync.mirror.activities_sql import _TO_SALESFORCE
from pipelines.settings import PROJECT_ROOT
from tests.fixtures.tables import table

NOON, HOUR, AT = datetime(2026, 6, 30, 12, tzinfo=UTC), timedelta(hours=1), "timestamptz"

MEETING = """
(select 'meeting' as kind, 'Demo' as title, 'Bring the figures' as body, 'Room 4' as place, '' as status,
    '' as priority, true as done, null::bigint as seconds, '{}' as outcome,
    timestamptz '2026-07-01 09:00:00-04' as happened_at, timestamptz '2026-07-01 10:30:00-04' as ends_at) a,
(select '005A' as owner_id_salesforce) w
"""


@pytest.mark.parametrize(
    ("zone", "outcome", "subject"),
    [
        ("UTC", "SCHEDULED", "Demo"),
        ("America/New_York", "", "Demo"),
        ("Asia/Kolkata", "CANCELED", "Canceled: Demo"),
    ],
)
def test_the_moments_of_an_event_say_their_zone_wherever_it_is_planned_and_its_subject_that_it_is_off(
    zone: str, outcome: str, subject: str
) -> None:
    with duckdb.connect() as connection:
        connection.execute(f"set timezone = '{zone}'")
        connection.execute("create schema rules")
        connection.execute("create table rules.run as select 'America/New_York' as business_zone")
        row = connection.execute(f"select {_TO_SALESFORCE} from {MEETING.format(outcome)}").fetchone()
    assert row is not None
    assert orjson.loads(row[0]) == {
        "Subject": subject, "Description": "Bring the figures", "StartDateTime": "2026-07-01T13:00:00Z",
        "EndDateTime": "2026-07-01T14:30:00Z", "Location": "Room 4", "OwnerId": "005A",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("who", "ends"),
    [
        ("003A", {"WhoId": "003A", "WhatId": "006D"}),
        ("00QA", {"WhoId": "00QA"}),  # a lead takes nothing beside it
        ("", {"WhatId": "006D"}),
    ],
)
def test_an_event_names_who_it_is_with_and_the_deal_it_is_about(who: str, ends: dict[str, str]) -> None:
    payload = {"who": who, "what": "Opportunity:006D"}
    key = "salesforce:00D:Opportunity:006D"
    action = Action(
        "k", "activities", "log", "salesforce", "Event", key, "p", payload, (), "", "", "", "compensable"
    )
    assert _ends(action) == ends


HANDOFF = """
trigger: {value: 75}
actions: [{type: assign-owner}]
"""
OUTCOME = "event_outcome: {field: Outcome__c, canceled: [Called off], rescheduled: [Moved]}\n"
TABLES = {
    "rules.run": f"business_zone, as_of {AT}",
    "rules.connections": "vendor, org_id",
    "decisions.handoffs": f"person_id, offered_at {AT}",
    "intermediate.int_person_aliases": "alias, person_id",
    "intermediate.int_person_members": "person_id, record_key",
    "intermediate.int_opportunity_members": "opportunity_id, record_key",
    "intermediate.int_account_members": "account_id, record_key",
    "intermediate.int_owners": "owner_id_hubspot, owner_id_salesforce",
    "staging.stg_hubspot__associations": "from_type, from_id, to_type, to_id",
    "raw_hubspot.associations": "from_type, from_id, to_type, to_id",
    "raw_salesforce.lead": "Id, IsConverted boolean",
    "raw_salesforce.task": "Id, IsClosed boolean, TaskSubtype, Subject, Description, ActivityDate date, "
    f"CreatedDate {AT}, Status, CallDurationInSeconds bigint, Priority, OwnerId, deleted_at {AT}, "
    "IsDeleted boolean, WhoId, WhatId",
    "raw_salesforce.event": f"Id, Subject, Description, ActivityDate date, StartDateTime {AT}, "
    f"EndDateTime {AT}, DurationInMinutes bigint, IsAllDayEvent boolean, Location, OwnerId, "
    f"deleted_at {AT}, IsDeleted boolean, WhoId, WhatId",
    "ops.journal": "rule, state, operation, object, vendor, record_key, result_id, action_key, after_value, "
    f"settled_at {AT}",
    "staging.stg_hubspot__meetings": f"meeting_id, created_at {AT}",
    "raw_hubspot.meetings": f"id, hs_timestamp {AT}, hubspot_owner_id, deleted_at {AT}, archived boolean, "
    f"hs_meeting_title, hs_meeting_body, hs_meeting_outcome, hs_meeting_start_time {AT}, "
    f"hs_meeting_end_time {AT}, hs_meeting_location",
}
Rows = list[tuple[Any, ...]]


def booked(connection: duckdb.DuckDBPyConnection, outcome: str = "SCHEDULED", hour: int = 13) -> None:
    """Two people, each with a meeting that was made at noon; one was handed over at eleven."""
    ids, ends = ("m1", "m2"), [("meetings", f"m{n}", "contacts", f"{n}") for n in (1, 2)]
    rows: dict[str, Rows] = {
        "rules.run": [("UTC", NOON)],
        "rules.connections": [("hubspot", "P"), ("salesforce", "O")],
        "decisions.handoffs": [("ann", NOON - HOUR)],
        "intermediate.int_person_members": [
            (who, key) for who, n in (("ann", 1), ("bo", 2))
            for key in (f"hubspot:P:contacts:{n}", f"salesforce:O:Contact:003{n}")
        ],
        "intermediate.int_opportunity_members": [
            ("o", "hubspot:P:deals:9"), ("o", "salesforce:O:Opportunity:006"),
        ],
        "intermediate.int_owners": [("70", "005A")],
        "staging.stg_hubspot__associations": ends,
        "raw_hubspot.associations": [*ends, ("meetings", "m1", "deals", "9")],
        "staging.stg_hubspot__meetings": [(each, NOON) for each in ids],
        "raw_hubspot.meetings": [
            (each, NOON, "70", None, False, f"Demo {each}", None, outcome, NOON.replace(hour=hour),
             NOON.replace(hour=hour, minute=30), None) for each in ids
        ],
    }  # fmt: skip
    for name, columns in TABLES.items():
        if name != "ops.journal":
            table(connection, name, columns, rows.get(name, []))


def test_a_meeting_that_is_booked_after_the_handoff_is_an_event_that_moves_and_is_called_off_with_it(
    tmp_path: Path,
) -> None:
    config = tmp_path / "config"
    shutil.copytree(PROJECT_ROOT / "config", config)
    (config / "activities.yml").write_text(OUTCOME)
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'; create schema reverse_sync")
        table(connection, "ops.journal", TABLES["ops.journal"])

        def wished() -> list[tuple[str, str, dict[str, Any]]]:
            activities.wish(connection, config)
            found = connection.execute(f"select kind, record_key, payload from {activities.TABLE}").fetchall()
            return [(kind, key, orjson.loads(payload)) for kind, key, payload in found]

        booked(connection, "CANCELED")
        assert wished() == [], "nobody is handed over here: there is no handoff.yml"
        (config / "handoff.yml").write_text(HANDOFF)
        assert wished() == [], "called off before it was known"
        booked(connection)
        ((kind, key, said),) = wished()
        assert (kind, key, said["who"], said["what"]) == (
            "activity", "salesforce:O:Contact:0031", "0031", "Opportunity:006",
        )  # fmt: skip
        assert said["fields"] == {
            "Subject": "Demo m1", "StartDateTime": "2026-06-30T13:00:00Z",
            "EndDateTime": "2026-06-30T13:30:00Z", "OwnerId": "005A",
        }  # fmt: skip
        made = ("activities.yml", "confirmed", "activity", "Event", "salesforce", key, "00U1", "k",
                orjson.dumps(said).decode(), NOON)  # fmt: skip
        table(connection, "ops.journal", TABLES["ops.journal"], [made])
        assert wished() == []
        for outcome, hour, changed in (
            ("RESCHEDULED", 15, {"StartDateTime": "2026-06-30T15:00:00Z",
                                 "EndDateTime": "2026-06-30T15:30:00Z", "Outcome__c": "Moved"}),
            ("CANCELED", 13, {"Subject": "Canceled: Demo m1", "Outcome__c": "Called off"}),
        ):  # fmt: skip
            booked(connection, outcome, hour)
            ((kind, key, said),) = wished()
            assert (kind, key, said["fields"]) == ("fields", "salesforce:O:Event:00U1", changed)
        booked(connection)
        connection.execute("update raw_hubspot.meetings set archived = true")
        connection.execute("delete from staging.stg_hubspot__meetings")
        ((kind, key, said),) = wished()
        assert (kind, key, said["fields"]) == (
            "fields", "salesforce:O:Event:00U1", {"Subject": "Canceled: Demo m1"},
        )  # fmt: skip
        told = ("activities.yml", "confirmed", "fields", "Event", "salesforce", key, "", "k:gone",
                orjson.dumps(said).decode(), NOON + HOUR)  # fmt: skip
        table(connection, "ops.journal", TABLES["ops.journal"], [made, told])
        assert wished() == [], "once"
        table(connection, "ops.journal", TABLES["ops.journal"], [made])
        connection.execute("update rules.run set as_of = as_of + interval 2 hours")
        assert wished() == [], "it is over"
        (config / "handoff.yml").write_text(f"{HANDOFF}salesforce_events: false\n")
        assert wished() == []
