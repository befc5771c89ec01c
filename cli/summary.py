"""The one screen at the end of `make build`: what came in, what it became, what was written, where to look.

Belongs here: asking the published file and printing. Nothing is computed that the marts do not hold.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape

from cli.screen import table
from pipelines.timing import fixed_costs

if TYPE_CHECKING:
    import duckdb

    from cli.world import World
    from pipelines.reverse_sync.apply import ApplyResult
    from pipelines.reverse_sync.plan import Plan, Sample
    from pipelines.steps import Loop

MARTS = (
    "unified_leads",
    "unified_accounts",
    "opportunities",
    "stage_history",
    "attribution_touchpoints",
    "attribution_credits",
    "pipeline_velocity",
)
FINDINGS_SHOWN = 8
SAMPLES_SHOWN = 3


@dataclass(frozen=True, kw_only=True)
class Story:
    """What a build did, for its summary."""

    world: World
    sandbox_seconds: float
    total_seconds: float
    plan: Plan
    applied: ApplyResult | None
    again: Plan


def show(console: Console, loop: Loop, story: Story) -> None:
    """Print it."""
    with loop.warehouse.reading("warehouse") as connection:
        raw = _raw_rows(connection)
    with loop.warehouse.reading() as connection:
        console.print()
        _stages(console, connection, raw)
        _empty(console, connection)
        _gates(console, connection)
        _written(console, connection, loop, story)
        _findings(console, connection)
        _kpis(console, connection)
    _next(console, loop, story)


def _raw_rows(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Rows of each raw schema, as the warehouse holds them now."""
    tables = connection.execute(
        "select table_schema, table_name from information_schema.tables "
        "where table_schema like 'raw~_%' escape '~' and table_name not like '~_dlt%' escape '~' order by all"
    ).fetchall()
    rows: dict[str, int] = {}
    for schema, name in tables:
        counted = connection.execute(f'select count(*) from {schema}."{name}"').fetchone()
        rows[schema] = rows.get(schema, 0) + (counted[0] if counted else 0)
    return rows


def _stages(console: Console, connection: duckdb.DuckDBPyConnection, raw: dict[str, int]) -> None:
    rows = [(schema, f"{count:,}") for schema, count in raw.items()]
    for mart in MARTS:
        counted = connection.execute(f"select count(*) from marts.{mart}").fetchone()
        rows.append((f"marts.{mart}", f"{counted[0] if counted else 0:,}"))
    console.print(table("Rows", ("table", "rows"), rows, numbers=(1,)))


def _empty(console: Console, connection: duckdb.DuckDBPyConnection) -> None:
    """Objects without a row, by reason: the world does not have them, or they could not be read."""
    rows = connection.execute(
        """
        with latest as (
            select vendor, table_name, arg_max(status, run_id) as status, arg_max(note, run_id) as note,
                sum(rows) as rows
            from ops.loads group by all
        )
        select vendor, case when status in ('absent', 'stale') then coalesce(nullif(note, ''), status)
            else 'this world has none' end as why, string_agg(table_name, ', ' order by table_name)
        from latest where rows = 0 or status = 'stale' group by all order by all
        """
    ).fetchall()
    if rows:
        console.print("\n[bold]Empty[/]")
        for vendor, why, names in rows:
            console.print(f"  {vendor}: {names}  [dim]{escape(why)}[/]")


def _gates(console: Console, connection: duckdb.DuckDBPyConnection) -> None:
    rows = connection.execute("select scope, passed, message from ops.gates order by scope").fetchall()
    said = ", ".join(
        f"{scope} {'passed' if passed else 'STOPPED: ' + message}" for scope, passed, message in rows
    )
    console.print(f"\n[bold]Gates[/]  {escape(said) or 'none were asked'}")


