"""Objects that a model made, with one build: records travel both ways, from a file and from a table; a
mapping keeps them in step; a field is renamed; and everything comes back out by undo."""

from __future__ import annotations

import shutil
import sqlite3
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest

from cli.sandbox_process import connected, running
from pipelines import standing
from pipelines.clients.open import open_hubspot, open_salesforce
from pipelines.errors import Exit
from pipelines.reverse_sync.mirror import check
from pipelines.reverse_sync.mirror import run as mirroring
from pipelines.reverse_sync.plan import Plan
from pipelines.schema import run as schema
from pipelines.settings import PROJECT_ROOT, Settings, load_settings
from pipelines.steps import Loop
from tests.e2e.conftest import Built, crm
from tests.fixtures.checks import NoChecks

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
  account_view:
    label: Account view
    plural: Account views
    crms: [hubspot]
    key: account_id
    fields:
      account_id: {label: Account, type: text, length: 64, unique: true}
    records: {to: hubspot, table: marts.unified_accounts}
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

    def apply_model(self) -> None:
        model = schema.load(self.config)
        with schema.opened(self.settings) as session:
            schema.apply(session, model, schema.plan(session, model))

    def round(self, *, whole: bool) -> Plan:
        """A refresh, a plan, its apply. Of what no model of dbt reads a refresh without dbt is as good."""
        clock = f"{self.ready['hubspot']['url']}/_sandbox/clock"
        httpx.post(clock, json={"advance_seconds": 900}).raise_for_status()
        with Loop(self.settings, NoChecks(), data_tests=False) as loop:
            self.runs.append(loop.run.id)
            loop.refresh() if whole else self._without_dbt(loop)
            plan = loop.plan()
            if not plan.is_empty:
                loop.apply(plan.path)
        return plan

    def _without_dbt(self, loop: Loop) -> None:
        loop.extract()
        described = check.described(self.settings)
        with loop.locked():
            with loop.warehouse.writing() as connection:
                at = standing.latest_bound(connection)
                mirroring.wish(connection, loop.state, self.settings, described, loop.run, at)
            for scope in ("raw", "marts", "desired"):
                loop.check(scope)  # type: ignore[arg-type]
            loop.publish()

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.home / "analytics.duckdb"), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def salesforce(self, name: str, key: str) -> dict[str, dict[str, Any]]:
        with sqlite3.connect(self.home / "sandbox" / "salesforce.sqlite") as store:
            store.row_factory = sqlite3.Row
            rows = store.execute(f"select * from {name} where IsDeleted = 'false'").fetchall()
        return {row[key]: dict(row) for row in rows}

    def hubspot(self, name: str, key: str, *more: str) -> dict[str, dict[str, Any]]:
        with open_hubspot(self.settings) as portal:
            page = portal.list_page(f"p_{name}", [key, *more])
        return {row["properties"][key]: {"id": row["id"], **row["properties"]} for row in page.results}


@pytest.fixture
def team(tmp_path: Path) -> Path:
    config = tmp_path / "config"
    shutil.copytree(PROJECT_ROOT / "config", config)
    shutil.copytree(MODEL, config, dirs_exist_ok=True)
    path = config / "custom_objects.yml"
    path.write_text(path.read_text() + MORE)
    (config / "field_mappings" / "subscription.yml").write_text(MAPPING)
    (config / "lines.csv").write_text("number,subscription,amount\nL-1,C-1,12.50\nL-2,C-nowhere,1\n")
    return config


def begin(world: World) -> list[tuple[str, str]]:
    """Subscriptions at HubSpot, one of nobody; assets at Salesforce. Companies as both CRMs know them."""
    both = world.query(
        "select company_id_hubspot, account_id_salesforce from marts.unified_accounts "
        f"where company_id_hubspot is not null and account_id_salesforce is not null order by 1 limit {ROWS}"
    )
    assert len(both) == ROWS
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
    with open_salesforce(world.settings) as org:
        rows = [{"Name": f"A {n}", "Serial__c": f"SN-{n}", "Seats__c": n * 10, "Company__c": both[n][1]}
                for n in range(ASSETS)]  # fmt: skip
        assert all(row.ok for row in org.create_collection("Asset__c", rows))
    return [(str(a), str(b)) for a, b in both]


def kinds(plan: Plan, name: str) -> dict[str, int]:
    return dict(Counter(plan.actions[name].kinds)) if name in plan.actions else {}


def test_records_of_new_objects_travel_stay_in_step_are_renamed_and_come_back(
    built: Built, team: Path
) -> None:
    environment = {"CRM_HOME": str(built.home), "CRM_CONFIG": str(team)}
    with running(built.home / "sandbox", "default", size="XS", extra=("--no-limits",)) as ready:
        settings = connected(load_settings(environment, dotenv=built.home / "none", vendors=False), ready)
        world = World(settings, ready, built.home, team)
        world.apply_model()
        both = begin(world)
        first = world.round(whole=True)
        everything_travelled(world, first, both)
        marts_and_findings(world, first)
        in_step_and_renamed(world)
        undone(world)
        shell = {
            **environment, "HUBSPOT_URL": ready["hubspot"]["url"], "HUBSPOT_TOKEN": ready["hubspot"]["token"],
            "SALESFORCE_URL": ready["salesforce"]["url"],
            "SALESFORCE_CLIENT_ID": ready["salesforce"]["client_id"],
            "SALESFORCE_CLIENT_SECRET": ready["salesforce"]["client_secret"],
        }  # fmt: skip
        diff = crm(built.home, "schema", "diff", env=shell)
        assert diff.exit_code == Exit.OK, diff.output


