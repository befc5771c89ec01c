"""What an org finds by an index instead of reading whole tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.salesforce import org
from sandbox.salesforce.soql import functions
from sandbox.salesforce.soql.compiler import compile_query
from sandbox.salesforce.soql.parser import parse
from sandbox.store import Store
from tests.unit.sandbox.empty_org.conftest import NOW, Ask, made, new_store


def _steps(store: Store, soql: str) -> list[str]:
    compiled = compile_query(org.Org(store), parse(soql), NOW)
    return [row[-1] for row in store.rows(f"explain query plan {compiled.sql}", compiled.values)]


@pytest.mark.parametrize("name", ["Lead", "Contact"])
def test_records_are_found_by_address_without_reading_the_whole_table(tmp_path: Path, name: str) -> None:
    store = new_store(tmp_path)
    soql = f"SELECT Id, Email FROM {name} WHERE Email IN ('a@x.org', 'B@x.org') ORDER BY CreatedDate, Id"
    steps = _steps(store, soql)
    store.close()
    assert f"{name}.Email" in steps[0]
    assert "SEARCH" in steps[0]


def test_a_campaigns_sums_are_found_without_reading_whole_tables(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    sums = "NumberOfLeads, NumberOfOpportunities, HierarchyNumberOfLeads, HierarchyNumberOfOpportunities"
    steps = _steps(store, f"SELECT Id, {sums} FROM Campaign")
    store.close()
    assert not {"SCAN m", "SCAN o", "SCAN c"} & set(steps)
    assert any("CampaignMember.CampaignId" in step for step in steps)


def test_a_deals_open_activities_are_found_by_its_id_and_day_and_the_time_is_asked_once(
    tmp_path: Path,
) -> None:
    store, asked = new_store(tmp_path), []
    functions.register(store.db, lambda: asked.append(1) or NOW)  # type: ignore[func-returns-value]
    for number in range(20):
        for name, day in (("Event", "EndDateTime"), ("Task", "ActivityDate")):
            store.db.execute(
                f"insert into {name} (Id, WhatId, IsDeleted, {day}) values (?, '006', 'false', '2020-01-01')",
                (number,),
            )
    store.db.execute("insert into Opportunity (Id, IsDeleted) values ('006', 'false')")
    soql = "SELECT HasOpenActivity, HasOverdueTask FROM Opportunity"
    assert "Task.due (WhatId=? AND ActivityDate<?)" in str(_steps(store, soql))
    compiled = compile_query(org.Org(store), parse(soql), NOW)
    assert store.rows(compiled.sql, compiled.values) == [("false", "false")]
    store.close()
    assert len(asked) <= 2


def test_the_rate_of_a_day_is_found_without_reading_all_rates(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    assert "COVERING INDEX DatedConversionRate.of" in str(
        _steps(store, "SELECT SUM(Amount) FROM Opportunity")
    )
    store.close()


def test_who_refers_to_a_campaign_does_not_have_its_sums_worked_out(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign, lead = made(ask, "Campaign", Name="C"), made(ask, "Lead", LastName="L", Company="C")
    said: list[str] = []
    row = Store.row
    monkeypatch.setattr(
        Store, "row", lambda self, sql, values=(): (said.append(sql), row(self, sql, values))[1]
    )
    made(ask, "CampaignMember", CampaignId=campaign, LeadId=lead)
    of_campaigns = [sql for sql in said if 'from "Campaign"' in sql]
    assert of_campaigns
    assert not [sql for sql in of_campaigns if "recursive" in sql]
