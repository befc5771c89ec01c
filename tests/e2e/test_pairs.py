"""The pairs of the two CRMs, one scenario: people edit both, one run carries it over, and then it is quiet.

Belongs here: what each pair carries in each direction, read from the two sandbox stores.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from cli.sandbox_process import connected, running
from pipelines.clients.open import open_hubspot, open_salesforce
from pipelines.reverse_sync import planfile
from pipelines.settings import PROJECT_ROOT, Settings, load_settings
from tests.e2e.conftest import Built
from tests.e2e.test_mapping import GIVEN, one_round, pairs, sobject

OPTED_OUT = {"hs_email_optout": "true"}
STAGES = ("appointmentscheduled", "presentationscheduled", "contractsent")


@dataclass
class Scenario:
    """What people did, by name: (HubSpot id, Salesforce id) of the records they did it to."""

    home: Path
    settings: Settings
    ready: dict[str, Any]
    taken: dict[str, tuple[str, str]] = field(default_factory=dict)
    planned: list[int] = field(default_factory=list)
    wrote: list[set[tuple[str, str]]] = field(default_factory=list)
    """(record id, field) of each round."""

    def take(self, name: str, right: str, where: str = "") -> tuple[str, str]:
        """The next pair of an object that no earlier edit has touched, its HubSpot record passing `where`."""
        left = {"Account": "companies", "Opportunity": "deals"}.get(right, "contacts")
        used = set(self.taken.values())
        for left_id, kind, right_id in sorted(pairs(self.home)):
            if kind == right and (left_id, right_id) not in used and self._passes(left, left_id, where):
                self.taken[name] = (left_id, right_id)
                return left_id, right_id
        raise AssertionError(f"the world has no {right} for {name}")

    def _passes(self, table: str, record_id: str, where: str) -> bool:
        with sqlite3.connect(self.home / "sandbox" / "hubspot.sqlite") as store:
            query = f"select 1 from {table} where id = ? and {where or '1 = 1'}"
            return store.execute(query, [record_id]).fetchone() is not None

    def hubspot(self, name: str, table: str) -> dict[str, Any]:
        with sqlite3.connect(self.home / "sandbox" / "hubspot.sqlite") as store:
            query = f"select props from {table} where id = ?"
            return dict(json.loads(store.execute(query, [self.taken[name][0]]).fetchone()[0]))

    def salesforce(self, name: str, kind: str) -> dict[str, Any]:
        return sobject(self.home, kind, self.taken[name][1])


def prop(name: str, value: str) -> str:
    return f"json_extract(props, '$.{name}') = '{value}'"


def config_with_pairs(folder: Path) -> Path:
    """The project's own files for companies and deals, switched on, and the given one for people."""
    target = folder / "config"
    shutil.copytree(PROJECT_ROOT / "config", target)
    for name in ("companies.yml", "deals.yml"):
        path = target / "field_mappings" / name
        path.write_text(path.read_text().replace("enabled: false", "enabled: true", 1))
    text = (target / "field_mappings" / "companies.yml").read_text()
    cleared = text.replace("to: BillingCity}", "to: BillingCity, blanks: clear}")
    assert cleared != text
    (target / "field_mappings" / "companies.yml").write_text(cleared)
    syncs = target / "syncs.yml"
    syncs.write_text(syncs.read_text().replace("blanks: 0", "blanks: 5"))
    (target / "field_mappings" / "given.json").write_text(json.dumps(GIVEN))
    return target


NO_OPT_OUT = "coalesce(json_extract(props, '$.hs_email_optout'), 'false') <> 'true' and " \
    "json_extract(props, '$.email') is not null"  # fmt: skip


