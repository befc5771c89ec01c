"""Which records are one person, and the life of a `person_id`.

An id is made from the record key of the person's founder, the oldest record at the time, and then stays:
when persons merge, the id with the oldest founder survives and the others become its aliases; when a person
splits, the side that has the founder keeps the id. The registry says which record had which person before.
Belongs here: those rules, on exact keys. Keeping the registry is `pipelines.state`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa

from pipelines.identity.groups import Groups, group, instant, matched_by, microseconds, short_hash

STRENGTH = ("merge", "conversion", "connector", "email")
_INSTANT = pa.timestamp("us", tz="UTC")


@dataclass(frozen=True, order=True)
class _Person:
    """Orders by age of the founder, which is what decides who survives a merge."""

    founded_at: int
    person_id: str


def resolve(
    *, records: pa.Table, keys: pa.Table, registry: pa.Table, aliases: pa.Table, as_of: datetime
) -> pa.Table:
    """Give each record its person.

    records: record_key, created_at. keys: record_key, kind (one of STRENGTH), value (a shared text, or the
    key of another record). registry: record_key, person_id, founded_at. aliases: alias, person_id.
    Returns kind, record_key, person_id, matched_by, joined_at, founded_at. Rows of kind `record` are the new
    registry, with the records of `registry` that are no longer there; rows of kind `alias` map a person id
    that is gone (in `record_key`) to the one that took over.
    """
    groups = group(records, keys)
    registered = _registered(groups, registry)
    claims = _claims(groups, registered)
    known_ids = set(aliases.column("alias").to_pylist())
    persons = _persons(groups, claims, known_ids, as_of)
    rows = _present(groups, keys, persons, as_of)
    successors = {
        old.person_id: persons[where].person_id
        for where, olds in claims.items()
        if where in persons
        for old in olds
    }
    founded = {person.person_id: person.founded_at for person in persons.values()}
    rows += _absent(groups, persons, registered, successors, founded)
    rows += _aliases(rows, successors, aliases)
    return _as_table(rows)


_Row = tuple[str, str, str, str | None, int | None, int | None]


@dataclass(frozen=True)
class _Registered:
    """A row of the registry, and where its record is in the graph (-1: nowhere)."""

    record_key: str
    person: _Person
    code: int


def _registered(groups: Groups, registry: pa.Table) -> list[_Registered]:
    codes = groups.graph.codes(registry.column("record_key")).tolist()
    founded = microseconds(registry.column("founded_at")).tolist()
    keys, ids = registry.column("record_key").to_pylist(), registry.column("person_id").to_pylist()
    oldest: dict[str, int] = {}
    for person_id, at in zip(ids, founded, strict=True):
        oldest[person_id] = min(oldest.get(person_id, at), at)
    return [
        _Registered(key, _Person(oldest[person_id], person_id), code)
        for key, person_id, code in zip(keys, ids, codes, strict=True)
    ]


def _claims(groups: Groups, registered: list[_Registered]) -> dict[int, list[_Person]]:
    """Each earlier person goes to one group: where its founder is, or else its oldest record.

    A founder that was merged away is still in the graph, as the key of the record that took it over.
    """
    age = {code: place for place, code in enumerate(groups.codes.tolist())}
    best: dict[_Person, tuple[bool, int, str, int]] = {}
    for row in registered:
        if row.code < 0:
            continue
        is_other = short_hash(row.record_key) != row.person.person_id
        candidate = (is_other, age.get(row.code, len(age)), row.record_key, row.code)
        if row.person not in best or candidate < best[row.person]:
            best[row.person] = candidate
    claims: dict[int, list[_Person]] = {}
    for person, (_, _, _, code) in best.items():
        claims.setdefault(int(groups.graph.component[code]), []).append(person)
    return claims


def _persons(
    groups: Groups, claims: dict[int, list[_Person]], known_ids: set[str], as_of: datetime
) -> dict[int, _Person]:
    """The person of each group that has records."""
    persons: dict[int, _Person] = {}
    for where, places in groups.by_group().items():
        if where in claims:
            persons[where] = min(claims[where])
            continue
        founder = places[0]
        if known_ids:  # a person that had been merged away and stands alone again gets its old id back
            founder = next((p for p in places if short_hash(groups.keys[p]) in known_ids), founder)
        founded_at = instant(int(groups.created[founder]), as_of)
        persons[where] = _Person(founded_at, short_hash(groups.keys[founder]))
    return persons


def _present(groups: Groups, keys: pa.Table, persons: dict[int, _Person], as_of: datetime) -> list[_Row]:
    how = matched_by(groups, keys, STRENGTH)
    rows: list[_Row] = []
    for key, where, created, by in zip(
        groups.keys, groups.group.tolist(), groups.created.tolist(), how, strict=True
    ):
        person = persons[where]
        joined_at = max(instant(created, as_of), person.founded_at)
        rows.append(("record", key, person.person_id, by, joined_at, person.founded_at))
    return rows


def _absent(
    groups: Groups,
    persons: dict[int, _Person],
    registered: list[_Registered],
    successors: dict[str, str],
    founded: dict[str, int],
) -> list[_Row]:
    """Registered records that are gone keep a person, so that they find it again when they come back."""
    present = set(groups.keys)
    rows: list[_Row] = []
    for row in registered:
        if row.record_key in present:
            continue
        where = int(groups.graph.component[row.code]) if row.code >= 0 else -1
        if where in persons:
            person_id = persons[where].person_id
        else:
            person_id = successors.get(row.person.person_id, row.person.person_id)
        at = founded.get(person_id, row.person.founded_at)
        rows.append(("record", row.record_key, person_id, None, None, at))
    return rows


def _aliases(rows: list[_Row], successors: dict[str, str], aliases: pa.Table) -> list[_Row]:
    """Every id that is no person any more, with the person it ended in."""
    alive = {row[2] for row in rows}
    ends = dict(
        zip(aliases.column("alias").to_pylist(), aliases.column("person_id").to_pylist(), strict=True)
    )
    ends |= {old: new for old, new in successors.items() if old != new}
    found: list[_Row] = []
    for alias in sorted(ends):
        target, seen = ends[alias], {alias}
        while target not in alive and target in ends and target not in seen:
            seen.add(target)
            target = ends[target]
        if alias not in alive:
            found.append(("alias", alias, target, None, None, None))
    return found


def _as_table(rows: list[_Row]) -> pa.Table:
    kind, key, person, by, joined, founded = zip(*rows, strict=True) if rows else ((),) * 6
    return pa.table(
        {
            "kind": pa.array(kind, pa.string()),
            "record_key": pa.array(key, pa.string()),
            "person_id": pa.array(person, pa.string()),
            "matched_by": pa.array(by, pa.string()),
            "joined_at": pa.array(joined, pa.int64()).cast(_INSTANT),
            "founded_at": pa.array(founded, pa.int64()).cast(_INSTANT),
        }
    )
