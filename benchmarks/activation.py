"""Planning a million records, and writing thousands to the sandbox beside per-record writers.

Belongs here: a published file made by hand, the measured processes, the tables.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.activation_runs import (
    CEILING,
    answer_of,
    apply,
    ids_of,
    loaded,
    now_of,
    org_of,
    publish_leads,
    publish_notes,
    publish_people,
)
from benchmarks.processes import measure
from benchmarks.sandboxes import Sandbox, bulk
from pipelines.settings import Settings
from pipelines.warehouse import Warehouse

SHARES = (0.0, 0.01, 1.0)
FIELDS = 20
WINDOW_SECONDS = 10
AIM_SECONDS, AIM_MIB = 8.0, 1024
JOB_ROWS, JOB_CALLS = 10_000, 4
_CHANGED = ("f0", "f5", "f10")
_KINDS = ("text", "integer", "money", "timestamp")
_TYPES = {"text": "varchar", "integer": "bigint", "money": "decimal(18, 2)", "timestamp": "timestamptz"}
_PLAN = """
import sys, time
from pathlib import Path
from pipelines.reverse_sync import plan
from pipelines.run import Run, silent
from pipelines.settings import load_settings
from pipelines.state import State
from pipelines.warehouse import Warehouse
home = sys.argv[1]
settings = load_settings({"CRM_HOME": home, "CRM_CONFIG": home}, dotenv=Path(home) / "none")
started = time.perf_counter()
with State.open(settings) as state:
    made = plan.make(Warehouse(settings.paths), state, settings, Run("bench"), silent)
print(made.records, time.perf_counter() - started)
"""
_ONE_BY_ONE = {
    "hubspot": """
import json, sys, time
from hubspot import HubSpot
from hubspot.crm.contacts import SimplePublicObjectInput
env, ids = json.loads(sys.argv[1]), json.loads(sys.stdin.read())
client = HubSpot(access_token=env["HUBSPOT_TOKEN"])
api = client.crm.contacts.basic_api
api.api_client.configuration.host = env["HUBSPOT_URL"]
started = time.perf_counter()
for each in ids:
    wanted = {"jobtitle": "one by one", "city": "Ulm"}
    api.update(each, simple_public_object_input=SimplePublicObjectInput(properties=wanted))
print(json.dumps({"seconds": time.perf_counter() - started}))
""",
    "salesforce": """
import json, sys, time
from urllib.parse import urlsplit
from simple_salesforce import Salesforce
env, ids = json.loads(sys.argv[1]), json.loads(sys.stdin.read())
client = Salesforce(instance=urlsplit(env["SALESFORCE_URL"]).netloc, session_id=env["TOKEN"], version="67.0")
client.base_url = client.base_url.replace("https://", "http://")
started = time.perf_counter()
for each in ids:
    url = f"{client.base_url}sobjects/Contact/{each}"
    client._call_salesforce("PATCH", url, data=json.dumps({"Title": "one by one", "Department": "Ulm"}))
print(json.dumps({"seconds": time.perf_counter() - started}))
""",
}
_BARE_JOBS = """
import json, sys, time, urllib.request
env, ids = json.loads(sys.argv[1]), json.loads(sys.stdin.read())
def call(method, path, body, kind):
    headers = {"Authorization": "Bearer " + env["TOKEN"], "Content-Type": kind}
    url = env["SALESFORCE_URL"] + "/services/data/v67.0/jobs/ingest" + path
    with urllib.request.urlopen(urllib.request.Request(url, body, headers, method=method)) as answer:
        return answer.read()
started = time.perf_counter()
for at in range(0, len(ids), 10_000):
    asked = {"object": "Contact", "operation": "update", "contentType": "CSV", "lineEnding": "LF"}
    job = json.loads(call("POST", "", json.dumps(asked).encode(), "application/json"))["id"]
    rows = "".join(f"{i},bare job,Ulm\\n" for i in ids[at : at + 10_000])
    call("PUT", f"/{job}/batches", ("Id,Title,Department\\n" + rows).encode(), "text/csv")
    call("PATCH", f"/{job}", b'{"state": "UploadComplete"}', "application/json")
    state = ""
    while state != "JobComplete":
        time.sleep(0.02)
        state = json.loads(call("GET", f"/{job}", None, "application/json"))["state"]
        if state in ("Failed", "Aborted"):
            raise SystemExit(state)
