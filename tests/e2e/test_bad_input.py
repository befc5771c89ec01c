"""What goes wrong before the loop can do its work: one sentence, an exit code, and nothing lost."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import duckdb
import httpx
import pytest

from tests.conftest import PROJECT
from tests.e2e.conftest import Built, crm, environment, run_build
from tests.e2e.marts import one
from tests.e2e.stores import rows
from tests.fixtures import nursery

pytestmark = pytest.mark.loop


def sentence(output: str) -> str:
    """The last line, where the command says what happened."""
    return output.strip().splitlines()[-1]


def test_an_unreachable_crm_is_named_with_its_host(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    done = crm(
        tmp_path, "extract", env={"HUBSPOT_URL": f"http://127.0.0.1:{port}", "HUBSPOT_TOKEN": "pat-secret"}
    )
    assert done.exit_code == 1
    assert f"HubSpot cannot be reached (127.0.0.1:{port})" in sentence(done.output)
    assert "pat-secret" not in done.output


def test_a_wrong_credential_is_said_and_not_shown(built: Built) -> None:
    before = one(built.home, "select count(*) from marts.unified_leads")
    with nursery.sandbox(built.home / "sandbox", "--size", "XS") as ready:
        env = {"HUBSPOT_URL": ready["hubspot"]["url"], "HUBSPOT_TOKEN": "pat-na1-wrong-token"}
        done = crm(built.home, "extract", env=env)
    assert done.exit_code == 1
    assert "HUBSPOT_TOKEN" in sentence(done.output)
    assert "pat-na1-wrong-token" not in done.output
    assert one(built.home, "select count(*) from marts.unified_leads") == before


def test_what_extract_cannot_read_is_one_sentence_each_with_the_vendors_words_and_the_rest_loads(
    built: Built, tmp_path: Path
) -> None:
    """Missing scope, no such object, no right to a field, names in config that nobody knows."""
    shutil.copytree(PROJECT / "config", tmp_path / "config")
    (tmp_path / "config" / "extract.yml").write_text(
        "hubspot: {custom_objects: [unicorns], properties: {contacts: {without: [horn_length]}}, "
        "history: {companies: [wing_span]}}\n"
        "salesforce: {objects: [Nothing__c], fields: {Contact: {without: [Fax_typo]}}}\n"
    )
    with nursery.sandbox(built.home / "sandbox", "--size", "XS") as ready:
        env = environment(ready)
        hubspot, salesforce = env["HUBSPOT_URL"], env["SALESFORCE_URL"]
        faults = [{"match": "(GET|POST) /crm/objects/.*/(deals|notes)", "status": 403, "times": 99}]
        httpx.post(f"{hubspot}/_sandbox/faults", json=faults).raise_for_status()
        httpx.post(f"{salesforce}/_sandbox/org", json={"do": "hide", "object": "Lead", "field": "Title"})
        httpx.post(f"{salesforce}/_sandbox/org", json={"do": "hide", "object": "Campaign"})
        httpx.post(f"{salesforce}/_sandbox/org", json={"do": "hide", "object": "Task"})
        signed = {"Authorization": f"Bearer {env['HUBSPOT_TOKEN']}"}
        body = {"properties": {"email": "arrives@all-the-same.example"}}
        made = httpx.post(f"{hubspot}/crm/objects/2026-03/contacts", json=body, headers=signed)
        httpx.post(f"{hubspot}/_sandbox/clock", json={"advance_seconds": 60}).raise_for_status()
        done = crm(built.home, "extract", env=env | {"CRM_CONFIG": str(tmp_path / "config")})
        assert done.exit_code == 4, done.output
        for told in (
            "the HubSpot token lacks a scope: crm.read (This app hasn't been granted all required scopes",
            "the HubSpot object unicorns: HubSpot rejected the request: Unable to infer object type",
            "the property horn_length of HubSpot's contacts: HubSpot has no such thing: resource not found",
            "the property wing_span of HubSpot's companies: HubSpot has no such thing: resource not found",
            "Salesforce does not show Nothing__c: Salesforce has no such thing: The requested resource",
            "Salesforce does not show Task: Salesforce has no such thing: The requested resource",
            "Salesforce does not show a field: No such column 'Fax_typo' on entity 'Contact'",
            "Lead.Title can no longer be read (Salesforce does not show a field: No such column 'Title'",
        ):
            assert sum(told in line for line in done.output.splitlines()) == 1, (told, done.output)
        assert (
            "hubspot associations, hubspot deals, hubspot deals_property_history, hubspot notes: the HubSpot"
            in done.output
        )
        assert env["HUBSPOT_TOKEN"] not in done.output
        with duckdb.connect(str(built.home / "work.duckdb"), read_only=True) as work:
            arrived = work.execute(
                "select id from raw_hubspot.contacts where email like 'arrives@%'"
            ).fetchall()
            assert arrived == [(made.json()["id"],)]
            standing = dict(work.execute(
                "select vendor || ' ' || table_name, arg_max(status, run_id) from ops.loads group by all"
            ).fetchall())  # fmt: skip
        stale = {name for name, status in standing.items() if status == "stale"}
        assert stale == {
            "hubspot deals", "hubspot deals_property_history", "hubspot associations", "hubspot notes",
            "salesforce nothing__c", "salesforce task",
        }  # fmt: skip
        assert standing["salesforce campaign"] == "absent"
        assert standing["salesforce contact"] == "loaded", "only the field that is not shown is left out"
        httpx.post(f"{hubspot}/_sandbox/faults", json=[]).raise_for_status()
        for shown in ({"object": "Task"}, {"object": "Campaign"}, {"object": "Lead", "field": "Title"}):
            httpx.post(f"{salesforce}/_sandbox/org", json={"do": "show", **shown}).raise_for_status()
        again = crm(built.home, "extract", env=env)
        assert again.exit_code == 0, again.output


def test_no_connection_at_all_says_where_to_put_one(tmp_path: Path) -> None:
    done = crm(tmp_path, "extract")
    assert done.exit_code == 2
    assert ".env" in sentence(done.output)


def test_an_unknown_config_key_is_found_before_anything_runs(tmp_path: Path) -> None:
    config = tmp_path / "config"
    shutil.copytree(PROJECT / "config", config)
    with (config / "kpis.yml").open("a") as file:
        file.write("windw_days: 7\n")
    done = run_build(tmp_path / "var", env={"CRM_CONFIG": str(config)})
    assert done.exit_code == 2
    assert "windw_days" in sentence(done.output)
    assert "kpis.yml line" in sentence(done.output)
    assert not (tmp_path / "var" / "sandbox").exists()


def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = crm(tmp_path, "sandbox", "--size", "XS", "--hubspot-port", str(port))
    assert done.exit_code == 1
    assert str(port) in done.output


def test_a_warehouse_that_is_no_database_is_said(built: Built) -> None:
    (built.home / "warehouse.duckdb").write_bytes(b"half a file" * 1000)
    done = run_build(built.home)
    assert done.exit_code == 1
    assert "warehouse.duckdb" in sentence(done.output)


def test_no_credential_is_in_a_log_a_plan_or_a_database(built_once: Built) -> None:
    of = "select value from meta where key = ?"
    [(token,)] = rows(built_once.home, "hubspot", of, "token")
    [(secret,)] = rows(built_once.home, "salesforce", of, "client_secret")
    secrets = [str(token), str(secret)]
    for path in built_once.home.rglob("*"):
        if path.is_file() and "sandbox" not in path.relative_to(built_once.home).parts[:1]:
            content = path.read_bytes()
            assert not [secret for secret in secrets if secret.encode() in content], path


def test_a_second_run_leaves_by_name_while_the_first_holds_the_warehouse(built: Built) -> None:
    holder = (
        "import sys, time; from pathlib import Path; from pipelines.settings import Paths; "
        "from pipelines.warehouse import Warehouse\n"
        "with Warehouse(Paths(Path(sys.argv[1]))).locked('run of the night'):\n"
        "    print('held', flush=True); sys.stdin.read()\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", holder, str(built.home)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert child.stdout is not None
    assert child.stdout.readline() == "held\n"
    done = run_build(built.home)
    child.communicate()
    assert done.exit_code == 5
    assert "run of the night" in sentence(done.output)


def test_status_tells_what_is_published(built_once: Built) -> None:
    narrow = {"COLUMNS": "80"}
    done = crm(built_once.home, "status", env=narrow)
    assert done.exit_code == 0
    assert "analytics.duckdb" in done.output
    assert "salesforce" in done.output
    run = one(built_once.home, "select max(run_id) from ops.runs")
    assert str(run) in done.output  # whole: crm undo wants it
    each = crm(built_once.home, "status", "--tables")
    assert "campaign_member" in each.output


def test_a_plan_is_json_lines_with_a_header(built_once: Built) -> None:
    longest = max((built_once.home / "plans").glob("*.jsonl"), key=lambda path: path.stat().st_size)
    lines = longest.read_text().splitlines()
    header = json.loads(lines[0])
    assert {"plan_id", "publish_id", "config_hash", "sha256", "calls"} <= header.keys()
    assert json.loads(lines[1])["fields"]
