"""What was carried over stays as it is; a whole round is taken back, field by field, but for refusals."""

from __future__ import annotations

import json
import shutil
import sqlite3
from typing import Any

import pytest

from pipelines.clients.hubspot import campaigns
from pipelines.clients.open import open_hubspot, open_salesforce
from pipelines.reverse_sync.undo import latest_run
from pipelines.steps import Loop
from tests.e2e.conftest import WRITTEN, begun
from tests.e2e.pairs import team
from tests.e2e.pairs.scenario import Scenario
from tests.e2e.stores import sobject
from tests.fixtures.checks import NoChecks
from tests.fixtures.sandbox import served

STAMPS = {"lastmodifieddate", "hs_lastmodifieddate", "systemmodstamp", "lastmodifiedbyid"}
"""What says when a record was written, and by whom: that goes on."""
IN_HUBSPOT = ("contacts", "companies", "deals", "calls", "emails", "meetings", "notes", "tasks", "campaigns")
IN_SALESFORCE = ("Lead", "Contact", "Account", "Opportunity", "Campaign", "CampaignMember", "Task", "Event")


def test_what_was_carried_over_is_not_carried_again(done):
    """The score is worked out anew in every round; nothing else of the first comes back."""
    again = (done.wrote[1] & done.wrote[2]) - done.twice
    assert {name for _, name in again} <= {"Lead_Score__c"}
    assert done.twice <= done.wrote[1] & done.wrote[2]
    assert done.planned[1] > 15
    keys = [{each["action_key"] for each in some} for some in done.did]
    assert not keys[1] & keys[2]


@pytest.fixture
def going_on(done, tmp_path):
    """A copy of it all, its sandbox running again; people that HubSpot alone knows become contacts now."""
    home = begun(done.home, tmp_path, WRITTEN)
    config = tmp_path / "config"
    shutil.copytree(done.home.parent / "config", config)
    team.make_contacts(config)
    with served(home, config) as (settings, ready):
        yield Scenario(home, settings, ready, done.taken)


def everything(s: Scenario) -> dict[tuple[str, str, str], str]:
    """(table, id, field) -> value, of everything that both CRMs hold and have not in their bin."""
    found: dict[tuple[str, str, str], str] = {}
    for table in IN_HUBSPOT:
        alive = "" if table == "campaigns" else " where archived = 0"
        for i, props in s.rows("hubspot", f"select id, props from {table}{alive}"):
            found |= {(table, str(i), n): str(v) for n, v in json.loads(props).items() if v not in (None, "")}
    with sqlite3.connect(s.home / "sandbox" / "salesforce.sqlite") as store:
        store.row_factory = sqlite3.Row
        for table in IN_SALESFORCE:
            for row in map(dict, store.execute(f"select * from \"{table}\" where IsDeleted = 'false'")):
                found |= {(table, row["Id"], n): str(v) for n, v in row.items() if v not in (None, "")}
    return {key: value for key, value in found.items() if key[2].lower() not in STAMPS}


def test_undo_restores_both_crms_field_by_field_and_takes_no_refusal_back(going_on):
    s = going_on
    with open_hubspot(s.live) as hubspot:
        grew = {"numberofemployees": "99", "phone": "+49 30 901820"}
        hubspot.batch_update("companies", [{"id": s.left("company grew"), "properties": grew}])
        hubspot.batch_update("deals", [{"id": s.left("deal renamed"), "properties": {"dealname": "Twice"}}])
        campaigns.create(hubspot, {"hs_name": "Undone Fair"})
        hubspot.unsubscribe_all([s.hubspot("refused at last", "contacts")["email"]])
    with open_salesforce(s.live) as salesforce:
        salesforce.update_collection("Lead", [{"Id": s.right("called"), "Company": "Slate & Sons"}])
        [_] = salesforce.create_collection("Task", [{"Subject": "Undone", "WhoId": s.right("called")}])
    before = everything(s)
    s.round()
    applied = everything(s)
    contacts_were_created(s, before, applied)
    assert len(set(before.items()) ^ set(applied.items())) > 10
    with Loop(s.live, NoChecks(), data_tests=False) as loop:
        made = loop.undo(latest_run(loop.state))
        assert not made.held
        assert "an opt-out is never taken back" in " ".join(made.final)
        some = loop.apply(made.path, limit=1)
        loop.record()  # which publishes, and what is desired stays: the plan still holds
        rest = loop.apply(made.path)
        assert not some.is_partial
        assert not rest.is_partial
        assert 0 < some.confirmed < some.confirmed + rest.confirmed
    after = everything(s)
    differs = {key: (before.get(key), after.get(key)) for key in before.keys() | after.keys()
               if before.get(key) != after.get(key)}  # fmt: skip
    refused = ("HasOptedOutOfEmail", team.NO_NEWS)
    assert differs == {("Lead", s.right("refused at last"), name): ("false", "true") for name in refused}
    assert s.subscriber("refused at last") == "Unsubscribed"


def contacts_were_created(s: Scenario, before: dict[Any, str], applied: dict[Any, str]) -> None:
    """Contact to a new Salesforce contact: with our key, and with what the mapping says."""
    keys = {(i, value) for (table, i, name), value in applied.items()
            if (table, name) == ("Contact", "External_Id__c") and (table, i, "Id") not in before}  # fmt: skip
    assert keys
    for i, key in keys:
        [(props,)] = s.rows("hubspot", "select props from contacts where id = ?", key.split(":")[3])
        said, made = json.loads(props), sobject(s.home, "Contact", i)
        assert (made["Email"] or "").lower() == said.get("email", "").lower()
        assert made["LastName"] == said["lastname"]
