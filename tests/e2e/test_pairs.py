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
from pipelines.clients.hubspot import campaigns
from pipelines.clients.open import open_hubspot, open_marketing_cloud, open_salesforce
from pipelines.reverse_sync import planfile
from pipelines.reverse_sync.undo import latest_run
from pipelines.settings import PROJECT_ROOT, Settings, load_settings
from pipelines.steps import Loop
from tests.e2e.conftest import Built
from tests.e2e.test_mapping import GIVEN, pairs, sobject
from tests.fixtures.checks import NoChecks

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
    did: list[list[dict[str, Any]]] = field(default_factory=list)
    """The actions of each round."""
    made: dict[str, str] = field(default_factory=dict)
    """What people made by hand, by name: its id."""

    def take(self, name: str, right: str, where: str = "") -> tuple[str, str]:
        """The next pair of an object that no earlier edit has touched, its HubSpot record passing `where`."""
        left = {"Account": "companies", "Opportunity": "deals", "Campaign": "campaigns"}.get(
            right, "contacts"
        )
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

    def rows(self, store: str, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with sqlite3.connect(self.home / "sandbox" / f"{store}.sqlite") as connection:
            return connection.execute(query, values).fetchall()

    def round(self) -> None:
        """A refresh some minutes later, its plan, its apply, and what is kept of it."""
        clock = f"{self.ready['hubspot']['url']}/_sandbox/clock"
        httpx.post(clock, json={"advance_seconds": 600}).raise_for_status()
        with Loop(self.settings, NoChecks()) as loop:
            loop.refresh()
            plan = loop.plan()
            if not plan.is_empty:
                assert not loop.apply(plan.path).is_partial
            loop.record()
        self.planned.append(plan.records)
        self.wrote.append(planned_fields(self.home))
        latest = planfile.latest(self.home / "plans")
        assert latest is not None
        self.did.append(list(planfile.read_actions(latest)))


def prop(name: str, value: str) -> str:
    return f"json_extract(props, '$.{name}') = '{value}'"


def config_with_pairs(folder: Path) -> Path:
    """The project's own files for companies and deals, switched on, and the given one for people."""
    target = folder / "config"
    shutil.copytree(PROJECT_ROOT / "config", target)
    more = {"companies.yml": "", "deals.yml": "\non_delete: both", "campaigns.yml": "\ncreate: both"}
    for name, said in more.items():
        path = target / "field_mappings" / name
        path.write_text(path.read_text().replace("enabled: false", f"enabled: true{said}", 1))
    (target / "activities.yml").write_text(ACTIVITIES)
    text = (target / "field_mappings" / "companies.yml").read_text()
    cleared = text.replace("to: BillingCity}", "to: BillingCity, blanks: clear}")
    assert cleared != text
    (target / "field_mappings" / "companies.yml").write_text(cleared)
    syncs = target / "syncs.yml"
    guards = syncs.read_text().replace("blanks: 0", "blanks: 5")
    syncs.write_text(guards.replace("100000}", "100000, delete_record: 5}"))
    (target / "field_mappings" / "given.json").write_text(json.dumps(GIVEN))
    return target


ACTIVITIES = """
to_salesforce: [calls, emails, meetings, notes, tasks]
to_hubspot: [Task, Event]
days: 1
on_delete: copy
"""
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
        scenario.round()
        people_work(scenario)
        people_log(scenario)
        scenario.round()
        people_go_on(scenario)
        scenario.round()
        yield scenario


def planned_fields(home: Path) -> set[tuple[str, str]]:
    """(record id, field) of everything the latest plan carries over from the other CRM."""
    latest = planfile.latest(home / "plans")
    assert latest is not None
    return {
        (each.record_id, name)
        for each in planfile.read_changes(latest)
        for name, change in each.fields.items()
        if change.provider == "mirrored"
    }


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
    s.take("opted out in Marketing Cloud", "Lead", NO_OPT_OUT)
    s.take("job changed", "Lead")
    s.take("called", "Lead")
    s.take("met", "Contact")
    s.take("merged in HubSpot", "Lead")
    s.take("merged away in HubSpot", "Lead")
    s.take("merged in Salesforce", "Lead")
    s.take("merged away in Salesforce", "Lead")
    s.take("company deleted", "Account")
    s.take("deal deleted", "Opportunity", prop("dealstage", "closedlost"))
    s.take("opportunity deleted", "Opportunity", prop("dealstage", "closedlost"))
    s.take("campaign renamed", "Campaign")
    s.take("campaign moved", "Campaign")
    s.take("campaign deleted", "Campaign")
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
            "contacts": {
                left["contact qualified"]: {"lifecyclestage": "salesqualifiedlead"},
                left["job changed"]: {"company": "Ashgrove Mills"},
            },
        }  # fmt: skip
        for kind, changes in edits.items():
            rows = hubspot.batch_update(kind, [{"id": i, "properties": v} for i, v in changes.items()])
            assert all(row.ok for row in rows)
        campaigns.update(
            hubspot, [{"id": left["campaign renamed"], "properties": {"hs_name": "Harbour Days"}}]
        )
        s.made["campaign in HubSpot"] = campaigns.create(
            hubspot, {"hs_name": "Lantern Week", "hs_utm": "lantern"}
        )
        hubspot.batch_archive("deals", [left["deal deleted"]])
        hubspot.batch_archive("companies", [left["company deleted"]])
        ends = {
            "primaryObjectId": left["merged in HubSpot"],
            "objectIdToMerge": left["merged away in HubSpot"],
        }
        survivor = hubspot.change("POST", f"{hubspot.path('objects', 'contacts')}/merge", ends)["id"]
        hubspot.batch_update("contacts", [{"id": survivor, "properties": {"company": "Joined Works"}}])
    key = right["opted out in Marketing Cloud"]
    with open_marketing_cloud(s.settings) as marketing_cloud:
        assert marketing_cloud.update_subscribers([(key, "Unsubscribed")])[0].ok
    lost = {"do": "merge", "object": "Lead", "master": right["merged in Salesforce"],
            "losers": [right["merged away in Salesforce"]]}  # fmt: skip
    httpx.post(f"{s.ready['salesforce']['url']}/_sandbox/org", json=lost).raise_for_status()
    with open_salesforce(s.settings) as salesforce:
        [made] = salesforce.create_collection("Campaign", [{"Name": "Thaw Fair", "Status": "Planned"}])
        s.made["campaign in Salesforce"] = str(made.id)
        gone = salesforce.delete_collection([right["opportunity deleted"], right["campaign deleted"]])
        assert all(row.ok for row in gone)
        for kind, changes in {
            "Campaign": {right["campaign moved"]: {"EndDate": "2026-12-24", "Status": "Aborted"}},
            "Account": {right["account moved"]: {"BillingCity": "Graz"},
                        right["city cleared"]: {"BillingCity": "Ulm"}},
            "Opportunity": {right["opportunity won"]: {"StageName": "Closed Won"},
                            right["same stage in other words"]: {"StageName": "Negotiation/Review"}},
            "Lead": {right["lead qualified"]: {"Lead_Status__c": "SQL"},
                     right["merged in Salesforce"]: {"Company": "United Sheds"},
                     right["opted out as lead"]: {"HasOptedOutOfEmail": True}},
            "Contact": {right["opted out as contact"]: {"HasOptedOutOfEmail": True}},
        }.items():  # fmt: skip
            records = [{"Id": i, **values} for i, values in changes.items()]
            assert all(row.ok for row in salesforce.update_collection(kind, records))


