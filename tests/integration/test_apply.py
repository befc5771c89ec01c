"""Applying to the sandbox over HTTP: killed for real or cheated of an answer, nothing is written twice."""

from __future__ import annotations

import json
from datetime import timedelta

import httpx
import pytest

from pipelines.clients.open import open_hubspot, open_salesforce
from pipelines.reverse_sync import recovery, writer
from pipelines.reverse_sync.destinations.salesforce import SalesforceDestination
from pipelines.reverse_sync.moved import CHANGED_MEANWHILE
from tests.fixtures import nursery

from .conftest import OBJECTS, RECORDS_A_TEST, Bench

JOBS_ABOVE, COLLECTION = 3, 2
"""So that the few records of a test go by a Bulk 2.0 job."""

_APPLY_AND_DIE = """
import sys
from pathlib import Path
from pipelines import crashpoints
from pipelines.reverse_sync import writer, apply as applying
from pipelines.reverse_sync.destinations.hubspot import HubSpotDestination
from pipelines.reverse_sync.destinations.salesforce import SalesforceDestination
from pipelines.run import Run, silent
from pipelines.settings import load_settings
from pipelines.state import State
from pipelines.warehouse import Warehouse
import json
name, home, plan, env = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), json.loads(sys.argv[4])
settings = load_settings({"CRM_HOME": str(home), "CRM_CONFIG": str(home), **env}, dotenv=home / "none")
HubSpotDestination.batch_size = SalesforceDestination.batch_size = int(sys.argv[6])
if name.startswith("job_"):
    SalesforceDestination.bulk_above = int(sys.argv[5])
crashpoints.arm(name, hard=True)
with State.open(settings) as state:
    applying.apply(plan, Warehouse(settings.paths), state, settings, Run("killed"), silent)
"""


@pytest.mark.kill
@pytest.mark.parametrize("name", [*(n for n in writer.CRASHPOINTS if n != "lost"), "job_closed"])
def test_killed_for_real_at_any_journal_state_nothing_is_written_twice(bench: Bench, name: str) -> None:
    """With three calls to each CRM under way side by side."""
    plan = bench.plan()
    arguments = [name, str(bench.settings.home), str(plan.path), json.dumps(bench.crms.env)]
    arguments += [str(JOBS_ABOVE), str(COLLECTION)]
    said, code = nursery.python(_APPLY_AND_DIE, arguments)
    assert code == 137, said
    recovery.recover(bench.state, bench.settings)
    done = bench.apply(bench.plan())
    assert (done.rejected, done.unknown) == (0, 0)
    bench.assert_written_once()


@pytest.mark.parametrize("status", ["drop_answer", "reset"])
def test_a_lost_answer_is_looked_into_before_anything_is_sent_again(bench: Bench, status: str) -> None:
    bench.crms.faults("(batch/update|PATCH .*composite/sobjects)", status)
    done = bench.apply(bench.plan())
    assert done.confirmed == 2 * 2 * RECORDS_A_TEST
    assert (done.rejected, done.unknown) == (0, 0)
    bench.assert_written_once()


def test_many_rows_go_by_a_job_and_each_is_written_once(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SalesforceDestination, "bulk_above", JOBS_ABOVE)
    monkeypatch.setattr(SalesforceDestination, "batch_size", COLLECTION)
    done = bench.apply(bench.plan())
    assert (done.confirmed, done.rejected, done.unknown) == (2 * 2 * RECORDS_A_TEST, 0, 0)
    with bench.state.reading() as connection:
        jobs = connection.exec_driver_sql("select rows, state from bulk_jobs").all()
    assert [tuple(job) for job in jobs] == [(RECORDS_A_TEST, "JobComplete")]
    bench.assert_written_once()


@pytest.mark.parametrize("status", ["drop_answer", "reset"])
@pytest.mark.parametrize("call", ["POST .*jobs/ingest", "PUT .*batches", "PATCH .*jobs/ingest"])
def test_a_lost_answer_about_a_job_writes_nothing_twice(
    bench: Bench, call: str, status: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SalesforceDestination, "bulk_above", JOBS_ABOVE)
    monkeypatch.setattr(SalesforceDestination, "batch_size", COLLECTION)
    bench.crms.faults(call, status)
    done = bench.apply(bench.plan())
    assert (done.confirmed, done.rejected, done.unknown) == (2 * 2 * RECORDS_A_TEST, 0, 0)
    bench.assert_written_once()


def test_the_calls_made_are_the_calls_forecast(bench: Bench) -> None:
    plan = bench.plan()
    done = bench.apply(plan)
    assert (done.calls, done.repair) == (plan.calls, 0)
    bench.assert_written_once()


def test_what_a_person_changed_since_the_crm_was_read_is_asked_for_in_one_call_and_left(bench: Bench) -> None:
    with open_hubspot(bench.settings) as portal, open_salesforce(bench.settings) as org:
        _ = portal.account(), org.identity()
        read = {"hubspot": portal.server_time, "salesforce": org.server_time}
        bench.publish(
            "create schema if not exists ops", "create or replace table ops.loads "
            "(vendor text, object text, status text, window_to timestamptz)",
            *(f"insert into ops.loads values ('{vendor}', '{OBJECTS[vendor][1]}', 'loaded', "
              f"timestamptz '{moment - timedelta(seconds=1)}')" for vendor, moment in read.items() if moment),
        )  # fmt: skip
        plan, word = bench.plan(), "a person's word"
        first = {vendor: ids[0] for vendor, ids in bench.ids.items()}
        portal.batch_update(
            "contacts", [{"id": first["hubspot"], "properties": {"first_touch_source": word}}]
        )
        org.update_collection("Lead", [{"Id": first["salesforce"], "First_Touch_Source__c": word}])
    done = bench.apply(plan)
    assert done.calls - done.repair == plan.calls
    assert done.confirmed == 2 * (2 * RECORDS_A_TEST - 1)
    assert [list(each.held) for each in done.syncs.values()] == [[CHANGED_MEANWHILE]] * 2


def test_an_apply_that_reaches_its_share_of_the_day_stops_and_goes_on_where_it_was(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others have used so much of Salesforce's day that not all calls fit into our share."""
    monkeypatch.setattr(SalesforceDestination, "batch_size", 1)  # six, of which five go side by side
    with open_salesforce(bench.settings) as salesforce:
        salesforce.identity()
        assert salesforce.day is not None
        allowed = salesforce.day[0]
    url, plan = f"{bench.crms.urls['salesforce']}/_sandbox/org", bench.plan()
    try:
        httpx.post(url, json={"do": "use_calls", "used": int(allowed * 0.8) - 3}).raise_for_status()
        first = bench.apply(plan)
        stopped = bench.crms.writes("salesforce", bench.ids["salesforce"])
        assert first.is_partial
        assert "of this day are used" in first.syncs["leads"].stopped
        assert first.syncs["contacts"].records == RECORDS_A_TEST, "HubSpot has a day of its own"
        assert 0 < len(stopped) < 2 * RECORDS_A_TEST
    finally:
        httpx.post(url, json={"do": "use_calls", "used": 0}).raise_for_status()
    assert not bench.apply(plan).is_partial
    bench.assert_written_once()
