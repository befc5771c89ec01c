"""One model through its whole life, with one build: planned, applied, changed by hand, found, repaired and
imported back; its records travel both ways, from a file and from a table; a mapping keeps them in step; a
field and an object are renamed; and everything comes back out by undo."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import yaml
from typer.testing import CliRunner

from cli.schema import schema_app
from pipelines.clients.open import open_hubspot, open_salesforce
from pipelines.errors import Exit
from pipelines.reverse_sync.plan import Plan
from pipelines.schema import run as schema
from pipelines.schema.written import text_of
from pipelines.settings import as_environment
from pipelines.steps import Loop
from tests.e2e.conftest import PEOPLE, Built, begun, command_for, crm, environment
from tests.e2e.custom_objects import ASSETS, ROWS, Known, World, a_file_of_sizes, begin, config, kinds, tied
from tests.fixtures import nursery
from tests.fixtures.checks import NoChecks
from tests.fixtures.sandbox import served

READ = ("data_findings", "opportunities", "unified_accounts", "unified_leads")
"""Marts that records come of, that they are looked up in, and that say what is wrong with them."""


def test_records_of_new_objects_travel_stay_in_step_are_renamed_and_come_back(
    settled_once: Built, tmp_path: Path
) -> None:
    home, team = begun(settled_once.home, tmp_path, (*PEOPLE, *READ)), config(tmp_path)
    with served(home, team) as (settings, ready):
        world = World(settings, ready, home, team)
        planned_and_applied(world)
        changed_by_hand_found_and_repaired(world)
        imported_back(world)
        them = begin(world)
        contact = a_file_of_sizes(world)
        first = world.round(whole=True)
        a_new_field_is_filled_from_a_file(world, first, contact)
        everything_travelled(world, first, them)
        marts_and_findings(world, first)
        in_step_and_renamed(world, them)
        undone(world, them)
        assert not shoe_size(world, contact)
        shell = {"CRM_CONFIG": str(team), **environment(ready)}
        an_object_renamed(world, shell)
        diff = crm(home, "schema", "diff", env=shell)
        assert diff.exit_code == Exit.OK, diff.output


def planned_and_applied(world: World) -> None:
    with schema.opened(world.settings) as session:
        plan = schema.plan(session, schema.load(world.config))
        assert {"subscription", "Subscription__c"} <= {a.name for a in plan.of("hubspot", "create")} | {
            a.name for a in plan.of("salesforce", "create")
        }
    world.apply_model()
    assert drifted(world) == set()


def changed_by_hand_found_and_repaired(world: World) -> None:
    """Something changed, gone and added, at both CRMs."""
    label = {"label": "Number of seats"}
    by_hand = {"label": "By hand", "type": "Text", "length": "20", "fullName": "By_Hand__c"}
    world.org(do="edit_metadata", type="CustomField", name="Subscription__c.Seats__c", content=label)
    world.org(do="edit_metadata", type="CustomField", name="Subscription__c.By_Hand__c", content=by_hand)
    world.org(do="edit_metadata", type="ValidationRule", name="Subscription__c.Seats_Positive")
    with open_hubspot(world.settings) as portal:
        path = portal.path("properties", "p_subscription")
        portal.change("PATCH", f"{path}/tier", {"label": "Level"})
    assert drifted(world) == {
        ("changed", "Subscription__c.Seats__c"), ("added", "Subscription__c.By_Hand__c"),
        ("gone", "Subscription__c.Seats_Positive"), ("changed", "subscription.tier"),
    }  # fmt: skip
    with schema.opened(world.settings) as session:
        repair = schema.plan(session, schema.load(world.config))
        assert {(a.operation, a.name) for a in repair.actions} == {
            ("change", "Subscription__c.Seats__c"), ("change", "subscription.tier"),
            ("create", "Subscription__c.Seats_Positive"),
        }  # fmt: skip
        assert [item.name for item in repair.extras] == ["Subscription__c.By_Hand__c"]
    world.apply_model()
    world.org(do="edit_metadata", type="CustomField", name="Subscription__c.By_Hand__c")
    assert drifted(world) == set()


def drifted(world: World) -> set[tuple[str, str]]:
    with schema.opened(world.settings) as session:
        return {(each.how, each.name) for each in schema.diff(session, schema.load(world.config)).found}


def imported_back(world: World) -> None:
    """From an empty file to the same YAML, but for what no CRM knows: where records are to go. What was taken
    out of the folder is there again as it was."""
    path = world.config / "custom_objects.yml"
    before = path.read_text()
    meant = yaml.safe_load(before)
    meant["objects"] = {"subscription": meant["objects"]["subscription"]}
    del meant["objects"]["subscription"]["records"]
    beside = {p: files(p) for n in ("apex", "workflows") for p in (world.config / n).iterdir()}
    for each in beside:
        each.unlink()
    path.write_text("objects: {}\n")
    shell = as_environment(world.settings, {})
    for vendor, name in (("salesforce", "Subscription__c"), ("hubspot", "subscription")):
        done = CliRunner().invoke(schema_app, ["import", vendor, name], env=shell)
        assert done.exit_code == Exit.OK, done.output
        assert "Written to config/custom_objects.yml" in done.output
    assert path.read_text() == text_of(meant)
    assert {p: files(p) for p in beside} == beside
    path.write_text(before)
    with schema.opened(world.settings) as session:
        assert schema.plan(session, schema.load(world.config)).actions == []


def files(path: Path) -> object:
    """Apex as text, workflows as what they say: HubSpot orders their keys as it likes."""
    return json.loads(path.read_text()) if path.suffix == ".json" else path.read_text()


def a_new_field_is_filled_from_a_file(world: World, plan: Plan, contact: str) -> None:
    assert kinds(plan, "records person") == {"hubspot record": 1}
    assert any("1 of 2 rows of sizes.csv are about no contact that hubspot has" in n for n in world.notes)
    assert shoe_size(world, contact) == "44.5"


def a_new_field_is_filled_from_a_table(world: World, plan: Plan) -> None:
    """Each lead has the id of the person whom its address leads to."""
    people = dict(world.query("select lower(email), list(person_id) from marts.unified_leads group by 1"))
    leads = [row for row in world.salesforce("Lead", "Id").values() if row["IsConverted"] == "false"]
    wanted = [row for row in leads if str(row["Email"]).lower() in people]
    assert wanted
    assert kinds(plan, "records prospect")["salesforce record"] >= len(wanted)
    assert all(row["Person_Id__c"] in people[row["Email"].lower()] for row in wanted)


def shoe_size(world: World, contact: str) -> str | None:
    with open_hubspot(world.settings) as portal:
        [row] = portal.batch_read("contacts", [contact], ["shoe_size"])
    found: str | None = row["properties"]["shoe_size"]
    return found


def everything_travelled(world: World, plan: Plan, them: Known) -> None:
    both = them.companies
    assert kinds(plan, "records subscription") == {"salesforce record": ROWS}
    assert plan.actions["records subscription"].held == 1  # nobody's: its company is required
    assert kinds(plan, "records asset") == {
        "hubspot record": ASSETS, "hubspot associate": 3 * ASSETS
    }  # fmt: skip
    assert kinds(plan, "records line") == {}
    assert plan.actions["records line"].held == 2  # what they hang on is not there yet
    there = world.salesforce("Subscription__c", "Contract_Number__c")
    assert set(there) == {f"C-{n}" for n in range(ROWS)}
    one = there["C-0"]
    assert (one["Name"], one["Tier__c"], one["Seats__c"], one["Starts_On__c"], one["Is_Live__c"],
            one["Channels__c"]) == ("S 0", "pro", 1.0, "2026-05-04", "true", "web;phone")  # fmt: skip
    assert one["Company__c"] == both[0][1]
    assert (one["Deal__c"], there["C-1"]["Deal__c"]) == (them.deals[0][1], None)
    assets = world.hubspot("asset", "serial", "seats", "name")
    assert {key: (row["name"], row["seats"]) for key, row in assets.items()} == {
        f"SN-{n}": (f"A {n}", str(n * 10)) for n in range(ASSETS)
    }
    ids = {key: row["id"] for key, row in assets.items()}
    assert tied(world, "asset", "companies") == {ids[f"SN-{n}"]: {both[n][0]} for n in range(ASSETS)}
    assert tied(world, "asset", "deals") == {each: {them.deals[1][0]} for each in ids.values()}
    assert tied(world, "asset", "contacts") == {each: {them.leads[0][0]} for each in ids.values()}
    accounts = world.query("select count(*) from marts.unified_accounts")[0][0]
    assert kinds(plan, "records account_view") == {"hubspot record": accounts}
    assert kinds(plan, "records account_copy") == {"salesforce record": accounts}
    ids_there = {r["Account_Id__c"] for r in world.salesforce("Account_Copy__c", "Account_Id__c").values()}
    assert ids_there == {own for (own,) in world.query("select account_id from marts.unified_accounts")}
    a_new_field_is_filled_from_a_table(world, plan)


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


def in_step_and_renamed(world: World, them: Known) -> None:
    """A change on either side crosses over by the mapping, a lookup that leads elsewhere moves the tie; a
    field is renamed, copied, checked and gone."""
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
        moved = {
            "Id": world.salesforce("Asset__c", "Serial__c")["SN-1"]["Id"],
            "Company__c": them.companies[7][1],
        }
        org.update_collection("Asset__c", [moved])
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
    assert kinds(second, "records asset") == {"hubspot associate": 1}
    own = world.hubspot("asset", "serial")["SN-1"]["id"]
    assert tied(world, "asset", "companies")[own] == {them.companies[7][0]}
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


def undone(world: World, them: Known) -> None:
    """What nobody has changed since is taken back; what somebody has is left alone, and said."""
    with Loop(world.settings, NoChecks(), data_tests=False) as loop:
        assert loop.apply(loop.undo(world.runs[0]).path).is_partial
    assert set(world.salesforce("Subscription__c", "Contract_Number__c")) == {"C-3", "C-4"}
    assert world.hubspot("account_view", "account_id") == {}
    assert world.salesforce("Account_Copy__c", "Account_Id__c") == {}
    assert not any(row["Person_Id__c"] for row in world.salesforce("Lead", "Id").values())
    own = world.hubspot("asset", "serial")["SN-1"]["id"]
    with Loop(world.settings, NoChecks(), data_tests=False) as loop:
        loop.apply(loop.undo(world.runs[1]).path, only=["records asset"])
    assert tied(world, "asset", "companies")[own] == {them.companies[1][0]}


DEVICE = """  device:
    label: Device
    plural: Devices
    renamed_from: asset
