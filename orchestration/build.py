"""Puts the graph together. The only place that knows all of its parts; assets and checks stay in theirs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dagster as dg

from orchestration import alerts, checks, dbt_graph, jobs, keys, schedules
from orchestration.assets import activate, decide, extract, publish, quality, transform
from orchestration.resources import loop_resource
from pipelines.rules.syncs import load_syncs
from pipelines.settings import Settings, load_settings


def build_defs(
    settings: Settings | None = None,
    *,
    manifest: Mapping[str, Any] | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> dg.Definitions:
    """The whole graph on these settings (by default the environment's). `overrides` replace resources."""
    settings = settings or load_settings()
    assets = _assets(settings, manifest if manifest is not None else dbt_graph.manifest(settings))
    syncs = load_syncs(settings.config_dir).syncs
    known = {key for definition in assets for key in definition.keys}
    return dg.Definitions(
        assets=assets,
        asset_checks=checks.build(known),
        jobs=jobs.ALL,
        schedules=[*schedules.ALL, *schedules.of_syncs(syncs)],
        sensors=[*schedules.sensors(settings, syncs), *alerts.sensors(settings)],
        resources={"run_loop": loop_resource(settings), **(overrides or {})},
        executor=dg.in_process_executor,
    )


def _assets(settings: Settings, manifest: Mapping[str, Any]) -> list[dg.AssetsDefinition]:
    marts, desired = dbt_graph.models(manifest, "marts"), dbt_graph.models(manifest, "desired")
    activity = dbt_graph.models(manifest, "activity")
    syncs = load_syncs(settings.config_dir).syncs
    return [
        *extract.build(),
        *transform.build(marts, desired),
        *decide.build(),
        *quality.build(),
        *publish.build(_ends(marts)),
        *activate.build(syncs, activity),
    ]


def _ends(marts: dbt_graph.Models) -> list[dg.AssetKey]:
    """Marts that no model of their stage reads: publishing waits for them, and through them for the rest."""
    read = {dep.asset_key for spec in marts.specs for dep in spec.deps}
    ends = (spec.key for spec in marts.specs if spec.key.path[0] == "marts" and spec.key not in read)
    return [key for key in ends if key != keys.UNIFIED_LEADS]
