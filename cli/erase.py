"""`crm erase`: who is meant, what went, and which CRMs still hold them. Nothing printed names anybody."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from cli import world as worlds
from cli.connect import loop_for
from cli.sandbox_process import connected, running
from cli.screen import Screen, table
from pipelines.erasure.erase import Erased
from pipelines.erasure.extensions import take_out
from pipelines.erasure.holders import still_held
from pipelines.erasure.request import Asked, parse, read_list
from pipelines.erasure.subject import merged
from pipelines.errors import CrmError, Exit, UsageError
from pipelines.settings import Settings, load_settings

_REQUEST = re.compile(r"[\w#./-]{1,64}")
LABELS = {"hubspot": "HubSpot", "salesforce": "Salesforce", "marketing_cloud": "Marketing Cloud"}


def erase(who: str, *, dry_run: bool, request: str) -> int:
    """Returns the exit code: PARTIAL when something of them can still be read."""
    asked = _asked(who)
    if request and not _REQUEST.fullmatch(request):
        raise UsageError("a request number has letters, digits and # . / - only", where="--request")
    settings = load_settings()
    console = Console(highlight=False)
    with Screen(console) as screen, loop_for(settings, screen) as loop:
        erased = loop.erase(asked, reason=request or "asked with crm erase", dry_run=dry_run)
    _show(console, erased, dry_run=dry_run)
    _holders(console, settings, erased, dry_run=dry_run)
    for file in erased.leftovers:
        console.print(f"[bold]still readable[/] in {file}; close what has it open and run this again")
    return Exit.OK if erased.is_complete else Exit.PARTIAL


def _asked(who: str) -> list[Asked]:
    path = Path(who)
    return read_list(path) if path.is_file() else [parse(who)]


def _show(console: Console, erased: Erased, *, dry_run: bool) -> None:
    if erased.before:
        console.print(f"{erased.before:,} of those asked for had been erased before.")
    if erased.rows:
        title = "Would be erased" if dry_run else f"Erased, receipt {erased.erasure_id}"
        rows = [(place, f"{number:,}") for place, number in sorted(erased.rows.items())]
        console.print(table(title, ("place", "rows or files"), rows, numbers=(1,)))
    if not dry_run and erased.people:
        console.print("Sums in the marts still count them until the next refresh works them out again.")


def _holders(console: Console, settings: Settings, erased: Erased, *, dry_run: bool) -> None:
    """Ask the CRMs, the sandbox's where there are no others: an erasure here erases nothing there, but for
    rows of our own data extensions where `on_leave` says that rows go."""
    if not erased.subjects:
        return
    try:
        with _asking(settings) as reachable:
            rows = take_out(reachable, merged(erased.subjects), dry_run=dry_run)
            said = still_held(reachable, merged(erased.subjects))
    except CrmError as error:
        console.print(f"The CRMs could not be asked: {escape(str(error))}")
        return
    for vendor, end in said.items():
        console.print(f"{LABELS[vendor]} {end}.")
    for sentence in rows:
        console.print(f"Marketing Cloud: {escape(sentence)}.")
    if not said:
        console.print("No CRM is connected, so none was asked whether it still holds them.")


@contextmanager
def _asking(settings: Settings) -> Iterator[Settings]:
    world = worlds.current(settings.home)
    if settings.connections or world is None or not settings.paths.sandbox.is_dir():
        yield settings
        return
    with running(settings.paths.sandbox, world.source, size=worlds.size_of(settings.home)) as ready:
        yield connected(settings, ready)
