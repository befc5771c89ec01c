"""Whether an object's records are all in the one that takes its place, asked of the CRM, record by record.

Belongs here: counting records, values, and at HubSpot associations with their labels. Copying is
`pipelines.reverse_sync.records`; a single field or lookup is `renaming`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipelines.clients import errors
from pipelines.clients.hubspot.client import HubSpotClient
from pipelines.clients.hubspot.types import TYPE_IDS, type_name
from pipelines.clients.plain import plain
from pipelines.clients.salesforce.client import SalesforceClient
from pipelines.rules.schema.renames import ObjectRename
from pipelines.run import Progress, silent
from pipelines.schema.session import Session

Json = dict[str, Any]
Tie = tuple[str, str, str]
"""The other type, the other record (of a renamed object its key), the label."""


@dataclass
class VerifiedObject:
    """Of the earlier records: how many, how many are not there or lack a value, and their associations."""

    rename: ObjectRename
    records: int = 0
    missing: int = 0
    lacking: int = 0
    """Records of which the new one has no value where the earlier one has."""
    other: int = 0
    """Records with another value by now: changed since, by people or by a mapping that was switched."""
    ties: int = 0
    untied: int = 0

    @property
    def differing(self) -> int:
        return self.missing + self.lacking + self.untied

    @property
    def said(self) -> str:
        """In words, without the names."""
        short = self.missing + self.lacking
        found = _count(self.records, short, "record")
        if self.ties:
            found += f" and {_count(self.ties, self.untied, 'association')}"
        all_of = "all " if not self.differing else ""
        more = f"; {self.other:,} of them have another value by now" if self.other else ""
        return f"{all_of}{found} are copied{more}"

    @property
    def sentence(self) -> str:
        return f"{self.rename.vendor} {self.rename.old} → {self.rename.new}: {self.said}"


def _count(of: int, short: int, what: str) -> str:
    return f"{of - short:,} of {of:,} {what}s" if short else f"{of:,} {what}{'' if of == 1 else 's'}"


@dataclass
class _Side:
    """One end: records by key, their ids, and the object's name."""

    name: str
    values: dict[str, tuple[str, ...]] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    """Id to key."""


def verify_object(
    session: Session, rename: ObjectRename, renamed: Sequence[ObjectRename], progress: Progress = silent
) -> VerifiedObject | None:
    """Compare every earlier record with its new one; None where the CRM has not both objects."""
    hubspot = session.hubspot if rename.vendor == "hubspot" else None
    schemas = [] if hubspot is None else [each for each in hubspot.schemas() if not each.get("archived")]
    if hubspot is not None:
        ends = _hubspot(hubspot, schemas, rename, progress)
    elif rename.vendor == "salesforce" and session.salesforce is not None:
        ends = _salesforce(session.salesforce, rename, renamed, progress)
    else:
        ends = None
    if ends is None:
        return None
    earlier, later = ends
    found = VerifiedObject(rename, records=len(earlier.keys))
    keyless = len(earlier.keys) - len(earlier.values)
    found.missing = keyless + len(earlier.values.keys() - later.values.keys())
    for key, values in earlier.values.items():
        there = later.values.get(key)
        if there is not None:
            pairs = [(a, b) for a, b in zip(values, there, strict=True) if a and a != b]
            found.lacking += any(not b for _, b in pairs)
            found.other += bool(pairs) and all(b for _, b in pairs)
    if hubspot is not None:
        others = [each for each in renamed if each.vendor == "hubspot"]
        before = _ties(hubspot, schemas, earlier, others, new=False)
        after = _ties(hubspot, schemas, later, others, new=True)
        found.ties, found.untied = len(before), len(before - after)
    return found


def _salesforce(
    client: SalesforceClient, rename: ObjectRename, renamed: Sequence[ObjectRename], progress: Progress
) -> tuple[_Side, _Side] | None:
    shown = [_fields(client, name) for name in (rename.old, rename.new)]
    if not shown[0] or not shown[1]:
        return None
    columns, boxes = _columns(rename, *shown)
    by_model = {each.model: each for each in renamed if each.vendor == "salesforce"}
    lookups = [(old, new, to) for new, old, to in rename.lookups
               if old.lower() in shown[0] and new.lower() in shown[1]]  # fmt: skip
    sides = []
    for at, (name, key) in enumerate(((rename.old, rename.old_key), (rename.new, rename.key))):
        side = _Side(name)
        ends = [(o[at], keys_of(client, by_model.get(o[2]), new=bool(at))) for o in lookups]
        wanted = dict.fromkeys([key, *columns[at], *(called for called, _ in ends)])
        soql = f"SELECT Id, {', '.join(wanted)} FROM {name}"
        for number, row in enumerate(_rows(client, soql), 1):
            values = [comparable(row.get(c), box) for c, box in zip(columns[at], boxes, strict=True)]
            for called, keys in ends:
                value = str(row.get(called) or "")
                values.append(keys.get(value, value))
            _put(side, str(row["Id"]), plain(row.get(key)), values)
            if number % 1_000 == 0:
                progress(f"salesforce {name}", number, None)
        progress(f"salesforce {name}", len(side.keys), len(side.keys))
        sides.append(side)
    return sides[0], sides[1]