@pytest.fixture(scope="module")
def done(built_once: Built, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scenario]:
    """Everything people did between two runs, and what the runs after it made of it."""
    folder = tmp_path_factory.mktemp("pairs")
    home = folder / "var"
    shutil.copytree(built_once.home, home)
    environment = {"CRM_HOME": str(home), "CRM_CONFIG": str(config_with_pairs(folder))}
    with running(home / "sandbox", "default", size="XS", extra=("--no-limits",)) as ready:
        settings = connected(load_settings(environment, dotenv=home / "none", vendors=False), ready)
        scenario = Scenario(home, settings, ready)
        one_round(settings, ready)
        people_work(scenario)
        scenario.planned.append(one_round(settings, ready)[0])
        scenario.wrote.append(planned_fields(home))
        people_go_on(scenario)
        scenario.planned.append(one_round(settings, ready)[0])
        scenario.wrote.append(planned_fields(home))
        yield scenario


def planned_fields(home: Path) -> set[tuple[str, str]]:
    """(record id, field) of everything the latest plan writes."""
    latest = planfile.latest(home / "plans")
    assert latest is not None
    return {(each.record_id, name) for each in planfile.read_changes(latest) for name in each.fields}


def people_work(s: Scenario) -> None:
    """Edits in both CRMs, each to a pair of its own."""
    for name in ("company grew", "account moved", "city cleared"):
        s.take(name, "Account")
    s.take("deal renamed", "Opportunity")
    for stage in STAGES:
        s.take(f"deal leaves {stage}", "Opportunity", prop("dealstage", "closedlost"))
    s.take("opportunity won", "Opportunity", prop("dealstage", "closedlost"))
    s.take("same stage in other words", "Opportunity", prop("dealstage", "closedlost"))
    s.take("lead qualified", "Lead", prop("lifecyclestage", "lead"))
    s.take("contact qualified", "Lead", prop("lifecyclestage", "lead"))
    s.take("opted out in HubSpot", "Lead", NO_OPT_OUT)
    s.take("opted out as lead", "Lead", NO_OPT_OUT)
    s.take("opted out as contact", "Contact", NO_OPT_OUT)
    left = {name: pair[0] for name, pair in s.taken.items()}
    right = {name: pair[1] for name, pair in s.taken.items()}
    with open_hubspot(s.settings) as hubspot:
        address = s.hubspot("opted out in HubSpot", "contacts")["email"]
        hubspot.unsubscribe_all([address])
        edits = {
            "companies": {
                left["company grew"]: {"numberofemployees": "4321"}, left["city cleared"]: {"city": "Ulm"},
            },
            "deals": {
                left["deal renamed"]: {"dealname": "Renamed in HubSpot"},
                **{left[f"deal leaves {stage}"]: {"dealstage": stage} for stage in STAGES},
                left["same stage in other words"]: {"dealstage": "contractsent"},
            },
            "contacts": {left["contact qualified"]: {"lifecyclestage": "salesqualifiedlead"}},
        }  # fmt: skip
        for kind, changes in edits.items():
            rows = hubspot.batch_update(kind, [{"id": i, "properties": v} for i, v in changes.items()])
            assert all(row.ok for row in rows)
    with open_salesforce(s.settings) as salesforce:
        for kind, changes in {
            "Account": {right["account moved"]: {"BillingCity": "Graz"},
                        right["city cleared"]: {"BillingCity": "Ulm"}},
            "Opportunity": {right["opportunity won"]: {"StageName": "Closed Won"},
                            right["same stage in other words"]: {"StageName": "Negotiation/Review"}},
            "Lead": {right["lead qualified"]: {"Lead_Status__c": "SQL"},
                     right["opted out as lead"]: {"HasOptedOutOfEmail": True}},
            "Contact": {right["opted out as contact"]: {"HasOptedOutOfEmail": True}},
        }.items():  # fmt: skip
            records = [{"Id": i, **values} for i, values in changes.items()]
            assert all(row.ok for row in salesforce.update_collection(kind, records))


