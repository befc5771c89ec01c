"""Is each connection well: sign-in, rights, latency, what is left of its limits, how far behind we are.

Belongs here: one check per vendor, its verdict, keeping it as a probe of which uptime is made. Showing it
is the command line's and Dagster's.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.clients import tally
from pipelines.clients.errors import ClientError
from pipelines.clients.open import open_hubspot, open_marketing_cloud, open_salesforce
from pipelines.settings import Connection, Settings
from pipelines.warehouse import Warehouse

if TYPE_CHECKING:
    from pipelines.rules.syncs import Vendor
    from pipelines.state.engine import State

READING: Mapping[str, tuple[str, ...]] = {
    "hubspot": (
        "crm.objects.contacts.read", "crm.objects.companies.read", "crm.objects.deals.read",
        "crm.objects.owners.read",
    ),
    "salesforce": ("api",),
    "marketing_cloud": (
        "data_extensions_read", "journeys_read", "list_and_subscribers_read", "tracking_events_read",
    ),
}  # fmt: skip
"""Scopes that reading a vendor takes."""
WRITING: Mapping[str, tuple[str, ...]] = {
    "hubspot": ("crm.objects.contacts.write", "crm.objects.companies.write", "crm.objects.deals.write"),
    "salesforce": (),
    "marketing_cloud": ("data_extensions_write", "journeys_execute"),
}  # fmt: skip
"""Those that writing takes besides, asked for where this run may write there."""
EVERYTHING = {"salesforce": "full"}
"""A scope that stands for all others."""
LEAST_LEFT = 0.05
"""Share of a day's calls below which a connection is not well."""
UNREAD_TOO_LONG = timedelta(days=1)
"""A connection is not well when some table could not be read for longer than this."""


@dataclass(frozen=True)
class Answer:
    """What a vendor said: who it is, its time, calls of the day (allowed, left), scopes."""

    org: str
    at: datetime
    day: tuple[int, int] | None = None
    scopes: tuple[str, ...] | None = None
    """Those of the token; None where the vendor does not tell."""


@dataclass(frozen=True, kw_only=True)
class Health:
    """One connection. `problem` is a sentence, empty when it is well; `lag` of the extract, in seconds."""

    vendor: str
    org: str = ""
    seconds: float = 0.0
    day: tuple[int, int] | None = None
    is_own_count: bool = False
    """Whether `day` is what config lets us use less what we counted, for the vendor tells nobody."""
    last_success: datetime | None = None
    lag: float | None = None
    unread: int = 0
    problem: str = ""
    at: datetime

    @property
    def ok(self) -> bool:
        return not self.problem


def check_all(settings: Settings, warehouse: Warehouse, state: State, run_id: str) -> list[Health]:
    """Ask every connection, and keep each verdict as a probe."""
    from pipelines.rules.syncs import load_syncs
    from pipelines.state import runs

    allowed = load_syncs(settings.config_dir).pace.calls_a_day
    found = [check(settings, warehouse, connection) for connection in settings.connections]
    counted = {
        connection.vendor: getattr(connection, "calls_folder", None) for connection in settings.connections
    }
    found = [_counted(each, allowed, counted[each.vendor]) for each in found]
    with state.writing() as writing:
        for each in found:
            runs.save_probe(
                writing,
                runs.Probe(
                    each.vendor,
                    run_id,
                    each.at,
                    each.ok,
                    round(each.seconds * 1000),
                    each.problem,
                    each.org or None,
                    *(each.day or (None, None)),
                ),
            )
    return found


def _counted(each: Health, allowed: Mapping[Vendor, int], calls: Path | None) -> Health:
    """With our own count of the day's calls, where the vendor tells none and config says how many it has."""
    most = next((calls for vendor, calls in allowed.items() if vendor == each.vendor), None)
    if most is None or calls is None or not each.ok or each.day is not None:
        return each
    left = max(0, most - tally.of_day(calls, datetime.now(UTC)))
    return replace(each, day=(most, left), is_own_count=True)


