"""What stops clocks is read again of Salesforce: tasks and events with these people, as it shows them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import duckdb

from pipelines.clients import errors
from pipelines.sources import engaged
from pipelines.sources.again import Again

SINCE = datetime(2026, 6, 30, 12, tzinfo=UTC)
LEADS = [f"00Q{n:015d}" for n in range(101)]


class Org:
    """Shows tasks without their description, and no events."""

    server_time = SINCE

    def __init__(self) -> None:
        self.asked: list[str] = []

    def describe(self, name: str) -> dict[str, Any]:
        if name == "Event":
            raise errors.Forbidden("Event is not shown", where="Salesforce", remedy="ask for it")
        return {"fields": [{"name": each} for each in ("Id", "WhoId", "Status", "SystemModstamp")]}

    def query_pages(self, soql: str) -> Iterator[SimpleNamespace]:
        self.asked.append(soql)
        task = {"Id": f"00T00000000000{len(self.asked)}", "WhoId": re.findall(r"'(\w+)'", soql)[-1],
                "Status": "Completed", "SystemModstamp": "2026-06-30T12:30:00.000+0000"}  # fmt: skip
        yield SimpleNamespace(records=[task])


def test_salesforce_s_tasks_of_these_people_that_changed_are_read_a_hundred_people_at_once() -> None:
    org = Org()
    with duckdb.connect() as known:
        known.execute("attach ':memory:' as base; create schema base.raw_salesforce")
        for table in ("task", "event"):
            known.execute(
                f"create table base.raw_salesforce.{table} (Id varchar, WhoId varchar, Status varchar, "
                "Description varchar, SystemModstamp timestamptz)"
            )
        read = engaged.with_people(Again(None, org), known, {"salesforce": LEADS}, SINCE)  # type: ignore[arg-type]
    assert list(read) == [("salesforce", "task")]
    rows = read["salesforce", "task"].to_pylist()
    assert [(row["WhoId"], row["Status"]) for row in rows] == [
        (LEADS[99], "Completed"), (LEADS[100], "Completed")
    ]  # fmt: skip
    assert {row["SystemModstamp"] for row in rows} == {datetime(2026, 6, 30, 12, 30, tzinfo=UTC)}
    assert [each.count("'00Q") for each in org.asked] == [100, 1]
    assert all("SystemModstamp >= 2026-06-30T12:00:00Z" in each for each in org.asked)
    assert not any("Description" in each for each in org.asked)
