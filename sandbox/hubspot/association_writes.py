"""Associations with labels made, and associations taken off, one by one and by the batch.

Belongs here: the paths of v4 and later. Reading them, and the default kind, is `associations`; what a kind
means is `association_kinds`; the labels themselves are `labels`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.routing import Route

from sandbox.call import Call, answer
from sandbox.hubspot import association_kinds, errors, pages, requests
from sandbox.hubspot.association_kinds import Kind
from sandbox.hubspot.associations import MOST_CREATED, both, end_of, pair_of, pairs
from sandbox.hubspot.records import Record

if TYPE_CHECKING:
    from sandbox.hubspot.app import HubSpot

MOST_ARCHIVED = 100


def routes(hubspot: HubSpot) -> list[Route]:
    found: list[Route] = []
    for root in ("/crm/{version}/associations", "/crm/associations/{version}"):
        pair = f"{root}/{{type}}/{{to}}/batch"
        found += hubspot.route("POST", f"{pair}/create", lambda call: _create(hubspot, call))
        found += hubspot.route("POST", f"{pair}/archive", lambda call: _archive(hubspot, call))
        found += hubspot.route("POST", f"{pair}/labels/archive", lambda call: _archive_labels(hubspot, call))
    for root in ("/crm/{version}/objects", "/crm/objects/{version}"):
        two = f"{root}/{{type}}/{{id}}/associations/{{to}}/{{to_id}}"
        found += hubspot.route("PUT", two, lambda call: _put(hubspot, call))
        found += hubspot.route("DELETE", two, lambda call: _delete(hubspot, call))
    return found


def _create(hubspot: HubSpot, call: Call) -> Response:
    kind, to = pair_of(hubspot.portal, call)
    results: list[dict[str, Any]] = []
    problems: list[dict[str, Any]] = []
    inputs = requests.inputs_of(call, requests.body_of(call), MOST_CREATED)
    for item, record, other in pairs(hubspot, call, inputs, problems):
        kinds = association_kinds.asked(hubspot, call, kind.plural, to.plural, item.get("types"))
        results.append(_joined(hubspot, call, record, other, kinds))
    return pages.done(call, results, problems, 201)


def _joined(hubspot: HubSpot, call: Call, record: Record, other: Record, kinds: list[Kind]) -> dict[str, Any]:
    labels = association_kinds.attach(hubspot, call, record, other, kinds)
    return {
        "fromObjectTypeId": record.type.type_id, "fromObjectId": record.id,
        "toObjectTypeId": other.type.type_id, "toObjectId": other.id, "labels": labels,
    }  # fmt: skip


def _put(hubspot: HubSpot, call: Call) -> Response:
    """Two records associated by the types in the body, a list."""
    record, other = both(hubspot, call, call.params["id"], call.params["to_id"])
    try:
        types = call.json()
    except ValueError:
        types = None
    kinds = association_kinds.asked(hubspot, call, record.type.plural, other.type.plural, types)
    call.records = 1
    return answer(_joined(hubspot, call, record, other, kinds), 201)


def _delete(hubspot: HubSpot, call: Call) -> Response:
    """All associations between two records; where there are none, nothing happens."""
    kind, to = pair_of(hubspot.portal, call)
    ids = [_number(call, call.params[name]) for name in ("id", "to_id")]
    association_kinds.detach(hubspot, call, kind.plural, ids[0], to.plural, ids[1])
    return Response(status_code=204)


def _number(call: Call, text: str) -> int:
    found = requests.whole_id(text)
    if found is None:
        raise errors.validation(call, f"Invalid id: {text[:40]}")
    return found


def _archive(hubspot: HubSpot, call: Call) -> Response:
    """Every association of these pairs goes, labels and all; what is not there is no failure."""
    kind, to = pair_of(hubspot.portal, call)
    for item in requests.inputs_of(call, requests.body_of(call), MOST_ARCHIVED):
        others = item.get("to")
        if not isinstance(others, list):
            raise errors.validation(call, "Some required fields were not set: [to]")
        start = _number(call, end_of(call, item, "from"))
        for other in others:
            end = _number(call, str(other.get("id", "")) if isinstance(other, dict) else "")
            association_kinds.detach(hubspot, call, kind.plural, start, to.plural, end)
    return Response(status_code=204)


def _archive_labels(hubspot: HubSpot, call: Call) -> Response:
    """Only these types of these pairs go; the plain one takes all labels along."""
    kind, to = pair_of(hubspot.portal, call)
    for item in requests.inputs_of(call, requests.body_of(call), MOST_ARCHIVED):
        kinds = association_kinds.asked(hubspot, call, kind.plural, to.plural, item.get("types"))
        start, end = (_number(call, end_of(call, item, name)) for name in ("from", "to"))
        association_kinds.detach(hubspot, call, kind.plural, start, to.plural, end, kinds)
    return Response(status_code=204)
