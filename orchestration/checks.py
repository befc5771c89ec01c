"""Asset checks asked beside the steps: Great Expectations suites as gates or warnings, and freshness.

dbt's tests are asset checks too; they run inside the build, in `assets.transform`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import dagster as dg

from expectations.registry import suites_of
from expectations.results import SCOPES, Scope
from orchestration import keys
from orchestration.reporting import check_name, suite_results
from orchestration.resources import RunLoop
from pipelines import health
from pipelines.alerts.conditions import of_drift
from pipelines.alerts.watch import keep
from pipelines.rules.alerts import load_alerts
from pipelines.schema import run as schema
from pipelines.settings import Settings
from pipelines.state import schema as schema_state
from pipelines.state.engine import State

STALE_AFTER = timedelta(hours=3)
CONNECTED = dg.AssetCheckKey(keys.LOADS, "connections")
FRESH = dg.AssetCheckKey(keys.UNIFIED_LEADS, "fresh")
DRIFT = dg.AssetCheckKey(keys.UNIFIED_LEADS, "schema_drift")


def build(known: set[dg.AssetKey]) -> list[dg.AssetChecksDefinition]:
    """Checks on the tables that the graph has."""
    return [_suites(scope, _specs(scope, known)) for scope in SCOPES] + [_fresh(), _drift(), _connected()]


def _specs(scope: Scope, known: set[dg.AssetKey]) -> list[dg.AssetCheckSpec]:
    """A gate blocks what is below its table; not on the desired state, for the marts are published."""
    return [
        dg.AssetCheckSpec(
            check_name(suite.name),
            asset=keys.table(suite.table),
            description=(suite.build.__doc__ or "").strip(),
            blocking=suite.severity == "gate" and scope != "desired",
        )
        for suite in suites_of(scope)
        if keys.table(suite.table) in known
    ]


def _suites(scope: Scope, specs: Sequence[dg.AssetCheckSpec]) -> dg.AssetChecksDefinition:
    @dg.multi_asset_check(name=f"check_{scope}", specs=specs)
    def check(run_loop: dg.ResourceParam[RunLoop]) -> Iterator[dg.AssetCheckResult]:
        """Ask the suites of this scope over the refresh in the works."""
        yield from suite_results(specs, run_loop.checked(scope))

    return check


def _fresh() -> dg.AssetChecksDefinition:
    @dg.asset_check(asset=FRESH.asset_key, name=FRESH.name)
    def fresh(run_loop: dg.ResourceParam[RunLoop]) -> dg.AssetCheckResult:
        """Published within the last three hours, by whichever door."""
        return freshness(published_at(run_loop), datetime.now(UTC))

    return fresh


def _drift() -> dg.AssetChecksDefinition:
    @dg.asset_check(asset=DRIFT.asset_key, name=DRIFT.name)
    def schema_drift(run_loop: dg.ResourceParam[RunLoop]) -> dg.AssetCheckResult:
        """Objects and fields are at both CRMs as objects as code has left them."""
        loop = run_loop.loop
        return drifted(loop.settings, loop.run.id)

    return schema_drift


def drifted(settings: Settings, run_id: str) -> dg.AssetCheckResult:
    """The verdict on what people have changed by hand, an incident while it lasts; nothing is asked before
    the first apply."""
    with State.open(settings) as state, state.reading() as reading:
        if not schema_state.has_made(reading):
            return dg.AssetCheckResult(passed=True, description="crm schema apply has made nothing yet.")
    with schema.opened(settings) as session:
        drift = schema.diff(session, schema.load(settings.config_dir))
    sentences = [each.sentence for each in drift.found]
    with State.open(settings) as state:
        keep(of_drift(sentences, load_alerts(settings.config_dir)), settings, state, run_id)
    said = "; ".join(sentences[:50])
    said += f"; and {len(drift.found) - 50} more" if len(drift.found) > 50 else ""
    return dg.AssetCheckResult(
        passed=not drift.found, severity=dg.AssetCheckSeverity.WARN,
        description=f"{drift.compared} things compared. {said}".strip(),
        metadata={"changed by hand": len(drift.found)},
    )  # fmt: skip


def _connected() -> dg.AssetChecksDefinition:
    @dg.asset_check(asset=CONNECTED.asset_key, name=CONNECTED.name)
    def connections(run_loop: dg.ResourceParam[RunLoop]) -> dg.AssetCheckResult:
        """Each connection lets us in, with the rights and the calls it takes; kept as probes for uptime."""
        loop = run_loop.loop
        found = health.check_all(loop.settings, loop.warehouse, loop.state, loop.run.id)
        ill = [f"{each.vendor}: {each.problem}" for each in found if not each.ok]
        return dg.AssetCheckResult(
            passed=not ill, severity=dg.AssetCheckSeverity.WARN,
            description="; ".join(ill) or f"{len(found)} connections are well.",
            metadata={each.vendor: round(each.seconds, 3) for each in found},
        )  # fmt: skip

    return connections


def published_at(run_loop: RunLoop) -> datetime | None:
    """When the analysts' file was last swapped in; None before the first time."""
    if not run_loop.loop.settings.paths.published.exists():
        return None
    with run_loop.loop.warehouse.reading("published") as connection:
        row = connection.execute("select max(published_at) from ops.publishes").fetchone()
    return row[0] if row else None


def freshness(published: datetime | None, now: datetime) -> dg.AssetCheckResult:
    """The verdict on a publish of some age."""
    age = now - published if published is not None else None
    said = (
        "Nothing has been published yet."
        if age is None
        else f"Published {age.total_seconds() / 3600:.1f} h ago."
    )
    return dg.AssetCheckResult(
        passed=age is not None and age <= STALE_AFTER, severity=dg.AssetCheckSeverity.WARN, description=said
    )