print(json.dumps({"seconds": time.perf_counter() - started}))
"""


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks activation")
    parser.add_argument("--records", type=int, default=1_000_000, help="records to plan; 0 leaves it out")
    parser.add_argument("--rows", type=int, default=10_000, help="records to write; 0 leaves it out")
    parser.add_argument("--peer-rows", type=int, default=500, help="records for the per-record writers")
    parser.add_argument(
        "--notes", type=int, default=0, help="notes to write in HubSpot, one for each contact"
    )
    parser.add_argument("--leads", type=int, default=0, help="leads to create in Salesforce")
    parser.add_argument("--limits", action="store_true", help="write at the vendors' rate limits")
    parser.add_argument("--latency", type=int, default=0, help="milliseconds that each answer takes")
    asked = parser.parse_args(arguments)
    if asked.records:
        plans(asked.records)
    if asked.rows:
        applies(asked.rows, asked.peer_rows, limited=asked.limits, latency=asked.latency)
    if asked.notes:
        notes(asked.notes, limited=asked.limits, latency=asked.latency)
    if asked.leads:
        leads(asked.leads, limited=asked.limits, latency=asked.latency)


def plans(records: int) -> None:
    print(f"#### Planning {records:,} records of {FIELDS} fields\n")
    print("| changed | lines | s | CPU s | peak MiB |\n| ---: | ---: | ---: | ---: | ---: |")
    for share in SHARES:
        with tempfile.TemporaryDirectory() as folder:
            _publish(Path(folder), records, share)
            done = measure([sys.executable, "-c", _PLAN, folder])
        planned, seconds = done.output.split()[-2:]
        cost = f"{float(seconds):.1f} | {done.cpu:.1f} | {done.peak_mib:,.0f}"
        print(f"| {share:.0%} | {int(planned):,} | {cost} |")
    print(f"\nAim: 1% changed under {AIM_SECONDS:.0f} s and {AIM_MIB:,} MiB.\n")


def _publish(home: Path, records: int, share: float) -> None:
    """Desired and existing rows of one sync, so many of them with three fields that differ."""
    names = {f"f{n}": _KINDS[n % len(_KINDS)] for n in range(FIELDS)}
    fields = "\n".join(
        f"      {n}: {{type: {k}, provider: computed, owner: us, rule: r}}" for n, k in names.items()
    )
    (home / "syncs.yml").write_text(
        "syncs:\n  contacts:\n    vendor: hubspot\n    object: contacts\n    desired: sync_contacts\n"
        f"    existing: existing_contacts\n    fields:\n{fields}\n"
    )
    values = {
        "text": "'value ' || (i * 7919 % 100003)", "integer": "i % 997", "money": "(i % 9973) / 100.0",
        "timestamp": "timestamptz '2026-01-01 00:00:00+00' + to_seconds(i % 86400)",
    }  # fmt: skip
    other = {
        "text": "'other'",
        "integer": "-1",
        "money": "-1",
        "timestamp": "timestamptz '2020-01-01 00:00:00+00'",
    }
    held = ", ".join(f"({values[k]})::{_TYPES[k]} as {n}" for n, k in names.items())
    changed = f"i % 1000 < {share * 1000:.0f}"
    wanted = ", ".join(
        f"({f'if({changed}, {other[k]}, {values[k]})' if n in _CHANGED else values[k]})::{_TYPES[k]} as {n}"
        for n, k in names.items()
    )
    ids = "i::varchar as record_id, 'hubspot:1:contacts:' || i as record_key"
    warehouse = Warehouse(Settings(home=home, config_dir=home).paths)
    with warehouse.locked("bench"):
        warehouse.start_work()
        with warehouse.writing() as connection:
            connection.execute("create schema reverse_sync")
            loaded(connection, "hubspot", "contacts", "2026-06-01T00:00:00Z")
            for model, columns in (("existing_contacts", held), ("sync_contacts", wanted)):
                connection.execute(
                    f"create table reverse_sync.{model} as select {ids}, 'p' || i as person_id, {columns} "
                    f"from range({records}) t(i)"
                )
        warehouse.publish("p1")


def applies(rows: int, peer_rows: int, *, limited: bool, latency: int) -> None:
    """Write `rows` contacts of each CRM, and some of them one by one."""
    how = f"{'at the vendors' if limited else 'without'} rate limits, answers after {latency} ms"
    print(f"#### Writing {rows:,} contacts of each CRM, two fields, {how}\n")
    print("| writer | rows | s | rows/s | calls | ÷ least |\n| --- | ---: | ---: | ---: | ---: | ---: |")
    with bulk(rows, 25, rows, limited=limited) as sandbox:
        sandbox.answer_late(latency)
        env = {
            "HUBSPOT_URL": sandbox.url("hubspot"), "HUBSPOT_TOKEN": sandbox.token("hubspot"),
            "SALESFORCE_URL": sandbox.url("salesforce"), "TOKEN": sandbox.salesforce_token,
            "SALESFORCE_CLIENT_ID": str(sandbox.ready["salesforce"]["client_id"]),
            "SALESFORCE_CLIENT_SECRET": str(sandbox.ready["salesforce"]["client_secret"]),
        }  # fmt: skip
        for vendor in ("hubspot", "salesforce"):
            ids = ids_of(vendor, rows)
            _ours(vendor, env, ids, sandbox, limited=limited)
            if peer_rows:
                _one_by_one(vendor, env, ids[:peer_rows], limited=limited)
        _bare_jobs(env, ids_of("salesforce", rows))
    print()


def _one_by_one(vendor: str, env: dict[str, str], ids: list[str], *, limited: bool) -> None:
    """The vendor's own client, a call for each record. It does not wait for the limits, and so begins with a
    window of its own."""
    if limited:
        time.sleep(WINDOW_SECONDS)
    done = measure([sys.executable, "-c", _ONE_BY_ONE[vendor], json.dumps(env)], given=json.dumps(ids))
    seconds = answer_of(done)["seconds"]
    name = "hubspot-api-client" if vendor == "hubspot" else "simple-salesforce"
    print(f"| {name}, one by one | {len(ids):,} | {seconds:.1f} | {len(ids) / seconds:,.0f} | "
          f"{len(ids):,} | {len(ids) / _least(vendor, len(ids)):.1f} |")  # fmt: skip


def _bare_jobs(env: dict[str, str], ids: list[str]) -> None:
    """What Salesforce itself takes: it names no rows a second that would be a ceiling."""
    seconds = answer_of(measure([sys.executable, "-c", _BARE_JOBS, json.dumps(env)], given=json.dumps(ids)))[
        "seconds"
    ]
    jobs = -(-len(ids) // JOB_ROWS)
    print(f"| bare Bulk 2.0 jobs, nothing kept or read back | {len(ids):,} | {seconds:.1f} | "
          f"{len(ids) / seconds:,.0f} | {jobs * JOB_CALLS:,} | |")  # fmt: skip


def notes(rows: int, *, limited: bool, latency: int) -> None:
    """Write a note of each contact: actions, which the journal has one by one."""
    how = f"{'at' if limited else 'without'} HubSpot's rate limits, answers after {latency} ms"
    print(f"#### Writing {rows:,} notes, {how}\n")
    print("| writer | rows | s | rows/s | calls | ÷ least |\n| --- | ---: | ---: | ---: | ---: | ---: |")
    with bulk(rows, 25, 1, limited=limited) as sandbox, tempfile.TemporaryDirectory() as folder:
        sandbox.answer_late(latency)
        env = {"HUBSPOT_URL": sandbox.url("hubspot"), "HUBSPOT_TOKEN": sandbox.token("hubspot")}
        publish_notes(Path(folder), ids_of("hubspot", rows), org_of(sandbox, "hubspot"))
        before = sandbox.seen("hubspot")
        done = apply(folder, env)
        if done["confirmed"] != rows:
            raise RuntimeError(f"notes: {done}")
        _print_ours("notes", "hubspot", rows, done, sandbox.refused("hubspot", before), limited=limited)
    print()


def leads(rows: int, *, limited: bool, latency: int) -> None:
    """Create leads: above two thousand by jobs, after each address was looked for."""
    how = f"{'at the vendors' if limited else 'without'} rate limits, answers after {latency} ms"
    print(f"#### Creating {rows:,} leads in Salesforce, {how}\n")
    print("| writer | rows | s | rows/s | calls | ÷ least |\n| --- | ---: | ---: | ---: | ---: | ---: |")
    with bulk(1, 25, 1, limited=limited) as sandbox, tempfile.TemporaryDirectory() as folder:
        sandbox.answer_late(latency)
        env = {
            "SALESFORCE_URL": sandbox.url("salesforce"),
            "SALESFORCE_CLIENT_ID": str(sandbox.ready["salesforce"]["client_id"]),
            "SALESFORCE_CLIENT_SECRET": str(sandbox.ready["salesforce"]["client_secret"]),
        }
        publish_leads(Path(folder), rows, org_of(sandbox, "salesforce"))
        before = sandbox.seen("salesforce")
        done = apply(folder, env)
        if done["confirmed"] != rows:
            raise RuntimeError(f"leads: {done}")
        _print_ours("leads", "salesforce", rows, done, sandbox.refused("salesforce", before), limited=limited)
    print()


def _ours(vendor: str, env: dict[str, str], ids: list[str], sandbox: Sandbox, *, limited: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        publish_people(Path(folder), vendor, ids, org_of(sandbox, vendor), now_of(sandbox, vendor))
        before = sandbox.seen(vendor)
        done = apply(folder, env)
    if done["confirmed"] != 2 * len(ids):
        raise RuntimeError(f"{vendor}: {done}")
    _print_ours(vendor, vendor, len(ids), done, sandbox.refused(vendor, before), limited=limited)


def _print_ours(name: str, vendor: str, rows: int, done: dict[str, Any], late: int, *, limited: bool) -> None:
    calls, seconds, forecast = done["calls"], done["seconds"], done["forecast"]
    told = f", {late} told to wait" if late else ""
    if vendor == "hubspot" and limited:
        print(f"HubSpot's ceiling: {CEILING:,} rows/s, reached: {rows / seconds / CEILING:.0%}",
              file=sys.stderr)  # fmt: skip
    row = [f"crm apply, {name}", f"{rows:,}", f"{seconds:.1f}", f"{rows / seconds:,.0f}",
           f"{calls:,} (forecast {forecast:,}{told})", f"{calls / _least(vendor, rows):.3f}"]  # fmt: skip
    print(f"| {' | '.join(row)} |")


def _least(vendor: str, rows: int) -> int:
    """Writes, and the read-backs where the answer echoes nothing: by the way that takes the fewest calls."""
    if vendor == "hubspot":
        return -(-rows // 100)
    collections, jobs = -(-rows // 200), JOB_CALLS * -(-rows // JOB_ROWS)
    return min(collections, jobs) + -(-rows // 2_000)
