"""From the published file back to the CRMs: plan, apply, record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg

from orchestration import keys, sync_reporting
from orchestration.assets.extract import NAMES
from orchestration.dbt_graph import Models
from orchestration.reporting import materialised, metadata, test_results
from orchestration.resources import RunLoop
from pipelines.alerts import usual
from pipelines.rules.syncs import Sync

JOURNAL = {
    "journal": "One row per field that was to be written: before, after, rule, and how it ended.",
    "probes": "One row per run and connection: whether the CRM answered, and how fast.",
    "runs": "One row per run: what it was, when it started and ended, how it ended.",
}
PLAN = keys.spec(
    keys.PLAN, keys.ACTIVATE, {"python"},
    "var/plans/*.jsonl: each change that would be written, with its reason. Making a plan writes nothing.",
    deps=[keys.ANALYTICS],
)  # fmt: skip


def build(syncs: Mapping[str, Sync], activity: Models) -> list[dg.AssetsDefinition]:
    outward = [_outward(key, syncs[name]) for name, key in sync_reporting.keys_of(syncs).items()]
    journal = [
        keys.spec(
            key,
            keys.ACTIVATE,
            {"python", "duckdb"},
            JOURNAL[key.path[-1]],
            deps=[spec.key for spec in outward],
        )
        for key in keys.JOURNAL
    ]
    return [_plan(), _apply(outward, syncs), _record(journal, activity)]


def _outward(key: dg.AssetKey, sync: Sync) -> dg.AssetSpec:
    return keys.spec(
        key, keys.ACTIVATE, {sync.vendor},
        f"{NAMES[sync.vendor]} {sync.object}: {', '.join(sync.fields)}, written through the journal. "
        "Without a person only where syncs.yml says auto_apply: true, or to a CRM on this machine.",
        deps=[keys.PLAN],
    )  # fmt: skip


def _plan() -> dg.AssetsDefinition:
    @dg.multi_asset(name="plan", specs=[PLAN])
    def plan(run_loop: dg.ResourceParam[RunLoop]) -> Iterator[dg.MaterializeResult[Any]]:
        """Compare what the CRMs should hold with what they hold."""
        run_loop.plan()
        yield from materialised([keys.PLAN], run_loop.loop.results[-1])

    return plan


def _apply(specs: list[dg.AssetSpec], syncs: Mapping[str, Sync]) -> dg.AssetsDefinition:
    @dg.multi_asset(name="apply", specs=specs, check_specs=sync_reporting.check_specs(syncs))
    def apply(
        run_loop: dg.ResourceParam[RunLoop],
    ) -> Iterator[dg.MaterializeResult[Any] | dg.AssetCheckResult]:
        """Write the plan where that is allowed without a person."""
        before = usual.written_before(run_loop.loop.warehouse, run_loop.loop.run.id)
        about = metadata(run_loop.apply())
        yield from sync_reporting.materialised(syncs, about, run_loop.applied)
        yield from sync_reporting.checks(syncs, run_loop.applied, before)

    return apply


def _record(journal: list[dg.AssetSpec], activity: Models) -> dg.AssetsDefinition:
    specs = [*journal, *activity.specs]

    @dg.multi_asset(name="record", specs=specs, check_specs=activity.checks)
    def record(
        run_loop: dg.ResourceParam[RunLoop],
    ) -> Iterator[dg.MaterializeResult[Any] | dg.AssetCheckResult]:
        """Load the journal, rebuild the marts about it, publish them."""
        step = run_loop.loop.record()
        yield from materialised([spec.key for spec in specs], step, run_loop.loop.warehouse)
        yield from test_results(activity, run_loop.nodes("activity"))

    return record
