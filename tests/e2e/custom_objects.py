"""A team whose model has objects of its own, the records they begin with, and looking things up in both CRMs.

Belongs here: the team's files and the world they are run on. What has to come of it is asked by the tests.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from pipelines import standing
from pipelines.clients.open import open_hubspot, open_salesforce
from pipelines.decisions import taken
from pipelines.reverse_sync.mirror import check
from pipelines.reverse_sync.mirror import run as mirroring
from pipelines.reverse_sync.plan import Plan
from pipelines.schema import run as schema
from pipelines.settings import PROJECT_ROOT, Settings
from pipelines.steps import Loop
from tests.e2e import marts
from tests.fixtures.checks import NoChecks
from tests.fixtures.sandbox import pass_time

MODEL = PROJECT_ROOT / "tests" / "integration" / "schema" / "model"
ROWS, ASSETS = 12, 5
MORE = """    records:
      to: salesforce
      changes: false
  asset:
    label: Asset
    plural: Assets
    key: serial
    fields:
      serial: {label: Serial, type: text, length: 40, unique: true, external_id: true}
      seats: {label: Seats, type: number, digits: 8, decimals: 0}
    relationships:
      company: {to: company, label: Company, required: true, on_delete: restrict}
      deal: {to: deal, label: Deal}
      prospect: {to: lead, label: Prospect}
    records: {to: hubspot}
  line:
    label: Line
    plural: Lines
    key: number
    sharing: controlled_by_parent
    fields:
      number: {label: Number, type: text, length: 40, unique: true, external_id: true}
      amount: {label: Amount, type: currency}
    relationships:
      subscription: {to: subscription, label: Subscription, kind: master_detail}
    records: {to: salesforce, file: lines.csv}
  person:
    extends: contact
    key: email
    fields:
      shoe_size: {label: Shoe size, type: number, digits: 4, decimals: 1}
    records: {to: hubspot, file: sizes.csv}
  account_view:
    label: Account view
    plural: Account views
    crms: [hubspot]
    key: account_id
    fields:
      account_id: {label: Account, type: text, length: 64, unique: true}
    records: {to: hubspot, table: marts.unified_accounts}
  account_copy:
    label: Account copy
    plural: Account copies
    crms: [salesforce]
    name: {label: No., format: 'AC-{0000}'}
    key: account_id
    fields:
      account_id: {label: Account, type: text, length: 64, unique: true, external_id: true}
    records: {to: salesforce, table: marts.unified_accounts}
  prospect:
    extends: lead
    key: email
    fields:
      person_id: {label: Person, type: text, length: 64}
    records: {to: salesforce, table: marts.unified_leads}
"""
MAPPING = """source: hubspot
destination: salesforce
source_object: subscription
destination_object: Subscription__c
direction: both
lines:
  - {from: seats, to: Seats__c}
  - {from: tier, to: Tier__c}
"""


@dataclass
class World:
    """The sandbox, the settings that lead to it, and the runs so far."""

    settings: Settings
    ready: dict[str, Any]
    home: Path
    config: Path
    runs: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What the last refresh said."""

    def apply_model(self) -> None:
        model = schema.load(self.config)
        with schema.opened(self.settings) as session:
            schema.apply(session, model, schema.plan(session, model))

    def org(self, **deed: Any) -> None:
        """What an administrator does at Salesforce."""
        answer = httpx.post(f"{self.ready['salesforce']['url']}/_sandbox/org", json=deed, timeout=30)
        assert answer.status_code == 200, answer.text

    def round(self, *, whole: bool) -> Plan:
        """A refresh, a plan, its apply. Of what no model of dbt reads a refresh without dbt is as good."""
        pass_time(self.ready, 900)
        with Loop(self.settings, NoChecks(), data_tests=False) as loop:
            self.runs.append(loop.run.id)
            loop.refresh() if whole else self._without_dbt(loop)
            self.notes = [note for result in loop.results for note in result.notes]
            plan = loop.plan()
            if not plan.is_empty:
                loop.apply(plan.path)
        return plan

    def refresh(self) -> None:
        with Loop(self.settings, NoChecks(), data_tests=False) as loop:
            self._without_dbt(loop)

    def _without_dbt(self, loop: Loop) -> None:
        loop.extract()
        described = check.described(self.settings)
        with loop.locked():
            with loop.warehouse.writing() as connection:
                at = standing.latest_bound(connection)
                mirroring.wish(connection, loop.state, self.settings, described, loop.run, at)
                taken.is_kept(connection)  # nobody is decided about here
            for scope in ("raw", "marts", "desired"):
                loop.check(scope)  # type: ignore[arg-type]
            loop.publish()

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        return marts.query(self.home, sql)

    def salesforce(self, name: str, key: str) -> dict[str, dict[str, Any]]:
        with sqlite3.connect(self.home / "sandbox" / "salesforce.sqlite") as store:
            store.row_factory = sqlite3.Row
            rows = store.execute(f"select * from {name} where IsDeleted = 'false'").fetchall()
        return {row[key]: dict(row) for row in rows}

    def hubspot(self, name: str, key: str, *more: str) -> dict[str, dict[str, Any]]:
        with open_hubspot(self.settings) as portal:
            page = portal.list_page(f"p_{name}", [key, *more])
        return {row["properties"][key]: {"id": row["id"], **row["properties"]} for row in page.results}


