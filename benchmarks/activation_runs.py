"""Writing to a sandbox, as measurements of `crm apply` do it.

Belongs here: people of a sandbox made by the thousand, a published file that wants fields or notes of
them, and the process that plans and applies it. What is measured, and the tables, are `activation.py`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.processes import Measured, measure
from benchmarks.sandboxes import Sandbox
from pipelines.reverse_sync.actions.base import empty_table_sql
from pipelines.settings import Settings
from pipelines.warehouse import Warehouse
from sandbox.worlds import bulk as bulk_world

CEILING = 1_900
"""Rows a second that HubSpot lets a private app of a professional portal write: 190 calls in ten seconds."""
_OF_ONE_ACCOUNT = 7
_APPLY = """
import json, sys, time
from pathlib import Path
from pipelines.reverse_sync import apply, plan
from pipelines.run import Run, silent
from pipelines.settings import load_settings
from pipelines.state import State
from pipelines.warehouse import Warehouse
home, env = sys.argv[1], json.loads(sys.argv[2])
settings = load_settings({"CRM_HOME": home, "CRM_CONFIG": home, **env}, dotenv=Path(home) / "none")
with State.open(settings) as state:
    warehouse = Warehouse(settings.paths)
    made = plan.make(warehouse, state, settings, Run("bench"), silent)
    started = time.perf_counter()
    done = apply.apply(made.path, warehouse, state, settings, Run("bench"), silent)
print(json.dumps({"seconds": time.perf_counter() - started, "confirmed": done.confirmed, "calls": done.calls,
                  "forecast": made.calls, "repair": done.repair, "rejected": done.rejected}))
"""


def apply(home: str, env: dict[str, str]) -> dict[str, Any]:
    """Plan and apply what is published, in a process of its own."""
    own = {name: value for name, value in env.items() if name != "TOKEN"}
    return answer_of(measure([sys.executable, "-c", _APPLY, home, json.dumps(own)]))


def answer_of(done: Measured) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(done.output.strip().splitlines()[-1])
    return found


def ids_of(vendor: str, rows: int) -> list[str]:
    if vendor == "hubspot":
        return [str(bulk_world.FIRST_ID + n) for n in range(rows)]
    return [bulk_world.salesforce_id(n) for n in range(rows)]


def org_of(sandbox: Sandbox, vendor: str) -> str:
    if vendor == "hubspot":
        return str(sandbox.ask("hubspot", "GET", "/account-info/v3/details")["portalId"])
    answer = sandbox.ask("salesforce", "GET", "/services/data/v67.0/query?q=SELECT+Id+FROM+Organization")
    return str(answer["records"][0]["Id"])


def publish_people(home: Path, vendor: str, ids: list[str], org: str, read_at: str = "") -> None:
    """Contacts of a CRM that are to get two fields. `read_at`: when they were, by the CRM's clock, so that
    the apply asks who has changed since."""
    object_name = "contacts" if vendor == "hubspot" else "Contact"
    fields = ("jobtitle", "city") if vendor == "hubspot" else ("Title", "Department")
    grouped = "" if vendor == "hubspot" else "    grouped_by: parent_id\n"
    rules = "".join(f"      {n}: {{type: text, provider: computed, owner: us, rule: r}}\n" for n in fields)
    (home / "syncs.yml").write_text(
        f"syncs:\n  people:\n    vendor: {vendor}\n    object: {object_name}\n    desired: sync_people\n"
        f"    existing: existing_people\n{grouped}    fields:\n{rules}"
    )
    warehouse = Warehouse(Settings(home=home, config_dir=home).paths)
    with warehouse.locked("bench"):
        warehouse.start_work()
        with warehouse.writing() as connection:
            connection.execute("create schema reverse_sync")
            if read_at:
                loaded(connection, vendor, object_name, read_at)
            for model, values in (("existing_people", "null, null"), ("sync_people", "'Joiner', 'Bonn'")):
                connection.execute(
                    f"create table reverse_sync.{model} (record_id varchar, record_key varchar, "
                    f"person_id varchar, {fields[0]} varchar, {fields[1]} varchar, parent_id varchar)"
                )
                if not ids:
                    continue
                connection.execute(
                    f"insert into reverse_sync.{model} select i, $prefix || i, '', {values}, "
                    f"'account ' || (row_number() over (order by i)) // {_OF_ONE_ACCOUNT} "
                    "from (select unnest($ids) as i)",
                    {"ids": ids, "prefix": f"{vendor}:{org}:{object_name}:"},
                )
        warehouse.publish("p1")


def loaded(connection: duckdb.DuckDBPyConnection, vendor: str, object_name: str, until: str) -> None:
    """The row that an extract leaves, as far as plans read it."""
    connection.execute(
        "create schema ops; create table ops.loads (vendor varchar, object varchar, status varchar, "
        "window_to timestamptz, table_name varchar, calls bigint, run_id varchar, window_from timestamptz)"
    )
    row = [vendor, object_name, "loaded", until, object_name.lower(), 1, "r1", None]
    connection.execute("insert into ops.loads values (?, ?, ?, ?, ?, ?, ?, ?)", row)


def now_of(sandbox: Sandbox, vendor: str) -> str:
    return str(sandbox.ask(vendor, "GET", "/_sandbox/clock")["now"])


def publish_leads(home: Path, rows: int, org: str) -> None:
    """So many leads that Salesforce does not have, each with an address that is looked for first."""
    publish_people(home, "hubspot", [], org)
    with (home / "syncs.yml").open("a") as config:
        config.write(f"guards: {{actions: {{kinds: {{create_record: {rows}}}}}}}\n")
    warehouse = Warehouse(Settings(home=home, config_dir=home).paths)
    with warehouse.locked("bench"):
        warehouse.start_work()
        with warehouse.writing() as connection:
            connection.execute(empty_table_sql("reverse_sync.actions_leads"))
            connection.execute(
                "insert into reverse_sync.actions_leads select 'lead-' || i, 'leads', 'create_record', "
                "'salesforce', 'Lead', 'hubspot:1:contacts:' || i, '', json_object('properties', json_object("
                "'LastName', 'Joiner ' || i, 'Company', 'Slate', 'Email', 'j' || i || '@slate.example'), "
                "'types', json_object(), 'key_field', 'External_Id__c', 'key', 'hubspot:1:contacts:' || i)"
                "::varchar, null, 'mirrored', 'r', 'why', null, null from range($rows) t(i)",
                {"rows": rows},
            )
        warehouse.publish("p2")


def publish_notes(home: Path, ids: list[str], org: str) -> None:
    """A note for each of these contacts of HubSpot, and nothing to write in their fields."""
    publish_people(home, "hubspot", [], org)
    with (home / "syncs.yml").open("a") as config:
        config.write(f"guards: {{actions: {{kinds: {{note: {len(ids)}}}}}}}\n")
    warehouse = Warehouse(Settings(home=home, config_dir=home).paths)
    with warehouse.locked("bench"):
        warehouse.start_work()
        with warehouse.writing() as connection:
            connection.execute(empty_table_sql("reverse_sync.actions_notes"))
            connection.execute(
                "insert into reverse_sync.actions_notes select 'note-' || i, 'notes', 'note', 'hubspot', "
                "'notes', $prefix || i, '', "
                "json_object('body', 'hello', 'at', '2026-06-30T12:00:00Z')::varchar, "
                "null, 'decided', 'r', 'why', null, null from (select unnest($ids) as i)",
                {"ids": ids, "prefix": f"hubspot:{org}:contacts:"},
            )
        warehouse.publish("p2")
