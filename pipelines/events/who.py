"""Who the people behind a few records are, by keys that the last refresh has, and by what was found since.

Belongs here: the look-up. It finds what an exact key tells (an address, a connector's link, a conversion, a
merge); likeness, and keys that lead to several people, are for the batch, which has everybody before it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import duckdb
import pyarrow as pa

from pipelines.identity.lives import short_hash
from pipelines.state.registry import NO_ALIASES, PersonRegistry

_BY_KEY = """
with mine as (select * from intermediate.int_person_keys where list_contains($keys::varchar[], record_key)),
told as (
    select m.record_key, r.id from mine m
    join base.intermediate.int_person_keys k on k.value = m.value
    join base.intermediate.int_people_resolved r on r.kind = 'record' and r.record_key = k.record_key
    union
    select m.record_key, r.id from mine m
    join base.intermediate.int_people_resolved r on r.kind = 'record' and r.record_key = m.value
    union
    select k.value, r.id from base.intermediate.int_person_keys k
    join base.intermediate.int_people_resolved r on r.kind = 'record' and r.record_key = k.record_key
    where list_contains($keys::varchar[], k.value)
)
select record_key, list(distinct id order by id) from told group by record_key
"""
_KNOWN = """
select record_key, id from base.intermediate.int_people_resolved
where kind = 'record' and list_contains($keys::varchar[], record_key)
"""
_RECORDS = """
select record_key, id from base.intermediate.int_people_resolved
where kind = 'record' and list_contains($people::varchar[], id)
"""
_ALIKE = """
select a.record_key, b.record_key from intermediate.int_person_keys a
join intermediate.int_person_keys b on a.value = b.value and a.record_key < b.record_key
"""
_AT = pa.timestamp("us", tz="UTC")
_REGISTRY = pa.schema(
    [("record_key", pa.string()), ("person_id", pa.string()), ("founded_at", _AT), ("joined_at", _AT)]
)


@dataclass(frozen=True)
class Known:
    """Record key to person, of every record of these people; which of them no refresh has seen; and records
    that are left to the batch."""

    people: Mapping[str, str]
    new: frozenset[str]
    left: frozenset[str]

    @property
    def ids(self) -> frozenset[str]:
        return frozenset(self.people.values())

    def registry(self, created: Mapping[str, datetime | None], as_of: datetime) -> PersonRegistry:
        """What is kept of records that are new, so that the batch knows them by the same person."""
        rows = [
            {"record_key": key, "person_id": self.people[key], "founded_at": created.get(key) or as_of,
             "joined_at": as_of} for key in sorted(self.new)
        ]  # fmt: skip
        return PersonRegistry(pa.Table.from_pylist(rows, _REGISTRY), NO_ALIASES)


def look_up(connection: duckdb.DuckDBPyConnection, keys: Collection[str], since: Mapping[str, str]) -> Known:
    """Who these records are. `since`: record key to person, of what was found after the last refresh. Asks
    `int_person_keys` of these records in the overlay."""
    bound = {"keys": sorted(keys)}
    known = dict(connection.execute(_KNOWN, bound).fetchall()) if keys else {}
    told: dict[str, list[str]] = dict(connection.execute(_BY_KEY, bound).fetchall()) if keys else {}
    found: dict[str, str] = {}
    left: set[str] = set()
    for key in sorted(keys):
        ids = [known[key]] if key in known else [since[key]] if key in since else told.get(key, [])
        if len(ids) > 1:
            left.add(key)
        else:
            found[key] = ids[0] if ids else short_hash(key)
    _together(found, connection.execute(_ALIKE).fetchall(), known.keys() | since.keys())
    new = frozenset(found) - known.keys()
    people = sorted({*found.values()})
    found = dict(connection.execute(_RECORDS, {"people": people}).fetchall()) | found
    found = {key: person for key, person in since.items() if person in people} | found
    return Known(found, new, frozenset(left))


def resolved(connection: duckdb.DuckDBPyConnection, known: Known, as_of: datetime) -> pa.Table:
    """The rows of `int_people_resolved` for these people, with who was merged into whom as it was."""
    ids = {"people": sorted(known.ids)}
    before = connection.execute(
        "select * from base.intermediate.int_people_resolved where kind = 'alias' "
        "or list_contains($people::varchar[], id)", ids,
    ).to_arrow_table()  # fmt: skip
    there = set(before.column("record_key").to_pylist())
    rows = [
        dict.fromkeys(before.schema.names)
        | {"kind": "record", "record_key": key, "id": person, "founded_at": as_of, "joined_at": as_of,
           "matched_by": "founder" if short_hash(key) == person else "email", "match_probability": 1.0}
        for key, person in sorted(known.people.items()) if key not in there
    ]  # fmt: skip
    return pa.concat_tables([before, pa.Table.from_pylist(rows, before.schema)]) if rows else before


def _together(found: dict[str, str], pairs: Iterable[tuple[str, str]], known: Collection[str]) -> None:
    """Records that came at once and share a key are one person: whoever is known, else the first."""
    for one, other in pairs:
        if one in found and other in found and found[one] != found[other]:
            keep, drop = (one, other) if one in known or other not in known else (other, one)
            if drop not in known:
                found[drop] = found[keep]
