"""Consent: kinds of subscriptions, who changed theirs, and how everyone of those stands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from pipelines.clients.hubspot import marketing
from pipelines.clients.hubspot.client import HubSpotClient
from pipelines.sources.arrow import BadValues
from pipelines.sources.catalogs import table_of
from pipelines.sources.columns import Columns
from pipelines.sources.events import Row, Wanted, read_events
from pipelines.sources.fetched import Mode, SweepResult, TableFetch
from pipelines.sources.hubspot.begun import Begun
from pipelines.sources.hubspot.messages import digest, timeline, uncounted
from pipelines.sources.hubspot.small import settings
from pipelines.sources.reading import Reading

Json = dict[str, Any]
_AT_ONCE = 10_000
"""Statuses that are held while they are read."""


def read_consent(reading: Reading, client: HubSpotClient) -> Begun:
    """The kinds of subscriptions and their changes; then how those stand now whom a change was about."""
    kinds = settings.read(reading, client, "subscription_types")
    changes = table_of("hubspot", "subscription_changes")
    is_new = kinds[0].status == "loaded"
    begun = uncounted(reading, changes, "consent", lambda: _changed(reading, client, is_new))
    return replace(begun, done=kinds)


def _changed(reading: Reading, client: HubSpotClient, kinds_are_new: bool) -> list[TableFetch]:
    """Everyone has a status for each kind, so when the kinds are others now, everyone's are read anew.

    A sweep asks for all contacts: an import, or what HubSpot keeps no change of, shows in the status alone.
    """
    changes, table = (table_of("hubspot", n) for n in ("subscription_changes", "subscription_statuses"))

    def pages(wanted: Wanted) -> Iterator[tuple[list[Row], str]]:
        path = "/email/public/v1/subscriptions/timeline"
        return timeline(client, path, "timeline", wanted, "timestamp", _changes)

    fetched, known = read_events(reading, changes, pages), reading.of(table)
    first = known.cursor is None or known.status in ("stale", "absent") or kinds_are_new
    sweeps = reading.sweep_is_due(changes)
    if fetched.status == "unchanged" and not first and not sweeps:
        return [fetched, reading.outcome(table, "unchanged")]
    told, others = _addresses(fetched), set[str]()
    moved = set(told)
    have, contacts = reading.known.distinct, table_of("hubspot", "contacts")
    if first or sweeps:
        moved |= have("hubspot", changes, "email")
        others |= have("hubspot", table, "email")
    if sweeps:
        others |= have("hubspot", contacts, "email") | have("hubspot", contacts, "hs_additional_emails")
    others = {each.lower() for each in others} - {each.lower() for each in moved}
    asked = _Asked(moved, others, is_whole=first or sweeps)

    def read() -> list[TableFetch]:
        found = _statuses(reading, client, asked)
        if not sweeps or first:
            return [found]
        return [replace(found, sweep=_compared(reading, found, {each.lower() for each in told}))]

    return [fetched, *reading.guarded([table], read)]


def _compared(reading: Reading, fetched: TableFetch, told: set[str]) -> SweepResult:
    """What stood here otherwise; of those whom a change was `told` about just now it was bound to."""
    paths = [part.path for part in fetched.parts]
    found = reading.known.compared("hubspot", fetched.table, "status", paths, ("email", told))
    return SweepResult(
        counted_at_vendor=found.there, counted_here=found.here, missing=found.missing, extra=found.extra,
        mended=found.missing + found.extra + found.other, at=reading.upper,
    )  # fmt: skip


@dataclass(frozen=True)
class _Asked:
    """Whose statuses are read. `others`: of whom no change is known; one who never said a word has no row.
    `is_whole`: who is not among them has none any more."""

    moved: set[str]
    others: set[str]
    is_whole: bool


def _addresses(fetched: TableFetch) -> set[str]:
    """Whom the changes that were brought are about."""
    import pyarrow.parquet as pq

    read = (pq.read_table(part.path, columns=["email"]) for part in fetched.parts)
    return {str(each) for table in read for each in table.column("email").to_pylist() if each}


def _changes(item: Json) -> list[Row]:
    return [_change(item, change) for change in item.get("changes") or []]


def _change(item: Json, change: Json) -> Row:
    row = {
        "occurred_at": change.get("timestamp") or item.get("timestamp"), "email": item["recipient"],
        "subscription_id": change.get("subscriptionId"), "change": change.get("change"),
        "change_type": change.get("changeType"), "source": change.get("source"),
        "caused_by_event_id": (change.get("causedByEvent") or {}).get("id"),
    }  # fmt: skip
    return row | {"id": digest(row)}


def _statuses(reading: Reading, client: HubSpotClient, asked: _Asked) -> TableFetch:
    before, table = reading.calls_here(), table_of("hubspot", "subscription_statuses")
    names = {
        "email": "subscriberIdString", "subscription_id": "subscriptionId", "status": "status",
        "subscription_name": "subscriptionName", "source": "source", "legal_basis": "legalBasis",
        "legal_basis_explanation": "legalBasisExplanation", "changed_at": "timestamp",
    }  # fmt: skip
    spool, bad = reading.spool(table, "changes"), BadValues()
    said = _said(client, asked)
    blocks = (
        Columns(table, {ours: [each.get(theirs) for each in some] for ours, theirs in names.items()})
        for some in iter(lambda: list(islice(said, _AT_ONCE)), [])
    )
    mode: Mode = "replace" if asked.is_whole else "merge"
    spool.write(table.name, mode, (block.to_arrow(bad) for block in blocks))
    spool.commit(complete=True)
    parts = spool.parts(table.name)
    return reading.outcome(
        table, "loaded", parts, sum(part.rows for part in parts), notes=bad.notes(),
        calls=reading.calls_here() - before,
    )  # fmt: skip


def _said(client: HubSpotClient, asked: _Asked) -> Iterator[Json]:
    """Each status of who is asked about, one after the other."""
    for some in marketing.statuses(client, sorted(asked.moved)):
        yield from some
    for some in marketing.statuses(client, sorted(asked.others)):
        yield from some if any(each.get("status") != "NOT_SPECIFIED" for each in some) else ()
