"""One sandbox over HTTP for everything that is written to it, and a few records of it for each test."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from pipelines.clients.open import open_hubspot, open_salesforce
from pipelines.reverse_sync import apply as applying
from pipelines.reverse_sync import plan as planning
from pipelines.reverse_sync.plan import Plan
from pipelines.run import Run, silent
from pipelines.settings import Settings, load_settings
from pipelines.state import State
from pipelines.warehouse import Warehouse
from tests.fixtures import nursery

SYNCS = """
syncs:
  contacts:
    vendor: hubspot
    object: contacts
    desired: sync_contacts
    existing: existing_contacts
    fields:
      lead_score: {type: integer, provider: computed, owner: us, rule: r}
      first_touch_source: {type: text, provider: computed, owner: us, rule: r}
  leads:
    vendor: salesforce
    object: Lead
    desired: sync_leads
    existing: existing_leads
    fields:
      Lead_Score__c: {type: integer, provider: computed, owner: us, rule: r}
      First_Touch_Source__c: {type: text, provider: computed, owner: us, rule: r}
"""
FIELDS = {
    "hubspot": ("lead_score", "first_touch_source"),
    "salesforce": ("Lead_Score__c", "First_Touch_Source__c"),
}
OBJECTS = {"hubspot": ("contacts", "contacts"), "salesforce": ("leads", "Lead")}
RECORDS_A_TEST, RECORDS_FOR_ALL = 6, 800


@dataclass
class Crms:
    """The sandbox, and the records of it that no test has taken yet."""

    urls: dict[str, str]
    env: dict[str, str]
    orgs: dict[str, str]
    free: dict[str, list[str]]
    catchers: str
    """Where messages of all kinds end."""

    def faults(self, match: str, status: str) -> None:
        for url in self.urls.values():
            specs = [{"match": match, "status": status, "times": 1}]
            httpx.post(f"{url}/_sandbox/faults", json=specs).raise_for_status()

    def writes(self, vendor: str, ids: list[str]) -> Counter[tuple[str, str]]:
        """How often each field of these records was written, writes that changed nothing included."""
        found: Counter[tuple[str, str]] = Counter()
        for record_id in ids:
            params = {"record_id": record_id, "noop": "1"}
            answer = httpx.get(f"{self.urls[vendor]}/_sandbox/writes", params=params).raise_for_status()
            found.update((row["record_id"], row["field"]) for row in answer.json()["writes"])
        return Counter({cell: n for cell, n in found.items() if cell[1] in FIELDS[vendor]})


@pytest.fixture(scope="session")
def crms(smallest_world: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crms]:
    home = Path(shutil.copytree(smallest_world, tmp_path_factory.mktemp("sandbox") / "home"))
    with nursery.sandbox(home, "--size", "XS", "--no-limits") as ready:
        hubspot, salesforce = ready["hubspot"], ready["salesforce"]
        slack, mail = ready["slack"], ready["mail"]
        env = {
            "HUBSPOT_URL": hubspot["url"], "HUBSPOT_TOKEN": hubspot["token"],
            "SALESFORCE_URL": salesforce["url"], "SALESFORCE_CLIENT_ID": salesforce["client_id"],
            "SALESFORCE_CLIENT_SECRET": salesforce["client_secret"],
            "SLACK_BOT_TOKEN": slack["bot_token"], "SLACK_API_URL": slack["api_url"],
            "SMTP_HOST": mail["host"], "SMTP_PORT": str(mail["port"]), "SMTP_USERNAME": mail["username"],
            "SMTP_PASSWORD": mail["password"], "SMTP_FROM": "crm@sandbox.example", "SMTP_STARTTLS": "off",
        }  # fmt: skip
        settings = load_settings({"CRM_HOME": str(home), **env}, dotenv=home / "none")
        with open_hubspot(settings) as client:
            contacts = [
                str(row.id)
                for start in range(0, RECORDS_FOR_ALL, 100)
                for row in client.batch_create(
                    "contacts", [{"properties": {"lastname": f"Taken {start + n}"}} for n in range(100)]
                )
            ]
            portal = str(client.account()["portalId"])
        with open_salesforce(settings) as sales:
            leads = [
                str(row.id)
                for start in range(0, RECORDS_FOR_ALL, 100)
                for row in sales.create_collection(
                    "Lead", [{"LastName": f"Taken {start + n}", "Company": "Taken"} for n in range(100)]
                )
            ]
            org = sales.identity().org_id
        yield Crms(
            {"hubspot": hubspot["url"], "salesforce": salesforce["url"]},
            env,
            {"hubspot": portal, "salesforce": org},
            {"hubspot": contacts, "salesforce": leads},
            slack["url"],
        )


@dataclass
class Bench:
    """A few records of each CRM, a published wish for them, and a state."""

    crms: Crms
    settings: Settings
    warehouse: Warehouse
    state: State
    ids: dict[str, list[str]]

    def publish(self, *statements: str) -> None:
        """The wish, and whatever else statements make."""
        with self.warehouse.locked("test"):
            self.warehouse.start_work()
            with self.warehouse.writing() as connection:
                connection.execute("create schema if not exists reverse_sync")
                for vendor, (name, object_name) in OBJECTS.items():
                    score, source = FIELDS[vendor]
                    own = f"{score} bigint, {source} varchar"
                    columns = f"record_id varchar, record_key varchar, person_id varchar, {own}"
                    for model, values in (("existing", (None, None)), ("sync", (42, "paid_search"))):
                        connection.execute(f"create or replace table reverse_sync.{model}_{name} ({columns})")
                        connection.executemany(
                            f"insert into reverse_sync.{model}_{name} values (?, ?, '', ?, ?)",
                            [
                                [i, f"{vendor}:{self.crms.orgs[vendor]}:{object_name}:{i}", *values]
                                for i in self.ids[vendor]
                            ],
                        )
                for statement in statements:
                    connection.execute(statement)
            self.warehouse.publish("p1")

    def plan(self) -> Plan:
        return planning.make(self.warehouse, self.state, self.settings, Run("planned"), silent)

    def apply(self, plan: Plan) -> applying.ApplyResult:
        """Nothing waits: the sandbox shows what it stored at once."""
        return self.apply_file(plan.path)

    def apply_file(self, path: Path) -> applying.ApplyResult:
        return applying.apply(
            path, self.warehouse, self.state, self.settings, Run("applied"), silent,
            pause=lambda seconds: None,
        )  # fmt: skip

    def key(self, vendor: str, number: int) -> str:
        """The record key of one of the records."""
        return f"{vendor}:{self.crms.orgs[vendor]}:{OBJECTS[vendor][1]}:{self.ids[vendor][number]}"

    def assert_written_once(self) -> None:
        for vendor, ids in self.ids.items():
            wanted = {(i, field): 1 for i in ids for field in FIELDS[vendor]}
            assert self.crms.writes(vendor, ids) == wanted
        assert self.plan().is_empty


@pytest.fixture
def bench(crms: Crms, tmp_path: Path) -> Iterator[Bench]:
    (tmp_path / "syncs.yml").write_text(SYNCS)
    env: dict[str, Any] = {"CRM_HOME": str(tmp_path), "CRM_CONFIG": str(tmp_path), **crms.env}
    settings = load_settings(env, dotenv=tmp_path / "none")
    ids = {vendor: [free.pop() for _ in range(RECORDS_A_TEST)] for vendor, free in crms.free.items()}
    with State.open(settings) as state:
        made = Bench(crms, settings, Warehouse(settings.paths), state, ids)
        made.publish()
        yield made
