"""`crm doctor`: asks every connection how it is and looks for runs that hang. Exit 1 when not all is well."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape

from cli.screen import table
from pipelines import health
from pipelines.alerts.watch import look
from pipelines.errors import Exit, UsageError
from pipelines.run import Run
from pipelines.settings import Settings, load_settings
from pipelines.state.engine import State
from pipelines.warehouse import Warehouse

LABELS = {"hubspot": "HubSpot", "salesforce": "Salesforce", "marketing_cloud": "Marketing Cloud"}


def doctor(settings: Settings | None = None, console: Console | None = None) -> int:
    """Ask, keep the verdicts as probes, print them."""
    settings = settings or load_settings()
    console = console or Console(highlight=False)
    if not settings.connections:
        raise UsageError(
            "no CRM connection is set", where="environment or .env",
            remedy="fill in .env (docs/going-live.md), or paste the lines of crm sandbox",
        )  # fmt: skip
    state = State.open(settings)
    try:
        run = Run().id
        found = health.check_all(settings, Warehouse(settings.paths), state, run)
        hanging = look(settings, state, run)
    finally:
        state.close()
    head = (
        "connection",
        "answers",
        "it is",
        "took",
        "calls left today",
        "extracted up to, UTC",
        "behind",
        "unread",
    )
    console.print(table("Connections", head, [_row(each) for each in found], numbers=(3, 4, 7)))
    for each in found:
        if not each.ok:
            console.print(f"{LABELS[each.vendor]}: {escape(each.problem)}")
    for sentence in hanging:
        console.print(f"{escape(sentence)}: it hangs, or was killed; crm status names it")
    return Exit.OK if all(each.ok for each in found) and not hanging else Exit.FAILED


def _row(each: health.Health) -> tuple[str, ...]:
    left = "not told" if each.day is None else f"{each.day[1]:,} of {each.day[0]:,}"
    left += " by our count" if each.is_own_count else ""
    last = each.last_success.strftime("%Y-%m-%d %H:%M") if each.last_success else "never"
    behind = "" if each.lag is None else f"{each.lag / 3600:.1f} h"
    return (
        LABELS[each.vendor], "yes" if each.ok else "NO", each.org, f"{each.seconds:.2f} s", left, last,
        behind, str(each.unread),
    )  # fmt: skip
