"""People whom HubSpot deleted for privacy: they vanish without an entry in the recycle bin, without a word.

Belongs here: noticing that, and telling it from what else makes contacts vanish. Erasing them here as well is
`pipelines.erasure`, which the steps call.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from pipelines.sources import persons

if TYPE_CHECKING:
    from pipelines.sources.hubspot.records import RecordReader

BIN_KEEPS = timedelta(days=90)
"""How long HubSpot's recycle bin shows what was deleted in the ordinary way."""
MOST_AT_ONCE, MOST_SHARE = 25, 0.02
"""More than both vanish for another reason: a token that sees less, a portal restored from a copy."""


def are_fewer(reader: RecordReader) -> bool:
    """Whether HubSpot counts fewer people than are left here: then all ids are compared at once.

    People who were erased here and not there hide as many; the sweep of every few days finds those.
    """
    if not are_people(reader):
        return False
    return reader.pages.extent().total < _left_here(reader)


def _left_here(reader: RecordReader) -> int:
    """How many live here once this fetch is loaded."""
    if not reader.seen:
        return reader.known.rows - len(reader.known.deleted)
    reading, table = reader.reading, reader.table
    here = set(reading.known.all_versions(reading.vendor, table))
    gone = {key for key, version in reader.seen.items() if version is None} | reader.landing.merged
    new = {key for key in reader.seen.keys() - here if not reading.is_erased(table, key)}
    return len((here | new) - gone)


def deleted(reader: RecordReader, vanished: Sequence[str]) -> tuple[tuple[str, ...], list[str]]:
    """(record keys of people deleted for privacy, sentences about what was not taken for that)."""
    if not vanished or not are_people(reader):
        return (), []
    reading = reader.reading
    if reader.cursor is None or reading.upper - reader.cursor > BIN_KEEPS:
        return (), [f"{len(vanished)} vanished since the last extract, longer ago than the recycle bin keeps"]
    if len(vanished) > max(MOST_AT_ONCE, MOST_SHARE * reader.known.rows):
        return (), [
            f"{len(vanished):,} vanished at once, too many to be deletions for privacy: nobody was erased "
            "here; look at what the token may see, or give crm erase the list"
        ]
    name, org = reader.table.api_name, reading.org.org_id
    return tuple(persons.record_key(reading.vendor, org, each, name) for each in vanished), []


def are_people(reader: RecordReader) -> bool:
    return reader.table.api_name in persons.PERSON_OBJECTS[reader.reading.vendor]