def everything_travelled(world: World, plan: Plan, both: list[tuple[str, str]]) -> None:
    assert kinds(plan, "records subscription") == {"salesforce record": ROWS}
    assert plan.actions["records subscription"].held == 1  # nobody's: its company is required
    assert kinds(plan, "records asset") == {"hubspot record": ASSETS, "hubspot associate": ASSETS}
    assert kinds(plan, "records line") == {}
    assert plan.actions["records line"].held == 2  # what they hang on is not there yet
    there = world.salesforce("Subscription__c", "Contract_Number__c")
    assert set(there) == {f"C-{n}" for n in range(ROWS)}
    one = there["C-0"]
    assert (one["Name"], one["Tier__c"], one["Seats__c"], one["Starts_On__c"], one["Is_Live__c"],
            one["Channels__c"]) == ("S 0", "pro", 1.0, "2026-05-04", "true", "web;phone")  # fmt: skip
    assert one["Company__c"] == both[0][1]
    assets = world.hubspot("asset", "serial", "seats", "name")
    assert {key: (row["name"], row["seats"]) for key, row in assets.items()} == {
        f"SN-{n}": (f"A {n}", str(n * 10)) for n in range(ASSETS)
    }
    with open_hubspot(world.settings) as portal:
        tied = portal.associations("p_asset", "companies", [row["id"] for row in assets.values()])
        found = {str(each["from"]["id"]): str(each["to"][0]["toObjectId"]) for each in tied}
    assert found == {assets[f"SN-{n}"]["id"]: both[n][0] for n in range(ASSETS)}
    accounts = world.query("select count(*) from marts.unified_accounts")[0][0]
    assert kinds(plan, "records account_view") == {"hubspot record": accounts}


def marts_and_findings(world: World, plan: Plan) -> None:
    rows = world.query(
        "select subscription_id, name, seats, is_live, starts_on::varchar, channels, company_account_id, "
        "hubspot_record_key from marts.custom_subscription order by seats"
    )
    assert len(rows) == ROWS + 1
    assert rows[0][:6] == ("C-0", "S 0", 1.0, True, "2026-05-04", ["web", "phone"])
    assert rows[0][6] is not None
    assert rows[0][7].startswith("hubspot:")
    [(what, detail)] = world.query("select object, detail from ops.object_findings")
    assert what == "subscription"
    assert detail.startswith("no company (custom_objects.yml line ")
    assert ("record_without_parent", 1) in world.query("select finding, records from marts.data_findings")
    assert any(each["finding"] == "record_without_parent" for each in plan.findings)


def in_step_and_renamed(world: World) -> None:
    """A change on either side crosses over by the mapping; a field is renamed, copied, checked and gone."""
    path = world.config / "custom_objects.yml"
    old = "      seats: {label: Seats, type: number, digits: 8, decimals: 0}\n"
    new = "      places: {label: Places, type: number, digits: 8, decimals: 0, renamed_from: seats}\n"
    path.write_text(path.read_text().replace(old, new))
    world.apply_model()
    with open_hubspot(world.settings) as portal:
        ids = {key: row["id"] for key, row in world.hubspot("subscription", "contract_number").items()}
        portal.batch_update("p_subscription", [{"id": ids["C-3"], "properties": {"seats": "40"}}])
    with open_salesforce(world.settings) as org:
        there = world.salesforce("Subscription__c", "Contract_Number__c")
        org.update_collection("Subscription__c", [{"Id": there["C-4"]["Id"], "Tier__c": "basic"}])
    with schema.opened(world.settings) as session:
        model = schema.load(world.config)
        left = {each.rename.vendor: (each.records, each.differing) for each in schema.verify(session, model)}
        assert left == {"hubspot": (ASSETS, ASSETS), "salesforce": (ASSETS, ASSETS)}
        gone = {a.name: a.loses for a in schema.plan(session, model).actions if a.operation == "destroy"}
    assert set(gone) == {"asset.seats", "Asset__c.Seats__c"}
    assert all("5 of 5 values are not copied" in why for why in gone.values())

    second = world.round(whole=False)
    assert world.salesforce("Subscription__c", "Contract_Number__c")["C-3"]["Seats__c"] == 40.0
    assert world.hubspot("subscription", "contract_number", "tier")["C-4"]["tier"] == "basic"
    assert kinds(second, "records subscription") == {}  # what was made is made once
    assert kinds(second, "records line") == {"salesforce record": 1}
    assert second.actions["records line"].held == 1
    lines = world.salesforce("Line__c", "Number__c")
    assert lines["L-1"]["Subscription__c"] == there["C-1"]["Id"]
    assert kinds(second, "backfill salesforce Asset__c") == {"salesforce record": ASSETS}
    assert world.salesforce("Asset__c", "Serial__c")["SN-2"]["Places__c"] == 20.0
    with schema.opened(world.settings) as session:
        assert all(each.differing == 0 for each in schema.verify(session, model))
        whole = schema.plan(session, model)
        assert {a.name: a.loses for a in whole.actions} == {"asset.seats": "", "Asset__c.Seats__c": ""}
        schema.apply(session, model, whole)
    with open_salesforce(world.settings) as org:
        assert "Seats__c" not in {each["name"] for each in org.describe("Asset__c")["fields"]}


def undone(world: World) -> None:
    """What nobody has changed since is taken back; what somebody has is left alone, and said."""
    with Loop(world.settings, NoChecks(), data_tests=False) as loop:
        assert loop.apply(loop.undo(world.runs[0]).path).is_partial
    assert set(world.salesforce("Subscription__c", "Contract_Number__c")) == {"C-3", "C-4"}
    assert world.hubspot("account_view", "account_id") == {}
