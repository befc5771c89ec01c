"""CRM objects by the hundred: batch read, create, update, upsert and archive, with HubSpot's half-successes.

A batch of writes is all or nothing, except that records which are not there are reported in a 207, and that
inputs which each carry their own `objectWriteTraceId` fail one by one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.routing import Route

from sandbox.call import Call, Refused
from sandbox.hubspot import association_kinds, errors, objects, pages, render, requests
from sandbox.hubspot.catalog import ObjectType
from sandbox.hubspot.records import Conflict, Invalid, Record, is_hidden
from sandbox.hubspot.render import View

if TYPE_CHECKING:
    from sandbox.hubspot.app import HubSpot

MOST, MOST_WITH_HISTORY = 100, 50
Item = dict[str, Any]
Writer = Callable[[Item], Item | None]


def routes(hubspot: HubSpot) -> list[Route]:
    def route(name: str, handler: Callable[[HubSpot, Call], Response]) -> list[Route]:
        return hubspot.versioned(
            "POST", objects.AREA, f"/{{type}}/batch/{name}", lambda call: handler(hubspot, call)
        )

    return [
        *route("read", _read),
        *route("create", _create),
        *route("update", _update),
        *route("upsert", _upsert),
        *route("archive", _archive),
    ]


def missing(kind: ObjectType, ids: list[str]) -> list[Item]:
    """The error of a 207 for records that are not there."""
    if not ids:
        return []
    message = (
        f"Could not get some {kind.singular.upper()} objects, they may be deleted or not exist. "
        "Check that ids are valid."
    )
    return [{"status": "error", "category": "OBJECT_NOT_FOUND", "message": message, "context": {"ids": ids}}]


def _read(hubspot: HubSpot, call: Call) -> Response:
    kind, body = requests.kind_of(hubspot.portal, call), requests.body_of(call)
    history = requests.strings(call, body, "propertiesWithHistory")
    inputs = requests.inputs_of(call, body, MOST_WITH_HISTORY if history else MOST)
    id_property = body.get("idProperty") or "hs_object_id"
    archived = call.says("archived")
    found: dict[int, Record] = {}
    absent = []
    wanted = [str(item.get("id", "")) for item in inputs]
    for asked, record in hubspot.records.many(kind, wanted, id_property):
        if record is None or record.archived != archived:
            absent.append(asked)
        else:
            found[record.id] = record
    view = View.of(hubspot.portal, kind, requests.strings(call, body, "properties"), history)
    shown = render.records(hubspot.portal, view, list(found.values()))
    return pages.done(call, shown, missing(kind, absent), 200)


def _write(hubspot: HubSpot, call: Call, inputs: list[Item], writer: Writer) -> tuple[list[Item], list[Item]]:
    """Run the writer over all inputs. Results, and errors of inputs that may fail alone."""
    traces = [item.get("objectWriteTraceId") for item in inputs]
    alone = all(traces) and len(set(traces)) == len(traces)
    results, problems = [], []
    for item in inputs:
        before = len(call.changes)
        try:
            with hubspot.store.transaction():
                shown = writer(item)
        except (Invalid, Conflict) as problem:
            refused = objects.invalid(hubspot, call, problem)
            if not alone:
                raise refused from None
            del call.changes[before:]
            problems.append(_row_problem(hubspot, problem, item))
            continue
        except Refused as refused:
            if not alone:
                raise
            del call.changes[before:]
            problems.append(errors.of_row(refused, objectWriteTraceId=[str(item["objectWriteTraceId"])]))
            continue
        if shown is not None:
            if item.get("objectWriteTraceId"):
                shown["objectWriteTraceId"] = item["objectWriteTraceId"]
            results.append(shown)
    call.records = len(results)
    return results, problems


def _row_problem(hubspot: HubSpot, problem: Invalid | Conflict, item: Item) -> Item:
    context = {"objectWriteTraceId": [str(item["objectWriteTraceId"])]}
    if isinstance(problem, Conflict):
        return {"status": "error", "category": "CONFLICT", "message": problem.message, "context": context}
    found = errors.invalid_properties(hubspot.portal.id, problem.problems)
    return {"status": "error", "category": "VALIDATION_ERROR", **found, "context": context}


def _shown(hubspot: HubSpot, record: Record, properties: Item) -> Item:
    view = View.of(hubspot.portal, record.type, [*record.type.defaults, *properties])
    return render.records(hubspot.portal, view, [record])[0]


def _refuse_duplicates(call: Call, inputs: list[Item]) -> None:
    ids = [str(item.get("id")) for item in inputs]
    twice = sorted({i for i in ids if ids.count(i) > 1})
    if twice:
        message = f"Duplicate IDs found in batch input: [{', '.join(twice)}]. IDs must be unique"
        raise errors.validation(call, message)


def _create(hubspot: HubSpot, call: Call) -> Response:
    kind = requests.written_kind(hubspot.portal, call)

    def writer(item: Item) -> Item:
        properties = requests.properties_of(call, item)
        record = hubspot.records.create(call, kind, properties)
        wishes = requests.objects_in(call, item, "associations")
        association_kinds.on_create(hubspot, call, record, wishes)
        return _shown(hubspot, record, properties)

    inputs = requests.inputs_of(call, requests.body_of(call), MOST)
    return pages.done(call, *_write(hubspot, call, inputs, writer), 201)


def _update(hubspot: HubSpot, call: Call) -> Response:
    kind = requests.written_kind(hubspot.portal, call)
    inputs = requests.inputs_of(call, requests.body_of(call), MOST)
    _refuse_duplicates(call, inputs)
    absent: list[str] = []

    def writer(item: Item) -> Item | None:
        properties = requests.properties_of(call, item)
        record = hubspot.records.get(kind, str(item.get("id", "")), item.get("idProperty") or "hs_object_id")
        if record is None or record.archived or is_hidden(call):
            absent.append(str(item.get("id", "")))
            return None
        merged_away = not item.get("idProperty") and str(item.get("id", "")) != str(record.id)
        if merged_away and hubspot.records.switches["merged_updates"] == "drop":
            return None
        return _shown(hubspot, hubspot.records.update(call, record, properties), properties)

    results, problems = _write(hubspot, call, inputs, writer)
    return pages.done(call, results, problems + missing(kind, absent), 200)


def _upsert(hubspot: HubSpot, call: Call) -> Response:
    kind = requests.written_kind(hubspot.portal, call)
    inputs = requests.inputs_of(call, requests.body_of(call), MOST)
    _refuse_duplicates(call, inputs)
    known = hubspot.portal.properties[kind.plural]
    absent: list[str] = []

    def writer(item: Item) -> Item | None:
        properties = requests.properties_of(call, item)
        key, value = item.get("idProperty") or "hs_object_id", str(item.get("id", ""))
        if key != "hs_object_id" and (key not in known or not known[key]["hasUniqueValue"]):
            raise errors.validation(call, f"{key} is not a unique property of {kind.plural}")
        record = hubspot.records.get(kind, value, key)
        if record is not None and not record.archived:
            if is_hidden(call):
                absent.append(value)
                return None
            return _shown(hubspot, hubspot.records.update(call, record, properties), properties) | {
                "new": False
            }
        if key == "hs_object_id":
            absent.append(value)
            return None
        created = hubspot.records.create(call, kind, {**properties, key: value})
        return _shown(hubspot, created, properties) | {"new": True}

    results, problems = _write(hubspot, call, inputs, writer)
    return pages.done(call, results, problems + missing(kind, absent), 200)


def _archive(hubspot: HubSpot, call: Call) -> Response:
    kind = requests.written_kind(hubspot.portal, call)
    for item in requests.inputs_of(call, requests.body_of(call), MOST):
        record = hubspot.records.get(kind, str(item.get("id", "")))
        if record is not None:
            hubspot.records.archive(call, record)
            call.records += 1
    return Response(status_code=204)
