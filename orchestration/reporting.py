"""What Dagster is told about a step: a materialisation per table, a result per check.

Belongs here: turning our results into Dagster's. Nothing is decided here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import dagster as dg

from expectations.results import CheckResult, SuiteResult
from orchestration.dbt_graph import Models
from pipelines.dbt_results import NodeResult
from pipelines.run import StepResult
from pipelines.warehouse import Warehouse, Which

UNCHANGED = "Nothing changed since this was asked last."
SHOWN_COUNTS = 12  # an extract counts each table; those stand at the tables themselves


def materialised(
    keys: Iterable[dg.AssetKey], step: StepResult, warehouse: Warehouse | None = None
) -> Iterator[dg.MaterializeResult[Any]]:
    """One materialisation per key; with a warehouse each carries its row count."""
    keys = list(keys)
    rows = row_counts(warehouse, keys) if warehouse is not None else {}
    about = metadata(step)
    for key in keys:
        counted = {"dagster/row_count": rows[key]} if key in rows else {}
        yield dg.MaterializeResult(asset_key=key, metadata={**about, **counted})


def metadata(step: StepResult) -> dict[str, Any]:
    """What a step said, as Dagster shows it."""
    notes = "\n".join(f"- {note}" for note in step.notes)
    return {
        "run": step.run_id,
        "status": step.status,
        "seconds": round(step.seconds, 2),
        **({"notes": dg.MetadataValue.md(notes)} if notes else {}),
        **(step.counts if len(step.counts) <= SHOWN_COUNTS else {}),
    }


def row_counts(warehouse: Warehouse, keys: Iterable[dg.AssetKey]) -> dict[dg.AssetKey, int]:
    """Rows of those keys that are tables or marts, of the refresh in the works or else of the warehouse."""
    which: Which = "work" if warehouse.has_work() else "warehouse"
    if which == "warehouse" and not warehouse.paths.warehouse.exists():
        return {}
    with warehouse.reading(which) as connection:
        known = connection.execute(
            "select table_schema, table_name from information_schema.tables "
            "where (table_type = 'BASE TABLE' or table_schema = 'marts') "
            "and table_catalog = current_database()"
        ).fetchall()
        counts = {}
        for key in sorted({dg.AssetKey(list(name)) for name in known} & set(keys)):
            schema, name = key.path
            row = connection.execute(f'select count(*) from "{schema}"."{name}"').fetchone()
            counts[key] = int(row[0]) if row else 0
        return counts


def suite_results(
    specs: Iterable[dg.AssetCheckSpec], seen: CheckResult | None
) -> Iterator[dg.AssetCheckResult]:
    """One result per check of a Great Expectations suite; None means that nothing had to be asked."""
    by_check = {(s.table, check_name(s.suite)): s for s in seen.suites} if seen is not None else {}
    for spec in specs:
        found = by_check.get((".".join(spec.asset_key.path), spec.name))
        if found is None:
            yield dg.AssetCheckResult(
                passed=True, asset_key=spec.asset_key, check_name=spec.name, description=UNCHANGED
            )
        else:
            yield _suite_result(spec, found)


def _suite_result(spec: dg.AssetCheckSpec, found: SuiteResult) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        passed=found.passed,
        asset_key=spec.asset_key,
        check_name=spec.name,
        severity=dg.AssetCheckSeverity.ERROR if found.severity == "gate" else dg.AssetCheckSeverity.WARN,
        description=found.note or "\n".join(found.failures) or "Everything expected holds.",
        metadata={"expectations": found.expectations, "seconds": round(found.seconds, 3)},
    )


def check_name(suite: str) -> str:
    """The name of a suite as an asset check, apart from dbt's tests on the same table."""
    return f"gx_{suite}"


def test_results(models: Models, nodes: Iterable[NodeResult]) -> Iterator[dg.AssetCheckResult]:
    """One result per dbt test; one that did not run holds as before, for nothing changed."""
    noted = {node.unique_id: node for node in nodes}
    for check in models.checks:
        node = noted.get(models.unique_ids[check.key])
        if node is not None:
            yield _test_result(check, node)
        else:
            yield dg.AssetCheckResult(
                passed=True, asset_key=check.asset_key, check_name=check.name, description=UNCHANGED
            )


def failed_tests(models: Models, nodes: Iterable[NodeResult]) -> Iterator[dg.AssetCheckResult]:
    """The tests that stopped a build, so that they show at their tables."""
    noted = {node.unique_id: node for node in nodes if node.status in ("fail", "error")}
    for check in models.checks:
        if models.unique_ids[check.key] in noted:
            yield _test_result(check, noted[models.unique_ids[check.key]])


def _test_result(check: dg.AssetCheckSpec, node: NodeResult) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        passed=node.status == "pass",
        asset_key=check.asset_key,
        check_name=check.name,
        severity=dg.AssetCheckSeverity.ERROR if check.blocking else dg.AssetCheckSeverity.WARN,
        description=f"{node.rows:,} rows fail. {node.message}".strip() if node.rows else "Holds.",
        metadata={"rows": node.rows, "seconds": round(node.seconds, 3)},
    )
