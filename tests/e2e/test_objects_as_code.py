"""Records of an object that a model made travel HubSpot → warehouse → Salesforce, and back out by undo."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path
from typing import Any

import httpx
import pytest

from cli.sandbox_process import connected, running
from pipelines.clients.open import open_hubspot, open_salesforce
from pipelines.errors import Exit
from pipelines.schema import run as schema
from pipelines.settings import PROJECT_ROOT, Settings, load_settings
from pipelines.steps import Loop
from tests.e2e.conftest import Built, crm
from tests.e2e.test_mapping import NoChecks

MODEL = PROJECT_ROOT / "tests" / "integration" / "schema" / "model"
ROWS = 12


def later(ready: dict[str, Any]) -> None:
    clock = f"{ready['hubspot']['url']}/_sandbox/clock"
    httpx.post(clock, json={"advance_seconds": 900}).raise_for_status()


RUNS: list[str] = []


def round_trip(settings: Settings, ready: dict[str, Any]) -> tuple[int, int]:
    """A refresh, a plan, its apply: actions planned and held. The run is kept in RUNS."""
    later(ready)
    with Loop(settings, NoChecks(), data_tests=False) as loop:
        RUNS.append(loop.run.id)
        loop.refresh()
        plan = loop.plan()
        if not plan.is_empty:
            loop.apply(plan.path)
        mine = [s for name, s in plan.actions.items() if name.startswith("records ")]
        return sum(sum(s.kinds.values()) for s in mine), sum(s.held for s in mine)


def with_account(home: Path, settings: Settings) -> list[str]:
    """HubSpot companies that are known in Salesforce too."""
    import duckdb

    with duckdb.connect(str(home / "analytics.duckdb"), read_only=True) as connection:
        rows = connection.execute(
            "select company_id_hubspot from marts.unified_accounts where company_id_hubspot is not null "
            "and account_id_salesforce is not null order by 1 limit ?", [ROWS],
        ).fetchall()  # fmt: skip
    return [str(row[0]) for row in rows]


def subscriptions(home: Path) -> dict[str, dict[str, Any]]:
    with sqlite3.connect(home / "sandbox" / "salesforce.sqlite") as store:
        store.row_factory = sqlite3.Row
        rows = store.execute("select * from Subscription__c where IsDeleted = 'false'").fetchall()
    return {row["Contract_Number__c"]: dict(row) for row in rows}


@pytest.fixture
def team(tmp_path: Path) -> Path:
    config = tmp_path / "config"
    shutil.copytree(PROJECT_ROOT / "config", config)
    shutil.copytree(MODEL, config, dirs_exist_ok=True)
    path = config / "custom_objects.yml"
    path.write_text(path.read_text() + "    records:\n      to: salesforce\n")
    return config


def test_records_of_a_new_object_travel_and_come_back(built: Built, team: Path) -> None:
    home = built.home
    RUNS.clear()
    environment = {"CRM_HOME": str(home), "CRM_CONFIG": str(team)}
    with running(home / "sandbox", "default", size="XS", extra=("--no-limits",)) as ready:
        settings = connected(load_settings(environment, dotenv=home / "none", vendors=False), ready)
        model = schema.load(team)
        with schema.opened(settings) as session:
            schema.apply(session, model, schema.plan(session, model))
        companies = with_account(home, settings)
        assert len(companies) == ROWS
        with open_hubspot(settings) as hubspot:
            labels = hubspot.get(hubspot.path("labels", "p_subscription", "companies"))["results"]
            own = next(e["typeId"] for e in labels if e["label"] is None)
            made = hubspot.batch_create(
                "p_subscription",
                [
                    {"properties": {"subscription_name": f"S {n}", "contract_number": f"C-{n}",
                                    "tier": "pro", "seats": str(n + 1), "starts_on": "2026-05-04",
                                    "is_live": "true", "channels": "web;phone"},
                     "associations": [{"to": {"id": company}, "types": [
                         {"associationCategory": "USER_DEFINED", "associationTypeId": own}]}]}
                    for n, company in enumerate(companies)
                ]
                + [{"properties": {"subscription_name": "Nobody's", "contract_number": "C-none"}}],
            )  # fmt: skip
            assert all(row.ok for row in made)

        assert round_trip(settings, ready) == (ROWS, 1)
        there = subscriptions(home)
        assert set(there) == {f"C-{n}" for n in range(ROWS)}
        first = there["C-0"]
        assert (first["Name"], first["Tier__c"], first["Seats__c"]) == ("S 0", "pro", 1.0)
        assert (first["Starts_On__c"], first["Is_Live__c"], first["Channels__c"]) == (
            "2026-05-04", "true", "web;phone",
        )  # fmt: skip
        with open_salesforce(settings) as salesforce:
            accounts = salesforce.read_collection("Account", [first["Company__c"]], ["Id", "Name"])
        assert accounts[0] is not None

        with open_hubspot(settings) as hubspot:
            record = hubspot.search_page(
                "p_subscription", [], [{"propertyName": "contract_number", "operator": "EQ", "value": "C-3"}]
            ).results[0]["id"]
            hubspot.batch_update("p_subscription", [{"id": record, "properties": {"seats": "40"}}])
        assert round_trip(settings, ready) == (1, 1)  # and what was made is made once
        assert subscriptions(home)["C-3"]["Seats__c"] == 40.0

        with Loop(settings, NoChecks(), data_tests=False) as loop:
            assert loop.apply(loop.undo(RUNS[0]).path).is_partial
        assert set(subscriptions(home)) == {"C-3"}  # what has changed since is left alone, and said

        shell = {
            **environment, "HUBSPOT_URL": ready["hubspot"]["url"], "HUBSPOT_TOKEN": ready["hubspot"]["token"],
            "SALESFORCE_URL": ready["salesforce"]["url"],
            "SALESFORCE_CLIENT_ID": ready["salesforce"]["client_id"],
            "SALESFORCE_CLIENT_SECRET": ready["salesforce"]["client_secret"],
        }  # fmt: skip
        diff = crm(home, "schema", "diff", env=shell)
        assert diff.exit_code == Exit.OK, diff.output
