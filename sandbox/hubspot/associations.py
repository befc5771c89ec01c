"""Associations v4: which records belong together, both ways, with their types."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.routing import Route

from sandbox.call import Call, Refused, answer
from sandbox.hubspot import association_limits as limits
from sandbox.hubspot import errors, pages, requests
from sandbox.hubspot.catalog import TYPE_IDS, ObjectType
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.records import Record
from sandbox.store import Store

if TYPE_CHECKING:
    from sandbox.hubspot.app import HubSpot

MOST, PAGE, MOST_CREATED = 1_000, 500, 2_000
DEFINED = "HUBSPOT_DEFINED"
Row = tuple[str, int, str, int, int, str, str | None]


def routes(hubspot: HubSpot) -> list[Route]:
    found: list[Route] = []
    for root in ("/crm/{version}/associations", "/crm/associations/{version}"):
        pair = f"{root}/{{type}}/{{to}}"
        found += hubspot.route("POST", f"{pair}/batch/read", lambda call: _batch_read(hubspot, call))
        found += hubspot.route(
            "POST", f"{pair}/batch/associate/default", lambda call: _batch_create(hubspot, call)
        )
    for root in ("/crm/{version}/objects", "/crm/objects/{version}"):
        found += hubspot.route(
            "GET", f"{root}/{{type}}/{{id}}/associations/{{to}}", lambda call: _read(hubspot, call)
        )
        found += hubspot.route(
            "PUT", f"{root}/{{type}}/{{id}}/associations/default/{{to}}/{{to_id}}",
            lambda call: _create(hubspot, call),
        )  # fmt: skip
    return found


def rows_for(
    from_type: str, from_id: int, to_type: str, to_id: int, *, primary: bool,
    types: Mapping[tuple[str, str], tuple[int, int | None]] = TYPE_IDS,
) -> list[Row]:  # fmt: skip
    """All rows that one default association makes: both directions, primary where the pair has it."""
    found: list[Row] = []
    for a, i, b, j in ((from_type, from_id, to_type, to_id), (to_type, to_id, from_type, from_id)):
        plain, first = types[(a, b)]
        found.append((a, i, b, j, plain, DEFINED, None))
        if primary and first is not None:
            found.append((a, i, b, j, first, DEFINED, "Primary"))
    return found


def insert(store: Store, made: list[Row]) -> int:
    """Store what is not there yet, and tell how many that are."""
    return store.db.executemany(
        "insert or ignore into associations values (?, ?, ?, ?, ?, ?, ?)", made
    ).rowcount


def tell(call: Call, operation: str, ends: tuple[str, int, str, int], *, labels: bool = False) -> None:
    """Log that two records were joined or parted, or that only a label of theirs was: each end has its own
    subscribers."""
    a, i, b, j = ends
    for one, own, two, other in ((a, i, b, j), (b, j, a, i)):
        before, after = (None, str(other)) if operation == "associate" else (str(other), None)
        call.change(one, str(own), operation, f"associations.{two}{'.labels' * labels}", before, after)


def is_known(store: Store, record: Record, other: Record) -> bool:
    found = store.value(
        "select 1 from associations where from_type = ? and from_id = ? and to_type = ? and to_id = ?",
        (record.type.plural, record.id, other.type.plural, other.id),
    )
    return found is not None


def note_primary(hubspot: HubSpot, call: Call, lead: Record) -> None:
    """A lead tells its primary contact in a property of its own."""
    found = hubspot.store.value(
        "select to_id from associations where from_type = 'leads' and from_id = ? and to_type = 'contacts' "
        "and category = 'HUBSPOT_DEFINED' and label = 'Primary'",
        (lead.id,),
    )
    hubspot.records.note(call, lead, {"hs_primary_contact_id": "" if found is None else str(found)})


def _targets(
    call: Call, store: Store, kind: ObjectType, record_id: int, to: ObjectType, after: int, most: int = PAGE
) -> dict[str, Any]:
    """What a record is associated with, at most a page of it."""
    grouped: dict[int, list[dict[str, Any]]] = {}
    for to_id, type_id, category, label in store.rows(
        "select to_id, type_id, category, label from associations where from_type = ? and from_id = ? "
        "and to_type = ? and to_id in (select distinct to_id from associations where from_type = ? "
        "and from_id = ? and to_type = ? and to_id > ? order by to_id limit ?) order by to_id, type_id",
        (*(kind.plural, record_id, to.plural) * 2, after, most + 1),
    ):
        if len(grouped) == most and to_id not in grouped:
            last = str(max(grouped))
            return {"to": _shown(grouped), "paging": pages.following(call, last)}
        grouped.setdefault(to_id, []).append({"category": category, "typeId": type_id, "label": label})
    return {"to": _shown(grouped)}


def _shown(grouped: dict[int, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    return [{"toObjectId": to_id, "associationTypes": types} for to_id, types in grouped.items()]


def pair_of(portal: Portal, call: Call) -> tuple[ObjectType, ObjectType]:
    """The two types in the path, which can be associated."""
    kind, to = requests.kind_of(portal, call), requests.kind_of(portal, call, "to")
    if (kind.plural, to.plural) not in portal.types.pairs:
        raise errors.validation(call, f"No association type exists between {kind.plural} and {to.plural}")
    return kind, to


def _batch_read(hubspot: HubSpot, call: Call) -> Response:
    kind, to = pair_of(hubspot.portal, call)
    results, absent = [], []
    for item in requests.inputs_of(call, requests.body_of(call), MOST):
        text, after = str(item.get("id", "")), str(item.get("after") or 0)
        if not (text.isdecimal() and after.isdecimal() and len(text) < 16 and len(after) < 16):
            raise errors.validation(call, f"Invalid id or after in inputs: {text[:40]}")
        found = _targets(call, hubspot.store, kind, int(text), to, int(after))
        if found["to"]:
            results.append({"from": {"id": text}, **found})
        else:
            absent.append(text)
    return pages.done(call, results, [none_found(kind, to, text) for text in absent])


def none_found(kind: ObjectType, to: ObjectType, text: str) -> dict[str, Any]:
    return {
        "status": "error", "category": "OBJECT_NOT_FOUND",
        "subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND",
        "message": f"No {to.plural} associations found for {kind.singular} {text}",
        "context": {"fromObjectId": [text], "fromObjectType": [kind.plural], "toObjectType": [to.plural]},
    }  # fmt: skip


def _read(hubspot: HubSpot, call: Call) -> Response:
    kind, to = pair_of(hubspot.portal, call)
    record = hubspot.records.get(kind, call.params["id"])
    if record is None:
        raise errors.not_found(call)
    most = requests.number_of(call, "limit", PAGE, PAGE)
    found = _targets(call, hubspot.store, kind, record.id, to, requests.position_of(call), most)
    paging = {"paging": found["paging"]} if "paging" in found else {}
    return answer({"results": found["to"], **paging})


def holder(record: Record, other: Record) -> tuple[Record, str]:
    """Which of two records has one primary record of the other's type: leads a contact, others a company."""
    end = "companies" if "companies" in (record.type.plural, other.type.plural) else "contacts"
    return (record, end) if other.type.plural == end else (other, end)


