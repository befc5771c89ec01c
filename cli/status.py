"""`crm status`: what is published, how fresh it is, what the last runs did, what is wrong now."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from rich.console import Console

from cli.screen import table
from pipelines.settings import Settings
from pipelines.warehouse import Warehouse, has_table

if TYPE_CHECKING:
    import duckdb


def show_status(settings: Settings, *, each_table: bool = False) -> None:
    """Print it, with tables by vendor or each by itself. Raises CrmError when nothing is published yet."""
    console = Console(highlight=False)
    with Warehouse(settings.paths).reading() as connection:
        _publishes(console, connection, settings)
        if each_table:
            _objects(console, connection)
        else:
            _vendors(console, connection)
        _runs(console, connection)
    _incidents(console, settings)


def _publishes(console: Console, connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    found = connection.execute("select max(published_at) from ops.publishes").fetchone()
    at: datetime = found[0] if found else datetime.now(UTC)
    console.print(f"Published {_ago(datetime.now(UTC) - at)} ago: {settings.paths.published}")


def _vendors(console: Console, connection: duckdb.DuckDBPyConnection) -> None:
    rows = connection.execute(
        """
        with tables as (
            select vendor, table_name, arg_max(status, loaded_at) as status,
                sum(rows) filter (status = 'loaded') as read, max(window_to) as complete_to
            from ops.loads group by all
        )
        select vendor, count(*), sum(read), min(complete_to),
            list(table_name || ' (' || status || ')' order by table_name) filter (status <> 'loaded')
        from tables group by all order by all
        """
    ).fetchall()
    console.print()
    console.print(
        table(
            "Extracted", ("vendor", "tables", "rows read so far", "complete up to, UTC", "but for"),
            [(v, str(n), f"{r or 0:,}", _stamp(w), ", ".join(less or ())) for v, n, r, w, less in rows],
            numbers=(1, 2), wrapping=(4,),
        )
    )  # fmt: skip
    console.print("Each table: crm status --tables", style="dim")


def _objects(console: Console, connection: duckdb.DuckDBPyConnection) -> None:
    rows = connection.execute(
        """
        select vendor, table_name, arg_max(status, loaded_at), sum(rows) filter (status = 'loaded'),
            max(window_to)
        from ops.loads group by all order by all
        """
    ).fetchall()
    console.print()
    console.print(
        table(
            "Extracted", ("vendor", "table", "standing", "rows read so far", "complete up to, UTC"),
            [(v, t, s, f"{r or 0:,}", _stamp(w)) for v, t, s, r, w in rows], numbers=(3,),
        )
    )  # fmt: skip


def _runs(console: Console, connection: duckdb.DuckDBPyConnection) -> None:
    if not has_table(connection, "ops", "runs"):
        return
    rows = connection.execute(
        "select run_id, kind, status, started_at, ended_at from ops.runs order by started_at desc limit 5"
    ).fetchall()
    console.print()
    console.print(
        table(
            "Last runs", ("run", "kind", "status", "started, UTC", "took"),
            [(i, k, s, _stamp(a), f"{(b - a).total_seconds():.0f} s" if b else "") for i, k, s, a, b in rows],
            numbers=(4,),
        )
    )  # fmt: skip


def _incidents(console: Console, settings: Settings) -> None:
    """What is wrong now: of the state, for it is no part of what was published."""
    from pipelines.state import State, incidents

    with State.open(settings) as state, state.reading() as connection:
        found = incidents.going_on(connection)
    if found:
        rows = [
            (_stamp(each["opened_at"]), each["kind"], f"{each['seen']}", each["sentence"]) for each in found
        ]
        console.print()
        console.print(
            table("Wrong now", ("since, UTC", "kind", "runs", "what"), rows, numbers=(2,), wrapping=(3,))
        )


def _stamp(value: Any) -> str:
    return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M") if value else ""


def _ago(span: timedelta) -> str:
    minutes = int(span.total_seconds() // 60)
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // 1440} days"