def check(settings: Settings, warehouse: Warehouse, connection: Connection) -> Health:
    """Ask one connection."""
    ask: dict[str, Callable[[Settings], Answer]] = {
        "hubspot": _hubspot, "salesforce": _salesforce, "marketing_cloud": _marketing_cloud,
    }  # fmt: skip
    last, unread, names = _standing(settings, warehouse, connection.vendor)
    started = time.monotonic()
    try:
        answer = ask[connection.vendor](settings)
    except ClientError as error:
        return Health(
            vendor=connection.vendor, seconds=time.monotonic() - started, last_success=last, unread=unread,
            problem=str(error), at=datetime.now(UTC),
        )  # fmt: skip
    return Health(
        vendor=connection.vendor, org=answer.org, seconds=time.monotonic() - started, day=answer.day,
        last_success=last,
        lag=None if last is None else max(0.0, (answer.at - last).total_seconds()),
        unread=unread, at=answer.at,
        problem=_problem(answer, lacking(answer.scopes, connection, settings))
        or _unread(names, last, answer),
    )  # fmt: skip


def lacking(scopes: Sequence[str] | None, connection: Connection, settings: Settings) -> list[str]:
    """Scopes that this run takes and the token does not have; none where the vendor does not tell."""
    vendor = connection.vendor
    if scopes is None or EVERYTHING.get(vendor) in scopes:
        return []
    needed = READING[vendor]
    if settings.may_write(connection):
        needed = (*needed, *WRITING[vendor])
    return [scope for scope in needed if scope not in scopes]


def _problem(answer: Answer, missing: Sequence[str]) -> str:
    if missing:
        return f"the token lacks the scopes {', '.join(missing)}"
    if answer.day is not None and answer.day[1] < answer.day[0] * LEAST_LEFT:
        return f"only {answer.day[1]:,} of the day's {answer.day[0]:,} calls are left"
    return ""


def _unread(names: str, last: datetime | None, answer: Answer) -> str:
    """Tables that no extract could read for long: one that failed once is the extract's own business."""
    if not names or last is None or answer.at - last <= UNREAD_TOO_LONG:
        return ""
    return f"could not be read since {last:%Y-%m-%d %H:%M} UTC: {names}"


def _hubspot(settings: Settings) -> Answer:
    with open_hubspot(settings) as client:
        account = client.account()
        return Answer(f"portal {account.get('portalId')}", client.server_time or datetime.now(UTC),
                      client.budget.day, client.scopes())  # fmt: skip


def _salesforce(settings: Settings) -> Answer:
    with open_salesforce(settings) as client:
        org = client.identity()
        calls = client.limits().get("DailyApiRequests") or {}
        day = (int(calls["Max"]), int(calls["Remaining"])) if calls.get("Max") else None
        return Answer(f"org {org.org_id}", client.server_time or datetime.now(UTC), day, client.scopes)


def _marketing_cloud(settings: Settings) -> Answer:
    with open_marketing_cloud(settings) as client:
        unit = client.identity()
        return Answer(f"unit {unit.member_id}", client.server_time or datetime.now(UTC),
                      scopes=unit.scope)  # fmt: skip


def _standing(settings: Settings, warehouse: Warehouse, vendor: str) -> tuple[datetime | None, int, str]:
    """Up to when a vendor was extracted, how many of its tables could not be read, and their names. Where
    there are such tables the oldest of them says when; else the newest, for a refresh reads what it must. One
    that was never read is behind since the run that tried it first. A table that the
    vendor need not have and does not show (`absent`) does not count; the extract says so."""
    if not settings.paths.published.exists():
        return None, 0, ""
    with warehouse.reading() as connection:
        row = connection.execute(
            "select coalesce(min(coalesce(window_to, run_to, tried_at)) filter (where standing = 'stale'), "
            "max(window_to)), "
            "count(*) filter (where standing = 'stale'), "
            "string_agg(table_name, ', ' order by table_name) filter (where standing = 'stale') "
            "from (select table_name, max(window_to) as window_to, arg_max(status, run_id) as standing, "
            "min(run_id) as first_run, min(loaded_at) as tried_at "
            "from ops.loads where vendor = $vendor group by table_name) tables left join "
            "(select run_id, max(window_to) as run_to from ops.loads where vendor = $vendor group by run_id) "
            "runs on tables.first_run = runs.run_id", {"vendor": vendor},
        ).fetchone()  # fmt: skip
    return (row[0], int(row[1]), row[2] or "") if row else (None, 0, "")