def has_primary(hubspot: HubSpot, record: Record, other: Record) -> bool:
    one, end = holder(record, other)
    return bool(
        hubspot.store.value(
            "select 1 from associations where from_type = ? and from_id = ? and to_type = ? "
            "and category = 'HUBSPOT_DEFINED' and label = 'Primary'",
            (one.type.plural, one.id, end),
        )
    )


def associate(hubspot: HubSpot, call: Call, record: Record, other: Record) -> list[dict[str, Any]]:
    """Associate two records the default way; the first company becomes the primary one."""
    a, b = record.type.plural, other.type.plural
    types = hubspot.portal.types.pairs
    primary = types[a, b][1] is not None and a != b and not has_primary(hubspot, record, other)
    made = rows_for(a, record.id, b, other.id, primary=primary, types=types)
    known = is_known(hubspot.store, record, other)
    fresh = insert(hubspot.store, made)
    for one, two in ((record, other), (other, record)):
        limits.keep(hubspot.store, call, one, two, types[one.type.plural, two.type.plural][0])
    if fresh:
        tell(call, "associate", (a, record.id, b, other.id), labels=known)
    else:
        call.change(a, str(record.id), "update", f"associations.{b}", str(other.id), str(other.id))
    lead = holder(record, other)[0]
    if fresh and primary and lead.type.plural == "leads":
        note_primary(hubspot, call, lead)
    return [
        {
            "from": {"id": str(i)}, "to": {"id": str(j)},
            "associationSpec": {"associationCategory": category, "associationTypeId": type_id},
        }
        for (_, i, _, j, type_id, category, _) in made
    ]  # fmt: skip


def both(hubspot: HubSpot, call: Call, from_id: str, to_id: str) -> tuple[Record, Record]:
    kind, to = pair_of(hubspot.portal, call)
    record, other = hubspot.records.get(kind, from_id), hubspot.records.get(to, to_id)
    if record is None or other is None or record.archived or other.archived:
        raise errors.not_found(call)
    return record, other


def _create(hubspot: HubSpot, call: Call) -> Response:
    record, other = both(hubspot, call, call.params["id"], call.params["to_id"])
    call.records = 1
    return pages.done(call, associate(hubspot, call, record, other))


def end_of(call: Call, item: dict[str, Any], name: str) -> str:
    end = item.get(name)
    if not isinstance(end, dict):
        raise errors.validation(call, f"Some required fields were not set: [{name}]")
    return str(end.get("id", ""))


def pairs(
    hubspot: HubSpot, call: Call, inputs: list[dict[str, Any]], problems: list[dict[str, Any]]
) -> Iterator[tuple[dict[str, Any], Record, Record]]:
    """Each input of a batch with its two records; those with a record that is not there are problems."""
    for item in inputs:
        first, second = (end_of(call, item, end) for end in ("from", "to"))
        try:
            record, other = both(hubspot, call, first, second)
        except Refused as refused:
            problems.append(errors.of_row(refused, fromObjectId=[first[:40]], toObjectId=[second[:40]]))
            continue
        call.records += 1
        yield item, record, other


def _batch_create(hubspot: HubSpot, call: Call) -> Response:
    pair_of(hubspot.portal, call)
    results: list[dict[str, Any]] = []
    problems: list[dict[str, Any]] = []
    inputs = requests.inputs_of(call, requests.body_of(call), MOST_CREATED)
    for _, record, other in pairs(hubspot, call, inputs, problems):
        results += associate(hubspot, call, record, other)
    return pages.done(call, results, problems)
