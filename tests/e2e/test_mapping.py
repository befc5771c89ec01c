"""The mapping people bring along, run unchanged: what both stores hold after it, and ten rounds of it."""

from __future__ import annotations

import json
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import duckdb
import pytest

from cli.sandbox_process import connected, running
from pipelines.clients.open import open_hubspot, open_salesforce
from pipelines.settings import PROJECT_ROOT, load_settings
from tests.e2e.conftest import Built, run_build

LINES = [
    {"sourceField": "email", "destField": "Email", "type": "direct"},
    {"sourceField": "company", "destField": "Company", "type": "direct"},
    {
        "sourceField": "lifecyclestage", "destField": "Lead_Status__c", "type": "transform",
        "transformRules": {
            "subscriber": "New", "lead": "Open", "marketingqualifiedlead": "MQL",
            "salesqualifiedlead": "SQL", "opportunity": "Working", "customer": "Closed Won",
        },
    },
    {"sourceField": "hs_lead_score", "destField": "Lead_Score__c", "type": "direct", "defaultValue": 0},
]  # fmt: skip
GIVEN = {
    "source": "hubspot", "destination": "salesforce", "mappings": LINES, "syncDirection": "bidirectional",
    "conflictResolution": "most-recent-wins",
}  # fmt: skip
STATUS: dict[str, str] = LINES[2]["transformRules"]  # type: ignore[assignment]
ROUNDS = 10


def config(folder: Path, mapping: dict[str, Any]) -> Path:
    target = folder / "config"
    shutil.copytree(PROJECT_ROOT / "config", target)
    (target / "field_mappings").mkdir(exist_ok=True)
    (target / "field_mappings" / "field_mapping.json").write_text(json.dumps(mapping, indent=2))
    return target


@pytest.fixture(scope="module")
def mapped(tmp_path_factory: pytest.TempPathFactory) -> tuple[Built, Path]:
    folder = tmp_path_factory.mktemp("mapped")
    team = config(folder, GIVEN)
    built = run_build(folder / "var", env={"CRM_CONFIG": str(team)})
    assert built.exit_code == 0, built.output
    return built, team


def pairs(home: Path) -> list[tuple[str, str, str]]:
    """(HubSpot id, Salesforce object, Salesforce id) of everybody who is mirrored."""
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
        return [
            (left.split(":")[3], right.split(":")[2], right.split(":")[3])
            for (key,) in connection.sql("select pair_key from intermediate.mirror_base").fetchall()
            for left, right in [key.split("|")]
        ]


def contact(home: Path, record_id: str) -> dict[str, Any]:
    with sqlite3.connect(home / "sandbox" / "hubspot.sqlite") as store:
        [(properties,)] = store.execute("select props from contacts where id = ?", [record_id]).fetchall()
    return dict(json.loads(properties))


def sobject(home: Path, name: str, record_id: str) -> dict[str, Any]:
    with sqlite3.connect(home / "sandbox" / "salesforce.sqlite") as store:
        store.row_factory = sqlite3.Row
        return dict(store.execute(f'select * from "{name}" where Id = ?', [record_id]).fetchone())


def people_edit(home: Path, contacts: dict[str, dict[str, str]], leads: dict[str, dict[str, str]]) -> None:
    """What people type into the two CRMs."""
    with running(home / "sandbox", "default", size="XS") as ready:
        settings = connected(load_settings({}, dotenv=home / "none", vendors=False), ready)
        with open_hubspot(settings) as hubspot:
            done = hubspot.batch_update(
                "contacts", [{"id": i, "properties": values} for i, values in contacts.items()]
            )
            assert all(row.ok for row in done)
        with open_salesforce(settings) as salesforce:
            done = salesforce.update_collection("Lead", [{"Id": i, **values} for i, values in leads.items()])
            assert all(row.ok for row in done)


def said(value: str | None) -> str:
    return (value or "").strip().lower()


def held_fields(home: Path) -> set[tuple[str, str]]:
    """(record id, field) of what cannot be written, each with a reason."""
    with duckdb.connect(str(home / "analytics.duckdb"), read_only=True) as connection:
        rows = connection.sql("select record_id, field, reason from reverse_sync.mirror_held").fetchall()
    assert all(reason for *_, reason in rows)
    return {(record_id, field) for record_id, field, _ in rows}


def writes(home: Path) -> int:
    """Field changes that the two stores have logged."""
    counts = []
    for name in ("hubspot", "salesforce"):
        with sqlite3.connect(home / "sandbox" / f"{name}.sqlite") as store:
            counts.append(
                store.execute("select count(*) from writes where before is not after").fetchone()[0]
            )
    return sum(counts)


def test_the_given_mapping_ends_with_its_values_in_both_stores(mapped):
    home = mapped[0].home
    found = pairs(home)
    assert {name for _, name, _ in found} == {"Lead", "Contact"}
    held = held_fields(home)
    for left_id, name, right_id in found:
        left, right = contact(home, left_id), sobject(home, name, right_id)
        if not {(left_id, "email"), (right_id, "Email")} & held:
            assert said(left.get("email")) == said(right["Email"]), (left_id, right_id)
        assert float(left.get("lead_score") or 0) == right["Lead_Score__c"]
        if name == "Lead":
            assert said(left.get("company")) == said(right["Company"]), (left_id, right_id)
            assert STATUS.get(left["lifecyclestage"], right["Lead_Status__c"]) == right["Lead_Status__c"]
    assert len(found) > 100
    assert "Second plan: nothing left to change" in mapped[0].output


def test_two_ways_settle_in_one_round_and_ten_rounds_stay_quiet(mapped, tmp_path):
    built, team = mapped
    home = tmp_path / "var"
    shutil.copytree(built.home, home)
    (left_id, _, right_id), (other_left, _, other_right) = [p for p in pairs(home) if p[1] == "Lead"][:2]
    people_edit(
        home, {left_id: {"company": "Said in HubSpot"}}, {other_right: {"Company": "Said in Salesforce"}}
    )
    written = []
    for _ in range(ROUNDS):
        before = writes(home)
        again = run_build(home, env={"CRM_CONFIG": str(team)})
        assert again.exit_code == 0, again.output
        written.append(writes(home) - before)
    assert sobject(home, "Lead", right_id)["Company"] == "Said in HubSpot"
    assert contact(home, other_left)["company"] == "Said in Salesforce"
    assert written[0] == 2
    assert written[1:] == [0] * (ROUNDS - 1)
