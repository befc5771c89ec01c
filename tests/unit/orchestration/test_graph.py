"""How the graph reads: what every asset has, which way the arrows go, what blocks."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

import dagster as dg

from orchestration import checks, keys
from pipelines.health import Health

ORDER = (
    "extract_hubspot",
    "extract_salesforce",
    "extract_marketing_cloud",
    "transform",
    "decide",
    "quality",
    "publish",
    "activate",
)


def test_every_asset_has_description_owners_kinds_and_a_group(graph):
    for key in graph.definitions.resolve_asset_graph().get_all_asset_keys():
        node = graph.definitions.resolve_asset_graph().get(key)
        assert node.is_materializable, key
        assert node.description, key
        assert node.owners == keys.OWNERS, key
        assert node.kinds, key
        assert node.group_name in ORDER, key


def test_arrows_between_groups_go_one_way(graph):
    asset_graph = graph.definitions.resolve_asset_graph()
    for key in asset_graph.get_all_asset_keys():
        node = asset_graph.get(key)
        for parent in node.parent_keys:
            above = asset_graph.get(parent).group_name
            assert ORDER.index(above) <= ORDER.index(node.group_name), (parent, key)


def test_config_is_not_drawn_as_an_arrow_to_every_model(graph):
    schemas = {key.path[0] for key in graph.definitions.resolve_asset_graph().get_all_asset_keys()}
    assert "rules" not in schemas


def test_gates_block_what_is_below_and_warnings_do_not(graph):
    checks = graph.definitions.resolve_asset_graph()
    blocking = {
        key for key in checks.asset_check_keys if checks.get(key).blocking and key.name.startswith("gx_")
    }
    assert dg.AssetCheckKey(keys.table("raw_hubspot.contacts"), "gx_volume") in blocking
    assert dg.AssetCheckKey(keys.UNIFIED_LEADS, "gx_volume") in blocking
    assert dg.AssetCheckKey(keys.table("raw_hubspot.contacts"), "gx_plausible") not in blocking


def test_gates_of_the_desired_state_do_not_keep_the_marts_from_being_published(graph):
    checks = graph.definitions.resolve_asset_graph()
    desired = [key for key in checks.asset_check_keys if key.asset_key.path[0] == "reverse_sync"]
    assert {key.name for key in desired if key.name.startswith("gx_")} == {"gx_volume", "gx_ready"}
    assert not [key for key in desired if checks.get(key).blocking]


def test_dbt_tests_are_checks_and_block_by_their_severity(graph):
    checks = graph.definitions.resolve_asset_graph()
    assert checks.get(dg.AssetCheckKey(keys.UNIFIED_LEADS, "key")).blocking
    warns = dg.AssetCheckKey(keys.table("reverse_sync.sync_hubspot__contacts"), "key")
    assert not checks.get(warns).blocking


def test_refresh_writes_to_no_crm_and_activation_starts_at_the_published_file(graph):
    refresh = graph.definitions.resolve_job_def("refresh").asset_layer.executable_asset_keys
    activation = graph.definitions.resolve_job_def("activation").asset_layer.executable_asset_keys
    assert not [key for key in refresh if key.path[0] in ("apply", "plan")]
    assert {key.path[0] for key in activation} == {"plan", "apply", "ops", "marts"}
    assert not set(refresh) & set(activation)


def test_the_hourly_refresh_runs_and_the_hourly_activation_waits_to_be_turned_on(graph):
    schedules = {s.name: s for s in graph.definitions.schedules or ()}
    assert schedules["hourly_refresh"].default_status == dg.DefaultScheduleStatus.RUNNING
    assert schedules["hourly_activation"].default_status == dg.DefaultScheduleStatus.STOPPED
    assert schedules["schema_drift_watch"].default_status == dg.DefaultScheduleStatus.RUNNING
    assert schedules["schema_drift_watch"].job_name == "schema_drift"


def test_an_ill_connection_fails_its_check_with_the_reason_and_the_latency_of_each(monkeypatch):
    at = datetime(2026, 6, 30, tzinfo=UTC)
    found = [
        Health(vendor="hubspot", seconds=0.25, at=at),
        Health(vendor="marketing_cloud", seconds=1.5, problem="the package has expired", at=at),
    ]
    monkeypatch.setattr(checks.health, "check_all", lambda *asked: found)
    loop = SimpleNamespace(settings=None, warehouse=None, state=None, run=SimpleNamespace(id="r"))
    told = checks._connected()(run_loop=SimpleNamespace(loop=loop))
    assert (told.passed, told.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert told.description == "marketing_cloud: the package has expired"
    assert {name: value.value for name, value in told.metadata.items()} == {
        "hubspot": 0.25, "marketing_cloud": 1.5,
    }  # fmt: skip
    del found[1]
    assert checks._connected()(run_loop=SimpleNamespace(loop=loop)).passed
