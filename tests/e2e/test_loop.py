"""`make build` as a promise: it ends in an empty second plan, goes on after a kill, writes nothing twice."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import time
import urllib.request
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from cli.sandbox_process import running
from tests.e2e.conftest import PRODUCTION, Built, build_command, run_build
from tests.e2e.marts import one, query, snapshot

pytestmark = pytest.mark.loop

MARTS = {
    "unified_leads": (),
    "unified_accounts": (),
    "opportunities": (),
    "attribution_touchpoints": (),
    "attribution_credits": (),
}


CRMS = ("hubspot", "salesforce")


def writes(home: Path, vendors: Sequence[str] = CRMS) -> list[dict[str, Any]]:
    """Every stored change that came over HTTP, by the sandbox's own account."""
    found: list[dict[str, Any]] = []
    with running(home / "sandbox", "default", size="XS", extra=("--no-limits",)) as ready:
        for vendor in vendors:
            after = 0
            while True:
                url = f"{ready[vendor]['url']}/_sandbox/writes?after={after}&limit=5000"
                with urllib.request.urlopen(url, timeout=30) as answer:
                    page = json.load(answer)["writes"]
                found += page
                if not page:
                    break
                after = page[-1]["seq"]
    return found


def test_the_build_ends_with_nothing_left_to_change(built_once: Built) -> None:
    assert "Second plan: nothing left to change" in built_once.output
    assert one(built_once.home, "select count(*) from marts.unified_leads") > 200
    assert one(built_once.home, "select count(*) from ops.journal where state = 'confirmed'") > 500
    assert one(built_once.home, "select count(*) from ops.journal where state <> 'confirmed'") == 0


def test_what_was_confirmed_is_what_the_sandbox_stored(built: Built) -> None:
    # A data extension's keys are one whatever their case; its store keeps them in lower case.
    stored = {
        (w["vendor"], w["object"], w["record_id"].lower(), w["field"]): w["after"]
        for w in writes(built.home, (*CRMS, "marketing_cloud"))
    }
    journal = query(
        built.home,
        "select vendor, object, lower(record_id), field, after_value from ops.journal "
        "where coalesce(action_key, '') = ''",
    )
    missing = [row for row in journal if row[:4] not in stored]
    assert not missing
    assert len(journal) == len({row[:4] for row in journal})


def test_a_second_build_is_incremental_and_writes_nothing(built: Built) -> None:
    before = len(writes(built.home))
    again = run_build(built.home)
    assert again.exit_code == 0, again.output
    assert "Second plan: nothing left to change" in again.output
    assert len(writes(built.home)) == before


def test_forgetting_the_warehouse_changes_no_identity_and_no_decision(built: Built) -> None:
    people = snapshot(built.home, "lead_identities")
    decided = query(
        built.home, "select decision_id, person_id, owner_email from decisions.assignments order by all"
    )
    writes_before = len(writes(built.home))
    for name in ("warehouse.duckdb", "analytics.duckdb"):
        (built.home / name).unlink()

    again = run_build(built.home)

    assert again.exit_code == 0, again.output
    assert {row[:4] for row in snapshot(built.home, "lead_identities")} == {row[:4] for row in people}
    assert decided == query(
        built.home, "select decision_id, person_id, owner_email from decisions.assignments order by all"
    )
    assert len(writes(built.home)) == writes_before


@pytest.mark.kill
def test_killed_at_any_moment_it_ends_in_the_same_marts_and_writes_nothing_twice(
    built_once: Built, parsed: Path, tmp_path: Path
) -> None:
    home = tmp_path / "var"
    shutil.copytree(parsed, home / "dbt")  # the parsed project, which no kill can harm
    for moment in ("check marts", "plan"):
        kill_after(home, moment)
    last = run_build(home)
    assert last.exit_code == 0, last.output

    stored = Counter((w["vendor"], w["object"], w["record_id"], w["field"], w["after"]) for w in writes(home))
    assert [change for change, times in stored.items() if times > 1] == []
    for mart in MARTS:
        assert snapshot(home, mart) == snapshot(built_once.home, mart), mart


def kill_after(home: Path, step: str) -> None:
    """SIGKILL the build when this step's line has appeared, a moment into the step after it."""
    child = subprocess.Popen(
        build_command(home).args, env=build_command(home).env, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert child.stdout is not None
    seen = ""
    for line in child.stdout:
        seen += line
        if line.split("  ")[0].endswith(f" {step}") or f" {step} " in line[:20]:
            break
    else:
        pytest.fail(f"the build ended before {step}:\n{seen}")
    time.sleep(0.3)
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()


def test_with_production_hosts_in_the_environment_nothing_is_sent_to_them(built_once: Built) -> None:
    """It is the build that all tests look at; see there."""
    assert built_once.heard == ()
    said = built_once.output + "".join(log.read_text() for log in (built_once.home / "logs").glob("*.jsonl"))
    for secret in (
        PRODUCTION["HUBSPOT_TOKEN"],
        PRODUCTION["SALESFORCE_CLIENT_SECRET"],
        "production.my.salesforce.com",
    ):
        assert secret not in said
