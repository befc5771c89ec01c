"""Two rounds of the whole loop with `create: both`: the team's files, what people do, and what became of it.

Belongs here: what is done before the tests look, and looking it up. What has to hold is asked by the tests.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import httpx

from pipelines.clients.open import open_hubspot, open_salesforce
from pipelines.reverse_sync.apply import ApplyResult
from pipelines.reverse_sync.plan import Plan
from pipelines.settings import PROJECT_ROOT, Settings
from pipelines.steps import Loop
from tests.e2e import marts, stores
from tests.fixtures.checks import NoChecks
from tests.fixtures.sandbox import pass_time

PEOPLE = """
source: hubspot
destination: salesforce
create: both
lines:
  - {from: email, to: Email}
  - {from: firstname, to: FirstName}
  - {from: lastname, to: LastName, default: Unknown}
  - {from: company, to: Company, default: Unknown}
"""
PROPERTY = {
    "name": "external_id", "label": "External id", "type": "string", "fieldType": "text",
    "hasUniqueValue": True,
}  # fmt: skip
GROUPS = {"contacts": "contactinformation", "companies": "companyinformation", "deals": "dealinformation"}
KNOWN_TWICE = 1_000
REFUSERS = {"Lead": "oakley@oakline-joinery.example", "contacts": "kilner@brightwater-kilns.example"}
"""Who refuses e-mail in one CRM, by what is made of them in the other."""


@dataclass
class Created:
    """What two rounds made of the world."""

    home: Path
    settings: Settings
    plan: Plan
    done: ApplyResult
    again: Plan
    left: str
    """The campaign member whose contact left the list between the rounds."""
    converted: str
    """The campaign member whose lead was converted between the rounds."""
    deleted: dict[str, str]
    """By object, what people deleted between the rounds: its partner was created in the first."""
    twice: tuple[set[str], set[str]]
    """Contacts and leads of people whom both CRMs know, spelled otherwise."""

    def rows(self, store: str, query: str, *values: Any) -> list[tuple[Any, ...]]:
        return stores.rows(self.home, store, query, *values)

    def published(self, query: str) -> list[tuple[Any, ...]]:
        return marts.query(self.home, query)

    def made(self, object_name: str) -> list[tuple[str, str]]:
        """(record key it was made for, id) of what was created (not linked) of an object."""
        return self.published(
            "select record_key, result_id from ops.journal where operation = 'create_record' "
            f"and state = 'confirmed' and code = '' and object = '{object_name}' order by 1"
        )


MEMBERS = """
order: [Sent, Opened, Responded, Registered, Attended]
members:
  - {form: Webinar registration, campaign: Always On Forecasting Webinar, status: Registered}
  - {list: Trade show scans, campaign: Always On Data Quality Trade Show, status: Responded, removed: No Show}
