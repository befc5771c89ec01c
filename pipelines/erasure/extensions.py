"""Rows of our own data extensions that hold the people: removed where `on_leave` says so, else counted.

Belongs here: finding them by the keys the people went by; after the erasure nothing here knows these.
What Marketing Cloud holds of its own accord (contacts, data of events) is its contact deletion's business.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from pipelines.clients import errors
from pipelines.clients.batches import batched
from pipelines.clients.marketing_cloud import rows
from pipelines.clients.marketing_cloud.client import MarketingCloudClient
from pipelines.clients.open import open_marketing_cloud
from pipelines.erasure.subject import Subject
from pipelines.reverse_sync.destinations.marketing_cloud import MarketingCloudDestination
from pipelines.rules.data_extensions import load_data_extensions
from pipelines.rules.syncs import Sync, load_syncs
from pipelines.settings import Settings
from pipelines.sources.persons import PERSON_OBJECTS

_PEOPLE = ("people", *(f"{vendor}.{name}" for vendor, names in PERSON_OBJECTS.items() for name in names))


def take_out(settings: Settings, subject: Subject, *, dry_run: bool) -> list[str]:
    """A sentence for each extension that held a row of them, or could not be asked."""
    if settings.marketing_cloud is None:
        return []
    with open_marketing_cloud(settings) as client:
        return list(taken_out(client, settings.config_dir, subject, dry_run=dry_run))


def taken_out(
    client: MarketingCloudClient, config_dir: Path, subject: Subject, *, dry_run: bool
) -> Iterator[str]:
    """The same, over an open client."""
    destination = MarketingCloudDestination(client)
    for sync in _of_people(config_dir):
        try:
            yield from _from(client, destination, sync, _names(subject), dry_run=dry_run)
        except errors.ClientError as error:
            yield f"the data extension {sync.object} could not be asked: {error}"


def _from(
    client: MarketingCloudClient, destination: MarketingCloudDestination, sync: Sync, names: Sequence[str], *,
    dry_run: bool,
) -> Iterator[str]:  # fmt: skip
    key = destination.key(sync.object)
    held = [
        str(row[key.lower()])
        for some in batched(names, rows.LOOKED_FOR)
        for row in rows.find(client, sync.object, key, some)
    ]
    if not held:
        return
    said = f"the data extension {sync.object} holds {len(held):,} rows of them"
    if sync.on_leave == "keep":
        yield f"{said}, and on_leave: keep leaves them there"
    elif dry_run or not client.allow_write:
        yield f"{said}, which {'would be' if dry_run else 'may not be (CRM_WRITE) and were not'} removed"
    else:
        gone = [
            result.ok
            for some in batched(held, rows.DELETE_LIMIT)
            for result in rows.delete_some(client, sync.object, key, some)
        ]
        yield f"{said}, of which {sum(gone):,} were removed"


def _of_people(config_dir: Path) -> list[Sync]:
    """The extensions whose rows are people's."""
    others = {each.name for each in load_data_extensions(config_dir) if each.of not in _PEOPLE}
    return [
        sync
        for name, sync in load_syncs(config_dir).syncs.items()
        if sync.vendor == "marketing_cloud" and not sync.consent and name not in others
    ]


def _names(subject: Subject) -> list[str]:
    """What a row of them may be called by."""
    ids = [each for vendor in PERSON_OBJECTS for each in subject.ids(vendor)]
    return list(dict.fromkeys((*ids, *subject.person_ids, *subject.emails)))