def _columns(
    rename: ObjectRename, had: set[str], have: set[str]
) -> tuple[tuple[list[str], list[str]], list[bool]]:
    """The fields that both objects have, by the names of each, and which of them are checkboxes."""
    pairs = [(old, new, f is not None and f.type == "checkbox") for new, old, f in rename.fields]
    pairs.append((rename.owner, rename.owner, False))
    kept = [each for each in pairs if each[0].lower() in had and each[1].lower() in have]
    return ([each[0] for each in kept], [each[1] for each in kept]), [each[2] for each in kept]


def _fields(client: SalesforceClient, name: str) -> set[str]:
    """Names of an object's fields in lower case; none where there is no such object."""
    try:
        return {str(each["name"]).lower() for each in client.describe(name).get("fields") or []}
    except (errors.NotFound, errors.Rejected):
        return set()


def keys_of(client: SalesforceClient, through: ObjectRename | None, *, new: bool) -> dict[str, str]:
    """Ids of a renamed object at the other end, as the keys by which both ends are one."""
    if through is None:
        return {}
    name, key = (through.new, through.key) if new else (through.old, through.old_key)
    return {str(row["Id"]): plain(row.get(key)) for row in _rows(client, f"SELECT Id, {key} FROM {name}")}


def _rows(client: SalesforceClient, soql: str) -> Iterator[Mapping[str, Any]]:
    return (row for page in client.query_pages(soql) for row in page.records)


def comparable(value: Any, is_checkbox: bool = False) -> str:
    """A value for comparing, whichever type a field has; without the space around it, and nothing for an
    unticked box."""
    said = plain(value.strip() if isinstance(value, str) else value)
    return "" if is_checkbox and said == "false" else said


def _put(side: _Side, own: str, key: str, values: Sequence[str]) -> None:
    side.keys[own] = key
    if key:
        side.values[key] = tuple(values)


def _hubspot(
    client: HubSpotClient, schemas: Sequence[Json], rename: ObjectRename, progress: Progress
) -> tuple[_Side, _Side] | None:
    known = {str(each["name"]).lower(): each for each in schemas}
    if rename.old not in known or rename.new not in known:
        return None
    shown = [{str(p["name"]) for p in known[n].get("properties") or []} for n in (rename.old, rename.new)]
    columns, boxes = _columns(rename, *shown)
    sides = []
    for at, (name, key) in enumerate(((rename.old, rename.old_key), (rename.new, rename.key))):
        side = _Side(name)
        params = {"properties": ",".join(dict.fromkeys([key, *columns[at]]))}
        path = client.path("objects", type_name(name))
        for number, row in enumerate(client.pages(path, 100, params), 1):
            held = row.get("properties") or {}
            values = [comparable(held.get(c), box) for c, box in zip(columns[at], boxes, strict=True)]
            _put(side, str(row["id"]), plain(held.get(key)), values)
            if number % 1_000 == 0:
                progress(f"hubspot {name}", number, None)
        progress(f"hubspot {name}", len(side.keys), len(side.keys))
        sides.append(side)
    return sides[0], sides[1]


def _ties(
    client: HubSpotClient, schemas: Sequence[Json], side: _Side, renamed: Sequence[ObjectRename], *, new: bool
) -> set[tuple[str, Tie]]:
    """(key, tie) of every association of these records, whichever of both objects a renamed end is of."""
    types = {str(each["objectTypeId"]): str(each["name"]).lower() for each in schemas}
    called = TYPE_IDS | types
    own = next(i for i, name in types.items() if name == side.name)
    ends = {end for each in schemas for pair in each.get("associations") or []
            for end in _others(pair, own)}  # fmt: skip
    one = {(each.new if new else each.old): each for each in renamed}
    found: set[tuple[str, Tie]] = set()
    for other in sorted(called[end] for end in ends if end in called):
        through = one.get(other)
        keys = {} if through is None else _hubspot_keys(client, through, new=new)
        name = other if through is None else through.model
        for each in client.associations(type_name(side.name), type_name(other), list(side.keys)):
            key = side.keys[str(each["from"]["id"])]
            for to in each.get("to") or []:
                end = str(to["toObjectId"])
                labels = {str(t["label"]) for t in to.get("associationTypes") or [] if t.get("label")}
                found |= {(key, (name, keys.get(end, end), label)) for label in (labels - {"Primary"}) | {""}}
    return found


def _others(pair: Json, own: str) -> list[str]:
    """The other end of an association between objects; none where neither end is ours."""
    ends = [str(pair["fromObjectTypeId"]), str(pair["toObjectTypeId"])]
    if own not in ends:
        return []
    ends.remove(own)
    return ends


def _hubspot_keys(client: HubSpotClient, through: ObjectRename, *, new: bool) -> dict[str, str]:
    name, key = (through.new, through.key) if new else (through.old, through.old_key)
    path = client.path("objects", type_name(name))
    rows = client.pages(path, 100, {"properties": key})
    return {str(row["id"]): plain((row.get("properties") or {}).get(key)) for row in rows}