"""
ORDER = ("Sent", "Opened", "Responded", "Registered", "Attended")


def config(folder: Path) -> Path:
    target = folder / "config"
    shutil.copytree(PROJECT_ROOT / "config", target)
    (target / "field_mappings" / "people.yml").write_text(PEOPLE)
    for name in ("companies.yml", "deals.yml"):
        path = target / "field_mappings" / name
        path.write_text(path.read_text().replace("enabled: false", "enabled: true\ncreate: both", 1))
    (target / "campaign_members.yml").write_text(MEMBERS)
    syncs = target / "syncs.yml"
    text = syncs.read_text().replace("per_run: 1000", "per_run: 5000")
    text = text.replace("overwritten_floor: 100 ", "overwritten_floor: 5000 ")
    syncs.write_text(text.replace("changed_floor: 1000 ", "changed_floor: 5000 "))  # a thousand are respelt
    return target


def known_twice(settings: Settings) -> tuple[set[str], set[str]]:
    """A thousand people whom both CRMs know, each under a spelling of its own. Returns their ids in both."""
    firsts = ("Katharina", "Johannes", "Zoë", "René", "Søren", "Łukasz", "Jürgen", "Anaïs", "Núria", "Chloé")
    ends = ("berg", "feld", "stein", "mann", "haus", "wald", "bach", "dorf", "burg", "hof")
    starts = ("Brand", "Holm", "Kern", "Linden", "Morgen", "Nord", "Ochsen", "Reh", "Sonnen", "Tannen")
    contacts, leads = [], []
    for n in range(KNOWN_TWICE):
        first, last = firsts[n % 10], starts[n // 10 % 10] + ends[n // 100]
        plain = first.translate(str.maketrans("ëéøŁüïú", "eeoLuiu"))
        email, phone = f"{plain}.{last}.{n}@known-twice.example".lower(), f"+49 171 {2_000_000 + n}"
        said = {
            "firstname": first,
            "lastname": last,
            "company": f"{last} Works",
            "email": email,
            "phone": phone,
        }
        contacts.append({"properties": said})
        lead = {"FirstName": plain, "LastName": last.upper(), "Company": f"{last} Works GmbH"}
        lead["Phone"] = phone.replace("+49 ", "0").replace(" ", "/")
        match n % 4:
            case 0:
                lead["Email"] = email.upper()
            case 1:
                lead["Email"] = email.replace("@", "+fair@")
            case 3:
                lead["Email"] = f"{last}{n}@private.example".lower()
        leads.append(lead)
    with open_hubspot(settings) as hubspot:
        rows = [
            row
            for at in range(0, KNOWN_TWICE, 100)
            for row in hubspot.batch_create("contacts", contacts[at : at + 100])
        ]
    with open_salesforce(settings) as salesforce:
        made = [
            row
            for at in range(0, KNOWN_TWICE, 200)
            for row in salesforce.create_collection("Lead", leads[at : at + 200])
        ]
    assert all(row.ok for row in [*rows, *made])
    return {str(row.id) for row in rows}, {str(row.id) for row in made}


def people_work(settings: Settings) -> None:
    """A company with a deal that only HubSpot has, and an account with an opportunity only in Salesforce; in
    each somebody whom the other lacks, and who wants no e-mail."""
    with open_hubspot(settings) as hubspot:
        [company] = hubspot.batch_create(
            "companies", [{"properties": {"name": "Oakline Joinery", "domain": "oakline-joinery.example"}}]
        )
        to_company = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 341}
        deal = {
            "dealname": "Oakline fit-out", "dealstage": "qualifiedtobuy", "pipeline": "default",
            "amount": "8700", "closedate": "2026-09-30T00:00:00Z", "deal_currency_code": "EUR",
        }  # fmt: skip
        ties = [{"to": {"id": company.id}, "types": [to_company]}]
        assert all(
            row.ok for row in hubspot.batch_create("deals", [{"properties": deal, "associations": ties}])
        )
        refuser = {"lastname": "Oakley", "company": "Oakline Joinery", "email": REFUSERS["Lead"]}
        assert all(row.ok for row in hubspot.batch_create("contacts", [{"properties": refuser}]))
        assert hubspot.unsubscribe_all([REFUSERS["Lead"]])[0] == {REFUSERS["Lead"]}
    with open_salesforce(settings) as salesforce:
        lead = {"LastName": "Kilner", "Company": "Brightwater Kilns", "Email": REFUSERS["contacts"]}
        lead |= {"HasOptedOutOfEmail": True}
        assert all(row.ok for row in salesforce.create_collection("Lead", [lead]))
        [account] = salesforce.create_collection(
            "Account", [{"Name": "Brightwater Kilns", "Website": "https://www.brightwater-kilns.example"}]
        )
        opportunity = {
            "Name": "Kiln renewal", "AccountId": account.id, "StageName": "Qualification", "Amount": 4200,
            "CloseDate": "2026-10-15",
        }  # fmt: skip
        assert all(row.ok for row in salesforce.create_collection("Opportunity", [opportunity]))


def a_round(settings: Settings, ready: dict[str, Any]) -> tuple[Plan, ApplyResult | None]:
    pass_time(ready, 600)
    with Loop(settings, NoChecks(), data_tests=False) as loop:
        loop.refresh()
        plan = loop.plan()
        done = None if plan.is_empty else loop.apply(plan.path)
        loop.record()
        return plan, done


def a_member_is_converted(home: Path, ready: dict[str, Any], left: str) -> str:
    """A lead that was made a member becomes the contact of an account that is there. Returns the member."""
    with duckdb.connect(str(home / "analytics.duckdb"), read_only=True) as connection:
        made = connection.sql(
            "select result_id from ops.journal where operation = 'campaign_member' and state = 'confirmed' "
            "and json_extract_string(after_value, '$.before') is null order by 1"
        ).fetchall()
    [(account,)] = stores.rows(
        home, "salesforce", "select min(Id) from \"Account\" where IsDeleted = 'false'"
    )
    for (member,) in made:
        leads = stores.rows(
            home, "salesforce", 'select l.Id from "CampaignMember" m join "Lead" l on l.Id = m.LeadId '
            "where m.Id = ? and l.IsConverted = 'false' and l.IsDeleted = 'false'", member,
        )  # fmt: skip
        if leads and member != left:
            url = f"{ready['salesforce']['url']}/_sandbox/org"
            deed = {"do": "convert", "lead": leads[0][0], "account": account}
            httpx.post(url, json=deed).raise_for_status()
            return str(member)
    raise AssertionError("no lead was made a member")


def partners_are_deleted(home: Path, settings: Settings) -> dict[str, str]:
    """Right after the other CRM got a record of them: a contact, and the opportunity made of a deal."""
    with duckdb.connect(str(home / "analytics.duckdb"), read_only=True) as connection:
        made = dict(connection.sql(
            "select object, max((record_key, result_id)) from ops.journal where operation = 'create_record' "
            "and state = 'confirmed' and code = '' and object in ('Lead', 'Opportunity') group by 1"
        ).fetchall())  # fmt: skip
    contact, opportunity = made["Lead"][0].split(":")[3], made["Opportunity"][1]
    with open_hubspot(settings) as hubspot:
        hubspot.batch_archive("contacts", [contact])
    with open_salesforce(settings) as salesforce:
        assert all(row.ok for row in salesforce.delete_collection([opportunity]))
    return {"contacts": contact, "Lead": made["Lead"][1], "Opportunity": opportunity,
            "deals": made["Opportunity"][0].split(":")[3]}  # fmt: skip


def somebody_leaves_the_list(home: Path, settings: Settings) -> str:
    """Of those whom the list made members. Returns the member."""
    with duckdb.connect(str(home / "analytics.duckdb"), read_only=True) as connection:
        made = connection.sql(
            "select person_id, result_id from ops.journal where operation = 'campaign_member' "
            "and state = 'confirmed' and after_value like '%\"status\":\"Responded\"%' order by 1"
        ).fetchall()
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
        for person, member in made:
            on_list = connection.execute(
                "select m.list_id, m.record_id from raw_hubspot.list_members m "
                "join raw_hubspot.lists l on l.id::varchar = m.list_id::varchar "
                "join intermediate.int_person_members p "
                "on p.record_key like 'hubspot:%:contacts:' || m.record_id "
                "where l.name = 'Trade show scans' and p.person_id = ?",
                [person],
            ).fetchall()
            if on_list:
                left = str(member)
                break
    with open_hubspot(settings) as hubspot:
        path = f"{hubspot.path('lists')}/{on_list[0][0]}/memberships/remove"
        hubspot.change("PUT", path, [str(contact) for _, contact in on_list])
    return left
