"""What stops clocks is read again of Salesforce: tasks and events with these people, as it shows them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import duckdb

from pipelines.clients import errors
from pipelines.sources import engaged
from pipelines.sources.again import Again
from pipelines.sources.salesforce.view import LONGEST_SOQL

SINCE = datetime(2026, 6, 30, 12, tzinfo=UTC)
LEADS = [f"00Q{n:015d}" for n in range(301)]
FIELDS = ("Id", "WhoId", "Status", "SystemModstamp")


class Org:
    """Shows tasks without their description, and no events."""

    server_time = SINCE

    def __init__(self, more: Sequence[str] = ()) -> None:
        self.asked: list[str] = []
        self.fields = (*FIELDS, *more)

    def describe(self, name: str) -> dict[str, Any]:
        if name == "Event":
            raise errors.Forbidden("Event is not shown", where="Salesforce", remedy="ask for it")
        return {"fields": [{"name": each} for each in self.fields]}

    def query_pages(self, soql: str) -> Iterator[SimpleNamespace]:
        self.asked.append(soql)
        yield SimpleNamespace(records=[self._task(str(len(self.asked)), re.findall(r"'(\w+)'", soql)[-1])])

    def read_collection(self, name: str, ids: Sequence[str], fields: Sequence[str]) -> list[dict[str, Any]]:
        assert set(fields) == set(self.fields)
        return [self._task(each[-1], LEADS[-1]) for each in ids]

    def _task(self, number: str, who: str) -> dict[str, Any]:
        return {"Id": f"00T00000000000000{number}", "WhoId": who, "Status": "Completed",
                "SystemModstamp": "2026-06-30T12:30:00.000+0000"}  # fmt: skip


def read(org: Org, more: Sequence[str] = ()) -> dict[tuple[str, str], Any]:
    with duckdb.connect() as known:
        known.execute("attach ':memory:' as base; create schema base.raw_salesforce")
        columns = "".join(f", {name} varchar" for name in ("Description", *more))
        for table in ("task", "event"):
            known.execute(
                f"create table base.raw_salesforce.{table} (Id varchar, WhoId varchar, Status varchar, "
                f"SystemModstamp timestamptz{columns})"
            )
        return engaged.with_people(Again(None, org), known, {"salesforce": LEADS}, SINCE)  # type: ignore[arg-type]


def test_salesforce_s_tasks_of_these_people_that_changed_are_read_by_as_many_as_an_address_holds() -> None:
    org = Org()
    found = read(org)
    assert list(found) == [("salesforce", "task")]
    rows = found["salesforce", "task"].to_pylist()
    asked = [re.findall(r"'(00Q\w+)'", each) for each in org.asked]
    assert [each for some in asked for each in some] == LEADS
    assert len(asked[0]) > 200
    assert all(len(each) <= LONGEST_SOQL for each in org.asked)
    assert [(row["WhoId"], row["Status"]) for row in rows] == [(some[-1], "Completed") for some in asked]
    assert {row["SystemModstamp"] for row in rows} == {datetime(2026, 6, 30, 12, 30, tzinfo=UTC)}
    assert all("SystemModstamp >= 2026-06-30T12:00:00Z" in each for each in org.asked)
    assert not any("Description" in each for each in org.asked)


def test_tasks_of_more_fields_than_an_address_holds_are_asked_for_by_id() -> None:
    many = [f"A_field_of_a_long_name_{number}__c" for number in range(250)]
    org = Org(many)
    rows = read(org, many)["salesforce", "task"].to_pylist()
    assert all(each.startswith("SELECT Id FROM Task") for each in org.asked)
    assert [row["Status"] for row in rows] == ["Completed"] * len(org.asked)