def people_log(s: Scenario) -> None:
    """What sales did: a call and a note in HubSpot, a task and a meeting in Salesforce."""
    now = httpx.get(f"{s.ready['hubspot']['url']}/_sandbox/clock").json()["now"]
    called, met = s.taken["called"], s.taken["met"]

    def about(contact: str, kind: int) -> list[dict[str, Any]]:
        types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": kind}]
        return [{"to": {"id": contact}, "types": types}]

    with open_hubspot(s.settings) as hubspot:
        call = {"hs_call_title": "Roof quote", "hs_call_body": "<p>Wants slate</p>", "hs_timestamp": now,
                "hs_call_status": "COMPLETED", "hs_call_duration": "125000"}  # fmt: skip
        note = {"hs_note_body": "Prefers mornings", "hs_timestamp": now}
        for name, kind, properties, ends in (
            ("call", "calls", call, about(called[0], 194)), ("note", "notes", note, about(met[0], 202)),
        ):  # fmt: skip
            [row] = hubspot.batch_create(kind, [{"properties": properties, "associations": ends}])
            s.made[name] = str(row.id)
    with open_salesforce(s.settings) as salesforce:
        [task] = salesforce.create_collection(
            "Task",
            [
                {
                    "Subject": "Send slate samples",
                    "WhoId": called[1],
                    "Priority": "High",
                    "ActivityDate": now[:10],
                }
            ],
        )
        [event] = salesforce.create_collection("Event", [
            {"Subject": "Site visit", "WhoId": met[1], "StartDateTime": now, "DurationInMinutes": 60,
             "EndDateTime": now, "Location": "Quay 4"}
        ])  # fmt: skip
        s.made |= {"task": str(task.id), "event": str(event.id)}