"""


def an_object_renamed(world: World, shell: dict[str, str]) -> None:
    """By the commands: copied with all that hangs on it though killed amid it, checked, the old one gone."""
    path = world.config / "custom_objects.yml"
    old = "  asset:\n    label: Asset\n    plural: Assets\n"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, DEVICE))
    world.apply_model()
    before = {other: tied(world, "asset", other) for other in ("companies", "deals", "contacts")}
    world.refresh()
    faults = f"{world.ready['hubspot']['url']}/_sandbox/faults"
    slow = {
        "match": "POST /crm/associations/2026-03/p_device/.*/batch/associate",
        "slow": 100_000,
        "times": 1,
    }
    httpx.post(faults, json=[slow]).raise_for_status()
    killed_when(world, shell, lambda: httpx.get(faults).json()["faults"][0]["met"] == 1)
    httpx.delete(faults).raise_for_status()
    again = crm(world.home, "schema", "backfill", env=shell)
    assert again.exit_code == Exit.OK, again.output
    assert (
        f"hubspot asset → device: all {ASSETS} records and {3 * ASSETS} associations are copied"
        in again.output
    )
    assert f"salesforce Asset__c → Device__c: all {ASSETS} records are copied" in again.output
    devices = world.hubspot("device", "serial", "places")
    assert {key: row["places"] for key, row in devices.items()} == {
        f"SN-{n}": str(n * 10) for n in range(ASSETS)
    }
    assets = {row["id"]: devices[key]["id"] for key, row in world.hubspot("asset", "serial").items()}
    for other, ties in before.items():
        assert tied(world, "device", other) == {assets[own]: ends for own, ends in ties.items()}
    at_salesforce = world.salesforce("Device__c", "Serial__c")
    assert {k: (row["Places__c"], row["Company__c"], row["Deal__c"]) for k, row in at_salesforce.items()} == {
        k: (row["Places__c"], row["Company__c"], row["Deal__c"])
        for k, row in world.salesforce("Asset__c", "Serial__c").items()
    }
    kept = crm(world.home, "schema", "apply", env=shell)
    assert kept.exit_code == Exit.PARTIAL, kept.output
    assert f"all {ASSETS} records and {3 * ASSETS} associations are copied to device" in " ".join(
        kept.output.split()
    )
    gone = crm(world.home, "schema", "apply", "--allow", "asset", "--allow", "Asset__c", env=shell)
    assert gone.exit_code == Exit.OK, gone.output
    with open_salesforce(world.settings) as org:
        assert "Asset__c" not in {each["name"] for each in org.describe_global()}


def killed_when(world: World, shell: dict[str, str], is_due: Callable[[], bool]) -> None:
    """`crm schema backfill`, killed once this is so."""
    command = command_for(world.home, "schema", "backfill", env=shell)
    with nursery.running(command.args[1:], command.env) as child:
        while child.lives() and not is_due():
            time.sleep(0.1)
        child.killed()
