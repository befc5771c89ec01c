"""The jobs over a loop that only says what it was asked: order, gates, what is applied without a person."""

from __future__ import annotations

import shutil
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from orchestration import checks, keys, sync_reporting
from orchestration.assets import extract
from orchestration.checks import freshness
from orchestration.resources import unattended
from pipelines.errors import GateFailed
from pipelines.reverse_sync.results import SyncResult
from pipelines.rules.syncs import load_syncs
from pipelines.schema.drift import Drift, Drifted
from pipelines.settings import PROJECT_ROOT, HubSpotConnection, Secret
from pipelines.state import State, incidents
from pipelines.state import schema as schema_state


@pytest.fixture(autouse=True)
def few_tables(monkeypatch):
    """Each table is an event of each run, and so is each of its checks: contacts stand for all."""
    contacts = [table for table in extract.CATALOGS["hubspot"] if table.name == "contacts"]
    monkeypatch.setattr(extract, "CATALOGS", {"hubspot": contacts})


def evaluations(result) -> dict[tuple[str, str], dg.AssetCheckEvaluation]:
    return {
        (e.asset_key.path[-1], e.check_name): e for e in result.get_asset_check_evaluations()
    }  # fmt: skip


def test_refresh_asks_the_loop_step_by_step_under_one_lock_and_tests_of_a_build_show_as_checks(graph):
    result = graph.run("refresh")
    assert result.success
    assert graph.loop.asked == [
        "lock", "extract", "check raw", "transform", "check marts", "decide", "desired", "check desired",
        "publish", "unlock",
    ]  # fmt: skip
    assert evaluations(result)["unified_leads", "key"].passed


def test_a_failed_gate_on_raw_stops_what_is_below(graph):
    graph.loop.fails = {"raw"}
    result = graph.run("refresh")
    assert not result.success
    assert graph.loop.asked == ["lock", "extract", "check raw", "unlock"]
    seen = evaluations(result)["contacts", "gx_volume"]
    assert (seen.passed, seen.severity, seen.description) == (
        False, dg.AssetCheckSeverity.ERROR, "half is gone.",
    )  # fmt: skip
    assert isinstance(graph.made[0].gate_failed, GateFailed)


def test_a_failed_gate_on_marts_publishes_nothing(graph):
    graph.loop.fails = {"marts"}
    assert not graph.run("refresh").success
    assert "publish" not in graph.loop.asked
    assert "decide" not in graph.loop.asked


def test_a_failed_gate_on_the_desired_state_publishes_and_is_remembered(graph):
    graph.loop.fails = {"desired"}
    graph.run("refresh")
    assert graph.loop.asked.index("check desired") < graph.loop.asked.index("publish")
    assert graph.made[0].gate_failed is not None


def test_a_dbt_test_that_finds_rows_shows_at_its_table_and_stops_what_is_below(graph):
    graph.loop.fails = {"transform"}
    result = graph.run("refresh")
    assert not result.success
    seen = evaluations(result)["unified_leads", "key"]
    assert (seen.passed, seen.description) == (False, "2 rows fail.")
    assert "check marts" not in graph.loop.asked


def test_activation_takes_no_lock_of_its_own_and_writes_nothing_unattended(graph):
    result = graph.run("activation")
    assert result.success
    assert graph.loop.asked == ["plan", "record"]
    told = result.asset_materializations_for_node("apply")[0]
    assert told.metadata["status"].value == "skipped"
    assert "no sync has auto_apply: true" in told.metadata["notes"].value


def test_activation_applies_to_a_crm_on_this_machine_and_each_sync_is_judged_by_its_success(graph, settings):
    local = HubSpotConnection(url="http://127.0.0.1:9", token=Secret("x"), environment="sandbox")
    graph.loop.settings = replace(settings, hubspot=local)
    result = graph.run("activation")
    assert result.success
    assert graph.loop.asked == ["plan", "apply hubspot_contacts", "record"]
    told = {
        each.asset_key.path[-1]: each.metadata for each in result.asset_materializations_for_node("apply")
    }
    contacts = told["contacts"]
    assert (contacts["confirmed"].value, contacts["rejected"].value, contacts["calls"].value) == (9, 1, 4)
    seen = evaluations(result)
    assert (seen["contacts", "succeeded"].passed, seen["contacts", "succeeded"].description) == (
        False, "90.0% of 10 confirmed.",
    )  # fmt: skip
    assert seen["contacts", "as_usual"].description == "Too few runs to compare with."