def people_go_on(s: Scenario) -> None:
    """After the first round: a city is emptied, a lead converted and its person given another address; a call
    is written up, the copy of a task ticked off, a note thrown away."""
    [(copy,)] = s.rows("hubspot", "select id from tasks where json_extract(props, '$.hs_task_subject') = ?",
                       "Send slate samples")  # fmt: skip
    with open_hubspot(s.settings) as hubspot:
        hubspot.batch_update(
            "calls",
            [{"id": s.made["call"], "properties": {"hs_call_title": "Roof order", "hs_call_body": ""}}],
        )
        hubspot.batch_update("tasks", [{"id": str(copy), "properties": {"hs_task_status": "COMPLETED"}}])
        hubspot.batch_archive("notes", [s.made["note"]])
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
    """The score is worked out anew in every round; nothing else of the first comes back."""
    again = done.wrote[1] & done.wrote[2]
    assert {name for _, name in again} <= {"Lead_Score__c"}
    assert done.planned[1] > 15
    keys = [{each["action_key"] for each in some} for some in done.did]
    assert not keys[1] & keys[2]


def test_contact_to_lead(done):
    assert done.salesforce("job changed", "Lead")["Company"] == "Ashgrove Mills"


@pytest.mark.parametrize("name", ["opted out in HubSpot", "opted out as lead"])
def test_an_opt_out_in_a_crm_is_in_marketing_cloud_after_one_run(done, name):
    key = done.taken[name][1]
    assert done.rows("marketing_cloud", "select status from subscribers where key = ?", key) in (
        [("Unsubscribed",)], []
    )  # fmt: skip
    known = done.rows("marketing_cloud", "select count(*) from subscribers where status = 'Unsubscribed'")
    assert known[0][0] > 0


def test_an_opt_out_in_marketing_cloud_is_in_both_crms_after_one_run(done):
    assert done.hubspot("opted out in Marketing Cloud", "contacts")["hs_email_optout"] == "true"
    assert done.salesforce("opted out in Marketing Cloud", "Lead")["HasOptedOutOfEmail"] == "true"


def campaign(done, name: str) -> dict[str, Any]:
    [(props,)] = done.rows("hubspot", "select props from campaigns where id = ?", done.taken[name][0])
    return dict(json.loads(props))


def test_campaign_to_campaign(done):
    """What differs is carried both ways; a name that people change makes no second campaign."""
    assert done.salesforce("campaign renamed", "Campaign")["Name"] == "Harbour Days"
    moved = campaign(done, "campaign moved")
    assert (moved["hs_end_date"], moved["hs_campaign_status"]) == ("2026-12-24", "completed")
    assert done.salesforce("campaign moved", "Campaign")["Status"] == "Aborted"
    made = [each["record_key"] for each in done.did[1] if each["operation"] == "create_record"]
    assert [key.split(":")[3] for key in sorted(made)] == [
        done.made["campaign in HubSpot"], done.made["campaign in Salesforce"]
    ]  # fmt: skip


