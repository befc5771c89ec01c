"""`crm rules`: what rules do to one another, which of them decide in shadow, and switching them on.

Belongs here: arguments and printing.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from pipelines.errors import Exit, UsageError

rules_app = typer.Typer(help="Rules of routing, handoff and stage automation.", no_args_is_help=True)


@rules_app.command("check")
def check() -> None:
    """Read every file of config/ and say which rules can never decide, which overlap, and who meets none."""
    from pipelines.rules.everything import validate
    from pipelines.rules.routing import load_routing
    from pipelines.settings import load_settings

    config_dir = load_settings(vendors=False).config_dir
    validate(config_dir)
    findings = load_routing(config_dir).findings()
    for finding in findings:
        typer.echo(f"{finding.kind:<12} {finding}")
    typer.echo(f"{len(findings)} findings" if findings else "Nothing found")


@rules_app.command("list")
def list_rules() -> None:
    """Every rule that was ever seen: since when it is active, and whether it decides or is in shadow."""
    from pipelines.settings import load_settings
    from pipelines.state import State, decision_runs

    with State.open(load_settings(vendors=False)) as state, state.reading() as connection:
        for kind in KINDS:
            for row in decision_runs.rules(connection, kind):
                stands = "live" if row.confirmed_at else "shadow"
                typer.echo(
                    f"{kind:<11} {stands:<7} {row.active_from:%Y-%m-%d %H:%M} "
                    f"{row.content_hash[:8]} {row.rule}"
                )


@rules_app.command("confirm")
def confirm(
    names: Annotated[
        list[str] | None, typer.Argument(help="Rules as crm rules list names them; none: all.")
    ] = None,
    since: Annotated[
        str, typer.Option("--from", help="Also decide about what happened from this day on, as 2026-06-30.")
    ] = "",
) -> None:
    """Let rules that decide in shadow act: from the next decide on, in the version that was seen last."""
    from pipelines.settings import load_settings
    from pipelines.state import State, decision_runs

    active_from = _day(since)
    done = []
    with State.open(load_settings(vendors=False)) as state, state.writing() as connection:
        for kind in KINDS:
            latest = {row.rule: row for row in decision_runs.rules(connection, kind)}
            for row in latest.values():
                if names and row.rule not in names:
                    continue
                if row.confirmed_at is None or active_from is not None:
                    decision_runs.confirm(
                        connection, kind, row.rule, row.content_hash, datetime.now(UTC), active_from
                    )
                    done.append(f"{kind} {row.rule}")
        if names and not done:
            raise UsageError("no rule of that name waits", remedy="run crm rules list")
    typer.echo("\n".join(f"confirmed {each}" for each in done) or "no rule waits to be confirmed")


KINDS = ("routing", "escalation", "handoff", "automation")


def _day(text: str) -> datetime | None:
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError:
        raise UsageError(f"{text} is no day", remedy="write it as 2026-06-30") from None


def replay(run_id: str) -> int:
    """Decide a past run again and compare it row by row."""
    from pipelines.decisions.replay import replay as again
    from pipelines.settings import load_settings
    from pipelines.state import State

    with State.open(load_settings(vendors=False)) as state:
        found = again(state, run_id)
    for line in found.differences[:20]:
        typer.echo(line)
    typer.echo(f"run {run_id}: {found.rows:,} decisions made again, {len(found.differences):,} differ")
    return Exit.OK if not found.differences else Exit.GATE


def what_if(file: str, since: str) -> None:
    """Show who would have got what by another routing file."""
    from pathlib import Path

    from pipelines.decisions.what_if import what_if as imagine
    from pipelines.rules.durations import parse
    from pipelines.settings import load_settings
    from pipelines.warehouse import Warehouse

    settings = load_settings(vendors=False)
    try:
        span = parse(since)
    except ValueError as error:
        raise UsageError(str(error), where="--since") from None
    with Warehouse(settings.paths).reading("warehouse") as connection:
        typer.echo(imagine(connection, settings, Path(file), span).text())