def _written(console: Console, connection: duckdb.DuckDBPyConnection, loop: Loop, story: Story) -> None:
    console.print("\n[bold]Written back[/]")
    written = connection.execute(
        "select vendor, object, field, count(*) filter (state = 'confirmed'), "
        "count(*) filter (state <> 'confirmed') from ops.journal where run_id = ? group by all order by all",
        [loop.run.id],
    ).fetchall()
    for note in story.plan.notes:
        console.print(f"  {escape(note[0].upper() + note[1:])}.")
    if not written:
        if not story.plan.notes:
            console.print("  Nothing: both CRMs already hold what they should.")
        return
    by_object: dict[str, list[str]] = {}
    for vendor, name, field, confirmed, other in written:
        said = f"{field} {confirmed:,}" + (f" ({other:,} not)" if other else "")
        by_object.setdefault(f"{vendor} {name}", []).append(said)
    for name, fields in by_object.items():
        console.print(f"  {name}: {', '.join(fields)}")
    console.print("  [dim]for instance[/]")
    for sample in _samples(story.plan):
        console.print(
            f"    {escape(sample.label or sample.record_id)}  [dim]{sample.sync} {sample.record_id}[/]"
        )
        for field, change in sample.fields.items():
            console.print(
                f"      {field}: {escape(_shown(change.before))} → {escape(_shown(change.after))}"
                f"  [dim]{escape(change.rule)}[/]"
            )


def _samples(plan: Plan) -> list[Sample]:
    """A few, of as many syncs as there are."""
    turns: dict[str, int] = {}
    ordered = []
    for sample in plan.samples:
        turns[sample.sync] = turns.get(sample.sync, 0) + 1
        ordered.append((turns[sample.sync], sample))
    return [sample for _, sample in sorted(ordered, key=lambda pair: pair[0])][:SAMPLES_SHOWN]


def _findings(console: Console, connection: duckdb.DuckDBPyConnection) -> None:
    rows = connection.execute(
        "select replace(finding, '_', ' '), vendor, object, records from marts.data_findings "
        "order by records desc, finding, vendor, object"
    ).fetchall()
    if not rows:
        return
    console.print(f"\n[bold]Findings in the data[/]  [dim]all {len(rows)} in marts.data_findings[/]")
    for finding, vendor, name, records in rows[:FINDINGS_SHOWN]:
        console.print(f"  {records:>7,}  {finding}  [dim]{vendor} {name}[/]")


def _kpis(console: Console, connection: duckdb.DuckDBPyConnection) -> None:
    rows = connection.execute(
        "select kpi, unit, value, target, met, numerator, denominator from marts.kpis order by kpi"
    )
    verdict = {True: "met", False: "missed", None: "no data"}
    shown = []
    for kpi, unit, value, target, met, numerator, denominator in rows.fetchall():
        counted = f"{numerator:,.0f} of {denominator:,.0f}" if denominator else ""
        if counted and unit != "share":
            counted += " in time"
        shown.append((kpi, _measure(value, unit), _measure(target, unit), verdict[met], counted))
    console.print()
    console.print(table("KPIs, last 30 days", ("kpi", "value", "target", "", "from"), shown, numbers=(1, 2)))


def _next(console: Console, loop: Loop, story: Story) -> None:
    fixed = fixed_costs()
    pipeline = story.total_seconds - story.sandbox_seconds
    left = "nothing left to change" if story.again.is_empty else f"{story.again.records:,} records left"
    console.print(f"\nSecond plan: [bold]{left}[/]")
    console.print(
        f"Pipeline {pipeline:.1f} s, of which fixed {sum(fixed.values()):.1f} s"
        f" [dim]({', '.join(f'{name} {seconds:.1f}' for name, seconds in fixed.items()) or 'nothing'})[/];"
        f" sandbox start {story.sandbox_seconds:.1f} s"
    )
    console.print(f"Analysts' database: [bold]{_relative(loop.settings.paths.published)}[/]")
    console.print(f"Quality report: {_relative(loop.settings.paths.data_docs / 'index.html')}")
    console.print("\nNext, try:")
    console.print("  make build           again: incremental, and nothing is written twice")
    console.print("  .venv/bin/crm status what is published and how fresh it is")
    console.print("  make dev             the same steps as assets and checks, on 127.0.0.1:3000")


def _shown(value: Any) -> str:
    return "empty" if value in (None, "") else str(value)


def _measure(value: float | None, unit: str) -> str:
    """A share as per cent, down to a tenth and never rounded up to all; hours as hours."""
    if value is None:
        return "–"
    if unit != "share":
        return f"{value:,.1f} h" if value % 1 else f"{value:,.0f} h"
    tenths = math.floor(value * 1000 + 1e-9) / 10
    return f"{tenths:.1f}%" if tenths % 1 else f"{tenths:.0f}%"


def _relative(path: Any) -> str:
    from pathlib import Path

    try:
        return str(Path(path).relative_to(Path.cwd()))
    except ValueError:
        return str(path)