def test_a_new_campaign_is_created_in_the_other_crm_with_our_key(done):
    key = f"%:campaigns:{done.made['campaign in HubSpot']}"
    query = 'select Name from "Campaign" where HubSpot_Campaign_Id__c like ?'
    assert done.rows("salesforce", query, key) == [("Lantern Week",)]
    query = "select props from campaigns where json_extract(props, '$.hs_name') = 'Thaw Fair'"
    [(props,)] = done.rows("hubspot", query)
    assert done.made["campaign in Salesforce"] in json.loads(props)["hs_notes"]


def test_a_deleted_campaign_takes_nothing_with_it_and_is_not_created_again(done):
    assert campaign(done, "campaign deleted")["hs_name"]
    deleted = done.taken["campaign deleted"][1]
    name = sobject(done.home, "Campaign", deleted)["Name"]
    alive = done.rows(
        "salesforce", "select Id from \"Campaign\" where Name = ? and IsDeleted = 'false'", name
    )
    assert alive == []


def carried(done, kind: str, field: str, value: str) -> dict[str, Any]:
    """The one HubSpot engagement, or Salesforce activity, whose field holds this."""
    if kind[0].isupper():
        with sqlite3.connect(done.home / "sandbox" / "salesforce.sqlite") as store:
            store.row_factory = sqlite3.Row
            [row] = store.execute(f'select * from "{kind}" where "{field}" = ?', [value]).fetchall()
        return dict(row)
    [(i, props)] = done.rows(
        "hubspot", f"select id, props from {kind} where json_extract(props, '$.{field}') = ?", value
    )
    return {"id": i, **json.loads(props)}


def test_engagement_to_activity(done):
    """A HubSpot call is a Salesforce task about the lead, kept up to date, our key in its text."""
    task = carried(done, "Task", "Subject", "Roof order")
    assert task["WhoId"] == done.taken["called"][1]
    assert (task["Status"], task["TaskSubtype"], task["CallDurationInSeconds"]) == ("Completed", "Call", 125)
    assert task["Description"].startswith("[crm:activity:hubspot:")


def test_task_and_activity_to_engagement(done):
    """A Salesforce task and event are a HubSpot task and meeting about the contact, our key in their text."""
    task = carried(done, "tasks", "hs_task_subject", "Send slate samples")
    assert (task["hs_task_priority"], done.made["task"] in task["hs_task_body"]) == ("HIGH", True)
    meeting = carried(done, "meetings", "hs_meeting_title", "Site visit")
    assert meeting["hs_meeting_location"] == "Quay 4"
    for kind, i, who in (("tasks", task["id"], "called"), ("meetings", meeting["id"], "met")):
        ends = done.rows(
            "hubspot", "select distinct to_id from associations where from_type = ? and from_id = ? "
            "and to_type = 'contacts'", kind, i,
        )  # fmt: skip
        assert [str(end) for (end,) in ends] == [done.taken[who][0]]


def test_a_copy_that_is_ticked_off_closes_the_task_it_was_made_of(done):
    assert sobject(done.home, "Task", done.made["task"])["Status"] == "Completed"


def test_a_deleted_activity_takes_its_copy_with_it_where_the_file_says_so(done):
    [row] = done.rows(
        "salesforce", "select IsDeleted from \"Task\" where Description like 'Prefers mornings%'"
    )
    assert row == ("true",)


def test_an_activity_is_logged_once_in_each_crm(done):
    again = [e["action_key"] for some in done.did for e in some if e["operation"] == "activity"]
    assert len(again) == len(set(again))
    echoed = [key for key in again if "[crm:" in key]
    assert echoed == []
    assert len(done.rows("salesforce", "select 1 from \"Task\" where Subject = 'Send slate samples'")) == 1
    assert (
        len(
            done.rows(
                "hubspot", "select 1 from calls where json_extract(props, '$.hs_call_title') = 'Roof order'"
            )
        )
        == 1
    )


