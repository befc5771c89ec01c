"""A meeting is an event of Salesforce: who it is with, what it is about, and moments that say their zone."""

from __future__ import annotations

import duckdb
import orjson
import pytest

from pipelines.reverse_sync.actions.activities import _ends
from pipelines.reverse_sync.actions.base import Action
from pipelines.reverse_sync.mirror.activities_sql import _TO_SALESFORCE

MEETING = """
(select 'meeting' as kind, 'Demo' as title, 'Bring the figures' as body, 'Room 4' as place, '' as status,
    '' as priority, true as done, null::bigint as seconds,
    timestamptz '2026-07-01 09:00:00-04' as happened_at, timestamptz '2026-07-01 10:30:00-04' as ends_at) a,
(select '005A' as owner_id_salesforce) w
"""


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Kolkata"])
def test_the_moments_of_an_event_say_their_zone_wherever_it_is_planned(zone: str) -> None:
    with duckdb.connect() as connection:
        connection.execute(f"set timezone = '{zone}'")
        connection.execute("create schema rules")
        connection.execute("create table rules.run as select 'America/New_York' as business_zone")
        row = connection.execute(f"select {_TO_SALESFORCE} from {MEETING}").fetchone()
    assert row is not None
    assert orjson.loads(row[0]) == {
        "Subject": "Demo", "Description": "Bring the figures", "StartDateTime": "2026-07-01T13:00:00Z",
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