def config(folder: Path) -> Path:
    """The project's own files, a model of objects with their records, and a mapping of one of them."""
    target = folder / "config"
    shutil.copytree(PROJECT_ROOT / "config", target)
    shutil.copytree(MODEL, target, dirs_exist_ok=True)
    path = target / "custom_objects.yml"
    deal = "      signer:\n        to: contact\n"
    text = path.read_text()
    assert deal in text
    path.write_text(text.replace(deal, f"      deal: {{to: deal, label: Deal}}\n{deal}") + MORE)
    (target / "field_mappings" / "subscription.yml").write_text(MAPPING)
    (target / "sizes.csv").write_text("email,shoe_size\nNobody@example.invalid,40\n")
    (target / "lines.csv").write_text("number,subscription,amount\nL-1,C-1,12.50\nL-2,C-nowhere,1\n")
    return target


@dataclass(frozen=True)
class Known:
    """Companies, deals and leads as both CRMs know them: HubSpot's id and Salesforce's."""

    companies: list[tuple[str, str]]
    deals: list[tuple[str, str]]
    leads: list[tuple[str, str]]


def known(world: World) -> Known:
    def pairs(
        hubspot: str, salesforce: str, mart: str, limit: int, more: str = "true"
    ) -> list[tuple[str, str]]:
        rows = world.query(
            f"select {hubspot}, {salesforce} from marts.{mart} where {hubspot} is not null "
            f"and {salesforce} is not null and {more} order by 1 limit {limit}"
        )
        return [(str(a), str(b)) for a, b in rows]

    unconverted = "contact_id_salesforce is null"
    found = Known(
        pairs("company_id_hubspot", "account_id_salesforce", "unified_accounts", ROWS),
        pairs("opportunity_id_hubspot", "opportunity_id_salesforce", "opportunities", 2),
        pairs("contact_id_hubspot", "lead_id_salesforce", "unified_leads", 1, unconverted),
    )
    assert (len(found.companies), len(found.deals), len(found.leads)) == (ROWS, 2, 1)
    return found


def begin(world: World) -> Known:
    """Subscriptions at HubSpot, one of nobody; assets at Salesforce."""
    them = known(world)
    both = them.companies
    with open_hubspot(world.settings) as portal:
        labels = portal.get(portal.path("labels", "p_subscription", "companies"))["results"]
        own = next(e["typeId"] for e in labels if e["label"] is None)
        tie = [{"associationCategory": "USER_DEFINED", "associationTypeId": own}]
        made = portal.batch_create(
            "p_subscription",
            [
                {"properties": {"subscription_name": f"S {n}", "contract_number": f"C-{n}", "tier": "pro",
                                "seats": str(n + 1), "starts_on": "2026-05-04", "is_live": "true",
                                "channels": "web;phone"},
                 "associations": [{"to": {"id": company}, "types": tie}]}
                for n, (company, _) in enumerate(both)
            ]
            + [{"properties": {"subscription_name": "Nobody's", "contract_number": "C-none"}}],
        )  # fmt: skip
        assert all(row.ok for row in made)
        portal.associate("p_subscription", "deals", [(str(made[0].id), them.deals[0][0])])
    with open_salesforce(world.settings) as org:
        rows = [{"Name": f"A {n}", "Serial__c": f"SN-{n}", "Seats__c": n * 10, "Company__c": both[n][1],
                 "Deal__c": them.deals[1][1], "Prospect__c": them.leads[0][1]}
                for n in range(ASSETS)]  # fmt: skip
        refused = [row.message for row in org.create_collection("Asset__c", rows) if not row.ok]
        assert not refused, refused
    return them


def a_file_of_sizes(world: World) -> str:
    """A file that fills a new field of a contact there is, by its address in capitals; the contact's id."""
    with open_hubspot(world.settings) as portal:
        row = next(r for r in portal.pages(portal.path("objects", "contacts"), 100, {"properties": "email"})
                   if r["properties"].get("email"))  # fmt: skip
    path = world.config / "sizes.csv"
    path.write_text(f"{path.read_text()}{row['properties']['email'].upper()},44.5\n")
    return str(row["id"])


def kinds(plan: Plan, name: str) -> dict[str, int]:
    return dict(Counter(plan.actions[name].kinds)) if name in plan.actions else {}


def tied(world: World, name: str, other: str) -> dict[str, set[str]]:
    """What each record of HubSpot's is tied to, by their ids."""
    with open_hubspot(world.settings) as portal:
        ids = [row["id"] for row in portal.list_page(f"p_{name}", []).results]
        return {
            str(each["from"]["id"]): {str(to["toObjectId"]) for to in each["to"]}
            for each in portal.associations(f"p_{name}", other, ids)
        }