def test_a_deletion_is_followed_only_where_the_mapping_says_so(done):
    assert done.salesforce("deal deleted", "Opportunity")["IsDeleted"] == "true"
    deal = done.taken["opportunity deleted"][0]
    assert done.rows("hubspot", "select archived from deals where id = ?", deal) == [(1,)]
    assert done.salesforce("company deleted", "Account")["IsDeleted"] == "false"


def test_a_merge_in_hubspot_deletes_nothing_and_its_survivor_is_mirrored(done):
    leads = [done.salesforce(name, "Lead") for name in ("merged in HubSpot", "merged away in HubSpot")]
    assert [lead["IsDeleted"] for lead in leads] == ["false", "false"]
    assert [lead["Company"] for lead in leads].count("Joined Works") == 1


def test_a_merge_in_salesforce_deletes_nothing_and_its_survivor_is_mirrored(done):
    names = ("merged in Salesforce", "merged away in Salesforce")
    contacts = [done.hubspot(name, "contacts")["company"] for name in names]
    assert "United Sheds" in contacts
    query = "select count(*) from contacts where archived = 0 and id in (?, ?)"
    assert done.rows("hubspot", query, *(done.taken[name][0] for name in names)) == [(2,)]


STAMPS = {
    "lastmodifieddate", "hs_lastmodifieddate", "systemmodstamp", "lastmodifiedbyid",
}  # fmt: skip
"""What says when a record was written, and by whom: that goes on."""
IN_HUBSPOT = ("contacts", "companies", "deals", "calls", "emails", "meetings", "notes", "tasks", "campaigns")
IN_SALESFORCE = ("Lead", "Contact", "Account", "Opportunity", "Campaign", "CampaignMember", "Task", "Event")


def everything(done) -> dict[tuple[str, str, str], str]:
    """(table, id, field) -> value, of everything that both CRMs hold and have not in their bin."""
    found: dict[tuple[str, str, str], str] = {}
    for table in IN_HUBSPOT:
        alive = "" if table == "campaigns" else " where archived = 0"
        for i, props in done.rows("hubspot", f"select id, props from {table}{alive}"):
            found |= {(table, str(i), n): str(v) for n, v in json.loads(props).items() if v not in (None, "")}
    with sqlite3.connect(done.home / "sandbox" / "salesforce.sqlite") as store:
        store.row_factory = sqlite3.Row
        for table in IN_SALESFORCE:
            for row in store.execute(f"select * from \"{table}\" where IsDeleted = 'false'"):
                found |= {(table, row["Id"], n): str(row[n]) for n in row.keys() if row[n] not in (None, "")}  # noqa: SIM118
    return {key: value for key, value in found.items() if key[2].lower() not in STAMPS}


def test_undo_restores_both_crms_field_by_field(done):
    """Last: one more round of edits is carried over by a whole apply, and all of it is taken back."""
    left = {name: pair[0] for name, pair in done.taken.items()}
    with open_hubspot(done.settings) as hubspot:
        hubspot.batch_update(
            "companies",
            [
                {
                    "id": left["company grew"],
                    "properties": {"numberofemployees": "99", "phone": "+49 30 901820"},
                }
            ],
        )
        hubspot.batch_update("deals", [{"id": left["deal renamed"], "properties": {"dealname": "Twice"}}])
        campaigns.create(hubspot, {"hs_name": "Undone Fair"})
    with open_salesforce(done.settings) as salesforce:
        salesforce.update_collection("Lead", [{"Id": done.taken["called"][1], "Company": "Slate & Sons"}])
        [_] = salesforce.create_collection("Task", [{"Subject": "Undone", "WhoId": done.taken["called"][1]}])
    before = everything(done)
    done.round()
    applied = everything(done)
    assert len(set(before.items()) ^ set(applied.items())) > 10
    with Loop(done.settings, NoChecks()) as loop:
        made = loop.undo(latest_run(loop.state))
        assert not made.held
        assert not loop.apply(made.path).is_partial
    after = everything(done)
    wrong = {key: (before.get(key), after.get(key)) for key in before.keys() | after.keys()
             if before.get(key) != after.get(key)}  # fmt: skip
    assert wrong == {}
