"""`crm doctor` against a real sandbox: what is well, what is not, and what uptime is made of."""

from __future__ import annotations

import re
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import httpx
import pytest
from rich.console import Console

from cli.doctor import doctor
from cli.sandbox_process import connected, running
from pipelines import health
from pipelines.settings import PROJECT_ROOT, Secret, Settings
from pipelines.state.engine import State
from pipelines.state.tables import probes
from pipelines.warehouse import Warehouse
from sandbox.clock import Clock


def _checked(
    settings: Settings, tmp_path: Path, unread_days: float = 0, *, was_read: bool = True
) -> list[health.Health]:
    """With a warehouse that read Marketing Cloud an hour ago, by the account's clock. A table that was never
    read has been tried since it read the others `unread_days` ago; one that it may lack does not count."""
    warehouse, state = Warehouse(settings.paths), State.open(settings)
    with closing(Clock(tmp_path / "sandbox" / "clock")) as clock:
        hour_ago = datetime.fromtimestamp(clock.now() / 1000 - 3600, UTC)
    with duckdb.connect(str(settings.paths.published)) as made:
        made.execute("create schema ops; create table ops.loads as select 'marketing_cloud' as vendor, "
                     "'subscribers' as table_name, 'loaded' as status, ?::timestamptz as window_to, "
                     "'r' as run_id, ?::timestamptz as loaded_at", [hour_ago, hour_ago])  # fmt: skip
        if unread_days:
            then = hour_ago - timedelta(days=unread_days, hours=-1)
            made.executemany(
                "insert into ops.loads values ('marketing_cloud', ?, ?, ?::timestamptz, ?, ?::timestamptz)",
                [
                    ("subscribers", "loaded", then, "q", hour_ago),
                    ("unsubscribe_events", "stale", then if was_read else None, "q", hour_ago),
                    ("unsubscribe_events", "stale", None, "r", hour_ago),
                    ("complaints", "stale", None, "a", then - timedelta(days=90)),
                    ("complaints", "absent", None, "r", hour_ago),
                ],
            )
    found = health.check_all(settings, warehouse, state, f"run{unread_days}")
    state.close()
    settings.paths.published.unlink()
    return found


def test_doctor_asks_all_three_and_says_what_is_wrong_with_whom(
    smallest_world: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = Settings(home=tmp_path / "var", config_dir=PROJECT_ROOT / "config")
    settings.home.mkdir()
    console = Console(width=200, highlight=False)
    shutil.copytree(smallest_world, tmp_path / "sandbox")
    with running(tmp_path / "sandbox", "default", size="XS") as ready:
        settings = connected(settings, ready)
        assert doctor(settings, console) == 0
        said = capsys.readouterr().out
        assert all(name in said for name in ("HubSpot", "Salesforce", "Marketing Cloud", "100,000"))
        [shown] = [line for line in said.splitlines() if "Marketing Cloud" in line]
        assert re.search(r"yes .*\d\.\d\d s .*4,99[0-9] of 5,000 by our count .*never", shown), (
            shown
        )  # latency, limits, last success
        well = next(each for each in _checked(settings, tmp_path) if each.vendor == "marketing_cloud")
        assert well.lag is not None
        assert well.is_own_count
        assert well.day is not None
        with closing(sqlite3.connect(tmp_path / "sandbox" / "marketing_cloud.sqlite")) as account:
            asked = account.execute("select count(*) from requests where path not like '/_sandbox%'")
            assert well.day == (5_000, 5_000 - asked.fetchone()[0])  # of the check before this one, too
        assert 3_599 < well.lag < 3_700
        for days, ok, was_read in ((0.5, True, True), (7, False, False)):
            found = _checked(settings, tmp_path, days, was_read=was_read)
            late = next(each for each in found if each.vendor == "marketing_cloud")
            assert (late.ok, late.unread, round((late.lag or 0) / 86_400, 1)) == (ok, 1, days)
        assert late.problem.endswith("UTC: unsubscribe_events")
        url = f"{ready['marketing_cloud']['url']}/_sandbox/account"
        httpx.post(url, json={"do": "take_scopes", "scopes": ["journeys_execute"]})
        httpx.post(url, json={"do": "expire_tokens"})
        with sqlite3.connect(tmp_path / "sandbox" / "hubspot.sqlite") as portal:
            taken = ("scopes_taken", "crm.objects.deals.write")
            portal.execute("insert or replace into meta values (?, ?)", taken)
        portal.close()
        assert doctor(settings, console) == 1
        said = capsys.readouterr().out
        assert "HubSpot: the token lacks the scopes crm.objects.deals.write" in said
        assert settings.salesforce is not None
        assert health.lacking(("refresh_token",), settings.salesforce, settings) == ["api"]
        assert health.lacking(None, settings.salesforce, settings) == []
        assert settings.hubspot is not None
        ill = replace(settings, hubspot=replace(settings.hubspot, token=Secret("pat-na1-wrong")))
        assert doctor(ill, console) == 1
        said = capsys.readouterr().out
    assert "Marketing Cloud: the token lacks the scopes journeys_execute" in said
    assert "HubSpot: " in said
    assert "pat-na1-wrong" not in said
    state = State.open(settings)
    with state.reading() as reading:
        kept = reading.execute(probes.select()).mappings().all()
    state.close()
    assert sorted((each["vendor"], each["ok"]) for each in kept) == [
        *[("hubspot", False)] * 2, *[("hubspot", True)] * 4, *[("marketing_cloud", False)] * 3,
        *[("marketing_cloud", True)] * 3, *[("salesforce", True)] * 6,
    ]  # fmt: skip