def people_go_on(s: Scenario) -> None:
    """After the first round: a city is emptied, a lead converted and its person given another address."""
    with open_hubspot(s.settings) as hubspot:
        edits = {"companies": (s.taken["city cleared"][0], {"city": ""}),
                 "contacts": (s.taken["contact qualified"][0], {"email": "moved@on.example"})}  # fmt: skip
        for kind, (record_id, properties) in edits.items():
            rows = hubspot.batch_update(kind, [{"id": record_id, "properties": properties}])
            assert all(row.ok for row in rows)
    deed = {"do": "convert", "lead": s.taken["contact qualified"][1]}
    httpx.post(f"{s.ready['salesforce']['url']}/_sandbox/org", json=deed).raise_for_status()


def test_company_to_account(done):
    assert done.salesforce("company grew", "Account")["NumberOfEmployees"] == 4321


def test_account_to_company(done):
    assert done.hubspot("account moved", "companies")["city"] == "Graz"


def test_deal_to_opportunity(done):
    assert done.salesforce("deal renamed", "Opportunity")["Name"] == "Renamed in HubSpot"


@pytest.mark.parametrize(
    ("stage", "there"),
    [("appointmentscheduled", "Prospecting"), ("presentationscheduled", "Needs Analysis"),
     ("contractsent", "Proposal/Price Quote")],
)  # fmt: skip
def test_deal_stage_to_opportunity_stage(done, stage, there):
    assert done.salesforce(f"deal leaves {stage}", "Opportunity")["StageName"] == there


def test_opportunity_stage_to_deal_stage(done):
    deal = done.hubspot("opportunity won", "deals")
    assert (deal["dealstage"], deal["hs_is_closed_won"]) == ("closedwon", "true")


def test_the_same_stage_said_in_other_words_is_left_alone(done):
    assert done.hubspot("same stage in other words", "deals")["dealstage"] == "contractsent"
    assert done.salesforce("same stage in other words", "Opportunity")["StageName"] == "Negotiation/Review"


def test_lead_status_to_lifecycle_stage(done):
    assert done.hubspot("lead qualified", "contacts")["lifecyclestage"] == "salesqualifiedlead"


def test_lifecycle_stage_to_lead_status(done):
    assert done.salesforce("contact qualified", "Lead")["Lead_Status__c"] == "SQL"


def test_an_opt_out_in_hubspot_is_in_salesforce_after_one_run(done):
    assert done.salesforce("opted out in HubSpot", "Lead")["HasOptedOutOfEmail"] == "true"


@pytest.mark.parametrize("name", ["opted out as lead", "opted out as contact"])
def test_an_opt_out_in_salesforce_is_in_hubspot_after_one_run(done, name):
    contact = done.hubspot(name, "contacts")
    assert contact["hs_email_optout"] == "true"
    with sqlite3.connect(done.home / "sandbox" / "hubspot.sqlite") as store:
        rows = store.execute(
            "select json_extract(shown, '$.status') from subscription_statuses where recipient = ?",
            [contact["email"].lower()],
        ).fetchall()
    assert {status for (status,) in rows} == {"UNSUBSCRIBED"}
    assert len(rows) == 3


def test_an_emptied_field_is_emptied_where_the_line_says_clear(done):
    assert not done.salesforce("city cleared", "Account")["BillingCity"]


def test_a_conversion_is_followed_and_the_contact_takes_the_leads_place(done):
    lead = done.salesforce("contact qualified", "Lead")
    assert lead["IsConverted"] == "true"
    assert lead["Email"] != "moved@on.example"
    assert sobject(done.home, "Contact", lead["ConvertedContactId"])["Email"] == "moved@on.example"


def test_what_was_carried_over_is_not_carried_again(done):
    """Scores and pipeline follow the CRMs' own deals; nothing else of the first round comes back."""
    again = done.wrote[0] & done.wrote[1]
    assert {name for _, name in again} <= {"lead_score", "Lead_Score__c", "Attributed_Pipeline__c"}
    assert done.planned[0] > 15