@pytest.mark.parametrize(
    ("now", "before", "passed"),
    [
        (1000, [1000, 900, 1100], True), (9000, [1000, 900, 1100], False), (0, [1000, 900, 1100], False),
        (90, [1, 2, 3], True), (9000, [1000], True),
    ],
)  # fmt: skip
def test_a_run_far_from_the_runs_before_is_worth_a_look(now, before, passed):
    done = SyncResult("hubspot", "contacts", records=now)
    assert sync_reporting.as_usual(keys.outward("hubspot", "contacts"), done, before).passed is passed


def test_each_sync_is_an_asset_of_its_own_also_where_several_write_one_object(tmp_path):
    shutil.copytree(PROJECT_ROOT / "config", tmp_path / "config")
    (tmp_path / "config" / "consent.yml").write_text(
        "purposes:\n  news: {hubspot: 501, marketing_cloud: [A, B], salesforce: No_News__c}\n"
    )
    syncs = load_syncs(tmp_path / "config").syncs
    found = sync_reporting.keys_of(syncs)
    assert len(set(found.values())) == len(syncs)
    assert found["salesforce_lead_consents"].path == ["apply", "salesforce", "Lead_consent"]
    assert found["consent_news_salesforce_lead"].path[-1] == "consent_news_salesforce_lead"
    assert {"consent_news_marketing_cloud", "consent_news_marketing_cloud_2"} <= found.keys()


def test_actions_go_unattended_to_a_crm_on_this_machine(graph, settings):
    local = HubSpotConnection(url="http://127.0.0.1:9", token=Secret("x"), environment="sandbox")
    graph.loop.settings = replace(settings, hubspot=local)
    graph.loop.records, graph.loop.actions = 0, 2
    assert graph.run("activation").success
    assert graph.loop.asked == ["plan", "apply tasks", "record"]


def test_drift_is_a_check_of_the_graph_and_an_incident_while_it_lasts(graph, settings, monkeypatch):
    """The job asks of both CRMs once something was made; what was changed by hand fails the check."""
    assert evaluations(graph.run("schema_drift"))["unified_leads", "schema_drift"].passed
    with State.open(settings) as state, state.writing() as writing:
        schema_state.keep(writing, "hubspot", "1", [("property", "contacts.lead_score", {})])
    drift = Drift([Drifted("gone", "hubspot", "property", "contacts.lead_score", {})], compared=1)
    monkeypatch.setattr(checks.schema, "opened", lambda _: nullcontext())
    monkeypatch.setattr(checks.schema, "diff", lambda *_: drift)
    seen = evaluations(graph.run("schema_drift"))["unified_leads", "schema_drift"]
    assert (seen.passed, seen.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert seen.description == "1 things compared. hubspot property contacts.lead_score was deleted by hand"
    with State.open(settings) as state, state.reading() as reading:
        [incident] = incidents.going_on(reading)
    assert incident["kind"] == "drift"
    drift.found.clear()
    assert evaluations(graph.run("schema_drift"))["unified_leads", "schema_drift"].passed
    with State.open(settings) as state, state.reading() as reading:
        assert not incidents.going_on(reading)


def test_activation_with_nothing_to_change_applies_nothing(graph):
    graph.loop.records = 0
    assert graph.run("activation").success
    assert graph.loop.asked == ["plan", "record"]


def test_only_auto_apply_syncs_may_go_to_a_real_crm_unattended(settings, tmp_path):
    assert unattended(settings) == set()
    config = tmp_path / "config"
    config.mkdir()
    text = (settings.config_dir / "syncs.yml").read_text().replace("auto_apply: false", "auto_apply: true", 1)
    (config / "syncs.yml").write_text(text)
    assert unattended(replace(settings, config_dir=config)) == {"hubspot_contacts"}


@pytest.mark.parametrize(
    ("age", "passed"), [(timedelta(hours=1), True), (timedelta(hours=4), False), (None, False)]
)
def test_freshness_is_the_age_of_the_published_file(age, passed):
    now = datetime(2026, 2, 1, tzinfo=UTC)
    verdict = freshness(None if age is None else now - age, now)
    assert verdict.passed is passed
    assert verdict.severity == dg.AssetCheckSeverity.WARN


def test_the_freshness_job_asks_the_published_file(graph):
    result = graph.run("freshness")
    assert evaluations(result)[keys.UNIFIED_LEADS.path[-1], "fresh"].description == (
        "Nothing has been published yet."
    )
    assert graph.loop.asked == []
